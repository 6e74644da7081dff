"""Spans and moments as the screen says them."""

from __future__ import annotations

from datetime import datetime


def span(ms: float) -> str:
    """Milliseconds with what matters of them: `1.2 ms`, `897 ms`, `13.6 s`."""
    if ms < 9.95:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 999.5 else f"{ms / 1000:.1f} s"


def day_and_time(moment: datetime) -> str:
    """`Nov 27, 07:46`; with the year where it is not this one."""
    year = "" if moment.year == datetime.now(moment.tzinfo).year else f" {moment.year},"
    return f"{moment:%b} {moment.day},{year} {moment:%H:%M}"

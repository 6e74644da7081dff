"""Texts of files as they are kept: decoded, without what cannot be shown, and not endless."""

from __future__ import annotations

from pipeline.forms import composed

NAME, LINE, LONG = 200, 1_000, 20_000
"""Characters kept of a name, of a title, of a caption or prompt."""


def decoded(raw: bytes) -> str:
    """Bytes as UTF-8, or as Windows-1252 where they are none; up to the first NUL."""
    raw = raw.partition(b"\0")[0]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def line(value: object, longest: int = NAME) -> str | None:
    """A text on one line, or None where nothing is left of it."""
    if not isinstance(value, str):
        return None
    kept = " ".join("".join(c if c.isprintable() else " " for c in value[: 4 * longest]).split())
    return composed(kept[:longest]).rstrip() or None


def lines(value: object, longest: int = LONG) -> str | None:
    """A text of several lines, or None where nothing is left of it."""
    if not isinstance(value, str):
        return None
    value = value[: 2 * longest].replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c if c.isprintable() or c in "\n\t" else " " for c in value).strip()
    return composed(kept[:longest]).rstrip() or None


def keywords(values) -> tuple[str, ...]:
    """Distinct keywords without regard to case, as they came."""
    found: dict[str, str] = {}
    for value in values:
        if len(found) >= 500:
            break
        if one := line(value, 100):
            found.setdefault(one.casefold(), one)
    return tuple(found.values())

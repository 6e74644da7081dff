"""What axe finds on a page."""

from __future__ import annotations

from axe_core_python.sync_playwright import Axe


def faults(page, within: str | None = None) -> list[tuple[str, str]]:
    """The serious and critical faults of a browser's page, or of a part of it by a selector:
    (rule, the first element at fault)."""
    asked = {"resultTypes": ["violations"]}  # telling of all that is right takes three times as long
    return [
        (fault["id"], fault["nodes"][0]["html"][:200])
        for fault in Axe().run(page, within, asked)["violations"]
        if fault["impact"] in ("serious", "critical")
    ]

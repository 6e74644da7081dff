"""Copies on the Library page: how many groups were found, and the way to them."""

from __future__ import annotations

from dash import html

from dashboard import components
from dashboard.pages.library.parts import section
from dashboard.reads import Reads
from dashboard.reads.copies import Copies


def copies_part(reads: Reads) -> html.Section:
    """What was found last, as the Duplicates page has it."""
    found = Copies(reads).found()
    if found is None:
        told = "Not looked for yet."
    else:
        told = f"{components.counted(len(found.groups), 'group')} among {components.counted(found.images, 'image')}."
        told += "" if found.current else " Images have changed since."
    return section("Copies", html.P([told, " ", html.A("Duplicates", href=components.link("/duplicates"), className="card-link")]))

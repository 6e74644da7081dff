"""Copies on the Library page: how many groups are left to decide and how many are decided, and the way to them."""

from __future__ import annotations

from dash import html

from dashboard import components
from dashboard.pages.library.parts import section
from dashboard.reads import Reads
from dashboard.reads.copies import COPIES, Copies
from pipeline.duplicates.review import SETTLED
from pipeline.duplicates.selection import Selection


def copies_part(reads: Reads) -> html.Section:
    """What was found last, as the Duplicates page has it: what was said to be no copies is none."""
    copies = Copies(reads)
    found = copies.found()
    if found is None:
        told = "Not looked for yet."
    else:
        groups = copies.reviewed(COPIES)
        left, decided = len(Selection().of(groups)), sum(group.state == SETTLED for group in groups)
        said = ", ".join([f"{components.counted(left, 'group')} to decide"] * bool(left) + [f"{decided:,} decided"] * bool(decided))
        told = f"{said or 'None'} among {components.counted(found.images, 'image')}."
        told += "" if found.current else " Images have changed since."
    return section("Copies", html.P([told, " ", html.A("Duplicates", href=components.link("/duplicates"), className="card-link")]))

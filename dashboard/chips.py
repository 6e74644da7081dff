"""Tags and collections of an image as chips: a name that leads on, and a button that takes it off."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from dash import html
from dash.development.base_component import Component

from dashboard import components
from dashboard.access import ANNOTATE
from dashboard.reads import Reads
from pipeline.library import notes

TAG, COLLECTION = "tag", "collection"
KINDS = (TAG, COLLECTION)


def names_of(reads: Reads, image: int, kind: str) -> list[str]:
    """The tags of an image, or the collections it is in."""
    if kind == TAG:
        return notes.tags_of(reads.library, [image]).get(image, [])
    return notes.collections_of(reads.library, image)


def known(reads: Reads, kind: str) -> list[str]:
    """All tags, or the names of all collections."""
    if kind == TAG:
        return list(notes.tags(reads.library))
    return [one.name for one in notes.collections(reads.library)]


def chips(reads: Reads, image: int, kind: str, lead: Callable[[str, str], Component]) -> list[html.Span]:
    """A chip for each; lead: (kind, name) → what the name is, a link or a button."""
    return [_chip(reads, image, kind, name, lead(kind, name)) for name in names_of(reads, image, kind)]


def _chip(reads: Reads, image: int, kind: str, name: str, lead: Component) -> html.Span:
    if not reads.may(ANNOTATE):
        return html.Span(lead, className="chip")
    off, does, args = (
        (f"Take off the tag {name}", "untag", {"name": name, "ids": [image]}) if kind == TAG
        else (f"Take out of {name}", "take-out", {"collection": name, "ids": [image]})
    )
    button = html.Button(
        components.icon("x"), type="button", className="chip-drop", title=off, **act(does, args),
        **{"aria-label": off},
    )
    return html.Span([lead, button], className="chip")


def act(name: str, args: Mapping) -> dict[str, str]:
    """The attributes of a button or form that does an act (`dashboard.acts`); see assets/shell/acts.js."""
    return {"data-act": name, "data-args": json.dumps(args)}

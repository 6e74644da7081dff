"""What stands beside the map: the image chosen, with its neighbors."""

from __future__ import annotations

from dash import html

from dashboard import chips, components, facts
from dashboard.access import ANNOTATE
from dashboard.reads import Reads, galleries, reasons
from pipeline.errors import LikenessError
from pipeline.library import ImageRow
from pipeline.maps import COMBINED
from pipeline.quality import trust
from pipeline.search import Query, Result

NEIGHBORS = 12
NEIGHBOR = "map-neighbor"
"""Kind of the match cards beside the map; see components.match_card."""
NOTES = "map-notes"
"""Kind of the chips of the chosen image."""


def weights_for(name: str) -> dict[str, float] | None:
    """What neighbors on a map are searched by: its embedding alone, or all alike."""
    return None if name == COMBINED else {name: 1.0}


def image_panel(reads: Reads, image_id: int, name: str) -> tuple[list, list[int]]:
    """An image large, with its neighbors as cards; and the neighbors' ids, nearest first."""
    row = reads.image(image_id)
    if row is None or row.state != "ok":
        return [_head("Not in the library"), components.error_note(
            "This image is no longer in the library. Choose another one on the map."
        )], []
    children = _picture(reads, row)
    try:
        found = reads.search(Query.around(row.id, weights=weights_for(name), top_k=NEIGHBORS))
    except LikenessError as error:
        return [*children, components.error_note(str(error))], []
    why = reasons.of(reads, row.id, found.matches, found.weights)
    by = why or ("all combined" if name == COMBINED else f"by {components.title_of(name).lower()}")
    return [*children, *_neighbors(reads, row.id, name, found, by)], [match.id for match in found.matches]


def _picture(reads: Reads, row: ImageRow) -> list:
    """The image large, and what is known of it."""
    # The thumbnail behind the picture bridges the time until the file is read.
    shape = {"aspect-ratio": f"{row.width} / {row.height}"} if row.width and row.height else {}
    title = row.label or components.name_of(row.path)
    return [
        _head(title),
        html.A(
            html.Img(
                src=components.url(f"/image/{row.id}"), alt=title, className="map-picture",
                style={"backgroundImage": f"url({components.url(f'/thumb/{row.id}')})", **shape},
            ),
            href=components.url(f"/image/{row.id}"), target="_blank", title="Open in full size",
            className="map-picture-link",
        ),
        html.P(id="map-in", className="map-in"),  # its cluster; the browser knows it
        html.Div(_described(reads, row), className="map-path", title=reads.where(row.place, row.path)),
        *([html.Div(told, className="map-path facts-short")] if (told := facts.short(reads.library.facts.of(row.id))) else []),
        components.image_links(row.id, name=components.name_of(row.path), leave_out=("map",), words=True),
        html.Div(
            note_chips(reads, row.id), id={"type": NOTES, "image": row.id}, className="chips",
            role="group", **{"aria-label": "Tags and collections"},
        ),
    ]


def _neighbors(reads: Reads, image_id: int, name: str, found: Result, by: str) -> list:
    """What was found around an image on a map, and what it was mostly found by."""
    called = reads.called([image_id, *(match.id for match in found.matches)])  # apart from its own name, too
    shapes = galleries.shape_of(reads, [match.id for match in found.matches])
    return [
        html.H3(["Nearest neighbors ", html.Span(f"· {by}", className="soft", id="map-why")]),
        html.Div(
            [
                html.Span([html.Span(className="map-key"), "true neighbors"]),
                html.Span([html.Span(className="map-key map-key-here"), html.Span(id="map-here")], hidden=True),
                html.Button("Lines", id="map-lines", type="button", className="card-link",
                            **{"aria-pressed": "false"}),
            ],
            className="map-keys",
        ),
        html.P(id="map-trust", className="soft small", role="status"),
        components.legend(name for name, weight in found.weights.items() if weight),
        components.justified(
            components.match_card(
                match, called[match.id], rank, found.weights, kind=NEIGHBOR, shape=shapes[match.id], leave_out=("map",),
                why=components.link("/why", image=image_id, match=match.id, **(weights_for(name) or {})),
            )
            for rank, match in enumerate(found.matches, 1)
        ),
    ]


def trusted(reads: Reads, name: str) -> list | None:
    """How far a map can be believed, in one sentence on how to read it."""
    try:
        found = trust.of(reads.library, reads.searcher.index(), reads.map(name))
    except LikenessError:
        return None
    if found is None:
        return None
    return [
        f"Trustworthiness {found[0]:.2f}: how far what lies together here is alike; continuity {found[1]:.2f}: how far "
        "what is alike lies together; 1 is perfect. ",
        html.A("Quality", href=components.link("/quality"), className="card-link"),
    ]


def note_chips(reads: Reads, image_id: int) -> list:
    """An image's tags and collections, each to be opened; who may annotate takes them off and adds tags."""
    made = [chip for kind in chips.KINDS for chip in chips.chips(reads, image_id, kind, _opens)]
    if not reads.may(ANNOTATE):
        return made
    more = html.Button(
        [components.icon("plus-lg"), "Tag"], type="button", className="chip chip-more",
        title="Add a tag", **{"data-does": "add-tag", "data-image": image_id},
    )
    return [*made, more]


def _opens(kind: str, name: str) -> html.Button:
    """The name on a chip: all images of it become the selection (assets/map/map_notes.js)."""
    return html.Button(
        [components.icon(kind), name], type="button", className="chip-name",
        title=f"Select all of {name}", **{"data-does": "open", "data-kind": kind, "data-name": name},
    )


def _described(reads: Reads, row: ImageRow) -> str:
    size = f" · {row.width} × {row.height}" if row.width and row.height else ""
    return f"{reads.told([row])[0]}{size}"


def _head(title: str) -> html.Div:
    return html.Div(
        [
            html.H2(title),
            html.Button(
                components.icon("x-lg"), id="map-close", type="button",
                className="button-quiet button-icon", title="Close (Esc)",
                **{"aria-label": "Close"},
            ),
        ],
        className="map-panel-head",
    )

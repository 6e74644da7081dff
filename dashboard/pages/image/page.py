"""The Image page: one image at full size, what is known of it, and its surroundings.

The picture and the facts of the database come at once; what takes a look at the file, the
maps or the index follows in callbacks of its own (`detail_parts`). Zooming happens in the
browser (assets/detail/detail.js).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from dash import Dash, Input, Output, State, dcc, html

from dashboard import acts, components, facts
from dashboard.access import READ, RUN, needs
from dashboard.access.asked import Id
from dashboard.chips import KINDS
from dashboard.pages.image import parts
from dashboard.reads import Around, Reads
from dashboard.reads.clusterings import Clusterings
from pipeline.errors import LikenessError, NoteError
from pipeline.library import ImageRow

PATH = "/detail"
TITLE = "Image"
NAV = None

SEQUENCES = ("collection", "tag", "label")
"""What previous and next can be restricted to, by the parameter of the address."""

_LATER = {
    "detail-file": parts.file_part,
    "detail-maps": parts.maps_part,
    "detail-near": parts.neighbors_part,
    "detail-copies": parts.copies_part,
}


def layout(reads: Reads, params: Mapping[str, str]):
    """The page of the image that the address names."""
    if reads.is_empty() and not reads.failures(1):
        return components.no_images(reads.data_told, reads.may(RUN))
    text = params.get("image", "")
    row = reads.image(int(text)) if text.isdecimal() and len(text) < 19 else None
    if row is None:
        return components.empty_state(
            "There is no such image", "It may have been removed from the library."
            if text else "Choose one on the map or among the matches of a search.",
            action=html.A("Go to the Map", href=components.link("/"), className="button button-main"),
        )
    kind, value, around, note = _sequence(reads, row, params)
    return html.Div(
        className="detail page-wide",
        children=[
            dcc.Store(id="detail-image", data=row.id),
            html.Div(
                className="detail-top",
                children=[
                    _stage(row, around, {kind: value} if kind else {}),
                    html.Aside(_side(reads, row, kind, value, around, note), className="detail-side",
                               **{"aria-label": "About the image"}),
                ],
            ),
            *(_waiting(name) for name in _LATER if row.state == "ok" and name != "detail-file"),
        ],
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callbacks."""
    clusterings = Clusterings(reads)
    for name, part in _LATER.items():
        more = {"clusterings": clusterings} if part is parts.maps_part else {}
        _later(app, reads, name, partial(part, **more))

    @app.callback(
        *(Output(f"image-{kind}s", "children") for kind in KINDS),
        *(Output(f"image-known-{kind}s", "children") for kind in KINDS),
        *acts.changed(acts.TAGS, acts.COLLECTIONS), State("detail-image", "data"), prevent_initial_call=True,
    )
    @needs(READ)
    def on_acted(_tags, _collections, image: Id):
        return *(parts.chips_of(reads, int(image), kind) for kind in KINDS), *(
            parts.offered(reads, kind) for kind in KINDS
        )


def _later(app: Dash, reads: Reads, name: str, part: Callable) -> None:
    """One part of the page in a callback of its own, so that no part waits for another."""

    @app.callback(Output(name, "children"), Input("detail-image", "data"))
    @needs(READ)
    def fill(image: Id):
        row = reads.image(int(image))
        if row is None:
            return None
        try:
            return part(reads, row)
        except LikenessError as error:
            return components.error_note(str(error))


def _sequence(reads: Reads, row: ImageRow, params: Mapping[str, str]) -> tuple:
    """What previous and next go through: parameter, value, place, and a note where it is gone."""
    for kind in SEQUENCES:
        if params.get(kind):
            try:
                return kind, params[kind], reads.around(row.id, **{kind: params[kind]}), None
            except NoteError as error:
                return None, None, reads.around(row.id), str(error)
    return None, None, reads.around(row.id), None


def _waiting(name: str) -> html.Div:
    return html.Div(html.Div(className="detail-wait"), id=name, className="detail-later", role="status")


def _stage(row: ImageRow, around: Around, within: Mapping[str, str]) -> html.Section:
    """The picture with what zooms it and what leads on."""
    title = row.label or components.name_of(row.path)
    if row.state == "ok":
        size = {"data-width": row.width, "data-height": row.height} if row.width and row.height else {}
        inside = [
            html.Img(
                src=components.url(f"/image/{row.id}"), alt=f"{title}: {components.name_of(row.path)}",
                className="detail-picture", draggable="false",
                style={"backgroundImage": f"url({components.url(f'/thumb/{row.id}')})"}, **size,
            ),
            html.Div(
                [_zoom("fit", "Fit", "Fit (0)"), _zoom("full", "100%", "Full size (1)"),
                 html.Span(className="detail-scale", **{"aria-live": "polite"})],
                className="detail-zoom", role="group", **{"aria-label": "Zoom"},
            ),
        ]
    else:
        inside = [html.Div(
            [components.thumb(row.id, title), components.error_note(_trouble(row))], className="detail-bad",
        )]
    steps = [
        html.A(
            [components.icon(f"chevron-{side}"), html.Span(text, className="visually-hidden")],
            href=components.link(PATH, image=target, **within), className=f"detail-step detail-{side}",
            title=text,
        )
        for target, side, text in (
            (around.previous, "left", "Previous image (←)"), (around.next, "right", "Next image (→)"),
        )
        if target is not None
    ]
    shape = {"--shape": f"{row.width / row.height:.3f}"} if row.width and row.height else {}
    return html.Section([html.Div(inside, id="detail-view", className="detail-view", style=shape), *steps],
                        className="detail-stage", **{"aria-label": "Image"})


def _zoom(key: str, text: str, title: str) -> html.Button:
    return html.Button(text, type="button", className="button", title=title,
                       **{"data-zoom-to": key, "aria-pressed": "true" if key == "fit" else "false"})


def _trouble(row: ImageRow) -> str:
    if row.state == "missing":
        return "The file is no longer in its folder. If it returns, the next update finds it again."
    return f"This file cannot be read: {row.reason or 'unknown reason'}."


def _side(reads: Reads, row: ImageRow, kind, value, around: Around, note) -> list:
    """Name, place in the sequence, links, facts, palette, tags and collections."""
    name = components.name_of(row.path)
    within = f"in “{value}”" if kind else ""
    count = components.counted(around.count, "image")
    where = f"{around.place:,} of {around.count:,}" if around.place else f"Not among the {count}"
    alone = html.A("all images", href=components.link(PATH, image=row.id))
    leave = [html.Span(" · "), alone] if kind else []
    return [
        html.Div([html.H1(name, className="detail-name"),
                  html.P([f"{where} {within}".strip(), *leave], className="soft small")]),
        *([components.error_note(note)] if note else []),
        *([components.image_links(row.id, name=name, leave_out=("detail",), words=True)]
          if row.state == "ok" else []),
        parts.facts(reads, row),
        *([told] if (told := facts.told(reads.library.facts.of(row.id))) is not None else []),
        html.Div(html.Div(className="detail-wait"), id="detail-file", className="detail-file", role="status"),
        *(parts.notes_part(reads, row.id, kind) for kind in KINDS),
    ]

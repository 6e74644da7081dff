"""The Collections page: every set of images kept under a name, what it holds, and what can be done with it.

A collection is renamed, described, merged with another and deleted here; its images are on the pages
that its links lead to. The list stands anew after every act.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard import acts, components
from dashboard.access import ANNOTATE, READ, RUN, needs
from dashboard.chips import act
from dashboard.reads import Reads, galleries
from dashboard.routes import collections as export
from pipeline.library import notes
from pipeline.library.notes import Collection

PATH = "/collections"
TITLE = "Collections"
NAV = None  # the Map's menu of collections leads here, and the page of each of them

MOST = 200
"""Collections that are shown, by name."""
COVERS = 12
"""Pictures that stand for a collection, from all over it."""

_LEADS = (
    ("geo-alt", "Map", "/"), ("table", "Table", "/table"), ("diagram-3", "Graph", "/graph"), ("search", "Search", "/search"),
)


def layout(reads: Reads, params: Mapping[str, str]) -> html.Div:
    """The page; there is one state of it."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    return html.Div(
        [html.Div(body(reads), id="collections-body", className="collections-body keeps-typed"), dcc.Store(id="collections-drawn")],
        className="page-wide",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callback."""

    export.register(app.server, reads.library)

    @app.callback(Output("collections-body", "children"), *acts.changed(acts.COLLECTIONS), prevent_initial_call=True)
    @needs(READ)
    def on_acted(_):
        return body(reads)

    app.clientside_callback(
        ClientsideFunction("typed", "drawn"), Output("collections-drawn", "data"), Input("collections-body", "children"),
    )


def body(reads: Reads) -> list:
    """All collections by name."""
    kept = notes.collections(reads.library)
    if not kept:
        told = "Select images on the Map or choose some in a gallery, and keep them under a name."
        return [components.empty_state(
            "No collections yet", told if reads.may(ANNOTATE) else "There are none.",
            action=html.A("Go to the Map", href=components.link("/"), className="button button-main"),
        )]
    left = len(kept) - MOST
    files = [
        html.A(text, href=components.url(f"/export/collections.{kind}"), download=f"collections.{kind}", className="button")
        for text, kind in (("CSV", "csv"), ("JSON", "json"))
    ]
    return [
        html.Header(
            [html.H1(TITLE), html.Span(f"{len(kept):,}", className="soft num"), html.A("Ratings", href=components.link("/rated"), className="card-link"),
             html.Div(files, className="collections-files", role="group", **{"aria-label": "Export all collections"})],
            className="collections-head",
        ),
        html.Datalist([html.Option(value=one.name) for one in kept], id="collections-names"),
        *(_collection(reads, one, len(kept) > 1) for one in kept[:MOST]),
        *([html.P(f"And {left:,} more.", className="soft small")] if left > 0 else []),
    ]


def _collection(reads: Reads, one: Collection, others: bool) -> html.Section:
    """others: whether there is another one to merge with."""
    made = datetime.fromisoformat(one.created)
    head = [
        html.H2(html.A(one.name, href=_to("/gallery", one.name), title="All its pictures")),
        html.Span(components.counted(one.count, "image"), className="soft small num"),
        html.Time(f"since {made:%B} {made.day}, {made.year}", dateTime=one.created, className="soft small"),
        html.Nav(
            [html.A([components.icon(icon), html.Span(text)], href=_to(path, one.name), className="card-link")
             for icon, text, path in _LEADS],
            className="collection-leads", **{"aria-label": f"Pages of {one.name}"},
        ),
    ]
    return html.Section(
        [
            html.Header(head, className="collection-head"),
            *([html.P(one.description, className="collection-said")] if one.description else []),
            _covers(reads, one),
            *([_doing(one, others)] if reads.may(ANNOTATE) else []),
        ],
        className="card-section collection", **{"data-collection": one.name},
    )


def _covers(reads: Reads, one: Collection) -> Component:
    ids = notes.collected(reads.library, one.name)
    some = [ids[at * len(ids) // COVERS] for at in range(COVERS)] if len(ids) > COVERS else ids
    with_picture = reads.pictured(some)
    shapes = galleries.shape_of(reads, some)
    pictures = [
        html.Span(components.thumb(image, ""), style=components.shaped(shapes[image])) for image in some if image in with_picture
    ]
    if not pictures:
        return html.P("It has no images at the moment.", className="soft small")
    return html.A(pictures, href=_to("/gallery", one.name), className="collection-covers",
                  **{"aria-label": f"All pictures of {one.name}"})


def _doing(one: Collection, others: bool) -> html.Div:
    """What changes a collection: forms that open, and the one act that needs no words."""
    of = {"collection": one.name}
    said, longest = one.description, notes.LONGEST_SAID
    return html.Div(
        [
            _form("pencil", "Rename", "rename-collection", of, "name", one.name, notes.LONGEST),
            _form("chat-left-text", "Describe", "describe-collection", of, "description", said, longest),
            *([_form("union", "Merge into", "merge-collections", of, "into", "", notes.LONGEST)] if others else []),
            html.Button(
                [components.icon("trash"), html.Span("Delete")], type="button", className="button",
                title="Its images stay in the library", **act("drop-collection", of),
            ),
        ],
        className="collection-acts", role="group", **{"aria-label": f"Change {one.name}"},
    )


_FIELDS = {"name": "Name", "description": "Description", "into": "Name of another collection"}


def _form(icon: str, text: str, does: str, of: Mapping, field: str, value: str, longest: int) -> html.Details:
    label = f"{_FIELDS[field]}: {of['collection']}"
    more = {"list": "collections-names"} if field == "into" else {}
    empty = {"data-empty": "true"} if field == "description" else {}
    return html.Details(
        [
            html.Summary([components.icon(icon), html.Span(text)], className="button"),
            html.Form(
                [
                    html.Label(
                        [html.Span(label, className="visually-hidden"),
                         dcc.Input(id=f"{does}-{of['collection'].encode().hex()}", type="text", value=value,
                                   maxLength=longest, autoComplete="off", placeholder=_FIELDS[field], className="text-field", **more)],
                        className="collection-field",
                    ),
                    html.Button(text if field == "into" else "Keep", type="submit", className="button button-main"),
                ],
                **act(does, of), **{"data-field": field}, **empty,
            ),
        ],
        className="collection-form",
    )


def _to(path: str, name: str) -> str:
    return components.link(path, collection=name)

"""Selecting on the map: tools, granularity of the clusters, and what is done with a selection.

The selection itself lives in the browser (assets/map/map_select.js holds it, map_selected.js
shows it); what changes notes is an act (`dashboard.acts`). Stores: map-ready (asks to load what
clusters), map-step (the granularity), map-titles (the clusters shown, for their list).
"""

from __future__ import annotations

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html
from typing_extensions import TypedDict

from dashboard import acts, components
from dashboard.access import READ, needs
from dashboard.access.asked import Id, Whole
from dashboard.pages.map import panels
from dashboard.pools import LONG
from dashboard.reads import Reads, selections
from dashboard.reads.clusterings import Clusterings
from pipeline.maps.granularity import COARSEST, FINEST, ready, step_of

_TOOLS = (
    ("pan", "arrows-move", "Pan", "V"),
    ("lasso", "pentagon", "Lasso", "L"),
    ("box", "bounding-box", "Box", "B"),
)
_STORES = ("ready", "titles")


class _Noted(TypedDict):
    """The id of the chips of an image's notes."""

    image: Id


def tools(reads: Reads) -> list:
    """The toolbar's buttons: pan, lasso, box, and the menu of what has been kept."""
    buttons = [
        html.Button(
            components.icon(picture), type="button", className="button select-tool",
            title=f"{text} ({key})",
            **{"data-tool": name, "aria-label": text, "aria-pressed": str(name == "pan").lower()},
        )
        for name, picture, text, key in _TOOLS
    ]
    return [
        html.Div(buttons, className="select-tools", role="group", **{"aria-label": "Pointer"}),
        html.Details(
            [
                html.Summary([components.icon("collection"), html.Span("Collections")], className="button"),
                html.Div(selections.kept_list(reads), id="map-kept", className="kept-menu"),
            ],
            id="kept", className="kept is-menu",
        ),
    ]


def granularity(params: dict[str, str]) -> list:
    """The slider between few large and many small clusters."""
    return [html.Label(
        [
            html.Span("Clusters"), html.Span("fewer", className="grain-end"),
            dcc.Input(
                id="map-grain", type="range", min=COARSEST, max=FINEST, step=1,
                value=step_of(params.get("grain")),
            ),
            html.Span("more", className="grain-end"),
        ],
        className="map-field grain",
        title="Fewer, larger clusters or more, smaller ones; the middle is as saved",
    ), dcc.Store(id="map-step", data=step_of(params.get("grain")))]


def selection() -> list:
    """What lies over the map for a selection: the chip and the gallery."""
    return [
        html.Div(
            [
                html.Button(id="select-chip-name", type="button", className="select-chip-name",
                            **{"aria-expanded": "true", "aria-controls": "selected"}),
                html.Button(
                    components.icon("x-lg"), id="select-clear", type="button", className="select-chip-off",
                    title="Clear the selection (Esc)", **{"aria-label": "Clear the selection"},
                ),
            ],
            id="select-chip", className="select-chip", hidden=True,
        ),
        _drawer(),
        html.Datalist(id="kept-names"), html.Datalist(id="kept-tags"),
        *(dcc.Store(id=f"map-{name}") for name in _STORES),
    ]


def _drawer() -> html.Section:
    """The selection as a gallery; the browser fills in what is empty here."""
    head = [
        html.H2(id="selected-title"),
        html.Span(id="selected-tools", className="selected-tools"),
        html.Span(id="selected-count", className="soft small"),
        html.Span(id="selected-narrowed", className="chips", hidden=True, role="group", **{"aria-label": "Narrowed to"}),
        html.Span(id="selected-view", className="pictures-tools"),
        html.Div(
            [
                html.Button(  # on a phone, where pictures come first
                    [components.icon("bookmark"), html.Span("Keep, tag, parts")], type="button",
                    className="button selected-more", **{"data-does": "about", "aria-controls": "selected-about", "aria-expanded": "false"},
                ),
                _action("search", "Search with these", does="search"),
                _action("table", "Table", does="table"),
                _action("diagram-3", "Graph", does="graph"),
                html.Details(
                    [
                        html.Summary([components.icon("download"), html.Span("Export")], className="button", title="Export"),
                        html.Div(
                            [_action("filetype-csv", "Table of paths (CSV)", does="csv"),
                             _action("filetype-json", "JSON", does="json"),
                             _action("file-earmark-zip", "Original files (zip)", does="zip")],
                            className="export-menu",
                        ),
                    ],
                    className="export is-menu",
                ),
            ],
            className="selected-actions",
        ),
        _icon("images", "As a page of pictures", does="pictures"),
        _icon("arrows-expand", "Larger", does="expand"),
        _icon("chevron-down", "Hide the gallery; the selection stays", does="collapse"),
    ]
    about = html.Div(
        [
            html.Div(id="selected-keep", className="selected-keep"),
            html.Div(id="selected-tags", className="chips", role="group", **{"aria-label": "Tags"}),
            html.Div(id="selected-parts", className="selected-parts"),
        ],
        id="selected-about", className="selected-about",
    )
    gallery = html.Div(id="selected-gallery", className="selected-gallery")
    return html.Section(
        [html.Div(head, className="selected-head"), html.Div([about, gallery], className="selected-body")],
        id="selected", className="selected", hidden=True, **{"aria-label": "Selection"},
    )


def _action(picture: str, text: str, does: str) -> html.Button:
    return html.Button(
        [components.icon(picture), html.Span(text)], type="button", className="button",
        title=text, **{"data-does": does},
    )


def _icon(picture: str, text: str, does: str) -> html.Button:
    return html.Button(
        components.icon(picture), type="button", className="button-quiet map-tool", title=text,
        **{"aria-label": text, "data-does": does},
    )


def register(app: Dash, reads: Reads, clusterings: Clusterings) -> None:
    """Add the callbacks."""

    # After the map is there: of a very large one this takes seconds of the server's time.
    @app.callback(
        Output("map-clustering", "data"), Output("map-titles", "data"),
        Input("map-shown", "data"), Input("map-step", "data"), State("map-name", "value"),
        running=[(Output("map-granularity", "className"), "is-busy", "")],
        prevent_initial_call=True,
    )
    @needs(READ, pool=LONG)
    def cluster(_, step: Whole | str | None, name: str):
        return clustered(clusterings, name, step_of(step))

    # By itself: of two calls of one callback Dash forgets the answer of the first.
    @app.callback(
        Output("map-titles", "data", allow_duplicate=True),
        *acts.changed(acts.NAMES), State("map-name", "value"), State("map-step", "data"),
        prevent_initial_call=True,
    )
    @needs(READ, pool=LONG)
    def named(_, name: str, step: Whole | str | None):
        return clusterings.listed(clusterings.at(name, step_of(step)))

    @app.callback(
        Output("map-kept", "children"), Output({"type": panels.NOTES, "image": ALL}, "children"),
        *acts.changed(acts.TAGS, acts.COLLECTIONS), State({"type": panels.NOTES, "image": ALL}, "id"),
        prevent_initial_call=True,
    )
    @needs(READ)
    def noted(_tags, _collections, shown: list[_Noted]):
        return selections.kept_list(reads), [panels.note_chips(reads, one["image"]) for one in shown]

    # Loading what clusters takes longer than clustering.
    @app.callback(Input("map-ready", "data"), prevent_initial_call=True)
    @needs(READ, pool=LONG)
    def load(_):
        ready()

    app.clientside_callback(
        ClientsideFunction("selection", "kept"), Input("map-kept", "children"), prevent_initial_call=True
    )
    app.clientside_callback(
        ClientsideFunction("selection", "titled"), Input("map-titles", "data"), prevent_initial_call=True
    )
    app.clientside_callback(
        ClientsideFunction("selection", "grain"), Input("map-grain", "value"), prevent_initial_call=True
    )


def clustered(clusterings: Clusterings, name: str, step: int) -> tuple:
    """For the browser: the clusters of a map at a granularity, and their list."""
    shown = clusterings.at(name, step)
    return shown.packed(), clusterings.listed(shown)

"""Selecting on the map: tools, granularity of the clusters, and what is done with a selection.

The selection itself lives in the browser (assets/map/map_select.js holds it, map_selected.js
shows it). Stores: map-act (what the server is asked to do), map-acted (its answer), map-ready (asks
to load what clusters), map-step (the granularity), map-titles (the clusters shown, for their
list), map-named (changes when a cluster is named).
"""

from __future__ import annotations

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import components
from dashboard.access import READ, needs
from dashboard.pages.map import panels as map_panels
from dashboard.pools import LONG
from dashboard.reads import Reads, selections
from dashboard.reads.clusterings import Clusterings
from pipeline.maps.granularity import COARSEST, FINEST, ready, step_of

_TOOLS = (
    ("pan", "arrows-move", "Pan", "V"),
    ("lasso", "pentagon", "Lasso", "L"),
    ("box", "bounding-box", "Box", "B"),
)
_STORES = ("act", "acted", "ready", "titles", "named")


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
            id="kept", className="kept",
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
        html.Div(id="select-said", className="select-said", role="status"),
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
        html.Div(
            [
                _action("search", "Search with these", do="search"),
                _action("diagram-3", "Graph", do="graph"),
                html.Details(
                    [
                        html.Summary([components.icon("download"), html.Span("Export")], className="button"),
                        html.Div(
                            [_action("filetype-csv", "Table of paths (CSV)", do="csv"),
                             _action("filetype-json", "JSON", do="json"),
                             _action("file-earmark-zip", "Original files (zip)", do="zip")],
                            className="export-menu",
                        ),
                    ],
                    className="export",
                ),
            ],
            className="selected-actions",
        ),
        _icon("arrows-expand", "Larger", do="expand"),
        _icon("chevron-down", "Hide the gallery; the selection stays", do="collapse"),
    ]
    about = html.Div(
        [
            html.Div(id="selected-keep", className="selected-keep"),
            html.Div(id="selected-tags", className="map-chips", role="group", **{"aria-label": "Tags"}),
            html.Div(id="selected-parts", className="selected-parts"),
        ],
        className="selected-about",
    )
    gallery = html.Div(id="selected-gallery", className="selected-gallery", tabIndex=0, role="group",
                       **{"aria-label": "Images of the selection"})
    return html.Section(
        [html.Div(head, className="selected-head"), html.Div([about, gallery], className="selected-body")],
        id="selected", className="selected", hidden=True, **{"aria-label": "Selection"},
    )


def _action(picture: str, text: str, do: str) -> html.Button:
    return html.Button(
        [components.icon(picture), html.Span(text)], type="button", className="button",
        title=text, **{"data-do": do},
    )


def _icon(picture: str, text: str, do: str) -> html.Button:
    return html.Button(
        components.icon(picture), type="button", className="button-quiet map-tool", title=text,
        **{"aria-label": text, "data-do": do},
    )


def register(app: Dash, reads: Reads, clusterings: Clusterings) -> None:
    """Add the callbacks."""

    # After the map is there: of a very large one this takes seconds of the server's time.
    @app.callback(
        Output("map-clustering", "data"), Output("map-titles", "data"),
        Input("map-shown", "data"), Input("map-step", "data"), Input("map-named", "data"),
        State("map-name", "value"),
        running=[(Output("map-granularity", "className"), "is-busy", "")],
        prevent_initial_call=True,
    )
    @needs(READ, pool=LONG)
    def cluster(_, step: int, named: int | None, name: str):
        return clustered(clusterings, name, step_of(step), only_names=ctx.triggered_id == "map-named")

    @app.callback(
        Output("map-acted", "data"), Output("map-kept", "children"), Output("map-named", "data"),
        Output({"type": map_panels.NOTES, "image": ALL}, "children"),
        Input("map-act", "data"),
        State("map-name", "value"), State("map-step", "data"),
        State({"type": map_panels.NOTES, "image": ALL}, "id"),
        prevent_initial_call=True,  # else the last act is done again for each image whose chips appear
    )
    @needs(READ)
    def act(asked: dict, name: str, step: int, noted: list[dict]):
        return acted(reads, clusterings, asked, name, step, [one["image"] for one in noted])

    # Loading what clusters takes longer than clustering.
    @app.callback(Input("map-ready", "data"), prevent_initial_call=True)
    @needs(READ, pool=LONG)
    def load(_):
        ready()

    app.clientside_callback(
        ClientsideFunction("selection", "acted"), Input("map-acted", "data"), prevent_initial_call=True
    )
    app.clientside_callback(
        ClientsideFunction("selection", "titled"), Input("map-titles", "data"), prevent_initial_call=True
    )
    app.clientside_callback(
        ClientsideFunction("selection", "grain"), Input("map-grain", "value"), prevent_initial_call=True
    )


def clustered(clusterings: Clusterings, name: str, step: int, only_names: bool = False) -> tuple:
    """For the browser: the clusters of a map at a granularity, and their list."""
    shown = clusterings.at(name, step)
    return no_update if only_names else shown.packed(), clusterings.listed(shown)


def acted(
    reads: Reads, clusterings: Clusterings, asked: dict, name: str, step: int, noted: list[int]
) -> tuple:
    """The answer to an act, the menu of what is kept, a count of names given, and an image's chips."""
    answer = selections.perform(reads, clusterings, {"map": name, "grain": step, **asked})
    changed = asked["do"] in selections.CHANGING
    return (
        answer,
        selections.kept_list(reads) if changed else no_update,
        asked.get("n") if asked["do"] == "name" and "error" not in answer else no_update,
        [map_panels.note_chips(reads, image) if changed else no_update for image in noted],
    )

"""The Map page: clusters, the map itself, and the image clicked with its neighbors.

The server sends a map once, as a figure whose coordinates are typed arrays. Coloring,
hiding, hovering, zooming and marking happen in the browser (assets/map*.js); the server is
asked again for another map and for the neighbors of an image.

Stores: map-data (figure and facts of the map shown), map-image (id of the image chosen, or
None), map-neighbors (its neighbors' ids), map-state (what is hidden or in focus).
"""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard import components
from dashboard.figures import drawing_order, map_figure_2d, map_figure_3d
from dashboard.pages import map_panels
from dashboard.queries import Reads

PATH = "/"
TITLE = "Map"
NAV = "Map"

_CONFIG = {
    "displayModeBar": False,
    "scrollZoom": True,
    "doubleClick": False,  # map_view.js fits the map to what the panel leaves free
    "showTips": False,
}


def layout(reads: Reads, params: dict[str, str]):
    """The page in the state that the URL names, or what to do where there is no map yet."""
    if reads.is_empty():
        return components.empty_state(
            "No images yet",
            "Likeness makes a map of a folder of images. Run this once, then reload the page:",
            command="python -m pipeline run FOLDER_OF_IMAGES",
        )
    names = reads.map_names()
    if not names:
        return components.empty_state(
            "No map yet",
            "The images are here, but no map has been made of them. Make one, then reload the page:",
            command="python -m pipeline index\npython -m pipeline map",
        )
    name = params.get("map") if params.get("map") in names else names[0]
    image = params.get("image", "")
    return html.Div(
        [
            _toolbar(names, name, params.get("dim"), params.get("color"), bool(reads.library.labels())),
            html.Div(
                [
                    html.Aside(
                        [html.H2("Clusters"), html.Div(id="map-clusters", className="map-clusters")],
                        className="map-side", **{"aria-label": "Clusters"},
                    ),
                    _stage(),
                ],
                className="map-body",
            ),
            dcc.Store(id="map-data"),
            dcc.Store(id="map-image", data=int(image) if image.isdecimal() and len(image) < 19 else None),
            dcc.Store(id="map-neighbors"),
            dcc.Store(id="map-state", data={"hidden": [], "focus": None}),
        ],
        className="map-page",
    )


def _toolbar(names: list[str], name: str, dim: str | None, color: str | None, labeled: bool):
    colors = [("cluster", "Cluster", False), ("label", "Label", not labeled)]
    return html.Div(
        [
            html.Label(
                ["Map", dbc.Select(
                    id="map-name", value=name,
                    options=[{"label": components.title_of(n), "value": n} for n in names],
                )],
                className="map-field",
            ),
            _choice("map-dim", "Dimensions", [("2", "2D", False), ("3", "3D", False)],
                    "3" if dim == "3" else "2"),
            html.Span("Color by", className="map-caption"),
            _choice("map-color", "Color by", colors,
                    "label" if color == "label" and labeled else "cluster"),
            html.Span(id="map-note", className="map-note", role="status"),
            html.Button(
                [components.icon("arrows-angle-contract"), html.Span("Reset view")], id="map-reset",
                type="button", className="button", title="Show the whole map (double click)",
            ),
        ],
        className="map-toolbar", role="toolbar", **{"aria-label": "Map"},
    )


def _choice(name: str, label: str, options: list[tuple[str, str, bool]], value: str):
    return html.Div(
        dbc.RadioItems(
            id=name, value=value, className="btn-group", inputClassName="btn-check",
            labelClassName="button", labelCheckedClassName="active",
            options=[{"label": text, "value": key, "disabled": off} for key, text, off in options],
        ),
        role="group", className="map-choice", **{"aria-label": label},
    )


def _stage():
    """The map with what floats over it."""
    return html.Section(
        [
            dcc.Graph(id="map-graph", config=_CONFIG, responsive=True, className="map-graph",
                      figure={"data": [], "layout": {"xaxis": {"visible": False}, "yaxis": {"visible": False},
                              "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}}),
            html.Div(id="map-marks", className="map-marks", **{"aria-hidden": "true"}),
            html.Div(id="map-wall", className="map-wall", **{"aria-hidden": "true"}),
            html.Div(id="map-pointer", className="map-pointer", hidden=True, **{"aria-hidden": "true"}),
            html.Div(id="map-legend", className="map-legend", role="group", **{"aria-label": "Labels"}),
            html.Div(id="map-busy", className="map-busy", role="status", children="Loading the map …"),
            html.Aside(id="map-panel", className="map-panel", hidden=True,
                       **{"aria-label": "Chosen image"}),
            html.Div(id="map-tip", className="map-tip", **{"aria-hidden": "true"}),
        ],
        className="map-stage", id="map-stage", **{"aria-label": "Map"},
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callbacks."""

    @app.callback(
        Output("map-data", "data"), Output("map-clusters", "children"),
        Input("map-name", "value"), Input("map-dim", "value"),
        running=[(Output("map-busy", "hidden"), False, True)],
    )
    def show(name: str, dim: str):
        return content(reads, name, int(dim))

    @app.callback(Output("map-note", "children"), Input("map-name", "value"))
    def note(name: str):
        return map_note(reads, name)

    @app.callback(
        Output("map-panel", "children"), Output("map-panel", "hidden"), Output("map-neighbors", "data"),
        Input("map-image", "data"), Input("map-name", "value"),
    )
    def panel(image: int | None, name: str):
        return chosen(reads, image, name)

    app.clientside_callback(
        ClientsideFunction("map", "figure"),
        Output("map-graph", "figure"),
        Input("map-data", "data"), Input("map-color", "value"), Input("map-state", "data"),
        Input("map-image", "data"), Input("map-neighbors", "data"), Input("theme", "data"),
        State("map-graph", "figure"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("map", "choose"),
        Output("map-image", "data"),
        Input({"type": map_panels.NEIGHBOR, "image": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("map", "view"),
        Output("view", "data", allow_duplicate=True),
        Input("map-name", "value"), Input("map-dim", "value"), Input("map-color", "value"),
        Input("map-image", "data"), State("view", "data"),
        prevent_initial_call=True,
    )


def content(reads: Reads, name: str, dim: int) -> tuple[dict, list]:
    """A map for the browser, {"key", "figure", "facts"}, and its cluster list."""
    picked = reads.map(name)
    labels = reads.labels_of(picked.ids.tolist())
    order = drawing_order(picked.cluster)
    if dim == 3:
        figure = map_figure_3d(picked.xyz[order], picked.ids[order])
    else:
        figure = map_figure_2d(picked.xy[order], picked.ids[order])
    data = {
        "key": f"{name}-{dim}",
        "dim": dim,
        "figure": figure.to_dict(),
        "facts": map_panels.facts(picked, labels),
    }
    return data, map_panels.cluster_list(picked, labels)


def map_note(reads: Reads, name: str) -> str:
    """A quiet word where the map is not of the library as it is now, or not of all of it."""
    if reads.status()["maps"].get(name, {}).get("stale"):
        return "The library has changed since this map was made. Update it with: python -m pipeline run"
    left_out = reads.map(name).left_out
    return f"{left_out:,} images have no place on this map." if left_out else ""


def chosen(reads: Reads, image: int | None, name: str) -> tuple:
    """The panel's content, whether it is hidden, and the neighbors to mark on the map."""
    if image is None:
        return no_update, True, {"image": None, "ids": []}
    children, ids = map_panels.image_panel(reads, image, name)
    return children, False, {"image": image, "ids": ids}

"""The Map page: clusters, the map itself, and the image clicked with its neighbors.

The browser asks for a map once (dashboard/routes/maps.py); the address names it, so that it is
on its way before the page is. Coloring, hiding, hovering, zooming and marking happen in the
browser (assets/map_engine/); the server is asked again for another map, for what another
coloring says of each point, and for the neighbors of an image.

Stores: map-clustering (clusters that stand for the map's own, or None), map-shown (key of the
map last drawn), map-image (id of the image chosen, or None), map-neighbors (its neighbors'
ids), map-state (what is hidden or in focus), map-params (parameters of the address that other
parts of the page hold; likeness.mapPage.setParam sets one).
"""

from __future__ import annotations

import re

import dash_bootstrap_components as dbc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard import components, facets, words
from dashboard.access import READ, RUN, needs
from dashboard.access.asked import Id
from dashboard.pages.map import panels, selection
from dashboard.pools import LONG
from dashboard.reads import Reads, colorings
from dashboard.reads.clusterings import Clusterings
from dashboard.reads.map_data import Drawings
from dashboard.routes import maps
from pipeline.columns import conditions
from pipeline.errors import QueryError

PATH = "/"
TITLE = "Map"
NAV = "Map"

_NUMBERS = re.compile(r"-?\d+(\.-?\d+)*", re.ASCII)

_OWN = ("map", "dim", "color", "image")  # what this page itself says in the address


def layout(reads: Reads, params: dict[str, str]):
    """The page in the state that the URL names, or what to do where there is no map yet."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    names = reads.map_names()
    if not names:
        return components.no_map(reads.data_told, reads.may(RUN))
    name = _named(names, params)
    image = params.get("image", "")
    return html.Div(
        [
            _toolbar(reads, names, name, params),
            html.Div(
                [
                    html.Aside(
                        [
                            html.Div([html.H2("Clusters"), html.Span(id="map-summary", className="soft small")],
                                     className="map-side-head"),
                            html.Div(id="map-side-tools", className="map-side-tools"),
                            html.Div(id="map-clusters", className="map-clusters"),
                        ],
                        className="map-side", **{"aria-label": "Clusters"},
                    ),
                    facets.panel(params.get("where", ""), opens=False),
                    html.Div(
                        [_stage(name, [*selection.selection(), html.Div(facets.chips(), className="map-chips")]),
                         html.Div(id="map-legend", className="map-legend", role="group",
                                  **{"aria-label": "Colors"})],
                        className="map-center",
                    ),
                ],
                className="map-body",
            ),
            dcc.Store(id="map-shown"),
            dcc.Store(id="map-clustering"),
            dcc.Store(id="map-params", data={k: v for k, v in params.items() if k not in _OWN}),
            dcc.Store(id="map-image", data=int(image) if image.isdecimal() and len(image) < 19 else None),
            dcc.Store(id="map-neighbors"),
            dcc.Store(id="map-state", data=_state(name, params)),
        ],
        className="map-page",
    )


def needed(reads: Reads, params: dict[str, str]) -> list[tuple[str, str]]:
    """What the page will ask for once it is there, to be asked for at once: [(kind, address)]."""
    names = reads.map_names()
    if not names:
        return []
    return [("fetch", components.url(maps.address_of(_named(names, params), _dim(params))))]


def _named(names: list[str], params: dict[str, str]) -> str:
    return params["map"] if params.get("map") in names else names[0]


def _dim(params: dict[str, str]) -> str:
    return "3" if params.get("dim") == "3" else "2"


def _state(name: str, params: dict[str, str]) -> dict:
    """What is hidden and in focus, as the address names it: conditions on the coloring and on the
    cluster, which goes by an image that stands for it (assets/map_engine/called.js).

    old: whether it names them by numbers, as it did once; these may be others by now.
    """
    hidden, focus = (_values(params.get(key, "")) for key in ("hide", "focus"))
    return {
        "map": name, "hidden": hidden, "focus": focus.get(colorings.CLUSTER, [None])[0],
        "old": any(_NUMBERS.fullmatch(params.get(key, "")) for key in ("hide", "focus")),
    }


def _values(text: str) -> dict[str, list[str]]:
    """{column: values} of a text of conditions; what says nothing is passed over."""
    try:
        return {one.column: list(one.values) for one in conditions.parse(text) if isinstance(one, conditions.OneOf)}
    except QueryError:
        return {}


def _toolbar(reads: Reads, names: list[str], name: str, params: dict[str, str]):
    colors = colorings.choices(reads)
    known = {choice["value"] for choice in colors if not choice["disabled"]}
    color = params.get("color")
    return html.Div(
        [
            words.box(),
            _select("map-name", "Map", name, [{"label": components.title_of(n), "value": n} for n in names]),
            _choice("map-dim", "Dimensions", [("2", "2D", False), ("3", "3D", False)],
                    _dim(params)),
            _select("map-color", "Color by", color if color in known else colorings.CLUSTER, colors),
            html.Div(selection.granularity(params), id="map-granularity"),
            html.Span(id="map-note", className="map-note", role="status"),
            facets.button(),
            html.Div(selection.tools(reads), id="map-tools", className="map-tools"),
        ],
        className="map-toolbar", role="toolbar", **{"aria-label": "Map"},
    )


def _select(name: str, label: str, value: str, options: list[dict]):
    return html.Label(
        [html.Span(label), dbc.Select(id=name, value=value, options=options)], className="map-field"
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


def _stage(name: str, over: list):
    """The map with what floats over it; the browser fills in map-graph."""
    return html.Section(
        [
            html.Div(id="map-graph", className="map-graph", tabIndex=0, role="application", **{
                "aria-label": "Map of the images. Arrows go from image to image, Enter chooses one, Space shows it "
                              "large, Shift with F10 says what can be done with it, Shift with arrows moves the map, "
                              "plus and minus zoom.",
            }),
            html.Span(id="map-said", className="visually-hidden", role="status"),
            html.Div(over, id="map-selection"),
            html.Div([*_zooms(), _take(name)], className="map-zooms", role="group", **{"aria-label": "View"}),
            html.Div("Working out the colors …", id="map-coloring-busy", className="map-busy", role="status",
                     hidden=True),
            html.Div(id="map-busy", className="map-busy", role="status", children="Loading the map …"),
            html.Aside(id="map-panel", className="map-panel", hidden=True,
                       **{"aria-label": "Chosen image"}),
        ],
        className="map-stage", id="map-stage", **{"aria-label": "Map"},
    )


def _zooms() -> list[html.Button]:
    """What stands at the edge of the map; see assets/map/map_zoom.js."""
    return [
        html.Button(
            components.icon(picture), type="button", className="button map-step", title=f"{text} ({key})",
            **{"aria-label": text}, **more,
        )
        for picture, text, key, more in (
            ("plus-lg", "Closer", "+", {"data-zooms": "closer"}),
            ("dash-lg", "Back", "−", {"data-zooms": "farther"}),
            ("arrows-angle-contract", "The whole map", "0", {"id": "map-reset"}),
            ("fonts", "Names", "N", {"id": "map-names", "data-zooms": "names", "aria-pressed": "true"}),
        )
    ]


def _take(name: str) -> html.A:
    """The map to take along; of another one that is chosen the browser says the address."""
    return html.A(
        components.icon("download"), id="map-take", className="button map-step", download="",
        href=components.url(f"/export/map/{name}.html"),
        title="This map with its pictures as one file, which opens without Likeness",
        **{"aria-label": "This map as one file"},
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callbacks, and the routes of the maps, which Compare asks too."""
    drawings, clusterings = Drawings(reads), Clusterings(reads)
    maps.register(app.server, reads, drawings, clusterings)

    # After the map is there: whether it is stale takes a while to say of a large one.
    @app.callback(
        Output("map-note", "children"), Input("map-shown", "data"), State("map-name", "value"),
        prevent_initial_call=True,
    )
    @needs(READ)
    def note(_, name: str):
        return map_note(drawings, name, reads.may(RUN))

    @app.callback(
        Output("map-panel", "children"), Output("map-panel", "hidden"), Output("map-neighbors", "data"),
        Input("map-image", "data"), Input("map-name", "value"),
    )
    @needs(READ)
    def panel(image: Id | None, name: str):
        return chosen(reads, image, name)

    # It takes a look at the whole map, and so comes after the neighbors.
    @app.callback(Output("map-trust", "children"), Input("map-trust", "id"), State("map-name", "value"))
    @needs(READ, pool=LONG)
    def trusted(_, name: str):
        return panels.trusted(reads, name)

    _register_browser(app)
    selection.register(app, reads, clusterings)


def _register_browser(app: Dash) -> None:
    """What the browser does by itself."""
    app.clientside_callback(
        ClientsideFunction("map", "show"),
        Output("map-graph", "className"),  # without one Dash asks before the page is there
        Input("map-name", "value"), Input("map-dim", "value"), Input("map-color", "value"),
        Input("map-state", "data"), Input("map-image", "data"), Input("theme", "data"),
        State("map-params", "data"),
    )
    # What the server may take long for comes by itself: Dash lets a callback wait for
    # everything that one of its inputs is still being asked for.
    for store in ("clustering", "neighbors"):
        app.clientside_callback(
            ClientsideFunction("map", store), Input(f"map-{store}", "data"), prevent_initial_call=True
        )
    app.clientside_callback(
        ClientsideFunction("map", "choose"),
        Output("map-image", "data"),
        Input({"type": panels.NEIGHBOR, "image": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("map", "view"),
        Output("map-view", "data"),
        Input("map-name", "value"), Input("map-dim", "value"), Input("map-color", "value"),
        Input("map-image", "data"), Input("map-params", "data"), State("map-view", "data"),
        prevent_initial_call=True,
    )


def map_note(drawings: Drawings, name: str, may: bool) -> str:
    """A quiet word where the map is not of the library as it is now, or not of all of it.

    may: whether the Library page can update it.
    """
    if drawings.stale(name):
        how = "on the Library page" if may else "with: python -m pipeline map"
        return f"The library has changed since this map was made. Update it {how}."
    left_out = drawings.of(name).shown.left_out
    has = "has" if left_out == 1 else "have"
    return f"{components.counted(left_out, 'image')} {has} no place on this map." if left_out else ""


def chosen(reads: Reads, image: int | None, name: str) -> tuple:
    """The panel's content, whether it is hidden, and the neighbors to mark on the map."""
    if image is None:
        return no_update, True, {"image": None, "ids": []}
    children, ids = panels.image_panel(reads, image, name)
    return children, False, {"image": image, "ids": ids}

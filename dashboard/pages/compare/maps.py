"""Two maps side by side: what is selected, pointed at or clicked in one shows in the other.

The browser asks for both maps as the Map page does for one (dashboard/routes/maps.py), and
links them (assets/compare/compare_maps.js). Stores: compare-image (id of the image clicked,
or None), compare-group (code of the category selected, or None).
"""

from __future__ import annotations

from collections.abc import Mapping

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html

from dashboard import components
from dashboard.access import READ, RUN, needs
from dashboard.access.asked import Id
from dashboard.reads import Reads
from dashboard.reads.comparison import pair

_SIDES = ("a", "b")
_TOOLS = {"lasso": "Lasso", "box": "Box", "pan": "Move"}


def layout(reads: Reads, params: Mapping[str, str], image: int | None) -> html.Div:
    """Both maps in the state that the address names; the callback brings their points."""
    names = reads.map_names()
    if len(names) < 2:
        if reads.may(RUN):
            return components.empty_state(
                "No two maps yet", "The Library page can make them.", action=components.to_library()
            )
        return components.empty_state(
            "No two maps yet", "This makes them:", components.command("map", reads.data_told),
        )
    # The combination shares something with every map; two embeddings tell more.
    a, b = pair(params.get("a"), params.get("b"), [*names[1:], names[0]] if len(names) > 2 else names)
    if not params.get("b") and len(names) > 2 and b == names[0]:
        b = next(name for name in reversed(names[1:]) if name != a)
    group = params.get("group", "")
    known = group.removeprefix("-").isdecimal() and len(group) < 7
    labeled = bool(reads.library.labels())
    color = params.get("color") if params.get("color") in (*_SIDES, *(["label"] if labeled else [])) else "a"
    return html.Div(
        [
            html.P(
                "Every map puts similar images side by side, in its own way. Draw around some on "
                "one map and see where they are on the other.", className="soft compare-intro",
            ),
            _tools(color, labeled),
            html.Div(
                [_stage(side, names, name) for side, name in zip(_SIDES, (a, b))], className="compare-pair"
            ),
            html.Div(
                id="compare-legend", className="compare-legend", role="group", **{"aria-label": "Colors"}
            ),
            html.Div(
                [html.Div(id="compare-pinned"),
                 html.Div(id="compare-picked", className="compare-picked", role="status")],
                className="compare-below",
            ),
            dcc.Store(id="compare-image", data=image),
            dcc.Store(id="compare-group", data=int(group) if known else None),
        ],
        className="compare-maps", id="compare-maps-view",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the view's callbacks."""

    @app.callback(Output("compare-pinned", "children"), Input("compare-image", "data"))
    @needs(READ)
    def pinned(image: Id | None):
        return card(reads, image)

    app.clientside_callback(
        ClientsideFunction("compareMaps", "show"),
        Output("compare-graph-a", "className"),  # without one Dash asks before the page is there
        Input("compare-map-a", "value"), Input("compare-map-b", "value"),
        Input("compare-color", "value"), Input("compare-tool", "value"),
        Input("compare-group", "data"), Input("compare-image", "data"), Input("theme", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("compareMaps", "view"),
        Output("compare-view", "data", allow_duplicate=True),
        Input("compare-map-a", "value"), Input("compare-map-b", "value"), Input("compare-color", "value"),
        Input("compare-image", "data"), Input("compare-group", "data"), State("compare-view", "data"),
        prevent_initial_call=True,
    )


def card(reads: Reads, image: int | None):
    """The image clicked, and where to go with it."""
    if image is None:
        return None
    row = reads.image(image)
    if row is None:
        return components.error_note("That image is not in the library any more.")
    name = components.name_of(row.path)
    return html.Figure(
        [
            html.Div(components.thumb(row.id, f"Clicked: {name}"), className="compare-subject"),
            html.Figcaption([
                html.Div(row.label or name, className="query-name", title=reads.told([row])[0]),
                components.image_links(row.id, name=name, words=True),
                html.Button("Unpin", id="compare-unpin", type="button", className="card-link"),
            ]),
        ],
        className="compare-query",
    )


def _tools(color: str, labeled: bool) -> html.Div:
    colors = {"a": "Left map's clusters", "b": "Right map's clusters"}
    if labeled:
        colors["label"] = "Labels"
    return html.Div(
        [
            _choice("compare-color", "Color by", colors, color),
            _choice("compare-tool", "Dragging", _TOOLS, "lasso"),
            html.Button([components.icon("x-lg"), "Clear selection"], id="compare-clear", type="button",
                        className="button", hidden=True),
        ],
        className="compare-tools", role="toolbar", **{"aria-label": "Maps"},
    )


def _choice(name: str, title: str, options: Mapping[str, str], value: str) -> html.Div:
    return html.Div(
        [
            html.Span(title, id=f"{name}-title", className="field-label"),
            dbc.RadioItems(
                id=name, value=value, class_name="btn-group segments",
                input_class_name="btn-check", label_class_name="button segment",
                options=[{"value": key, "label": text} for key, text in options.items()],
            ),
        ],
        role="group", className="compare-choice", **{"aria-labelledby": f"{name}-title"},
    )


def _stage(side: str, names: list[str], name: str) -> html.Section:
    """A map, its choice, and the marks over it."""
    options = [{"label": title, "value": key} for key, title in components.titles_of(names).items()]
    place = {"a": "Left map", "b": "Right map"}[side]
    return html.Section(
        [
            html.Div(
                [
                    html.Div(id=f"compare-graph-{side}", className="map-graph compare-graph"),
                    html.Label(
                        [html.Span(place, className="visually-hidden"),
                         dbc.Select(id=f"compare-map-{side}", value=name, options=options)],
                        className="compare-name",
                    ),
                    html.Div(
                        "Loading the map …", id=f"compare-busy-{side}", className="compare-wait",
                        role="status",
                    ),
                ],
                className="compare-canvas",
            ),
            html.P(className="compare-spreads small", **{"aria-live": "polite"}),
        ],
        className="compare-stage", **{"data-side": side, "aria-label": place},
    )

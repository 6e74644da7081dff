"""The Graph page: how images hang together, around one of them or within a set.

The server sends nodes with their places and edges; drawing, hovering, highlighting and
hiding happen in the browser (assets/graph/graph.js). It is asked again for another start or
another setting.

Stores: graph-start (what the graph is of: {"image"}, {"cluster_of", "map"} or {"collection"}),
graph-links (k and least similarity, once the sliders have come to rest), graph-shape
(width / height of the stage), graph-facts (what graph.js needs beside the elements, and
what the address should say: an answer that comes after the person has left the page goes
with it, and does not change the address of another).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import dash_bootstrap_components as dbc
import dash_cytoscape as cytoscape
from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html
from pydantic import Field
from typing_extensions import TypedDict

from dashboard import components
from dashboard.access import READ, RUN, needs
from dashboard.access.asked import Id, Real
from dashboard.pages.graph import data as graph_data
from dashboard.pages.graph import panels as graph_panels
from dashboard.pages.graph import start as graph_start
from dashboard.pages.graph.data import COUNTS, MOST_LEAST, MOST_NEIGHBORS, PATH, Settings
from dashboard.reads import Reads
from pipeline.errors import LikenessError
from pipeline.maps import COMBINED

TITLE = "Graph"
NAV = "Graph"
PACKAGE = "dash_cytoscape"  # its script comes with this page alone


class _OfImage(TypedDict):
    image: Id


class _OfCluster(TypedDict):
    cluster_of: Id
    map: str


class _OfCollection(TypedDict):
    collection: str


class _Links(TypedDict):
    """The store graph-links."""

    k: Annotated[int, Field(ge=1, le=MOST_NEIGHBORS)]
    least: Real


_Start = _OfImage | _OfCluster | _OfCollection
_Count = Literal[tuple(map(str, COUNTS))]


def layout(reads: Reads, params: Mapping[str, str]) -> html.Div:
    """The page in the state that the address names."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    names = reads.embeddings()
    if not names:
        return components.not_compared(reads.data_told, reads.may(RUN))
    start = start_from(params)
    if start is None:
        return graph_start.start_page(reads)
    settings = Settings.of(params, names)
    return html.Div(
        [
            html.H1(TITLE, className="visually-hidden"),
            _toolbar(names, settings),
            html.Div(
                [_stage(),
                 html.Aside(id="graph-side", className="graph-side", **{"aria-label": "Images shown"})],
                className="graph-body",
            ),
            dcc.Store(id="graph-start", data=start),
            dcc.Store(id="graph-links", data={"k": settings.k, "least": settings.least}),
            dcc.Store(id="graph-shape"),
            dcc.Store(id="graph-facts"),
        ],
        className="graph-page",
    )


def start_from(params: Mapping[str, str]) -> dict | None:
    """What the graph is of, as an address says it; None where it says nothing."""
    number = {
        name: int(params[name])
        for name in ("image", "cluster_of")
        if params.get(name, "").isdecimal() and len(params[name]) < 19  # what SQLite can hold
    }
    if "image" in number:
        return {"image": number["image"]}
    if "cluster_of" in number:
        return {"cluster_of": number["cluster_of"], "map": params.get("map") or COMBINED}
    return {"collection": params["collection"]} if params.get("collection") else None


def _toolbar(names: tuple[str, ...], settings: Settings) -> html.Div:
    by = {COMBINED: components.title_of(COMBINED)} if len(names) > 1 else {}
    by |= components.titles_of(names)
    return html.Div(
        [
            html.Label(
                ["Similar by", dbc.Select(
                    id="graph-by", value=settings.by,
                    options=[{"label": title, "value": name} for name, title in by.items()],
                )],
                className="graph-field",
            ),
            _range("graph-k", "Neighbors", 1, MOST_NEIGHBORS, 1, settings.k,
                   "Links of each image to those nearest to it"),
            _range("graph-least", "Least similarity", 0, max(MOST_LEAST, settings.least), 0.01, settings.least,
                   "Links between images less similar than this are left out; it goes from the weakest link that "
                   "there is to the strongest"),
            html.Div(
                [
                    html.Span("Images", className="graph-caption", id="graph-count-label"),
                    dbc.RadioItems(
                        id="graph-count", value=str(settings.count), class_name="btn-group segments",
                        input_class_name="btn-check", label_class_name="button segment",
                        options=[{"value": str(count), "label": str(count)} for count in COUNTS],
                    ),
                ],
                className="graph-field graph-counts", role="group",
                **{"aria-labelledby": "graph-count-label"},
            ),
            dbc.Checkbox(
                id="graph-mutual", value=settings.mutual, label="Mutual only", class_name="graph-mutual",
            ),
        ],
        className="graph-toolbar", role="toolbar", **{"aria-label": "Graph"},
    )


def _range(name: str, title: str, least: float, most: float, step: float, value: float, about: str):
    """A range field of the browser, with its figure."""
    return html.Label(
        [
            title,
            dcc.Input(id=name, type="range", min=least, max=most, step=step, value=value),
            html.Span(id=f"{name}-figure", className="graph-figure"),
        ],
        className="graph-field graph-range", title=about,
    )


def _stage() -> html.Section:
    """The drawing with what floats over it."""
    buttons = [("in", "zoom-in", "Zoom in"), ("out", "zoom-out", "Zoom out"),
               ("fit", "arrows-fullscreen", "Show all (double click beside the images)")]
    return html.Section(
        [
            html.Div(
                cytoscape.Cytoscape(
                    id="graph-canvas", elements=[], stylesheet=[], layout={"name": "preset", "fit": False},
                    style={"height": "100%", "width": "100%"}, responsive=False, boxSelectionEnabled=False,
                    autoungrabify=True, autounselectify=True, autoRefreshLayout=False,
                    minZoom=0.02, maxZoom=6, wheelSensitivity=0.3,
                ),
                id="graph-drawing", className="graph-drawing", role="img",
            ),
            html.Div(id="graph-note", className="graph-note", role="status"),
            html.Div(id="graph-empty", className="graph-empty"),
            html.Div(
                [
                    html.Button(
                        components.icon(icon), type="button", className="button button-icon", title=title,
                        **{"data-view": name, "aria-label": title.partition(" (")[0]},
                    )
                    for name, icon, title in buttons
                ],
                className="graph-buttons",
            ),
            html.Div("Drawing the graph …", id="graph-busy", className="graph-busy", role="status"),
            html.Div(id="graph-tip", className="graph-tip", **{"aria-hidden": "true"}),
        ],
        className="graph-stage", id="graph-stage", **{"aria-label": "Graph"},
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callbacks."""

    @app.callback(
        Output("graph-canvas", "elements"), Output("graph-facts", "data"),
        Output("graph-side", "children"), Output("graph-note", "children"), Output("graph-empty", "children"),
        Input("graph-shape", "data"), Input("graph-start", "data"), Input("graph-by", "value"),
        Input("graph-links", "data"), Input("graph-count", "value"), Input("graph-mutual", "value"),
        running=[(Output("graph-busy", "hidden"), False, True)],
        prevent_initial_call=True,
    )
    @needs(READ)
    def draw(shape: Real | None, start: _Start, by: str, links: _Links, count: _Count, mutual: bool | None):
        settings = Settings(by, int(links["k"]), round(links["least"], 2), int(count), bool(mutual))
        # Another center is a step that Back returns from; a slider's way is not.
        replace = "graph-start.data" not in ctx.triggered_prop_ids
        view = components.view(PATH, start | settings.params(), replace=replace)
        elements, facts, *around = content(reads, start, settings, shape or 1.4)
        return elements, facts | {"view": view}, *around

    for function, outputs, inputs, initial in (
        ("shape", Output("graph-shape", "data"), [Input("graph-shape", "id")], True),
        ("paint", Output("graph-canvas", "stylesheet"), [Input("graph-canvas", "id"), Input("theme", "data")],
         True),
        ("arrive", [Output("graph-drawing", "aria-label"), Output("graph-view", "data")],
         [Input("graph-facts", "data")], False),
        ("slide", [Output("graph-k-figure", "children"), Output("graph-least-figure", "children")],
         [Input("graph-k", "value"), Input("graph-least", "value"), Input("graph-least", "min")], True),
        ("span", [Output("graph-least", "min"), Output("graph-least", "max")], [Input("graph-facts", "data")], False),
    ):
        state = {"arrive": [State("graph-canvas", "elements")], "slide": [State("graph-links", "data")]}
        app.clientside_callback(
            ClientsideFunction("graph", function), outputs, *inputs, *state.get(function, []),
            prevent_initial_call=not initial,
        )


def content(reads: Reads, start: dict, settings: Settings, aspect: float) -> tuple:
    """Elements, facts, side panel, note, and what stands in place of a graph (see `register`)."""
    try:
        shown = graph_data.shown(reads, start, settings)
    except LikenessError as error:
        told = graph_panels.instead("Nothing to draw", components.error_note(str(error)))
        return [], {"count": 0}, None, "", told
    elements, facts = graph_data.drawing(shown, aspect)
    return (
        elements, facts, graph_panels.side(reads, shown), graph_panels.note(shown), graph_panels.advice(shown)
    )

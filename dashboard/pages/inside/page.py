"""The Inside page: what the index compared to answer a search, drawn on the library's own map.

The address is that of the search; `map=NAME` says on which map, `effort=N` how far the index is walked.
The browser asks for it (`/inside/told`), since pictures from outside are kept by it alone, and draws it
(assets/inside).
"""

from __future__ import annotations

from collections.abc import Mapping

from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from flask import Response, jsonify, request

from dashboard import components, sent
from dashboard.access import READ, RUN, needs
from dashboard.pages.inside import told
from dashboard.pages.search import board as search_board
from dashboard.pools import MODELS
from dashboard.reads import Reads
from dashboard.uploads.edit import EditedPictures
from pipeline.errors import LikenessError

PATH = "/inside"
TITLE = "Inside the index"
NAV = None


def layout(reads: Reads, params: Mapping[str, str]):
    """The page in the state that the address names."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    if not reads.embeddings():
        return components.not_compared(reads.data_told, reads.may(RUN))
    board = search_board.from_params(params)
    if not board:
        return components.empty_state(
            "See how a search is answered",
            "Search for something, then choose “How it was found” beside the sliders; or begin with any image.",
            action=html.A("Begin with an image", href=components.link(PATH, image=reads.examples(1)[0]), className="btn btn-primary"),
        )
    return html.Div(
        [
            dcc.Store(id="inside-board", data=[entry.data for entry in board]),
            dcc.Store(id="inside-drawn"),
            html.Div(html.P("Following the search …", className="soft"), id="inside", className="inside", **{"aria-busy": "true"}),
        ],
        className="page-wide",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the route that the walk comes from, and the browser's callback."""
    edited = EditedPictures(reads)

    @app.server.post("/inside/told")
    @needs(READ, pool=MODELS)
    def inside() -> Response:
        try:
            return jsonify(told.told(reads, edited, request.args.to_dict(), sent.fields()))
        except LikenessError as error:
            return jsonify({"error": str(error)})

    app.clientside_callback(
        ClientsideFunction("inside", "begin"), Output("inside-drawn", "data"), Input("inside-board", "data")
    )

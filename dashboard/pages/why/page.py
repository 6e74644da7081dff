"""The Why page: a match beside what it was found with.

The address is that of the search with `match=ID`; `beside=N` says which of several pictures is looked at.
The browser asks for the reasons (`/why/told`), since pictures from outside are kept by it alone, and
draws them (assets/why).
"""

from __future__ import annotations

from collections.abc import Mapping

from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from flask import Response, jsonify, request

from dashboard import components, sent
from dashboard.access import READ, RUN, needs
from dashboard.pages.search import board as search_board
from dashboard.pages.why import told
from dashboard.pools import MODELS
from dashboard.reads import Reads
from dashboard.uploads.edit import EditedPictures
from pipeline.errors import LikenessError

PATH = "/why"
TITLE = "Why"
NAV = None


def layout(reads: Reads, params: Mapping[str, str]):
    """The page in the state that the address names."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    if not reads.embeddings():
        return components.not_compared(reads.data_told, reads.may(RUN))
    board, match = search_board.from_params(params), told.match_of(params)
    row = reads.image(match) if match is not None else None
    if row is None or row.state != "ok" or not board:
        return components.empty_state(
            "There is nothing to explain here",
            "Choose “Why is it a match?” on a match of a search, or “Why are these together?” on two chosen pictures.",
            action=html.A("Go to the search", href=components.link("/search"), className="btn btn-primary"),
        )
    return html.Div(
        [
            dcc.Store(id="why-board", data=[entry.data for entry in board]),
            dcc.Store(id="why-drawn"),
            html.Div(id="why", className="why", role="region", **{"aria-label": "Why this is a match", "aria-busy": "true"}),
        ],
        className="page-wide",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the route that the reasons come from, and the browser's callback."""
    edited = EditedPictures(reads)

    @app.server.post("/why/told")
    @needs(READ, pool=MODELS)
    def why() -> Response:
        try:
            return jsonify(told.told(reads, edited, request.args.to_dict(), sent.fields()))
        except LikenessError as error:
            return jsonify({"error": str(error)})

    app.clientside_callback(
        ClientsideFunction("why", "begin"), Output("why-drawn", "data"), Input("why-board", "data")
    )

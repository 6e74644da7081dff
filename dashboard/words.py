"""The box that takes words, on every page that has one: what completes them, and where they lead.

The browser makes the field (assets/search/words.js), as it is more than Dash's fields are.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from flask import Response, jsonify, request

from dashboard.access import READ, needs
from dashboard.reads import Reads
from pipeline.pictures.palette import palette
from pipeline.search.completion import complete
from pipeline.search.query import MOST_COLORS

_SIDE = 128
"""Longest side of the pixels that a palette is asked for, px."""


def box() -> html.Div:
    """Where the field comes to stand; one on a page."""
    return html.Div(
        [html.Div(id="words-box", className="words-box"), dcc.Store(id="words-made")],
        className="words", role="search",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add what the box asks: what may come next, and which colors a picture has."""
    app.clientside_callback(
        ClientsideFunction("words", "make"), Output("words-made", "data"), Input("words-box", "id")
    )

    @app.server.get("/words")
    @needs(READ)
    def words() -> Response:
        found = complete(reads.library, request.args.get("text", ""))
        return jsonify([{name: value for name, value in asdict(one).items() if value} for one in found])

    @app.server.post("/palette")
    @needs(READ)
    def colors() -> Response:
        """The palette of pixels, sent as RGB bytes: at most `MOST_COLORS`, the largest first."""
        sent = request.get_data(cache=False)
        if not sent or len(sent) % 3 or len(sent) > 3 * _SIDE**2:
            return jsonify([])
        found = palette(np.frombuffer(sent, np.uint8).reshape(1, -1, 3))[:MOST_COLORS]
        return jsonify([{"color": one.color, "share": one.share} for one in found])

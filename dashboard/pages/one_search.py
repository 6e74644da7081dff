"""Pages that tell of one search, such as Why and Inside: the browser asks what there is to tell, since it alone has
the pictures from outside, and draws it (assets/NAME)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dash import ClientsideFunction, Dash, Input, Output, dcc
from flask import Response, jsonify, request

from dashboard import sent
from dashboard.access import READ, needs
from dashboard.pages.search.entry import Entry
from dashboard.pools import MODELS
from dashboard.reads import Reads
from dashboard.uploads.edit import EditedPictures
from pipeline.errors import LikenessError

Told = Callable[[Reads, EditedPictures, Mapping[str, str], Mapping], dict]
"""From an address's parameters and what the browser has of its uploads, {"uploads": {token: {embedding: vector}},
"names": {key: name}, "pictures": {key: preview as an address of data}, "keywords": {key: those of its file}}, to what the page shows. Raises LikenessError."""


def stores(name: str, board: list[Entry]) -> list[dcc.Store]:
    """What the layout of such a page has, besides the element `name` that it is drawn in."""
    return [dcc.Store(id=f"{name}-board", data=[entry.data for entry in board]), dcc.Store(id=f"{name}-drawn")]


def register(app: Dash, reads: Reads, name: str, told: Told) -> None:
    """Add the route /NAME/told, and the browser's callback that begins a page."""
    edited = EditedPictures(reads)

    @app.server.post(f"/{name}/told", endpoint=f"{name}-told")
    @needs(READ, pool=MODELS)
    def answer() -> Response:
        try:
            return jsonify(told(reads, edited, request.args.to_dict(), sent.fields()))
        except LikenessError as error:
            return jsonify({"error": str(error)})

    app.clientside_callback(
        ClientsideFunction(name, "begin"), Output(f"{name}-drawn", "data"), Input(f"{name}-board", "data")
    )

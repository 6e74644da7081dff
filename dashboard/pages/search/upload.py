"""How a picture from outside comes to the Search page: a file, a web address, an edited upload.

The server looks at it, answers with its vectors and a preview, and forgets it. The browser
sends one after the other (assets/search/search_files.js), so that none is lost.
"""

from __future__ import annotations

import base64
from hashlib import blake2b

from dash import Dash, Input, Output
from flask import Response, jsonify, request

from dashboard import components, sent
from dashboard.access import READ, needs
from dashboard.pages.search.panel import MAX_UPLOAD
from dashboard.pools import MODELS, TRANSFER
from dashboard.reads import Reads
from dashboard.uploads import web as web_picture
from dashboard.uploads.vectors import packed
from pipeline.errors import ImageError, LikenessError, QueryError
from pipeline.pictures import decoding, untrusted

PREVIEW_SIDE = 768
"""Long side of the preview of an uploaded picture, px: sharp on a dense screen."""


def register(app: Dash, reads: Reads) -> None:
    """Add the routes that pictures are sent to, and what is said until the models are there."""

    @app.server.post("/upload")
    @needs(READ, pool=MODELS)
    def upload() -> Response:
        name = request.args.get("name") or "That file"
        return _answer(lambda: received_of(reads, request.get_data(cache=False), name))

    @app.server.post("/web-picture")
    @needs(READ, pool=TRANSFER)
    def web_address() -> Response:
        address = str(sent.fields().get("address") or "").strip()
        return _answer(lambda: fetched(reads, address))

    @app.callback(
        Output("search-ready", "children"), Output("search-ready", "className"),
        Input("search-ready", "id"),
    )
    @needs(READ, pool=MODELS)
    def on_open(_):
        # The answer comes when the models are there; until then the page says so.
        try:
            reads.warm_up()
        except LikenessError as error:
            return components.error_note(f"Only the library's own images can be searched with. {error}"), ""
        return None, ""


def _answer(look) -> Response:
    """What a look at a picture says, or {"error"} with one sentence: it was looked at either way."""
    try:
        return jsonify(look())
    except LikenessError as error:
        return jsonify({"error": str(error)})


def fetched(reads: Reads, address: str) -> dict:
    """The picture at a web address as `received_of` gives it."""
    picture = web_picture.fetch(address, limit=MAX_UPLOAD)
    return received_of(reads, picture.data, picture.name)


def received_of(reads: Reads, data: bytes, name: str) -> dict:
    """A picture from outside as {key, token, name, size, vectors, src, keywords}: src is a preview, keywords what
    its file says of itself.

    All of it stays in the browser: a slider then needs no second look at the picture, and
    the server keeps nothing. Raises LikenessError with one sentence when it cannot be used.
    """
    if len(data) > MAX_UPLOAD:
        raise QueryError(f"“{name}” is larger than {MAX_UPLOAD // 2**20} MB.")
    try:
        looked = untrusted.looked_at(data, (decoding.WORK_SIDE, PREVIEW_SIDE))
        pixels, preview = looked.pictures
        vectors = reads.embed(pixels)
        shown = decoding.encode_jpeg(preview, quality=85)
    except ImageError as error:
        raise QueryError(f"“{name}” cannot be searched with: {error}.") from None
    key = blake2b(data, digest_size=6).hexdigest()
    source = "data:image/jpeg;base64," + base64.b64encode(shown).decode()
    return {
        "key": key, "token": key, "name": name, "size": len(data), "vectors": packed(vectors), "src": source,
        "keywords": looked.keywords,
    }

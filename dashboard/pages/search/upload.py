"""How a picture from outside comes to the Search page: a file, a web address, an edited upload.

The server looks at it, answers with its vectors and a preview, and forgets it.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import blake2b

from dash import Dash, Input, Output, State, no_update

from dashboard import components
from dashboard.access import READ, needs
from dashboard.pages.search.panel import MAX_UPLOAD
from dashboard.pages.search.query import packed
from dashboard.pools import MODELS, TRANSFER
from dashboard.reads import Reads
from dashboard.uploads import web as web_picture
from pipeline.errors import ImageError, LikenessError, QueryError
from pipeline.pictures import decoding, untrusted

PREVIEW_SIDE = 768
"""Long side of the preview of an uploaded picture, px: sharp on a dense screen."""


def register(app: Dash, reads: Reads) -> None:
    """Add the callbacks."""
    running = [(Output("search-panel", "className"), "search-panel busy", "search-panel")]

    @app.callback(
        Output("search-received", "data"), Output("search-note", "children"),
        Output("search-file", "contents"),
        Input("search-file", "contents"), State("search-file", "filename"),
        running=running, prevent_initial_call=True,
    )
    @needs(READ, pool=MODELS)
    def on_upload(contents: str | None, filename: str | None):
        if not contents:
            return (no_update,) * 3
        try:
            return receive(reads, contents, filename or "That file"), None, None
        except LikenessError as error:
            return no_update, components.error_note(str(error)), None

    @app.callback(
        Output("search-received", "data", allow_duplicate=True),
        Output("search-note", "children", allow_duplicate=True),
        Input("search-edit", "data"), running=running, prevent_initial_call=True,
    )
    @needs(READ, pool=MODELS)
    def on_edit(edit: dict):
        try:
            received = receive(reads, edit["contents"], edit["name"])
        except LikenessError as error:
            return no_update, components.error_note(str(error))
        return {"token": edit["token"], "vectors": received["vectors"]}, None

    @app.callback(
        Output("search-received", "data", allow_duplicate=True),
        Output("search-note", "children", allow_duplicate=True), Output("search-link", "value"),
        Input("search-link-go", "n_clicks"), Input("search-link", "n_submit"),
        State("search-link", "value"),
        running=[*running, (Output("search-link-go", "disabled"), True, False)],
        prevent_initial_call=True,
    )
    @needs(READ, pool=TRANSFER)
    def on_link(_, __, address: str | None):
        if not (address or "").strip():
            return (no_update,) * 3
        try:
            picture = web_picture.fetch(address.strip(), limit=MAX_UPLOAD)
            return received_of(reads, picture.data, picture.name), None, ""
        except LikenessError as error:
            return no_update, components.error_note(str(error)), no_update

    @app.callback(
        Output("search-ready", "children"), Output("search-ready", "className"),
        Input("search-ready", "id"),
    )
    @needs(READ)
    def on_open(_):
        # The answer comes when the models are there; until then the page says so.
        try:
            reads.warm_up()
        except LikenessError as error:
            return components.error_note(f"Only the library's own images can be searched with. {error}"), ""
        return None, ""


def receive(reads: Reads, contents: str, filename: str) -> dict:
    """An uploaded file (data URL) as `received_of` gives it.

    Raises LikenessError with one sentence when the file cannot be used.
    """
    try:
        data = base64.b64decode(contents.partition(",")[2], validate=True)
    except binascii.Error:
        raise QueryError(f"“{filename}” did not arrive whole; try again.") from None
    if len(data) > MAX_UPLOAD:
        raise QueryError(f"“{filename}” is larger than {MAX_UPLOAD // 2**20} MB.")
    return received_of(reads, data, filename)


def received_of(reads: Reads, data: bytes, name: str) -> dict:
    """A picture from outside as {key, token, name, size, vectors, src}: src is a preview.

    All of it stays in the browser: a slider then needs no second look at the picture, and
    the server keeps nothing.
    """
    try:
        pixels, preview = untrusted.decode(data, (decoding.WORK_SIDE, PREVIEW_SIDE))
        vectors = reads.embed(pixels)
        shown = decoding.encode_jpeg(preview, quality=85)
    except ImageError as error:
        raise QueryError(f"“{name}” cannot be searched with: {error}.") from None
    key = blake2b(data, digest_size=6).hexdigest()
    source = "data:image/jpeg;base64," + base64.b64encode(shown).decode()
    return {
        "key": key, "token": key, "name": name, "size": len(data), "vectors": packed(vectors), "src": source,
    }

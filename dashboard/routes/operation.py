"""What whoever runs the server asks: /healthz and /version; and what is answered where the library's database fails."""

from __future__ import annotations

import logging
import sqlite3
from html import escape

import dash
import plotly
from flask import Flask, Response, jsonify, request

from dashboard import plain_page
from dashboard.access import READ, needs
from pipeline import VERSION
from pipeline.errors import sentence
from pipeline.library import Library

_LOG = logging.getLogger(__name__)


def register(server: Flask, library: Library) -> None:
    """Add the two routes to a server, and the answer."""
    server.register_error_handler(sqlite3.Error, _failed)

    @server.get("/healthz")
    @needs(READ)
    def healthz() -> Response:
        """Whether the library answers; told to everybody, and nothing else."""
        try:
            library.db.execute("SELECT 1 FROM images LIMIT 1").fetchone()
        except sqlite3.Error:
            return Response("The library does not answer.\n", status=503, mimetype="text/plain")
        return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})

    @server.get("/version")
    @needs(READ)
    def version() -> Response:
        return jsonify(likeness=VERSION, dash=dash.__version__, plotly=plotly.__version__)


def _failed(error: sqlite3.Error) -> Response:
    """A database that is away, full or damaged in one sentence, as a page to who asks for one; raises any other error."""
    said = sentence(error)
    if said is None:
        raise error
    _LOG.error("%s", said)
    if "text/html" not in request.headers.get("Accept", ""):
        return Response(said, status=503, mimetype="text/plain")
    body = f'''<main class="empty-state">
      <h1>The library cannot be read</h1>
      <p>{escape(said)} Reload this page once that is mended.</p>
    </main>'''
    return plain_page.answer("Not there", "", body, 503)

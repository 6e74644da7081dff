"""What whoever runs the server asks: /healthz and /version."""

from __future__ import annotations

import sqlite3

import dash
import plotly
from flask import Flask, Response, jsonify

from dashboard.access import READ, needs
from pipeline import VERSION
from pipeline.library import Library


def register(server: Flask, library: Library) -> None:
    """Add the two routes to a server."""

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

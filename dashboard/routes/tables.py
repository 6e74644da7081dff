"""A table to take along, as an answer."""

from __future__ import annotations

from flask import Response


def as_file(text: str, kind: str, name: str) -> Response:
    """An answer that the browser saves under a name."""
    response = Response(text, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response

"""What the person thought of matches, to take along: /export/ratings.csv and .json."""

from __future__ import annotations

import json
from dataclasses import asdict

from flask import Flask, Response

from dashboard.access import READ, needs
from dashboard.routes.tables import as_csv, as_json
from pipeline.library import Library, notes

_COLUMNS = ("rated", "value", "image_id", "path", "rank", "score", "query")


def register(server: Flask, library: Library) -> None:
    """Add the two routes to a server."""

    @server.get("/export/ratings.csv")
    @needs(READ)
    def ratings_csv() -> Response:
        rows = (asdict(one) | {"query": json.dumps(one.query, sort_keys=True)} for one in notes.ratings(library))
        return as_csv(_COLUMNS, ([row[name] for name in _COLUMNS] for row in rows), "ratings.csv")

    @server.get("/export/ratings.json")
    @needs(READ)
    def ratings_json() -> Response:
        return as_json({"ratings": [asdict(one) for one in notes.ratings(library)]}, "ratings.json")

"""What the person thought of matches, to take along: /export/ratings.csv and .json."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict

from flask import Flask, Response

from dashboard.access import READ, needs
from dashboard.routes.tables import as_file
from pipeline.export.cells import cells
from pipeline.library import Library, notes

_COLUMNS = ("rated", "value", "image_id", "path", "rank", "score", "query")


def register(server: Flask, library: Library) -> None:
    """Add the two routes to a server."""

    @server.get("/export/ratings.csv")
    @needs(READ)
    def ratings_csv() -> Response:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(_COLUMNS)
        for one in notes.ratings(library):
            row = asdict(one) | {"query": json.dumps(one.query, sort_keys=True)}
            writer.writerow(cells(row[name] for name in _COLUMNS))
        return as_file(text.getvalue(), "text/csv", "ratings.csv")

    @server.get("/export/ratings.json")
    @needs(READ)
    def ratings_json() -> Response:
        rows = [asdict(one) for one in notes.ratings(library)]
        return as_file(json.dumps({"ratings": rows}, indent=1), "application/json", "ratings.json")

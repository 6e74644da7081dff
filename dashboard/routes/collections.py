"""All collections with what is in them, to take along: /export/collections.csv and .json.

The table has a row for each image of each collection, missing ones too, and one for a collection without any.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from flask import Flask, Response

from dashboard.access import READ, needs
from dashboard.routes.tables import as_file
from pipeline.export.cells import cells
from pipeline.library import Library, notes

_COLUMNS = ("collection", "description", "created", "image_id", "path")


def register(server: Flask, library: Library) -> None:
    """Add the two routes to a server."""

    @server.get("/export/collections.csv")
    @needs(READ)
    def collections_csv() -> Response:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(_COLUMNS)
        for one in _told(library):
            head = [one["name"], one["description"], one["created"]]
            rows = [[image["id"], image["path"]] for image in one["images"]] or [["", ""]]
            writer.writerows(cells([*head, *row]) for row in rows)
        return as_file(text.getvalue(), "text/csv", "collections.csv")

    @server.get("/export/collections.json")
    @needs(READ)
    def collections_json() -> Response:
        text = json.dumps({"collections": list(_told(library))}, indent=1, ensure_ascii=False)
        return as_file(text, "application/json", "collections.json")


def _told(library: Library) -> Iterator[dict]:
    """Each collection: name, description, created, images as [{"id", "path": below its folder}]."""
    for one in notes.collections(library):
        ids = notes.members(library, one.name)
        rows = library.images_by_id(ids)
        images = [{"id": image, "path": rows[image].path} for image in ids if image in rows]
        yield {"name": one.name, "description": one.description, "created": one.created, "images": images}

"""All collections with what is in them, to take along: /export/collections.csv and .json.

The table has a row for each image of each collection, missing ones too, and one for a collection without any.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, Response

from dashboard.access import READ, needs
from dashboard.routes.tables import as_csv, as_json
from pipeline.library import Library, notes

_COLUMNS = ("collection", "description", "created", "image_id", "path")


def register(server: Flask, library: Library) -> None:
    """Add the two routes to a server."""

    @server.get("/export/collections.csv")
    @needs(READ)
    def collections_csv() -> Response:
        return as_csv(_COLUMNS, _rows(library), "collections.csv")

    @server.get("/export/collections.json")
    @needs(READ)
    def collections_json() -> Response:
        return as_json({"collections": list(_told(library))}, "collections.json")


def _rows(library: Library) -> Iterator[list[object]]:
    for one in _told(library):
        for image in one["images"] or [{"id": "", "path": ""}]:
            yield [one["name"], one["description"], one["created"], image["id"], image["path"]]


def _told(library: Library) -> Iterator[dict]:
    """Each collection: name, description, created, images as [{"id", "path": below its folder}]."""
    for one in notes.collections(library):
        ids = notes.members(library, one.name)
        rows = library.images_by_id(ids)
        images = [{"id": image, "path": rows[image].path} for image in ids if image in rows]
        yield {"name": one.name, "description": one.description, "created": one.created, "images": images}

"""What the browser asks for of the pictures in a gallery: /gallery/<what>.

order?by=&where=&varied=    (POST, ids as int32; none: the set that ?collection=, ?tag=, ?these= or ?images= names, or
                    all images) the ids that meet the conditions, in an order, and the shape of each,
                    packed; reads/galleries.py says which. varied: so many that stand for all of these
facts?ids=          what is known of some images, JSON
names               the collections and tags that there are, JSON
"""

from __future__ import annotations

import numpy as np
from flask import Flask, Response, jsonify, request

from dashboard.access import READ, needs
from dashboard.pools import LONG
from dashboard.reads import Reads, galleries, packing
from pipeline.errors import LikenessError, QueryError
from pipeline.library import notes


def register(server: Flask, reads: Reads) -> None:
    """Add the routes to a server."""

    @server.post("/gallery/order")
    @needs(READ, pool=LONG)
    def order() -> Response:
        data = request.get_data()
        if len(data) % 4:
            return _said("Send ids as little-endian int32.", 400)
        given = np.frombuffer(data, "<i4").astype(np.int64) if data else None
        by = request.args.get("by", galleries.AS_GIVEN)
        try:
            ids = galleries.among(reads, given, request.args.to_dict())
            ids = galleries.ordered(reads, ids, by, _weights(request.args.get("with", "")))
            if request.args.get("varied"):
                ids = galleries.varied(reads, ids, _count(request.args["varied"]))
        except LikenessError as error:
            return _said(str(error), 404)
        packed = packing.pack({"by": by}, {"ids": ids.astype(np.int32), "shapes": galleries.shapes(reads, ids)})
        return Response(packed, mimetype=packing.MIMETYPE, headers={"Cache-Control": "no-store"})

    @server.get("/gallery/facts")
    @needs(READ)
    def facts() -> Response:
        asked = [int(one) for one in request.args.get("ids", "").split(",") if one.isdecimal() and len(one) < 19]
        return jsonify(galleries.told(reads, asked))

    @server.get("/gallery/names")
    @needs(READ)
    def names() -> Response:
        kept = [[one.name, one.count] for one in notes.collections(reads.library)]
        return jsonify({"collections": kept, "tags": list(notes.tags(reads.library).items())})


def _count(text: str) -> int:
    """A number of pictures from 1 up; raises QueryError."""
    if not (text.isdecimal() and text.isascii() and 0 < len(text) < 10 and int(text)):
        raise QueryError("How many pictures? Write a number from 1 up.")
    return int(text)


def _weights(name: str) -> dict[str, float] | None:
    """The embedding that alone counts, or None for all as a search has them."""
    return {name: 1.0} if name else None


def _said(text: str, status: int) -> Response:
    return Response(text, status=status, mimetype="text/plain")

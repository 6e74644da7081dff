"""What the browser asks for of a map: /map/<name>/overview, and of a very large one, while it is
looked at, /map/<name>/points and /map/<name>/density.png."""

from __future__ import annotations

import gzip
import math
from hashlib import blake2b

from flask import Flask, Response, request

from dashboard.access import READ, needs
from dashboard.reads import map_data
from dashboard.reads.map_data import Drawings
from pipeline.errors import LikenessError

_MOST_IDS = 500


def address_of(name: str, dim: str) -> str:
    """The path of a map as a whole; assets/map/map_data.js asks for the same."""
    return f"/map/{name}/overview?dim={dim}"


def register(server: Flask, drawings: Drawings) -> None:
    """Add the routes to a server."""

    @server.get("/map/<name>/overview")
    @needs(READ)
    def whole(name: str) -> Response:
        try:
            data = drawings.packed(name, 3 if request.args.get("dim") == "3" else 2)
        except LikenessError as error:
            return Response(str(error), status=404, mimetype="text/plain")
        zipped = "gzip" in request.headers.get("Accept-Encoding", "")
        answer = Response(data if zipped else gzip.decompress(data), mimetype="application/json")
        if zipped:
            answer.headers["Content-Encoding"] = "gzip"
        answer.vary.add("Accept-Encoding")
        answer.set_etag(blake2b(data, digest_size=12).hexdigest())
        answer.headers["Cache-Control"] = "private, no-cache"  # asked each time, sent where it is another
        return answer.make_conditional(request)

    @server.get("/map/<name>/points")
    @needs(READ)
    def points(name: str) -> Response:
        box, ids = _box(), _ids()
        if box is None or ids is None:
            return Response("Ask for x0,x1,y0,y1 and ids as numbers.", status=400, mimetype="text/plain")
        try:
            data = map_data.detail(drawings.of(name), box, ids)
        except LikenessError:
            return _none()
        return Response(data, mimetype="application/octet-stream", headers={"Cache-Control": "no-store"})

    @server.get("/map/<name>/density.png")
    @needs(READ)
    def density(name: str) -> Response:
        box = _box()
        if box is None:
            return Response("Ask for x0,x1,y0,y1 as numbers.", status=400, mimetype="text/plain")
        try:
            data = map_data.density(drawings.of(name), box, request.args.get("theme") == "dark")
        except LikenessError:
            return _none()
        return Response(data, mimetype="image/png", headers={"Cache-Control": "private, max-age=60"})


def _box() -> list[float] | None:
    """x0,x1,y0,y1 of the parameter `box`, or None."""
    try:
        box = [float(part) for part in request.args.get("box", "").split(",")]
    except ValueError:
        return None
    fine = len(box) == 4 and all(map(math.isfinite, box)) and box[0] < box[1] and box[2] < box[3]
    return box if fine else None


def _ids() -> list[int] | None:
    """Image ids of the parameter `ids`, none of them without it; None for nonsense."""
    given = [part for part in request.args.get("ids", "").split(",") if part]
    fine = len(given) <= _MOST_IDS and all(part.isdecimal() and len(part) < 19 for part in given)
    return [int(part) for part in given] if fine else None


def _none() -> Response:
    return Response("There is no such map.", status=404, mimetype="text/plain")

"""What the browser asks for of a map: /map/<what>/<name>.

overview?dim=       the map, packed; of a very large one a sample
points?box=&ids=    of a very large one: the points of a view and of some images, packed
density?box=        and a PNG of how dense all of its points are; both with where= of those that pass
coloring?by=        what the points are colored by, packed, in drawing order of all points
clusters?grain=     the clusters with names, JSON
parts?grain=        names of parts of clusters, for a closer look, JSON
find                (POST, JSON) ids of the points within a line or of some categories, packed
open?collection=    the images of a collection or, ?tag=, of a tag, with what they have in common, JSON;
                    {"error": sentence} where there is none of that name
describe            (POST, ids as int32) what some images have in common, JSON
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from functools import wraps
from hashlib import blake2b

import numpy as np
from flask import Flask, Response, jsonify, request

from dashboard import sent
from dashboard.access import READ, needs
from dashboard.pools import LONG
from dashboard.reads import Reads, colorings, facets, map_data, packing, selections
from dashboard.reads.clusterings import Clusterings
from dashboard.reads.map_data import Drawings
from pipeline.errors import LikenessError, NoteError
from pipeline.maps.granularity import step_of

_MOST_IDS = 500
_MOST_CORNERS = 1_000


def address_of(name: str, dim: str) -> str:
    """The path of a map as a whole; assets/map_engine/engine.js asks for the same."""
    return f"/map/overview/{name}?dim={dim}"


def register(server: Flask, reads: Reads, drawings: Drawings, clusterings: Clusterings) -> None:
    """Add the routes to a server."""
    _register_drawings(server, reads, drawings)
    _register_clusters(server, clusterings)
    _register_selections(server, reads, clusterings)


def _register_drawings(server: Flask, reads: Reads, drawings: Drawings) -> None:
    """What is drawn: points, their density, their colors."""

    @server.get("/map/overview/<name>")
    @needs(READ)
    @_said
    def overview(name: str) -> Response:
        data = drawings.packed(name, 3 if request.args.get("dim") == "3" else 2)
        zipped = "gzip" in request.headers.get("Accept-Encoding", "")
        answer = Response(data if zipped else gzip.decompress(data), mimetype=packing.MIMETYPE)
        if zipped:
            answer.headers["Content-Encoding"] = "gzip"
        answer.vary.add("Accept-Encoding")
        answer.set_etag(blake2b(data, digest_size=12).hexdigest())
        answer.headers["Cache-Control"] = "private, no-cache"  # asked each time, sent where it is another
        return answer.make_conditional(request)

    @server.get("/map/points/<name>")
    @needs(READ)
    @_said
    def points(name: str) -> Response:
        box, ids = _box(), _ids()
        if box is None or ids is None:
            return _refused("Ask for x0,x1,y0,y1 and ids as numbers.")
        drawing = drawings.of(name)
        passed = facets.among(reads, request.args.get("where", ""), drawing.ids)
        return _packed(map_data.detail(drawing, box, ids, passed))

    @server.get("/map/density/<name>")
    @needs(READ)
    @_said
    def density(name: str) -> Response:
        box = _box()
        if box is None:
            return _refused("Ask for x0,x1,y0,y1 as numbers.")
        drawing = drawings.of(name)
        passed = facets.among(reads, request.args.get("where", ""), drawing.ids)
        data = map_data.density(drawing, box, request.args.get("theme") == "dark", passed)
        return Response(data, mimetype="image/png", headers={"Cache-Control": "private, max-age=60"})

    @server.get("/map/coloring/<name>")
    @needs(READ, pool=LONG)
    @_said
    def coloring(name: str) -> Response:
        found = colorings.coloring(reads, name, request.args.get("by", ""))
        codes = found.pop("codes")
        return _packed(packing.pack(found, {"codes": codes}))


def _register_clusters(server: Flask, clusterings: Clusterings) -> None:
    """What the clusters and their parts are called."""

    @server.get("/map/clusters/<name>")
    @needs(READ, pool=LONG)
    @_said
    def clusters(name: str) -> Response:
        return jsonify(clusterings.listed(clusterings.at(name, step_of(request.args.get("grain")))))

    @server.get("/map/parts/<name>")
    @needs(READ, pool=LONG)
    @_said
    def parts(name: str) -> Response:
        return jsonify(clusterings.parts(clusterings.at(name, step_of(request.args.get("grain")))))


def _register_selections(server: Flask, reads: Reads, clusterings: Clusterings) -> None:
    """What lies in a line, in a collection or tag, and what images have in common."""

    @server.post("/map/find/<name>")
    @needs(READ, pool=LONG)
    @_said
    def find(name: str) -> Response:
        asked = sent.fields()
        line = _line(asked)
        if line is None:
            return _refused("Ask for a polygon of x,y, or for categories, as numbers.")
        shown = clusterings.at(name, step_of(asked.get("grain")))
        hidden, only = (_codes(asked.get(key)) for key in ("hidden", "only"))
        ids = selections.found(reads, shown, line, str(asked.get("by")), hidden, only)
        return _packed(packing.pack({}, {"ids": ids.astype(np.int32)}))

    @server.get("/map/open/<name>")
    @needs(READ, pool=LONG)
    @_said
    def opened(name: str) -> Response:
        kind = "collection" if request.args.get("collection") else "tag"
        shown = clusterings.at(name, step_of(request.args.get("grain")))
        try:
            return jsonify(selections.opened(reads, clusterings, shown, kind, request.args.get(kind, "")))
        except NoteError as error:  # it was dropped since: that is no fault of who asks
            return jsonify({"error": str(error)})

    @server.post("/map/describe/<name>")
    @needs(READ, pool=LONG)
    @_said
    def describe(name: str) -> Response:
        data = request.get_data()
        if len(data) % 4:
            return _refused("Send ids as little-endian int32.")
        shown = clusterings.at(name, step_of(request.args.get("grain")))
        return jsonify(selections.describe(reads, clusterings, shown, np.unique(np.frombuffer(data, "<i4"))))


def _said(answer: Callable) -> Callable:
    """A route that says in one sentence why it has no answer."""

    @wraps(answer)
    def guarded(name: str) -> Response:
        try:
            return answer(name)
        except LikenessError as error:
            return Response(str(error), status=404, mimetype="text/plain")

    return guarded


def _packed(data: bytes) -> Response:
    answer = Response(data, mimetype=packing.MIMETYPE, headers={"Cache-Control": "no-store"})
    if len(data) > 10_000 and "gzip" in request.headers.get("Accept-Encoding", ""):
        answer.set_data(gzip.compress(data, compresslevel=1))
        answer.headers["Content-Encoding"] = "gzip"
        answer.vary.add("Accept-Encoding")
    return answer


def _refused(text: str) -> Response:
    return Response(text, status=400, mimetype="text/plain")


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


def _line(asked: dict) -> np.ndarray | None:
    """The corners of the line asked for, (m, 2); none of them without one, None for nonsense."""
    try:
        line = np.array(asked.get("polygon") or np.empty((0, 2)), np.float64)
    except (TypeError, ValueError):
        return None
    fine = line.ndim == 2 and line.shape[1] == 2 and len(line) <= _MOST_CORNERS and np.isfinite(line).all()
    return line if fine and (len(line) or asked.get("only")) else None


def _codes(given: object) -> list[int]:
    return [code for code in given if isinstance(code, int)] if isinstance(given, list) else []

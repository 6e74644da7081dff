"""What the panel of filters asks for.

/facets?where=&open=&find=   counts of the columns that are open, JSON
/facets/passing?where=       which images pass, a bit for each id
"""

from __future__ import annotations

import gzip

from flask import Flask, Response, jsonify, request

from dashboard.access import READ, needs
from dashboard.pools import LONG
from dashboard.reads import Reads, facets
from dashboard.reads.packing import MIMETYPE
from pipeline.errors import LikenessError


def register(server: Flask, reads: Reads) -> None:
    """Add the routes to a server."""

    @server.get("/facets")
    @needs(READ, pool=LONG)
    def counts() -> Response:
        try:
            found = facets.counted(reads, *(request.args.get(name, "") for name in ("where", "open", "find")))
        except LikenessError as error:
            return Response(str(error), status=404, mimetype="text/plain")
        return _fresh(jsonify(found))

    @server.get("/facets/passing")
    @needs(READ, pool=LONG)
    def passing() -> Response:
        try:
            data = facets.bits(reads, request.args.get("where", ""))
        except LikenessError as error:
            return Response(str(error), status=404, mimetype="text/plain")
        answer = _fresh(Response(data, mimetype=MIMETYPE))
        if len(data) > 10_000 and "gzip" in request.headers.get("Accept-Encoding", ""):
            answer.set_data(gzip.compress(data, compresslevel=1))
            answer.headers["Content-Encoding"] = "gzip"
        return answer


def _fresh(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer

"""What the browser asks for on the Duplicates page, and what can be taken along from it.

/copies/groups?view=&kind=&where=&state=&by=&least=&left=&right=&alike=&page=     groups, JSON; reads/copies.py says which
/copies/laid/ONE/OTHER                                    how one picture lies on another, JSON
/copies/sides                                             labels and folders, JSON
/copies/known                                             POST, a picture: what it is a copy of, JSON
/export/copies.csv, /export/copies.json, /export/copies.sh    the same groups on all pages
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, jsonify, request

from dashboard.access import READ, RUN, needs
from dashboard.pools import LONG, MODELS
from dashboard.reads import known
from dashboard.reads.copies import COPIES, Copies, asked_of
from dashboard.routes.tables import as_csv, as_file, as_json
from pipeline.duplicates import laying, review, sides, taking
from pipeline.errors import LikenessError

_OFFERED = 1_000  # sides that are offered while one types


def register(server: Flask, copies: Copies) -> None:
    """Add the routes to a server."""
    reads = copies.reads

    def asked():
        return asked_of(request.args, reads.root_names())

    @server.get("/copies/groups")
    @needs(READ, pool=LONG)
    def copies_shown() -> Response:
        try:
            return jsonify(copies.page(asked()))
        except LikenessError as error:
            return jsonify({"error": str(error)})

    @server.get("/copies/laid/<int(max=9223372036854775807):one>/<int(max=9223372036854775807):other>")
    @needs(READ)
    def copies_laid(one: int, other: int) -> Response:
        found = laying.lay(reads.library, one, other)
        if found is None:
            return jsonify({"matrix": None})
        return jsonify({
            "matrix": found.matrix.T.ravel().round(6).tolist(), "size": found.size, "other": found.other_size,
            "correlation": round(found.correlation, 3),
        })

    @server.get("/copies/sides")
    @needs(READ, pool=LONG)
    def copies_sides() -> Response:
        return jsonify(sides.offered(reads.library.labels(), copies.folders())[:_OFFERED])

    @server.post("/copies/known")
    @needs(READ, pool=MODELS)
    def copies_known() -> Response:
        try:
            return jsonify(known.told(reads, request.get_data(cache=False)))
        except LikenessError as error:
            return jsonify({"error": str(error)})

    @server.get("/export/copies.csv")
    @needs(READ, pool=LONG)
    def copies_csv() -> Response:
        return _tried(lambda: as_csv(taking.COLUMNS, taking.rows(found := copies.of(asked()), copies.paths(found)), "copies.csv"))

    @server.get("/export/copies.json")
    @needs(READ, pool=LONG)
    def copies_json() -> Response:
        def written() -> Response:
            found = copies.of(asked())
            return as_json(review.as_json(found, copies.paths(found), roots=reads.data_told is not None), "copies.json")

        return _tried(written)

    @server.get("/export/copies.sh")
    @needs(RUN, pool=LONG)  # it names files of this machine
    def copies_script() -> Response:
        return _tried(lambda: as_file(taking.script(reads.library, copies.reviewed(COPIES)), "text/x-sh", "set-aside.sh"))


def _tried(answer: Callable[[], Response]) -> Response:
    try:
        return answer()
    except LikenessError as error:
        return Response(str(error), status=404, mimetype="text/plain")

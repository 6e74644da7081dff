"""What the table asks for: /table/rows, /table/place (JSON), and /table/csv, the table as it stands as a file.

The set is named as in the page's address (`dashboard.reads.table.SETS`) and filtered by `where`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import numpy as np
from flask import Flask, Response, jsonify, request

from dashboard import sent
from dashboard.access import READ, needs
from dashboard.pools import LONG, TRANSFER
from dashboard.reads import Reads, table
from pipeline.export.cells import cells
from pipeline.columns import Table
from pipeline.errors import LikenessError

MOST = 1_000
"""Rows of one answer."""
_CHUNK = 2**18


def register(server: Flask, reads: Reads) -> None:
    """Add the routes to a server."""

    @server.post("/table/rows")
    @needs(READ, pool=LONG)
    def rows() -> Response:
        asked = _asked()
        try:
            found, order = table.chosen(reads, asked["set"], asked["where"], asked["sort"])
        except LikenessError as error:
            return _said(error)
        part = order[asked["start"] : asked["start"] + min(MOST, asked["count"])]
        return jsonify({"rows": table.shown(reads, found, part), "count": len(order)})

    @server.post("/table/place")
    @needs(READ, pool=LONG)
    def place() -> Response:
        asked = _asked()
        try:
            found, order = table.chosen(reads, asked["set"], asked["where"], asked["sort"])
        except LikenessError as error:
            return _said(error)
        at = np.flatnonzero(found.ids[order] == asked["id"])
        return jsonify({"place": int(at[0]) if len(at) else None})

    @server.post("/table/csv")
    @needs(READ, pool=TRANSFER)
    def as_csv() -> Response:
        asked = _asked(request.form.to_dict())
        known = {one.name: one.title for one in table.offered(reads)}
        names = [name for name in asked["columns"] if name in known] or list(known)
        try:
            found, order = table.chosen(reads, asked["set"], asked["where"], asked["sort"])
        except LikenessError as error:
            return _said(error)
        if request.form.get("check"):
            return Response(status=204)
        answer = Response(_lines(found, order, names, known), mimetype="text/csv", direct_passthrough=True)
        answer.headers["Content-Disposition"] = 'attachment; filename="likeness table.csv"'
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _lines(found: Table, order: np.ndarray, names: list[str], titles: dict[str, str]) -> Iterator[bytes]:
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(["id", *(titles[name] for name in names)])
    for row in order.tolist():
        writer.writerow(cells([int(found.ids[row]), *table.plain(found, names, row)]))
        if line.tell() > _CHUNK:
            yield line.getvalue().encode()
            line.seek(0)
            line.truncate()
    yield line.getvalue().encode()


def _asked(form: dict[str, str] | None = None) -> dict:
    """What a request says, with what it leaves out or says wrongly as nothing."""
    if form is not None:
        given = {name: _json(form.get(name, "")) for name in ("set", "sort", "columns")} | {"where": form.get("where")}
    else:
        given = sent.fields()
    chosen = given.get("set") if isinstance(given.get("set"), dict) else {}
    sort = [one for one in _list(given.get("sort")) if isinstance(one, list) and len(one) == 2 and all(isinstance(x, str) for x in one)]

    def number(name: str) -> int:
        return given[name] if isinstance(given.get(name), int) and 0 <= given[name] < 2**63 else 0

    return {
        "set": {name: str(chosen[name]) for name in table.SETS if chosen.get(name)}, "where": str(given.get("where") or ""),
        "sort": sort, "columns": [str(one) for one in _list(given.get("columns"))],
        "start": number("start"), "count": number("count"), "id": number("id"),
    }


def _list(given: object) -> list:
    return given if isinstance(given, list) else []


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _said(error: LikenessError) -> Response:
    return Response(str(error), status=404, mimetype="text/plain")

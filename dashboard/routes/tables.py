"""A table or a document to take along, as an answer."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable

from flask import Response

from pipeline.export.cells import cells


def as_csv(columns: Iterable[str], rows: Iterable[Iterable[object]], name: str) -> Response:
    """A table that the browser saves under a name."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(cells(row) for row in rows)
    return as_file(text.getvalue(), "text/csv", name)


def as_json(content: object, name: str) -> Response:
    """A document that the browser saves under a name."""
    return as_file(json.dumps(content, indent=1, ensure_ascii=False), "application/json", name)


def as_file(text: str | bytes, kind: str, name: str) -> Response:
    """Any other file that the browser saves under a name."""
    response = Response(text, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response

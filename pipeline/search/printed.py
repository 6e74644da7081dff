"""A search's result as JSON says it: the command line, the API and assistants alike."""

from __future__ import annotations

from dataclasses import asdict

from pipeline.library import Library
from pipeline.library.images import printable
from pipeline.search.query import Result

_ABSENT = ("distance", "written")
"""Left out of a match where they say nothing."""


def as_json(library: Library, result: Result, *, roots: bool = True) -> dict:
    """{"metric", "weights", "ms", "matches": [{"id", "path", "label", "score", "parts", "root", …}],
    "scale", "unknown", "away", "partly"}: the fields of `Result` and `Match`, paths as they can be printed.

    roots: whether folders are told, of matches and of those that are away.
    """
    shown = asdict(result)
    if roots:
        shown["away"] = {printable(folder): count for folder, count in result.away.items()}
    else:
        shown["away"] = {"": sum(result.away.values())} if result.away else {}
    rows = library.images_by_id([match["id"] for match in shown["matches"]])
    for match in shown["matches"]:
        row = rows.get(match["id"])
        match["path"] = row.shown if row else printable(match["path"])
        if row and roots:
            match["root"] = printable(row.root)
        for name in _ABSENT:
            if match[name] is None:
                del match[name]
    return shown

"""What the browser is told of a search from within: rows by their images and their places on a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from dashboard import components
from dashboard.pages.search import board as search_board
from dashboard.pages.search.kinds import KINDS
from dashboard.pages.search.query import Settings, query_of
from dashboard.reads import Reads
from dashboard.uploads.edit import EditedPictures
from pipeline.index.inside import Cells, Inside, Layer, Walk
from pipeline.maps import COMBINED
from pipeline.quality.effort import EFFORTS
from pipeline.reasons.inside import look

FOUND = 10
"""Images looked for, as where recall is told."""
MOST = 20_000
"""Rows that are drawn of those compared, the first ones."""
_LAYER = 3_000  # rows that are drawn of an upper layer
_CELLS = 48  # cells that are listed
_FINE = 4  # digits of what is only drawn


def told(reads: Reads, edited: EditedPictures, params: Mapping[str, str], given: Mapping) -> dict:
    """Everything the page shows. given: as for the Why page. Raises LikenessError."""
    board = search_board.from_params(params)
    uploads, names = (found if isinstance(found := given.get(key), dict) else {} for key in ("uploads", "names"))
    settings = Settings.of(params, reads.embeddings())
    query = replace(query_of(reads, edited, board, uploads, settings), top_k=FOUND)
    seen = look(reads.searcher, query, _effort(params))
    places = _Places(reads, _map_of(reads, params, seen), seen)
    return {
        "maps": [{"name": name, "title": title} for name, title in components.titles_of(reads.map_names()).items()],
        "map": places.name, "query": [KINDS[one.kind].called(reads, one, names) for one in board],
        "own": next((int(one.key) for one in board if one.kind == "image"), None),
        "kind": seen.kind, "size": seen.size, "apart": seen.apart, "computed": seen.computed, "ranked": len(seen.candidates),
        "effort": seen.effort, "usual": seen.usual, "efforts": _efforts(seen),
        "chosen": _effort(params), "reads": seen.reads, "scaled": query.scaled,
        "weights": [{"title": components.title_of(name), "part": components.part_of(name), "share": round(share, 3)}
                    for name, share in seen.weights.items()],
        "found": _found(reads, seen), "missed": _named(reads, seen.ids[seen.missed]),
        "walk": seen.walk and _walk(seen.walk, places), "cells": seen.cells and _cells(reads, seen, seen.cells, places),
    }  # fmt: skip


def _effort(params: Mapping[str, str]) -> int | None:
    text = params.get("effort", "")
    return min(int(text), 4096) if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) else None


def _efforts(seen: Inside) -> list[int]:
    """Those that can be chosen: a list of the best is never shorter than what is ranked at last."""
    least = 2 * FOUND if seen.walk else 1
    return [one for one in EFFORTS.get(seen.kind, ()) if least <= one <= seen.size]


def _map_of(reads: Reads, params: Mapping[str, str], seen: Inside) -> str | None:
    """The map that is asked for, else that of the only embedding asked by, else the first there is."""
    names = reads.map_names()
    if params.get("map") in names:
        return params["map"]
    alone = next(iter(seen.weights), None) if len(seen.weights) == 1 else COMBINED
    return alone if alone in names else next(iter(names), None)


class _Places:
    """Where rows lie on a map."""

    def __init__(self, reads: Reads, name: str | None, seen: Inside):
        self.name, self._ids = name, seen.ids
        self._map = reads.map(name) if name else None

    def of(self, rows: np.ndarray) -> dict[str, list]:
        """Images and places of rows (k,): {"ids", "x", "y"}, None where one has no place."""
        ids = self._ids[rows]
        if self._map is None or not len(self._map.ids):
            return {"ids": ids.tolist(), "x": [None] * len(ids), "y": [None] * len(ids)}
        at = np.searchsorted(self._map.ids, ids).clip(max=len(self._map.ids) - 1)
        there = (self._map.ids[at] == ids).tolist()
        x, y = np.round(self._map.xy[at].astype(np.float64), _FINE).T.tolist()
        placed = ([value if known else None for value, known in zip(axis, there)] for axis in (x, y))
        return {"ids": ids.tolist(), **dict(zip("xy", placed))}


def _named(reads: Reads, ids: np.ndarray) -> list[dict]:
    called = reads.called(ids.tolist())
    return [{"id": image, "name": called[image].name} for image in ids.tolist()]


def _found(reads: Reads, seen: Inside) -> list[dict]:
    """What was found: its score, and the place that the structure gave it among those ranked."""
    places = {row: place for place, row in enumerate(seen.candidates.tolist(), 1)}
    met = {row: at for at, row in enumerate(seen.walk.rows.tolist())} if seen.walk else {}
    rows = zip(_named(reads, seen.ids[seen.found]), seen.found.tolist(), seen.scores.tolist())
    return [
        one | {"score": round(score, 3), "place": places.get(row), "at": at if (at := met.get(row, MOST)) < MOST else None}
        for one, row, score in rows
    ]


def _walk(walk: Walk, places: _Places) -> dict:
    count = min(MOST, len(walk.rows))
    return {
        "layers": [_layer(layer, places) for layer in walk.layers], "count": len(walk.rows),
        "origin": walk.origin[:count].tolist(), "order": walk.order[walk.order < count].tolist(), "steps": len(walk.order),
        **places.of(walk.rows[:count]),
    }  # fmt: skip


def _layer(layer: Layer, places: _Places) -> dict:
    drawn = layer.rows[np.linspace(0, len(layer.rows) - 1, min(len(layer.rows), _LAYER)).round().astype(int)]
    return {
        "level": layer.level, "count": len(layer.rows), "computed": layer.computed,
        "rows": places.of(drawn), "path": places.of(layer.path),
    }  # fmt: skip


def _cells(reads: Reads, seen: Inside, cells: Cells, places: _Places) -> dict:
    names = _named(reads, seen.ids[[code.row for code in cells.codes]]) if cells.codes else []
    return {
        "count": len(cells.order), "probed": cells.probed, "read": len(cells.rows),
        "listed": [{"product": round(float(product), 3), "size": int(size)}
                   for product, size in zip(cells.products[:_CELLS], cells.sizes[:_CELLS])],
        "cell": cells.owner[:MOST].tolist(), **places.of(cells.rows[:MOST]),
        "parts": _parts(reads.embeddings(), cells.splits),
        "codes": [
            name | {"cell": code.cell, "bytes": code.code.tolist(), "middle": round(code.middle, _FINE),
                    "adds": np.round(code.adds, 5).tolist(), "product": round(code.product, 3), "true": round(code.true, 3)}
            for name, code in zip(names, cells.codes)
        ],
    }  # fmt: skip


def _parts(names: Sequence[str], splits: Sequence[int]) -> list[dict]:
    """From which byte on a code is of which embedding."""
    titles = components.titles_of(names)
    return [{"from": start, "title": titles[name], "part": components.part_of(name)} for name, start in zip(names, splits)]

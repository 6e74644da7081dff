"""A search from within: the same steps as `engine` takes, each kept to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.index.contract import Filter, shares
from pipeline.index.faiss import candidates, cells, structures, trace
from pipeline.index.inside import Code, Inside

if TYPE_CHECKING:
    from pipeline.index.faiss.engine import FaissIndex


def look(
    index: FaissIndex, vectors: Mapping[str, np.ndarray], weights: Mapping[str, float], k: int, filter: Filter, effort: int | None
) -> Inside | None:
    """The search for the k nearest to one query among the images that have most of what it asks by; see
    the contract."""
    weighed = shares(weights, [name for name in index.embeddings if name in vectors])
    allowed = index.allowed(filter)
    groups = [
        (group.names, group.rows if allowed is None else group.rows & allowed)
        for group in index.rows.current(index.library).groups(index.embeddings, tuple(weighed))
    ]
    names, mask = max(groups, key=lambda one: one[1].count, default=((), None))
    if mask is None or not mask.count:
        return None
    mine, k = shares(weighed, names), min(k, mask.count)
    query = index.combined({name: np.atleast_2d(vectors[name]) for name in mine}, mine, 1)
    usual = index.effort_for(mine) if index.structure is not None else 0
    way = candidates.way(index, k, mask, effort or usual)
    seen = Inside(
        index.rows.ids, mask.count, sum(rows.count for _, rows in groups) - mask.count, index.options.type, mine,
        way.effort if index.structure is not None else 0, usual, "vectors" if index.compares_all(k, mask) else way.reads,
        np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), index.nearest_exact(query, k, mask)[1][0],
    )  # fmt: skip
    if index.structure is None:
        products, rows = index.exact.scan(query, k, mask)
        return replace(seen, candidates=rows[0], found=rows[0], scores=_scores(index, products[0]))
    reduced = index.reduction.queries(query) if index.reduction else query
    walked = structures.walk(index.structure, reduced, way.wide, mask, way.effort)[1]
    products, found = index.ranked(query, walked, k)
    there = found[0] >= 0
    seen = replace(
        seen, candidates=walked[0][walked[0] >= 0], found=found[0][there], scores=_scores(index, products[0][there])
    )
    if structures.has_links(index.structure):
        return replace(seen, walk=trace.walk(index.structure, reduced[0], way.effort))
    starts = [index.columns(name).start for name in index.embeddings]
    read = cells.read(index.structure, query[0], way.effort, mask, starts)
    kept = cells.codes(index.structure, query[0], read, seen.found, products[0][there])
    scale = _scale(index)
    return replace(seen, cells=replace(
        read, products=_scores(index, read.products),
        codes=tuple(Code(one.row, one.cell, one.code, one.middle * scale, one.adds * scale, one.true * scale) for one in kept),
    ))  # fmt: skip


def _scale(index: FaissIndex) -> float:
    """By what products are multiplied to be scores: the blocks of rows are divided by it."""
    return float(np.sqrt(len(index.dims)))


def _scores(index: FaissIndex, products: np.ndarray) -> np.ndarray:
    return products * np.float32(_scale(index))

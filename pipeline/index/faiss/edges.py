"""Edges of each embedding, added to a graph that was made for all embeddings alike.

The nearest images by one embedding need not be near by all of them together: then no link
leads from one to the other, and a query that this embedding rules walks far, or in vain.
So each row is also linked with those nearest to it by each embedding alone. What a search
finds and what it takes stays a matter of measurement (`effort`).

Among 30,000 synthetic images of 1,792 numbers, queries that are not in the index, recall@10
at equal weights and by one embedding alone, without these links and with them:

    effort        equal      color       sift    efficientnet     ms a query
       128  0.999 1.000  1.000 1.000  0.466 0.771  0.959 0.989    0.73 1.15
       512  1.000 1.000  1.000 1.000  0.809 0.983  0.995 1.000    2.38 3.79

Among 100,000, 0.95 by `sift` alone was out of reach without them (0.69 at effort 1024); with
them 2048 finds 0.98, and at equal weights 128 is enough. Building takes a quarter longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import faiss
import numpy as np

from pipeline.index.faiss import structures

_NEAREST = 12
"""Rows linked from each row, for each embedding."""
_BACK = 12
"""Rows at most that are linked from it because it is among their nearest."""

_M, _CONSTRUCTION, _SEARCH = 16, 80, 96
"""The graph of one embedding: links of a row, effort of building it and of reading it.
Its answers become links, which need not be the very nearest."""
_NEW_EFFORT = 128
"""Effort of the search for what rows that came later are linked with."""
_STEP = 4_096


def widened(graph: faiss.IndexHNSW, links: int) -> bool:
    """Whether a graph made with so many links a row has room for those of each embedding."""
    return graph.hnsw.nb_neighbors(0) > 2 * links


def widen(graph: faiss.IndexHNSW, dims: Sequence[int]) -> None:
    """Give every row of the graph links with its nearest by each embedding; in place.

    dims: lengths of the embeddings' blocks within a row.
    """
    sets = []
    for block in _blocks(dims):
        near = _nearest_of_all(graph, block)
        sets += [near, _backward(near)]
    _rewrite(graph, np.concatenate(sets, axis=1))


def extend(graph: faiss.IndexHNSW, dims: Sequence[int], first: int) -> None:
    """The same for the rows from `first` on, which came to a widened graph; in place.

    Rows whose room is taken go without.
    """
    level = _Level(graph)
    for start in range(first, graph.ntotal, _STEP):
        rows = np.arange(start, min(start + _STEP, graph.ntotal))
        vectors = structures.decode(graph, rows)
        for block in _blocks(dims):
            alone = np.zeros_like(vectors)
            alone[:, block] = vectors[:, block]
            _, found = graph.search(
                alone, _NEAREST + 1, params=faiss.SearchParametersHNSW(efSearch=_NEW_EFFORT)
            )
            something = np.abs(alone).max(axis=1) > 0
            for row, near in zip(rows[something].tolist(), found[something].tolist()):
                for other in near:
                    level.link(row, other)
                    level.link(other, row)
    level.keep()


class _Level:
    """The links of all rows on the graph's lowest level, to be changed row by row."""

    def __init__(self, graph: faiss.IndexHNSW):
        self._hnsw = graph.hnsw
        self._all = faiss.vector_to_array(self._hnsw.neighbors)
        self._starts = faiss.vector_to_array(self._hnsw.offsets).astype(np.int64)
        self._room = self._hnsw.nb_neighbors(0)

    def link(self, row: int, other: int) -> None:
        """Link from a row to another, where that is new and there is room."""
        if other < 0 or other == row:
            return
        links = self._all[self._starts[row] : self._starts[row] + self._room]
        free = np.flatnonzero(links < 0)
        if len(free) and other not in links:
            links[free[0]] = other

    def keep(self) -> None:
        """Write them into the graph."""
        faiss.copy_array_to_vector(self._all, self._hnsw.neighbors)


def _blocks(dims: Sequence[int]) -> Iterator[slice]:
    start = 0
    for dim in dims:
        yield slice(start, start + dim)
        start += dim


def _nearest_of_all(graph: faiss.IndexHNSW, block: slice) -> np.ndarray:
    """The rows nearest to each by one block of them: (n, _NEAREST) int32, −1 for none.

    By a graph over that block alone, kept as bytes, which is gone afterwards.
    """
    count, dim = graph.ntotal, block.stop - block.start
    own = faiss.IndexHNSWSQ(dim, faiss.ScalarQuantizer.QT_8bit, _M, faiss.METRIC_INNER_PRODUCT)
    own.hnsw.efConstruction = _CONSTRUCTION
    own.train(np.ascontiguousarray(structures.decode(graph, structures.training_rows(count))[:, block]))
    steps = [np.arange(start, min(start + _STEP, count)) for start in range(0, count, _STEP)]
    for rows in steps:
        own.add(np.ascontiguousarray(structures.decode(graph, rows)[:, block]))
    near = np.full((count, _NEAREST), -1, np.int32)
    effort = faiss.SearchParametersHNSW(efSearch=_SEARCH)
    for rows in steps:
        vectors = np.ascontiguousarray(structures.decode(graph, rows)[:, block])
        _, found = own.search(vectors, _NEAREST + 1, params=effort)
        itself_last = np.argsort(found == rows[:, None], axis=1, kind="stable")
        found = np.take_along_axis(found, itself_last, axis=1)[:, :_NEAREST]
        found[np.abs(vectors).max(axis=1) == 0] = -1  # no vector of this embedding: near to nothing
        near[rows] = found
    return near


def _backward(near: np.ndarray) -> np.ndarray:
    """Rows that have each row among their nearest, the nearest first: (n, _BACK) int32, −1 for none."""
    count, width = near.shape
    to = near.T.ravel()  # by rank
    source = np.tile(np.arange(count, dtype=np.int32), width)
    source, to = source[to >= 0], to[to >= 0]
    order = np.argsort(to, kind="stable")
    source, to = source[order], to[order]
    rank = np.arange(len(to)) - np.searchsorted(to, to)
    kept = rank < _BACK
    back = np.full((count, _BACK), -1, np.int32)
    back[to[kept], rank[kept]] = source[kept]
    return back


def _rewrite(graph: faiss.IndexHNSW, more: np.ndarray) -> None:
    """Put more links (n, m) int32 behind those that each row has on the lowest level."""
    hnsw = graph.hnsw
    had = hnsw.nb_neighbors(0)
    starts = faiss.vector_to_array(hnsw.offsets).astype(np.int64)
    old = faiss.vector_to_array(hnsw.neighbors)
    extra = more.shape[1]
    every = np.concatenate([old[starts[:-1, None] + np.arange(had)], more], axis=1)
    every = _without_repeats(every)
    # Each row's links of all levels follow one another; the lowest comes first.
    shifted = starts + extra * np.arange(len(starts))
    links = np.empty(shifted[-1], np.int32)
    above = np.ones(len(links), bool)
    at = shifted[:-1, None] + np.arange(had + extra)
    links[at], above[at] = every, False
    was_above = np.ones(len(old), bool)
    was_above[starts[:-1, None] + np.arange(had)] = False
    links[above] = old[was_above]
    counts = faiss.vector_to_array(hnsw.cum_nneighbor_per_level)
    counts[1:] += extra
    faiss.copy_array_to_vector(counts, hnsw.cum_nneighbor_per_level)
    faiss.copy_array_to_vector(shifted.astype(np.uint64), hnsw.offsets)
    faiss.copy_array_to_vector(links, hnsw.neighbors)


def _without_repeats(links: np.ndarray) -> np.ndarray:
    """Each row's links once, in their order, −1 behind them: (n, m) int32."""
    order = np.argsort(links, axis=1, kind="stable")
    ranked = np.take_along_axis(links, order, axis=1)
    repeated = np.zeros(links.shape, bool)
    repeated[:, 1:] = ranked[:, 1:] == ranked[:, :-1]
    back = np.argsort(order, axis=1, kind="stable")
    links = np.where(np.take_along_axis(repeated, back, axis=1), -1, links)
    return np.take_along_axis(links, np.argsort(links < 0, axis=1, kind="stable"), axis=1)

"""A walk through a graph, step by step: what FAISS does in one call, and does not tell.

Malkov & Yashunin 2016: in the upper layers always on to the nearest neighbor until none is nearer
(algorithm 2 with one candidate); in the lowest a list of the best so far, of which the nearest that has not
been looked around from is next, until all of the list have been (algorithms 2 and 5). Rows of equal
products may come in another order than FAISS takes them in.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Callable

import faiss
import numpy as np

from pipeline.index.faiss import structures
from pipeline.index.inside import Layer, Walk

Products = Callable[[np.ndarray], np.ndarray]
"""Of rows (k,) int64 with the query: (k,) float, larger is nearer."""


class Links:
    """The graph of an index, read where it lies: which rows each row leads to, in which layer."""

    def __init__(self, graph: faiss.IndexHNSW):
        self._graph, hnsw = graph, graph.hnsw  # kept: the arrays below are its own
        self._all = faiss.rev_swig_ptr(hnsw.neighbors.data(), hnsw.neighbors.size())
        self._starts = faiss.rev_swig_ptr(hnsw.offsets.data(), hnsw.offsets.size())
        self._levels = faiss.rev_swig_ptr(hnsw.levels.data(), hnsw.levels.size())
        self._ends = [hnsw.cum_nb_neighbors(level) for level in range(hnsw.max_level + 2)]
        self.entry, self.top = int(hnsw.entry_point), int(hnsw.max_level)

    def of(self, row: int, level: int) -> np.ndarray:
        """Where a row leads in a layer: (k,) int64."""
        start = int(self._starts[row])
        found = self._all[start + self._ends[level] : start + self._ends[level + 1]]
        gap = np.flatnonzero(found < 0)
        return found[: gap[0] if len(gap) else None].astype(np.int64)

    def layer(self, level: int) -> np.ndarray:
        """The rows of a layer, ascending: (n,) int64."""
        return np.flatnonzero(self._levels > level)


def walk(graph: faiss.IndexHNSW, query: np.ndarray, effort: int) -> Walk:
    """The walk for a query (dim,) as the graph is asked, with so many kept in the list of the best."""

    def products(rows: np.ndarray) -> np.ndarray:
        return structures.decode(graph, rows) @ query

    links = Links(graph)
    at, layers = links.entry, []
    for level in range(links.top, 0, -1):
        at, layer = _descend(links, products, at, level)
        layers.append(layer)
    rows, origin, order = _spread(links, products, at, effort)
    # Of `rows` the first has been compared above, but where it all began has not been counted there.
    computed = len(rows) + sum(layer.computed for layer in layers)
    return Walk(tuple(layers), rows, origin, order, computed)


def _descend(links: Links, products: Products, at: int, level: int) -> tuple[int, Layer]:
    """From a row on to the nearest of its neighbors, until none is nearer."""
    best, path, computed = float(products(np.array([at]))[0]), [at], 0
    while True:
        near = links.of(at, level)
        computed += len(near)
        found = products(near) if len(near) else np.zeros(0)
        if not len(near) or found.max() <= best:
            return at, Layer(level, links.layer(level), np.array(path, np.int64), computed)
        at, best = int(near[found.argmax()]), float(found.max())
        path.append(at)


def _spread(links: Links, products: Products, start: int, effort: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is compared in the lowest layer, from which of it each was met, and what was looked around from."""
    first = -float(products(np.array([start]))[0])
    number = {start: 0}  # of each row that was compared: which it was
    rows, origin, order = [start], [-1], []
    best = [(first, start)]  # the list, the nearest first: (negative product, row)
    ahead = [(first, start)]  # of the list, what has not been looked around from: a heap
    while ahead:
        nearest = heapq.heappop(ahead)
        if nearest > best[-1]:
            break  # it has fallen out of the list, and with it all that is behind it
        order.append(number[nearest[1]])
        near = np.array([row for row in links.of(nearest[1], 0).tolist() if row not in number], np.int64)
        if not len(near):
            continue
        for row, product in zip(near.tolist(), products(near).tolist()):
            number[row] = len(rows)
            rows.append(row)
            origin.append(order[-1])
            if len(best) >= effort and -product >= best[-1][0]:
                continue
            insort(best, (-product, row))
            heapq.heappush(ahead, (-product, row))
            if len(best) > effort:
                best.pop()
    return tuple(np.array(one, np.int64) for one in (rows, origin, order))

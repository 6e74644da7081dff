"""The nearest others of all of many rows: read in cells, then looked for among the neighbors of neighbors.

A walk through a graph for each of a million rows waits for memory at every step. Here rows lie in the order of their
cells (k-means), so that those compared at a time lie side by side: each row is compared with the rows of the few cells
nearest to it, a cell with all that ask for it at once (Jégou et al. 2011, section IV). What is found that way leads to
the rest, since a neighbor of a neighbor is likely to be a neighbor (Dong, Moses & Li 2011; Tang et al. 2016, section 3).

Of the 14 nearest of 100,000 synthetic images it finds 0.96 by all embeddings and 0.75 by sift, whose vectors hardly lie
in groups (nearly all it finds is among the true 50), in 0.15 and 0.17 ms of a core a row. Maps need no more: by sift
trustworthiness and continuity were 0.626 and 0.685 so, 0.616 and 0.690 with all true neighbors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import faiss
import numpy as np
from threadpoolctl import threadpool_limits

from pipeline import settings

_A_CELL = 400
"""Rows of a cell, on average."""
_PROBED = 16
"""Cells that each row is compared with."""
_OVERFULL = 8
"""Cells of more than so many times their average, as many pictures that are all alike make them, are compared in part."""
_ASKING = 1_024
"""Rows that ask a cell at a time."""
_LEARNED = 40
"""Rows of each cell that its middle is learned from."""
_AHEAD, _BACK = 14, 14
"""Neighbors of a row around which it looks, and others that have it among theirs."""
_ROUNDS = 6
"""Rounds of that, at most."""
_LITTLE = 0.02
"""Share of all neighbors that changes in a round after which there is none."""
_STEP = 8_192
_BEGUN, _COMPARED = 0.15, 0.7
"""Shares of the work that are done when each row has its cells, and when it was compared with those of its cells."""


class KnnGraph:
    """order: (n,) int64, the rows by cell, those first that can be found; all else is in this order.

    near: (n, wide) int32, places of the nearest others so far, the nearest first, −1 for none. scores: (n, wide)
    float32, by how much they are near.
    """

    def __init__(
        self, read: Callable[[np.ndarray], np.ndarray], count: int, members: int, weights: np.ndarray, wide: int,
        reached: Callable[[float], None] = lambda share: None,
    ):  # fmt: skip
        """read: rows at (k,) → (k, d) uint8, whole numbers of which 128 is a zero. members: rows that can be found, the
        first of `count`. weights: (d,) float32 ≥ 0, by what the products of numbers count. reached: told again and
        again about what share of the work is done."""
        self._reached = reached
        self.weights = np.asarray(weights, np.float32)
        self._root = np.sqrt(self.weights)
        middles = self._middles(read, members)
        cells = self._nearest_cells(read, count, middles)
        self.order = np.lexsort((*cells[:, 1::-1].T, np.arange(count) >= members))
        self._cells, self._codes = cells[self.order], np.empty((count, len(weights)), np.int8)
        for start in range(0, count, _STEP):
            part = slice(start, start + _STEP)
            self._codes[part] = (read(self.order[part]) ^ np.uint8(128)).view(np.int8)
        self._starts = np.searchsorted(self._cells[:members, 0], np.arange(len(middles) + 1))
        self.near = np.full((count, wide), -1, np.int32)
        self.scores = np.full((count, wide), -np.inf, np.float32)
        self._fresh = np.ones((count, wide), bool)

    def improved(self) -> Iterator[float]:
        """Compare each row with more and more others; share of its neighbors that have changed, after each round."""
        self._read_cells()
        yield 1.0
        for number in range(_ROUNDS if self._cells.shape[1] < len(self._starts) - 1 else 0):  # else all pairs were compared
            changed = self._explore(number)
            yield changed
            if changed < _LITTLE:
                break

    def _middles(self, read: Callable[[np.ndarray], np.ndarray], members: int) -> np.ndarray:
        count = max(1, members // _A_CELL)
        drawn = np.linspace(0, members - 1, min(members, _LEARNED * count)).astype(np.int64)
        means = faiss.Kmeans(len(self.weights), count, niter=6, seed=0, min_points_per_centroid=1)
        means.train(self._rows((read(drawn) ^ np.uint8(128)).view(np.int8)))
        return means.centroids

    def _nearest_cells(self, read: Callable[[np.ndarray], np.ndarray], count: int, middles: np.ndarray) -> np.ndarray:
        quantizer = faiss.IndexFlatL2(middles.shape[1])
        quantizer.add(middles)
        found = np.empty((count, min(_PROBED, len(middles))), np.int32)
        for start in range(0, count, _STEP):
            at = np.arange(start, min(start + _STEP, count))
            rows = self._rows((read(at) ^ np.uint8(128)).view(np.int8))
            found[at] = quantizer.search(rows, found.shape[1])[1]
            self._reached(_BEGUN * at[-1] / count)
        return found

    def _rows(self, codes: np.ndarray) -> np.ndarray:
        """Codes (k, d) int8 as rows of which products are scores: (k, d) float32."""
        return codes * self._root

    def _read_cells(self) -> None:
        """Compare each row with those of the cells nearest to it: cell by cell, of each row the nearest first."""
        from pipeline.index.faiss import exploring  # numba, which only many rows are worth

        def compare(cell: int, asking: np.ndarray) -> None:
            for start in range(0, len(asking), _ASKING):
                part = asking[start : start + _ASKING]
                answering = self._answering(cell, int(part[0]))
                products = self._rows(self._codes[part]) @ self._rows(self._codes[answering]).T
                exploring.take_all(products, answering, part, self.near, self.scores)

        with threadpool_limits(1, "blas"), ThreadPoolExecutor(settings.cores()) as pool:  # a core, a cell
            total = self._cells.shape[1] * (len(self._starts) - 1)
            for column, nearest in enumerate(self._cells.T):
                order = np.argsort(nearest, kind="stable")
                ends = np.searchsorted(nearest[order], np.arange(len(self._starts)))
                asking = [order[start:end] for start, end in pairwise(ends)]
                for number, _ in enumerate(pool.map(compare, range(len(asking)), asking), column * len(asking) + 1):
                    self._reached(_BEGUN + (_COMPARED - _BEGUN) * number / total)

    def _answering(self, cell: int, asking: int) -> np.ndarray:
        """The rows of a cell for those from this one on; of an overfull cell those around it, by the cell that is
        nearest but one, or for a row of another cell some drawn evenly."""
        first, end, most = int(self._starts[cell]), int(self._starts[cell + 1]), _OVERFULL * _A_CELL
        if end - first <= most:
            return np.arange(first, end)
        if first <= asking < end:
            begin = max(first, min(asking - most // 2, end - _ASKING - most))
            return np.arange(begin, min(end, begin + _ASKING + most))
        return np.linspace(first, end - 1, most).astype(np.int64)

    def _explore(self, number: int) -> float:
        """Each row looks at the neighbors of its neighbors, as far as either have changed, in a round of that number."""
        from pipeline.index.faiss import exploring

        ahead, new = self.near[:, :_AHEAD].copy(), self._fresh[:, :_AHEAD].copy()
        self._fresh[:, :_AHEAD] = False
        back, late = exploring.reversed_of(ahead, new, self._starts[-1], _BACK)

        def look(start: int) -> int:
            end = min(start + _STEP, len(self._codes))
            return exploring.explore(start, end, self._codes, self.weights, ahead, new, back, late,
                                     self.near, self.scores, self._fresh)  # fmt: skip

        starts, changed = range(0, len(self._codes), _STEP), 0
        with ThreadPoolExecutor(settings.cores()) as pool:
            for done, taken in enumerate(pool.map(look, starts), 1):
                changed += taken
                self._reached(_COMPARED + (1 - _COMPARED) * (number + done / len(starts)) / _ROUNDS)
        return changed / self.near.size

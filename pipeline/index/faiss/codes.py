"""Short codes of all rows, read one after another where a walk would have too far to go.

The links of a graph over all embeddings together lead badly to who is near by one of them; reading
takes as long by whatever weights. Four bits stand for every two numbers of a reduced row (product
quantization, Jégou et al. 2011), and what they add to a product is looked up within the processor's
registers (André et al. 2015; FAISS's fast scan). The best of them are ranked by the reduced rows, and
the best of those by the rows as they are.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import faiss
import numpy as np

from pipeline import settings
from pipeline.index.faiss.reduction import Reduction

TOGETHER = 2
"""Numbers of a reduced row that one code of four bits stands for."""
FEWEST = 1_000
"""Fewer rows than this are soon compared as they are, and too few to learn from."""
_A_CORE = 200_000
"""So many codes are worth a core of their own, where one query asks."""
_BLOCK = 32
"""Rows whose codes lie interleaved."""


class Codes:
    """Codes of the rows of a graph, in their order. Safe to read from several threads.

    order: (c,) int64, which numbers of a reduced row are coded, TOGETHER by TOGETHER; −1 for a zero.
    """

    def __init__(self, quantizer: faiss.IndexPQFastScan, order: np.ndarray):
        self.quantizer, self.order = quantizer, order
        self._parts: list[tuple[int, faiss.IndexPQFastScan]] = []
        self._lock = threading.Lock()

    @classmethod
    def learned(cls, reduction: Reduction, sample: np.ndarray) -> Codes | None:
        """Without rows yet, from rows (n, Σ dim) float32 drawn evenly; None where they are too few."""
        if len(sample) < FEWEST:
            return None
        order = _order(reduction)
        quantizer = faiss.IndexPQFastScan(len(order), len(order) // TOGETHER, 4, faiss.METRIC_INNER_PRODUCT)
        quantizer.pq.cp.min_points_per_centroid = 1
        codes = cls(quantizer, order)
        quantizer.train(codes._ordered(reduction.rows(sample)))
        return codes

    @classmethod
    def of(cls, quantizer: faiss.IndexPQFastScan, reduction: Reduction) -> Codes:
        """As kept."""
        return cls(quantizer, _order(reduction))

    def __len__(self) -> int:
        return self.quantizer.ntotal

    def append(self, reduced: np.ndarray) -> None:
        """Put the codes of rows (n, dim) as the graph holds them behind those there are."""
        self.quantizer.add(self._ordered(reduced))
        self._parts = []

    def best(self, queries: np.ndarray, wide: int) -> np.ndarray:
        """The rows (q, wide) int64 whose codes have the largest products with queries (q, dim) as the
        graph is asked, −1 for none."""
        ordered, wide = self._ordered(queries), min(wide, len(self))
        count = min(settings.cores(), len(self) // _A_CORE)
        if len(queries) > 1 or count < 2:
            return self.quantizer.search(ordered, wide)[1]
        found = _pool().map(lambda part: (part[0], *part[1].search(ordered, wide)), self._divided(count))
        products, rows = zip(*((most, np.where(at < 0, at, at + first)) for first, most, at in found))
        products, rows = np.concatenate(products, axis=1), np.concatenate(rows, axis=1)
        best = np.argpartition(np.where(rows < 0, np.inf, -products), wide - 1, axis=1)[:, :wide]
        return np.take_along_axis(rows, best, axis=1)

    def _divided(self, count: int) -> list[tuple[int, faiss.IndexPQFastScan]]:
        """The codes in parts for so many cores, which FAISS reads by one: the first row of each, and its codes."""
        with self._lock:
            if not self._parts:
                packed, total = faiss.AlignedTable_to_array(self.quantizer.codes), len(self)
                each = -(-total // (count * _BLOCK)) * _BLOCK
                self._parts = [(first, self._part(packed, first, min(first + each, total))) for first in range(0, total, each)]
            return self._parts

    def _part(self, packed: np.ndarray, first: int, last: int) -> faiss.IndexPQFastScan:
        whole, a_row = self.quantizer, self.quantizer.get_block_stride() // _BLOCK
        part = faiss.IndexPQFastScan(whole.d, whole.M, 4, faiss.METRIC_INNER_PRODUCT)
        part.pq, part.is_trained, part.ntotal = whole.pq, True, last - first
        part.ntotal2 = -(-part.ntotal // _BLOCK) * _BLOCK
        faiss.copy_array_to_AlignedTable(packed[first * a_row : (first + part.ntotal2) * a_row], part.codes)
        return part

    def _ordered(self, reduced: np.ndarray) -> np.ndarray:
        there = self.order >= 0
        if there.all():
            return np.ascontiguousarray(reduced[:, self.order], np.float32)
        ordered = np.zeros((len(reduced), len(self.order)), np.float32)
        ordered[:, there] = reduced[:, self.order[there]]
        return ordered


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.cores(), "codes")


def _order(reduction: Reduction) -> np.ndarray:
    """Of each embedding a strong direction beside a weak one, so that all codes have about as much to tell."""
    found = []
    for block in reduction.blocks():
        at = np.arange(block.start, block.stop + (block.stop - block.start) % TOGETHER)
        at[at >= block.stop] = -1
        half = len(at) // TOGETHER
        found.append(np.stack([at[:half], at[half:][::-1]], axis=1).ravel())
    return np.concatenate(found)

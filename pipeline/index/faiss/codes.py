"""Short codes of all rows, read one after another where a walk would have too far to go.

The links of a graph over all embeddings together lead badly to who is near by one of them; reading
takes as long by whatever weights. Four bits stand for some numbers of a reduced row (product
quantization, Jégou et al. 2011), and what they add to a product is looked up within the processor's
registers (André et al. 2015; FAISS's fast scan). The best of them are ranked by the reduced rows, and
the best of those by the rows as they are.

Of n directions of an embedding √n / 4 share a code: where there are many, each tells little. Among 100,000 images of
a million's kind, of 48, 256 and 128 directions, 131 codes had 0.997 of the ten nearest at equal weights among their
400 best, 0.978, 0.939 and 0.989 of those by each alone; 216 codes, of two directions each, 1.000, 0.978, 0.999 and
0.997: reading takes most of the time, and ranking twice as many hardly any.
"""

from __future__ import annotations

import ctypes
import mmap
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import pairwise

import faiss
import numpy as np

from pipeline import settings
from pipeline.index.faiss.reduction import Reduction

FEWEST = 1_000
"""Fewer rows than this are soon compared as they are, and too few to learn from."""
_A_CORE = 200_000
"""So many codes are worth a core of their own, where one query asks."""
_BLOCK = 32
"""Rows whose codes lie interleaved."""
_PAGE = 1 << 21
"""Bytes of a large page."""


class Codes:
    """Codes of the rows of a graph, in their order. Safe to read from several threads.

    order: (c, w) int64, which numbers of a reduced row each code stands for; −1 for a zero. ends: where the codes of
    each embedding end, behind a 0 at which those of the first begin.
    """

    def __init__(self, quantizer: faiss.IndexPQFastScan, order: np.ndarray, ends: list[int]):
        self.quantizer, self.order, self.ends = quantizer, order, ends
        self._parts: dict[tuple[int, int, int], list[tuple[int, faiss.IndexPQFastScan]]] = {}
        self._lock = threading.Lock()

    @classmethod
    def learned(cls, reduction: Reduction, sample: np.ndarray) -> Codes | None:
        """Without rows yet, from rows (n, Σ dim) float32 drawn evenly; None where they are too few."""
        if len(sample) < FEWEST:
            return None
        order, ends = _order(reduction)
        quantizer = faiss.IndexPQFastScan(order.size, len(order), 4, faiss.METRIC_INNER_PRODUCT)
        quantizer.pq.cp.min_points_per_centroid = 1
        codes = cls(quantizer, order, ends)
        quantizer.train(codes._ordered(reduction.rows(sample)))
        return codes

    @classmethod
    def of(cls, quantizer: faiss.IndexPQFastScan, reduction: Reduction) -> Codes:
        """As kept; earlier versions had two numbers in each code."""
        known = [_order(reduction), _order(reduction, 2)]
        return cls(quantizer, *next(one for one in known if one[0].shape == (quantizer.M, quantizer.pq.dsub)))

    def __len__(self) -> int:
        return self.quantizer.ntotal

    def append(self, reduced: np.ndarray) -> None:
        """Put the codes of rows (n, dim) as the graph holds them behind those there are."""
        self.quantizer.add(self._ordered(reduced))
        self._parts = {}

    def best(self, queries: np.ndarray, wide: int) -> np.ndarray:
        """The rows (q, wide) int64 whose codes have the largest products with queries (q, dim) as the
        graph is asked, −1 for none."""
        wide, (first, last) = min(wide, len(self)), self._asked(queries)
        ordered = self._ordered(queries, first, last)
        read = len(self) * (last - first) // self.quantizer.M
        count = max(1, min(settings.cores(), read // _A_CORE)) if len(queries) == 1 else 1
        parts = self._divided(first, last, count)
        if len(parts) == 1:
            return parts[0][1].search(ordered, wide)[1]
        found = _pool().map(lambda part: (part[0], *part[1].search(ordered, wide)), parts)
        products, rows = zip(*((most, np.where(at < 0, at, at + start)) for start, most, at in found))
        products, rows = np.concatenate(products, axis=1), np.concatenate(rows, axis=1)
        best = np.argpartition(np.where(rows < 0, np.inf, -products), wide - 1, axis=1)[:, :wide]
        return np.take_along_axis(rows, best, axis=1)

    def ranked(self, queries: np.ndarray, held: faiss.Index, wide: int, coded: int) -> np.ndarray:
        """Of the `coded` best of each of several queries (q, dim) the `wide` best by the rows as `held`: (q, wide) int64."""
        first, last = self._asked(queries)
        ((_, codes),) = self._divided(first, last, 1)
        arranged = faiss.RemapDimensionsTransform(queries.shape[1], codes.d, False)
        faiss.copy_array_to_vector(self.order[first:last].ravel().astype(np.int32), arranged.map)
        asked = faiss.IndexPreTransform(arranged, codes)
        both = faiss.IndexRefine(asked, held)
        how = faiss.IndexRefineSearchParameters(k_factor=min(coded, len(self)) / wide)
        return both.search(np.ascontiguousarray(queries), wide, params=how)[1]

    def _asked(self, queries: np.ndarray) -> tuple[int, int]:
        """The codes that are read for queries (q, dim): of one embedding, where they ask by no other; else all."""
        asked = np.append(queries.any(axis=0), False)  # the last is what −1 leads to
        there = np.flatnonzero(asked[self.order].any(axis=1))
        for first, last in pairwise(self.ends):
            if len(there) and first <= there[0] and there[-1] < last:
                return first - first % 2, min(last + last % 2, self.quantizer.M)  # as they lie, two by two
        return 0, self.quantizer.M

    def _divided(self, first: int, last: int, count: int) -> list[tuple[int, faiss.IndexPQFastScan]]:
        """Codes first … last − 1 of all rows in parts for so many cores, which FAISS reads by one: the first row of
        each, and its codes."""
        whole = self.quantizer
        if (first, last, count) == (0, whole.M, 1):
            return [(0, whole)]
        with self._lock:
            if (first, last, count) not in self._parts:
                packed = faiss.AlignedTable_to_array(whole.codes).reshape(-1, whole.M2 // 2, _BLOCK)
                each = -(-len(packed) // count)
                self._parts[first, last, count] = [
                    (_BLOCK * at, self._part(packed[at : at + each, first // 2 : -(-last // 2)], first, last, len(self) - _BLOCK * at))
                    for at in range(0, len(packed), each)
                ]
            return self._parts[first, last, count]

    def _part(self, packed: np.ndarray, first: int, last: int, rows: int) -> faiss.IndexPQFastScan:
        """Codes first … last − 1 of at most so many rows, packed as FAISS does: (blocks, two codes, rows of a block)."""
        part = faiss.IndexPQFastScan(self.order[first:last].size, last - first, 4, faiss.METRIC_INNER_PRODUCT)
        typical = faiss.vector_to_array(self.quantizer.pq.centroids).reshape(self.quantizer.M, -1)
        faiss.copy_array_to_vector(typical[first:last].ravel(), part.pq.centroids)
        part.is_trained, part.ntotal2 = True, _BLOCK * len(packed)
        part.ntotal = min(rows, part.ntotal2)
        part.codes.resize(packed.size)
        _in_large_pages(int(part.codes.get()), packed.size)
        faiss.copy_array_to_AlignedTable(packed.ravel(), part.codes)
        return part

    def _ordered(self, reduced: np.ndarray, first: int = 0, last: int | None = None) -> np.ndarray:
        """Rows (n, dim) as codes first … last − 1 stand for them."""
        order = self.order[first:last].ravel()
        ordered = np.ascontiguousarray(reduced[:, order], np.float32)
        ordered[:, order < 0] = 0
        return ordered


def _in_large_pages(address: int, size: int) -> None:
    """Ask the system for pages of 2 MB where nothing has been written yet: 108 MB are then read in 8.3 ms of a busy
    core, in pages of 4 kB in 12. What it cannot do it leaves."""
    if hasattr(mmap, "MADV_HUGEPAGE"):
        first, last = -(-address // _PAGE) * _PAGE, (address + size) // _PAGE * _PAGE
        if first < last:
            ctypes.CDLL(None).madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), mmap.MADV_HUGEPAGE)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.cores(), "codes", partial(faiss.omp_set_num_threads, 1))


def _order(reduction: Reduction, together: int = 0) -> tuple[np.ndarray, list[int]]:
    """Which directions share a code, (c, w), −1 for none: of an embedding √n / 4, or so many, strong ones with weak
    ones, so that all codes have about as much to tell; and where the codes of each embedding end."""
    found, ends = [], [0]
    for block in reduction.blocks():
        count = block.stop - block.start
        each = together or max(1, round(np.sqrt(count) / 4))
        at = np.full((each, -(-count // each)), -1)
        at.ravel()[:count] = np.arange(block.start, block.stop)
        at[1::2] = at[1::2, ::-1].copy()
        found.append(at.T)
        ends.append(ends[-1] + at.shape[1])
    wide = max(one.shape[1] for one in found)
    return np.concatenate([np.pad(one, ((0, 0), (0, wide - one.shape[1])), constant_values=-1) for one in found]), ends

"""Which hashes are near which, among many: multi-index hashing (Norouzi, Punjani & Fleet 2012).

A hash is cut into parts, and each part has a table of who has it. Two hashes of which few bits differ
agree, but for very few bits, in one part at least: where d bits differ over m parts, one part differs in
d / m bits at most. So a search looks up each part, and what comes of it when so many bits flip, and
counts bits only with those that it meets there. Nobody is missed of whom so few bits differ, and not many
beyond: their bits would have to differ alike in all parts.

Scanning compares every hash with every other: a million of them 10¹² times.
"""

from __future__ import annotations

from math import comb

import faiss
import numpy as np

from pipeline import settings

SCANNED = 50_000
"""Up to so many hashes are compared with all: FAISS counts the bits of 400 in a microsecond of one core."""
_WIDTHS = range(8, 33)
"""Bits of a part that are tried."""
_MET = 100.0
"""What counting bits with those that are met takes, in looks into a table, if hashes were drawn by chance: those
of pictures crowd. Among 200,000 random pictures 0.08 ms a hash so, 1.0 ms with 4, and 0.46 ms for comparing all."""
_STEP = 65_536


class HashTables:
    """rows: (n, bytes) uint8, each a hash. radius: bits up to which others are near. sure: bits up to which
    none of them is missed, however many hashes there are; None: the radius."""

    def __init__(self, rows: np.ndarray, radius: int, sure: int | None = None):
        self.radius = radius
        self._bits = 8 * rows.shape[1]
        # Hashes that many have, as black pictures do, would meet each other in every table.
        distinct, first, group = np.unique(_words(rows), return_index=True, return_inverse=True)
        self._members = np.argsort(group, kind="stable")
        self._first = np.searchsorted(group[self._members], np.arange(len(distinct) + 1))
        self._order = np.random.default_rng(0).permutation(self._bits)  # neighboring bits say about the same
        self._index = _index(len(distinct), self._bits, radius if sure is None else sure)
        if len(distinct):
            self._index.add(self._mixed(rows[first]))

    def nearest(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest within the radius of each query (q, bytes) uint8, nearest first: positions
        (q, k) int64, −1 where there are no more, and bits that differ (q, k) int32."""
        faiss.omp_set_num_threads(settings.cores())
        found = np.full((len(queries), k), -1, np.int64)
        apart = np.zeros((len(queries), k), np.int32)
        if self._index.ntotal:
            for start in range(0, len(queries), _STEP):
                part = slice(start, start + _STEP)
                found[part], apart[part] = self._nearest(queries[part], k)
        return found, apart

    def _nearest(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        distances, groups = self._index.search(self._mixed(queries), min(k, self._index.ntotal))
        groups[distances > self.radius] = -1
        # Everyone of a group is as near: they stand side by side, those of the nearest group first.
        counts = np.where(groups < 0, 0, self._first[groups + 1] - self._first[groups])
        ends = counts.cumsum(axis=1)
        place = np.arange(k)
        of = (ends[:, None, :] <= place[None, :, None]).sum(axis=2)
        there = place < ends[:, -1:]
        of = np.where(there, of, 0)
        within = place - np.take_along_axis(ends - counts, of, axis=1)
        at = self._first[np.take_along_axis(groups, of, axis=1)] + within
        found = np.where(there, self._members[np.where(there, at, 0)], -1)
        return found, np.where(there, np.take_along_axis(distances, of, axis=1), 0)

    def _mixed(self, rows: np.ndarray) -> np.ndarray:
        mixed = np.empty_like(rows)
        for start in range(0, len(rows), _STEP):
            bits = np.unpackbits(rows[start : start + _STEP], axis=1)
            mixed[start : start + _STEP] = np.packbits(bits[:, self._order], axis=1)
        return mixed


def _index(count: int, bits: int, sure: int) -> faiss.IndexBinary:
    if count <= SCANNED:
        return faiss.IndexBinaryFlat(bits)
    width = min(_WIDTHS, key=lambda width: _cost(count, bits, sure, width))
    index = faiss.IndexBinaryMultiHash(bits, bits // width, width)
    index.nflip = _flips(bits, sure, width)
    return index


def _flips(bits: int, sure: int, width: int) -> int:
    """Bits of a part that may flip, so that nobody of whom so many bits differ is missed."""
    return sure // (bits // width)


def _cost(count: int, bits: int, sure: int, width: int) -> float:
    """What a search takes by parts of so many bits, in looks into a table."""
    looks = bits // width * sum(comb(width, flips) for flips in range(_flips(bits, sure, width) + 1))
    return looks * (1 + _MET * count / 2**width)


def _words(rows: np.ndarray) -> np.ndarray:
    """Rows (n, bytes) as one value each, to be compared as a whole."""
    rows = np.ascontiguousarray(rows)
    return rows.view(np.dtype((np.void, rows.shape[1]))).ravel()

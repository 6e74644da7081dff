"""Which hashes are near which, among many: tables of parts that agree (Manku, Jain & Das Sarma 2007).

A hash is cut into parts. Where d bits of two hashes differ, at most d parts do: of d + 2 parts two agree at least.
So there is a table for each two parts (or each one, or three), in which those stand together that agree in both,
and a search counts bits only with those that it meets in its places there. Nobody is missed of whom d bits differ,
and few of whom some more do: of 24 bits among 17 parts 7 in 100 leave less than two parts alone.

Comparing every hash with every other counts the bits of a million of them 10¹² times. In tables of n places the more
parts have to agree the fewer meet, and the more tables there are; what takes least is told from a sample, in which
hashes of pictures crowd as they do.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, pairwise
from math import comb

import faiss
import numpy as np

from pipeline import settings

SCANNED = 20_000
"""Up to so many hashes or queries all are compared with all: FAISS counts the bits of 400 in a microsecond of one core."""
_AGREEING = (1, 2, 3, 4)
"""Parts that must agree, as they are tried."""
_LOOK = 80.0
"""What a look into a table takes and making it takes of each that looks, in bits of hashes counted there."""
_SAMPLE, _TRIED = 16_384, 5
"""Hashes, and tables of each kind, that tell how many meet."""
_STEP = 65_536


class HashTables:
    """rows: (n, bytes) uint8, each a hash. radius: bits up to which others are near. sure: bits up to which
    none of them is missed, however many hashes there are; None: the radius."""

    def __init__(self, rows: np.ndarray, radius: int, sure: int | None = None):
        self.radius, self._sure = radius, radius if sure is None else sure
        self._bits = 8 * rows.shape[1]
        # Hashes that many have, as black pictures do, would meet each other in every table.
        distinct, first, group = np.unique(_whole(rows), return_index=True, return_inverse=True)
        self._rows = np.ascontiguousarray(rows[first])
        self._members = np.argsort(group, kind="stable")
        self._first = np.searchsorted(group[self._members], np.arange(len(distinct) + 1))

    def nearest(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest within the radius of each query (q, bytes) uint8, nearest first: positions
        (q, k) int64, −1 where there are no more, and bits that differ (q, k) int32."""
        found = np.full((len(queries), k), -1, np.int64)
        apart = np.zeros((len(queries), k), np.int32)
        if not len(self._rows) or not len(queries):
            return found, apart
        agreeing = 0 if min(len(queries), len(self._rows)) <= SCANNED else self._agreeing()
        wide = min(k, len(self._rows))
        groups, distances = self._met(queries, wide, agreeing) if agreeing else self._scanned(queries, wide)
        for start in range(0, len(queries), _STEP):
            part = slice(start, start + _STEP)
            found[part], apart[part] = self._members_of(groups[part], distances[part], k)
        return found, apart

    def _scanned(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The nearest distinct hashes (q, k), −1 for none, and bits that differ, by comparing all."""
        faiss.omp_set_num_threads(settings.cores())
        index = faiss.IndexBinaryFlat(self._bits)
        index.add(self._rows)
        distances, groups = index.search(np.ascontiguousarray(queries), k)
        groups[distances > self.radius] = -1
        return groups, distances

    def _met(self, queries: np.ndarray, k: int, agreeing: int) -> tuple[np.ndarray, np.ndarray]:
        """The same by tables of so many parts."""
        from pipeline.search import hash_joins  # numba, which only many hashes are worth

        words, asked = _words(self._rows), _words(queries)
        shift = np.uint64(64 - int(np.ceil(np.log2(len(words)))))
        groups = np.full((len(asked), k), -1, np.int32)
        apart = np.full((len(asked), k), self.radius + 1, np.int32)
        masks = list(self._masks(agreeing))
        with ThreadPoolExecutor(settings.cores()) as pool:
            coming = pool.submit(hash_joins.table, words, masks[0], shift)
            for mask, following in pairwise([*masks, None]):
                table = coming.result()
                if following is not None:  # made while this one is asked
                    coming = pool.submit(hash_joins.table, words, following, shift)
                parts = [
                    pool.submit(hash_joins.meet, asked, start, min(start + _STEP, len(asked)), mask, shift, *table, groups, apart)
                    for start in range(0, len(asked), _STEP)
                ]  # fmt: skip
                for part in parts:
                    part.result()
        return groups, apart

    def _agreeing(self) -> int:
        """Parts to agree in with which a search takes least; 0: to compare all takes less."""
        from pipeline.search import hash_joins

        count = len(self._rows)
        drawn = np.random.default_rng(0).choice(count, min(count, _SAMPLE), replace=False)
        sample = _words(self._rows[np.sort(drawn)])
        costs = {0: float(count)}
        for agreeing in _AGREEING:
            tables = comb(self._sure + agreeing, agreeing)
            masks = list(self._masks(agreeing))[:: -(-tables // _TRIED)]
            meeting = np.mean([_share_alike(hash_joins.keys(sample, mask, np.uint64(1))) for mask in masks])
            costs[agreeing] = tables * (_LOOK + meeting * count)
        return min(costs, key=costs.get)

    def _masks(self, agreeing: int) -> Iterator[np.ndarray]:
        """The bits of each choice of so many parts, as words (w,) uint64."""
        order = np.random.default_rng(0).permutation(self._bits)  # neighboring bits say about the same
        for parts in combinations(np.array_split(order, self._sure + agreeing), agreeing):
            mask = np.zeros((1, self._bits), np.uint8)
            mask[0, np.concatenate(parts)] = 1
            yield _words(np.packbits(mask, axis=1))[0]

    def _members_of(self, groups: np.ndarray, distances: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Who has these hashes (q, ·), the first k: everyone of one is as near, and they stand side by side."""
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


def _share_alike(keys: np.ndarray) -> float:
    """Share of all pairs that have the same key."""
    counts = np.unique(keys, return_counts=True)[1].astype(float)
    return float((counts * (counts - 1)).sum() / max(1, len(keys) * (len(keys) - 1)))


def _words(rows: np.ndarray) -> np.ndarray:
    """Rows (n, bytes) uint8 as (n, w) uint64, zeros behind them."""
    wide = np.zeros((len(rows), -(-rows.shape[1] // 8) * 8), np.uint8)
    wide[:, : rows.shape[1]] = rows
    return wide.view(np.uint64)


def _whole(rows: np.ndarray) -> np.ndarray:
    """Rows (n, bytes) as one value each, to be compared as a whole."""
    rows = np.ascontiguousarray(rows)
    return rows.view(np.dtype((np.void, rows.shape[1]))).ravel()

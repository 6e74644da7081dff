"""Search by perceptual hash: a FAISS binary index that scans them exactly, in memory."""

from __future__ import annotations

import threading

import faiss
import numpy as np

from pipeline.index import Filter
from pipeline.index.bitmap import Bitmap
from pipeline.index.faiss.structures import threads_for
from pipeline.index.filters import Filters
from pipeline.library import Library
from pipeline.library import hashes as stored
from pipeline.pictures.hashes import BITS


class HashIndex:
    """Exact search by Hamming distance in memory: 24 bytes an image.

    ids: (n,) int64 ascending; rows: (n, 24) uint8.
    """

    def __init__(self, ids: np.ndarray, rows: np.ndarray):
        self.ids = ids
        self.rows = np.ascontiguousarray(rows)
        self._flat = faiss.IndexBinaryFlat(BITS)
        self._flat.add(self.rows)

    @classmethod
    def of(cls, library: Library) -> HashIndex:
        """Of every current hash of a library."""
        return cls(*stored.read(library))

    def __len__(self) -> int:
        return len(self.ids)

    def updated(self, library: Library, changed: np.ndarray) -> HashIndex:
        """With the hashes that these images (k,) have now in place of those they had."""
        ids, rows = stored.read(library, changed.tolist())
        at = self.positions(changed)
        at = at[at >= 0]
        if np.array_equal(self.ids[at], ids) and np.array_equal(self.rows[at], rows):
            return self
        kept = np.delete(np.arange(len(self)), at)
        ids, rows = np.concatenate([self.ids[kept], ids]), np.concatenate([self.rows[kept], rows])
        order = np.argsort(ids)
        return HashIndex(ids[order], rows[order])

    def positions(self, ids: np.ndarray) -> np.ndarray:
        """Where images are in here, −1 for those that are not: (k,) int64."""
        if not len(self):
            return np.full(len(ids), -1, np.int64)
        at = np.searchsorted(self.ids, ids).clip(max=len(self) - 1)
        return np.where(self.ids[at] == ids, at, -1)

    def search(self, row: np.ndarray, k: int, allowed: Bitmap | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest to a hash (24,) uint8: ids (k,) int64 and distances (k,) int, in bits.

        allowed: the rows to search in. The nearest come first, and of equally near ones the
        lower id, so that pages follow one another. Fewer than k come back when there are fewer.
        """
        k = min(k, len(self) if allowed is None else allowed.count)
        if k == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        chosen = {} if allowed is None else {"sel": faiss.IDSelectorBitmap(allowed.packed)}
        query = row.reshape(1, -1)
        with threads_for(len(query)):
            last = self._flat.search(query, k, params=faiss.SearchParameters(**chosen))[0][0, -1]
            # All that are as near as the last: which of them FAISS returns depends on k.
            _, distances, found = self._flat.range_search(query, int(last) + 1)
        if allowed is not None:
            kept = allowed.has(found)
            distances, found = distances[kept], found[kept]
        order = np.lexsort((found, distances))[:k]
        return self.ids[found[order]], distances[order].astype(np.int64)


class Hashes:
    """The hashes of a library as they are now, with its filters. Safe to share between threads."""

    def __init__(self, library: Library):
        self._library = library
        self._lock = threading.Lock()
        self._kept: tuple[int, HashIndex, Filters] | None = None

    def now(self) -> tuple[HashIndex, Filters]:
        """The index, and the filters over its rows."""
        generation = self._library.generation()
        with self._lock:
            if self._kept is None or self._kept[0] != generation:
                index = self._brought_up()
                same = self._kept is not None and self._kept[1] is index
                filters = self._kept[2] if same else Filters(self._library, index.positions, len(index))
                self._kept = generation, index, filters
            return self._kept[1:]

    def search(self, row: np.ndarray, k: int, filter: Filter) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest that pass a filter, as `HashIndex.search` gives them."""
        index, filters = self.now()
        return index.search(row, k, filters.rows(filter))

    def _brought_up(self) -> HashIndex:
        if self._kept is None:
            return HashIndex.of(self._library)
        changed = stored.changed_since(self._library, self._kept[0])
        return self._kept[1].updated(self._library, changed) if len(changed) else self._kept[1]

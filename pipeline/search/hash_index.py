"""Search by perceptual hash: a FAISS binary index that scans them exactly, in memory."""

from __future__ import annotations

import faiss
import numpy as np

from pipeline import settings
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

    def search(
        self, row: np.ndarray, k: int, among: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest to a hash (24,) uint8: ids (k,) int64 and distances (k,) int, in bits.

        among: image ids to search in. The nearest come first, and of equally near ones the
        lower id, so that pages follow one another. Fewer than k come back when there are fewer.
        """
        mask = np.ones(len(self), bool) if among is None else np.isin(self.ids, among)
        k = min(k, int(mask.sum()))
        if k == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        query = row.reshape(1, -1)
        last = self._flat.search(query, k, params=faiss.SearchParameters(sel=selector))[0][0, -1]
        # All that are as near as the last: which of them FAISS returns depends on k.
        _, distances, found = self._flat.range_search(query, int(last) + 1)
        kept = mask[found]
        distances, found = distances[kept].astype(np.int64), found[kept]
        order = np.lexsort((found, distances))[:k]
        return self.ids[found[order]], distances[order]

    def neighbors(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest of every hash, itself among them: positions (n, k) int64 and
        distances (n, k) int32."""
        faiss.omp_set_num_threads(settings.cores())
        distances, found = self._flat.search(self.rows, min(k, len(self)))
        return found, distances

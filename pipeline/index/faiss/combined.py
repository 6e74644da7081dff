"""The combined index as it is searched: rows of several embeddings, any weights.

For an image with unit vectors x₁…x_M a row is [x₁ … x_M]/√M; a query with weights w is
[w₁q₁ … w_M q_M]. Their inner product is Σ wₘ·cos(qₘ, xₘ)/√M, so one graph answers every
weighting without being built again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.index.faiss import kinds, recall
from pipeline.library import Library
from pipeline.settings import IndexOptions

EXACT_BELOW = 5_000
"""Up to this many candidates a scan is as fast as the graph, and cannot miss."""

_READS = 16
"""Rows a walk reads per unit of effort, about: a walk that reads more than a scan is none."""
_EFFORT = 256
"""Effort of a search while none has been measured; 128 found 0.949 by `sift` among 3,781 photographs."""
_STEP = 4_096


@dataclass(frozen=True)
class Neighbors:
    """Answer of a search: ids (k,) int64, best first, and Σ wₘcosₘ / Σ wₘ (k,) float32."""

    ids: np.ndarray
    scores: np.ndarray


class CombinedIndex:
    """The index in memory or mapped, with the image behind each row.

    embeddings: names in the order of the blocks; dims: their lengths.
    ids: (n,) int64, image of each row. stamps: (n, M) int64, `stored_ns` of each vector
    in the row, 0 where the image has none. alive: (n,) bool, False for masked rows.
    effort: efSearch (ivfpq: nprobe) by the embedding that rules the weights. learned_from:
    rows there were when a quantizer learned.
    """

    def __init__(self, library: Library, graph, about: dict, ids, stamps, alive):
        self.library = library
        self.graph = graph
        self.embeddings: tuple[str, ...] = tuple(about["embeddings"])
        self.dims: tuple[int, ...] = tuple(about["dims"])
        self.options = IndexOptions(**about["options"])
        self.figures: dict = about.get("measured") or {}
        self.effort: dict[str, int] = self.figures.get("effort", {})
        self.learned_from: int = about.get("learned_from", 0)
        self.ids: np.ndarray = ids
        self.stamps: np.ndarray = stamps
        self.alive: np.ndarray = alive
        self._by_id: np.ndarray | None = None

    def __len__(self) -> int:
        return int(self.alive.sum())

    def combine(self, vectors: dict[str, np.ndarray], weights: dict[str, float]) -> np.ndarray:
        """Query vectors {name: (dim,) or (n, dim)} and weights → (n, Σ dim) float32."""
        blocks = []
        for name, dim in zip(self.embeddings, self.dims):
            weight = weights.get(name, 0.0)
            block = np.atleast_2d(vectors[name]) if weight and name in vectors else None
            blocks.append((name, dim, weight, block))
        count = max((len(block) for *_, block in blocks if block is not None), default=1)
        query = np.zeros((count, sum(self.dims)), np.float32)
        start = 0
        for _, dim, weight, block in blocks:
            if block is not None:
                query[:, start : start + dim] = weight * block
            start += dim
        return query

    def search(
        self,
        vectors: dict[str, np.ndarray],
        weights: dict[str, float],
        k: int,
        *,
        among: np.ndarray | None = None,
        exact: bool = False,
        ef_search: int = 0,
    ) -> Neighbors:
        """The k images nearest to one query by the weighted mean of the cosines.

        vectors: {name: (dim,) float32 unit}. weights: {name: ≥ 0}, at least one above 0.
        among: image ids to search in (a FAISS selector, applied inside the search).
        exact: compare every vector of the library's, whatever the index made of it. Fewer
        than k come back when there are fewer.
        """
        total = sum(weights.get(name, 0.0) for name in self.embeddings)
        mask = self.alive
        if among is not None:
            mask = np.zeros(len(self.ids), bool)
            mask[self.rows_of(among)] = True
        k = min(k, int(mask.sum()))
        if k == 0:
            return Neighbors(np.zeros(0, np.int64), np.zeros(0, np.float32))
        query = self.combine(vectors, weights)
        if exact:
            products, rows = self._exact(query, k, mask)
        else:
            products, rows = self.nearest(query, k, mask, ef_search or self.effort_for(weights))
        scores = products[0] * (np.sqrt(len(self.dims)) / total)
        return Neighbors(self.ids[rows[0]], scores.astype(np.float32))

    def nearest(self, query: np.ndarray, k: int, mask: np.ndarray, effort: int):
        """Best rows for combined queries (q, Σ dim): products (q, k) float32, rows (q, k) int64.

        mask: (n,) bool, at least k of it True. Walks the graph, or scans where that reads
        no more: few candidates, or a filter that leaves the graph few places to go.
        """
        candidates = int(mask.sum())
        if candidates <= EXACT_BELOW:
            return kinds.scan(self.graph, query, k, mask)
        # By powers of two, so that most pages of a long list come from the same walk.
        effort = max(effort, 2 ** int(np.ceil(np.log2(2 * k))) if self.options.type == "hnsw" else 1)
        effort = int(effort * len(mask) / candidates)
        if self.options.type == "hnsw" and effort * _READS >= candidates:
            return kinds.scan(self.graph, query, k, mask)
        products, rows = kinds.walk(self.graph, query, k, mask, effort)
        short = (rows < 0).any(axis=1)
        if short.any():
            products[short], rows[short] = kinds.scan(self.graph, query[short], k, mask)
        return products, rows

    def effort_for(self, weights: dict[str, float]) -> int:
        """The effort a search with these weights takes: as measured, or as the person said."""
        known = self.effort or {recall.MIXED: self.options.ef_search or _EFFORT}
        mine = {name: weights.get(name, 0.0) for name in self.embeddings}
        return known.get(recall.ruler(mine), max(known.values()))

    def _exact(self, query, k, mask):
        """Best rows by the vectors themselves: products (q, k), rows (q, k)."""
        if not kinds.lossy(self.graph):
            return kinds.scan(self.graph, query, k, mask)
        at = np.flatnonzero(mask)
        parts = [at[start : start + _STEP] for start in range(0, len(at), _STEP)]
        products = np.concatenate([query @ self.true_rows(part).T for part in parts], axis=1)
        best = np.argsort(-products, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(products, best, axis=1), at[best]

    def rows_of(self, ids: np.ndarray) -> np.ndarray:
        """The rows of those images that the index has, in the order of `ids`: (≤ k,) int64."""
        ids = np.asarray(ids, np.int64)
        if self._by_id is None:
            alive = np.flatnonzero(self.alive)
            self._by_id = alive[np.argsort(self.ids[alive], kind="stable")]
        order = self._by_id
        if not len(order):
            return order
        mine = self.ids[order]
        at = np.searchsorted(mine, ids).clip(max=len(mine) - 1)
        return order[at[mine[at] == ids]]

    def rows(self, at: np.ndarray) -> np.ndarray:
        """The rows at positions (k,) int64 as stored: (k, Σ dim) float32."""
        return kinds.decode(self.graph, at)

    def part(self, at: np.ndarray, name: str | None = None) -> np.ndarray:
        """The rows at positions (k,) int64, or one embedding's part of them: a copy (k, d) float32."""
        columns = slice(None)
        if name is not None:
            number = self.embeddings.index(name)
            columns = slice(sum(self.dims[:number]), sum(self.dims[: number + 1]))
        if kinds.lossy(self.graph):
            return self.rows(at)[:, columns]
        return self.matrix()[:, columns][at]

    def true_rows(self, at: np.ndarray) -> np.ndarray:
        """The rows at positions (k,) int64 as they were before a storage rounded them."""
        if not kinds.lossy(self.graph):
            return self.rows(at)
        ids, back = np.unique(self.ids[at], return_inverse=True)
        return read_rows(self.library, self.embeddings, self.dims, ids)[back]

    def matrix(self) -> np.ndarray:
        """The stored rows (n, Σ dim) float32, masked ones included.

        A view where float32 is stored, valid as long as the index; decoded otherwise, which
        takes the memory.
        """
        return kinds.whole(self.graph)


def read_rows(library: Library, embeddings, dims, ids: np.ndarray) -> np.ndarray:
    """The rows of images, ids ascending, from the library's vectors: (n, Σ dim) float32."""
    rows = np.zeros((len(ids), sum(dims)), np.float32)
    column = 0
    for name, dim in zip(embeddings, dims):
        having, vectors = library.vectors(name, ids.tolist())
        rows[np.searchsorted(ids, having), column : column + dim] = vectors / np.sqrt(len(dims))
        column += dim
    return rows

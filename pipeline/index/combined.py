"""What engines have in common that hold one row of all embeddings for each image.

For an image with unit vectors x₁…x_M a row is [x₁ … x_M]/√M; a query with weights w is
[w₁q₁ … w_M q_M]. Their inner product is Σ wₘ·cos(qₘ, xₘ)/√M, so one structure answers every
weighting without being built again. Where some images lack an embedding, those that have
the same ones are searched apart, and the answers merged: each with weights that sum to 1, or
each with the same weights and, added to its products, what counts for those that it lacks.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pipeline.index.bitmap import Bitmap
from pipeline.index.contract import Filter, Index, Neighbors, shares
from pipeline.index.filters import Filters
from pipeline.index.ranking import merged
from pipeline.index.rows import Rows
from pipeline.library import Library
from pipeline.settings import IndexOptions

Find = Callable[[np.ndarray, int, Bitmap, int], tuple[np.ndarray, np.ndarray]]
"""Best rows for combined queries (q, Σ dim), k of a mask, with an effort: products, rows."""


class CombinedIndex(Index):
    """rows: which image each row is.

    figures: as measured (see `effort`). generation: the library's when it was brought up to
    date; made_by: {embedding: fingerprint of its extractor} then; holds: {embedding:
    `library.summary`} then, None where that is not known. took: see `State`.
    """

    def __init__(self, library: Library, rows: Rows, about: Mapping):
        self.library = library
        self.rows = rows
        self.dims: dict[str, int] = dict(zip(about["embeddings"], about["dims"]))
        self.options = IndexOptions(**about["options"])
        self.figures: dict = about.get("measured") or {}
        self.generation: int = about.get("generation", 0)
        self.made_by: dict[str, str] = about.get("made_by") or {}
        self.holds: dict[str, list[int]] | None = about.get("holds")
        self.took: float | None = about.get("took")
        self._filters: tuple[Rows, Filters] | None = None

    @abstractmethod
    def nearest(self, query: np.ndarray, k: int, mask: Bitmap, effort: int) -> tuple[np.ndarray, np.ndarray]:
        """Best rows for combined queries (q, Σ dim): products (q, k) float32, rows (q, k) int64, −1
        for none. mask: at least k rows."""

    @abstractmethod
    def nearest_exact(self, query: np.ndarray, k: int, mask: Bitmap, effort: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """The same by every vector of the library, whatever the engine made of it."""

    @abstractmethod
    def effort_for(self, weights: Mapping[str, float]) -> int:
        """The effort a search with these weights takes."""

    def pending(self) -> tuple[np.ndarray, np.ndarray]:
        """Images to upsert and images to delete until it holds what the library holds now."""
        return self.rows.pending(self.library, self.generation, self.made_by)

    def search(
        self,
        vectors: Mapping[str, np.ndarray],
        weights: Mapping[str, float],
        k: int,
        filter: Filter = Filter(),
        exact: bool = False,
        missing: Mapping[str, float] | None = None,
    ) -> Neighbors:
        """The images nearest to a query or to several at once; see the contract."""
        return self.answer(vectors, weights, k, self.allowed(filter), self.nearest_exact if exact else self.nearest, missing)

    def answer(
        self, vectors: Mapping[str, np.ndarray], weights: Mapping[str, float], k: int, allowed: Bitmap | None, find: Find,
        missing: Mapping[str, float] | None = None,
    ) -> Neighbors:  # fmt: skip
        """The same by a way to find the best rows of those that are allowed; None: of all."""
        weighed = shares(weights, [name for name in self.embeddings if name in vectors])
        single = all(vectors[name].ndim == 1 for name in weighed)
        queries = {name: np.atleast_2d(vectors[name]) for name in weighed}
        scores, rows = self._best(queries, weighed, k, allowed, find, missing)
        ids = np.where(rows >= 0, self.rows.ids[rows] if len(self.rows) else rows, -1)
        if single:
            found = int((rows[:1] >= 0).sum())
            return Neighbors(ids[:1].ravel()[:found], scores[:1].ravel()[:found])
        return Neighbors(ids, scores)

    def allowed(self, filter: Filter) -> Bitmap | None:
        """The rows that a filter lets pass; None: all."""
        if self._filters is None or self._filters[0] is not self.rows:
            rows = self.rows
            self._filters = rows, Filters(self.library, rows.positions, len(rows))
        return self._filters[1].rows(filter)

    def lacking(self, names: Sequence[str]) -> dict[str, int]:
        """Those of some embeddings that an image lacks which has another of them, and how many have it."""
        groups = self.rows.current(self.library).groups(self.embeddings, tuple(names))
        lacked = [name for name in names if any(name not in group.names for group in groups)]
        return {name: sum(group.rows.count for group in groups if name in group.names) for name in lacked}

    def _best(
        self, queries: dict[str, np.ndarray], weighed: dict[str, float], k: int, allowed: Bitmap | None, find: Find,
        missing: Mapping[str, float] | None,
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """Best rows for queries {name: (q, dim)}: scores (q, ≤ k) float32, rows (q, ≤ k), −1 for none."""
        count = max((len(block) for block in queries.values()), default=0)
        parts = [(np.zeros((count, 0), np.float32), np.zeros((count, 0), np.int64))]
        for group in self.rows.current(self.library).groups(self.embeddings, tuple(weighed)):
            mask = group.rows if allowed is None else group.rows & allowed
            if mask.count and k:
                mine, lacked = shares(weighed, group.names), np.float32(0)
                if missing is not None:
                    mine = {name: weight for name, weight in weighed.items() if name in group.names}
                    lacked = np.float32(sum(weighed[name] * missing[name] for name in weighed.keys() - mine))
                combined = self.combined(queries, mine, count)
                products, rows = find(combined, min(k, mask.count), mask, self.effort_for(mine))
                scores = products * np.float32(np.sqrt(len(self.dims))) + lacked
                parts.append((np.where(rows < 0, 0, scores), rows))
        return merged(parts, k)

    def combined(self, queries: Mapping[str, np.ndarray], weighed: Mapping[str, float], count: int) -> np.ndarray:
        """Queries as rows (q, Σ dim) float32, each block times its weight."""
        query = np.zeros((count, sum(self.dims.values())), np.float32)
        for name, weight in weighed.items():
            query[:, self.columns(name)] = np.float32(weight) * queries[name]
        return query

    def ids(self, name: str | None = None) -> np.ndarray:
        """Images that can be found, by one embedding or by any: (n,) int64 ascending."""
        wanted = self.embeddings if name is None else (name,)
        groups = self.rows.current(self.library).groups(self.embeddings, wanted)
        found = [self.rows.ids[group.rows.positions()] for group in groups]
        return np.sort(np.concatenate([np.zeros(0, np.int64), *found]))

    def columns(self, name: str) -> slice:
        """Where an embedding's block lies within a row."""
        start = 0
        for other, dim in self.dims.items():
            if other == name:
                return slice(start, start + dim)
            start += dim
        raise KeyError(name)

    def library_rows(self, at: np.ndarray) -> np.ndarray:
        """The rows at positions (k,) int64 from the library's own vectors: (k, Σ dim) float32."""
        ids, back = np.unique(self.rows.ids[at], return_inverse=True)
        return read_rows(self.library, self.dims, ids)[back]

    def scale(self, weighed: Mapping[str, float]) -> np.ndarray:
        """By what rows are multiplied to be queries: they have norm 1/√M in each block, on both sides."""
        each = [len(self.dims) * weighed.get(name, 0.0) for name in self.dims]
        return np.repeat(each, list(self.dims.values())).astype(np.float32)


def read_rows(library: Library, dims: Mapping[str, int], ids: np.ndarray) -> np.ndarray:
    """The rows of images, ids ascending, from the library's vectors: (n, Σ dim) float32."""
    rows = np.zeros((len(ids), sum(dims.values())), np.float32)
    column = 0
    for name, dim in dims.items():
        having, vectors = library.vectors(name, ids.tolist())
        rows[np.searchsorted(ids, having), column : column + dim] = vectors / np.sqrt(len(dims))
        column += dim
    return rows

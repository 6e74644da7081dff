"""The index by FAISS: one structure over the vectors of all embeddings, for any weights.

For an image with unit vectors x₁…x_M a row is [x₁ … x_M]/√M; a query with weights w is
[w₁q₁ … w_M q_M]. Their inner product is Σ wₘ·cos(qₘ, xₘ)/√M, so one structure answers every
weighting without being built again. Walking and ranking are two jobs (as in DiskANN, Subramanya
et al. 2019): the structure holds small rows that say about who is near, and the candidates it
finds are ranked by the rows as they are, which lie in a mapped file. Where some images lack an embedding, those that have
the same ones are searched apart, and the answers merged: each with weights that sum to 1, or
each with the same weights and, added to its products, what counts for those that it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import numpy as np

from pipeline.index import currency
from pipeline.index.bitmap import Bitmap
from pipeline.index.contract import Filter, Index, Neighbors, State, scales, shares
from pipeline.index.faiss import effort, exact, neighbors, reduction, store, structures, update
from pipeline.index.faiss.rows import Rows
from pipeline.index.filters import Filters
from pipeline.library import Library
from pipeline.progress import Progress, Silent
from pipeline.settings import IndexOptions

READS = 16
"""Rows a walk reads per unit of effort, about: a walk that reads more than a scan is none."""
CANDIDATES = 200
"""Rows ranked exactly, at most where fewer than half as many are asked for."""
FEW = 500
"""Up to this many rows are compared as they are, each by itself, however many there are."""
_EFFORT = 256
"""Effort of a search while none has been measured; 128 found 0.949 by `sift` among 3,781 photographs."""
_STEP = 4_096

_Find = Callable[[np.ndarray, int, Bitmap, int], tuple[np.ndarray, np.ndarray]]
"""Best rows for combined queries (q, Σ dim), k of a mask, with an effort: products, rows."""


class FaissIndex(Index):
    """structure: what FAISS holds, in memory or mapped; None where every row is read. exact: the
    rows as they are. reduction: from these to those of the structure; None: they are the same.
    rows: which image each row is.

    figures: as measured (see `effort`). learned_from: rows there were when a quantizer
    learned. generation: the library's when it was brought up to date; made_by: {embedding:
    fingerprint of its extractor} then; holds: {embedding: `library.summary`} then, None where
    that is not known.
    """

    engine = "faiss"

    def __init__(self, library: Library, parts: store.Parts, rows: Rows, about: dict):
        self.library = library
        self.structure, self.exact, self.reduction = parts
        self.rows = rows
        self.dims: dict[str, int] = dict(zip(about["embeddings"], about["dims"]))
        self.options = IndexOptions(**about["options"])
        self.figures: dict = about.get("measured") or {}
        self.learned_from: int = about.get("learned_from", 0)
        self.generation: int = about.get("generation", 0)
        self.made_by: dict[str, str] = about.get("made_by") or {}
        self.holds: dict[str, list[int]] | None = about.get("holds")
        self.mapped = False
        self._filters: tuple[Rows, Filters] | None = None

    @property
    def state(self) -> State:
        """What it holds."""
        return State(
            self.engine, str(store.pointer(self.library).parent), int(self.rows.alive.sum()), self.embeddings,
            self.generation, self.options, self.figures,
        )  # fmt: skip

    # Changing

    def upsert(self, ids: Sequence[int], progress: Progress = Silent()) -> None:
        """Take up these images, or take them up again, with the vectors the library has; saved."""
        update.upsert(self, np.unique(np.asarray(ids, np.int64)), progress)

    def delete(self, ids: Sequence[int]) -> None:
        """Forget these images; saved. Their rows stay and are passed over."""
        update.delete(self, np.asarray(ids, np.int64))

    def pending(self) -> tuple[np.ndarray, np.ndarray]:
        """Images to upsert and images to delete until it holds what the library holds now."""
        return self.rows.pending(self.library, self.generation, self.made_by)

    def settle(self, generation: int, options: IndexOptions) -> None:
        """Note that it holds all that the library held at a generation; saved."""
        update.settle(self, generation, options)

    def outworn(self, options: IndexOptions, added: np.ndarray, removed: np.ndarray) -> str:
        """Why it should be built anew rather than take up and forget these images; empty where it
        need not be."""
        return update.outworn(self, options, added, removed)

    # Searching

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
        find = self._exact if exact else self.nearest
        return self._answer(vectors, weights, k, self.allowed(filter), find, missing)

    def approximate(
        self, vectors: Mapping[str, np.ndarray], weights: Mapping[str, float], k: int, effort: int | None = None
    ) -> Neighbors:
        """The same by the structure alone, where a search would scan few images and miss none."""

        def find(query, most, mask, usual):
            return self._by_structure(query, most, mask, effort or usual)

        return self._answer(vectors, weights, k, None, find)

    def _answer(self, vectors, weights, k: int, allowed: Bitmap | None, find: _Find, missing=None) -> Neighbors:
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
        self, queries: dict[str, np.ndarray], weighed: dict[str, float], k: int, allowed: Bitmap | None, find: _Find,
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
                combined = self._combined(queries, mine, count)
                products, rows = find(combined, min(k, mask.count), mask, self.effort_for(mine))
                scores = products * np.float32(np.sqrt(len(self.dims))) + lacked
                parts.append((np.where(rows < 0, 0, scores), rows))
        return structures.merged(parts, k)

    def nearest(self, query: np.ndarray, k: int, mask: Bitmap, effort: int) -> tuple[np.ndarray, np.ndarray]:
        """Best rows for combined queries (q, Σ dim): products (q, k) float32, rows (q, k) int64.

        mask: at least k rows. All of them are compared as they are where there are few, in the
        index or in the mask; else the structure finds candidates for it.
        """
        if mask.size <= structures.EXACT_BELOW or mask.count <= max(FEW, k):
            return self.exact.scan(query, k, mask)
        return self._by_structure(query, k, mask, effort)

    def _by_structure(self, query: np.ndarray, k: int, mask: Bitmap, effort: int) -> tuple[np.ndarray, np.ndarray]:
        """The same by the structure, whatever there is."""
        if self.structure is None:
            return self.exact.scan(query, k, mask)
        reduced = self.reduction.queries(query) if self.reduction else query
        products, rows = self.ranked(query, self._candidates(reduced, k, mask, effort), k)
        short = (rows < 0).any(axis=1)
        if short.any():
            products[short], rows[short] = self.exact.scan(query[short], k, mask)
        return products, rows

    def _candidates(self, reduced: np.ndarray, k: int, mask: Bitmap, effort: int) -> np.ndarray:
        """Rows (q, ≥ k) that may be the best for queries as the structure is asked, −1 for none.

        Of a graph all rows are read, without walking, where that reads no more of them: where a
        filter leaves few places to go.
        """
        graph = self.options.type == "hnsw"
        wide = min(max(min(CANDIDATES, effort) if graph else CANDIDATES, 2 * k), mask.count)
        if not graph:
            return structures.walk(self.structure, reduced, wide, mask, int(effort * mask.size / mask.count))[1]
        # By powers of two, so that most pages of a long list come from the same walk.
        effort = max(effort, 2 ** int(np.ceil(np.log2(wide))))
        effort = int(effort * mask.size / mask.count)
        if effort * READS >= mask.count:
            return structures.scan(self.structure, reduced, wide, mask)[1]
        return structures.walk(self.structure, reduced, wide, mask, effort)[1]

    def ranked(self, query: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best of each query's candidates (q, ·), −1 for none, by the rows as they are."""
        return structures.ranked(self.exact.products(query, rows), rows, k)

    @property
    def effort(self) -> dict[str, int]:
        """efSearch (ivfpq: nprobe) by the embedding that dominates the weights: as given, or measured."""
        measured = self.figures.get("effort", {})
        given = self.options.ef_search
        return dict.fromkeys(measured or [effort.MIXED], given) if given else measured

    def effort_for(self, weights: Mapping[str, float]) -> int:
        """The effort a search with these weights takes."""
        known = self.effort or {effort.MIXED: _EFFORT}
        mine = {name: weights.get(name, 0.0) for name in self.embeddings}
        return known.get(effort.dominant(mine), max(known.values()))

    def _combined(self, queries: Mapping[str, np.ndarray], weighed: Mapping[str, float], count: int) -> np.ndarray:
        """Queries as rows (q, Σ dim) float32, each block times its weight."""
        query = np.zeros((count, sum(self.dims.values())), np.float32)
        for name, weight in weighed.items():
            query[:, self.columns(name)] = np.float32(weight) * queries[name]
        return query

    def _exact(self, query: np.ndarray, k: int, mask: Bitmap, effort: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Best rows by the vectors themselves: products (q, k), rows (q, k)."""
        return exact.scan(self.true_rows, query, k, mask) if self.exact.lossy else self.exact.scan(query, k, mask)

    def neighbors(
        self,
        ids: np.ndarray,
        k: int,
        weights: Mapping[str, float] | None = None,
        among: np.ndarray | None = None,
        exact: bool = False,
        progress: Progress = Silent(),
    ) -> Neighbors:
        """The k nearest others of each of many images; see the contract."""
        return neighbors.find(self, np.asarray(ids, np.int64), k, weights, among, exact, progress)

    # What it holds

    def ids(self, name: str | None = None) -> np.ndarray:
        """Images that can be found, by one embedding or by any: (n,) int64 ascending."""
        wanted = self.embeddings if name is None else (name,)
        groups = self.rows.current(self.library).groups(self.embeddings, wanted)
        found = [self.rows.ids[group.rows.positions()] for group in groups]
        return np.sort(np.concatenate([np.zeros(0, np.int64), *found]))

    def vectors(self, ids: np.ndarray, name: str | None = None, exact: bool = False) -> np.ndarray:
        """Vectors as stored, or exact, in the order of `ids`; see the contract."""
        at = self.rows.positions(ids)
        columns = slice(None) if name is None else self.columns(name)
        found = np.zeros((len(at), sum(self.dims.values()) if name is None else self.dims[name]), np.float32)
        have = at >= 0
        if not have.any():
            return found
        rows = self.true_rows(at[have])[:, columns] if exact else self.exact.columns(at[have], columns)
        found[have] = rows
        found *= np.float32(np.sqrt(len(self.dims)))  # the blocks of a row are divided by that
        return found if name else found * scales(self.dims)

    def columns(self, name: str) -> slice:
        """Where an embedding's block lies within a row."""
        start = 0
        for other, dim in self.dims.items():
            if other == name:
                return slice(start, start + dim)
            start += dim
        raise KeyError(name)

    def true_rows(self, at: np.ndarray) -> np.ndarray:
        """The rows at positions (k,) int64 as they were before a storage rounded them."""
        if not self.exact.lossy:
            return self.exact[at]
        ids, back = np.unique(self.rows.ids[at], return_inverse=True)
        return update.read_rows(self.library, self.dims, ids)[back]


def create(library: Library, names: list[str], options: IndexOptions, ids: np.ndarray) -> FaissIndex:
    """An empty index that has learned what its structure must learn from images `ids`; not saved yet."""
    structures.use_all_cores()
    known = library.embeddings()
    dims = {name: known[name].dim for name in names}
    learns, dim = structures.learns(options), sum(dims.values())
    sample = update.read_rows(library, dims, ids[structures.training_rows(len(ids), options)] if learns else ids[:0])
    reduced = reduction.learned(sample, list(dims.values())) if options.type == "hnsw" else None
    structure = structures.make(options, reduced.dim if reduced else dim, len(ids))
    if structure is not None and not structure.is_trained:
        structure.train(sample)
    about = {
        "embeddings": names, "dims": list(dims.values()), "options": asdict(options), "learned_from": len(ids),
    }  # fmt: skip
    parts = store.Parts(structure, store.new_rows(library, options.storage, dim, sample), reduced)
    return FaissIndex(library, parts, Rows.none(names), about)


def open_saved(library: Library, to_change: bool = False) -> FaissIndex | None:
    """The index as saved, mapped from its files or read whole to be changed; None without one,
    or where it is of an earlier version."""
    found = store.read(library, to_change)
    if found is None:
        return None
    about, arrays, parts = found
    rows = Rows(about["embeddings"], **arrays)
    if about.get("made_by"):
        rows.assume(about["generation"], about["made_by"])
    index = FaissIndex(library, parts, rows, about)
    index.mapped = not to_change
    return index


def saved_state(library: Library) -> State | None:
    """What is saved, without loading it."""
    about = store.read_about(library)
    if about is None:
        return None
    return State(
        FaissIndex.engine, str(store.pointer(library).parent), about["size"], tuple(about["embeddings"]),
        about.get("generation", 0), IndexOptions(**about["options"]), about.get("measured") or {},
    )  # fmt: skip


def is_old(library: Library) -> bool:
    """Whether what is saved is of an earlier version, and cannot be opened any more."""
    return store.is_old(store.read_about(library) or {})


def is_stale(library: Library) -> bool:
    """Whether the saved index is behind the library, without loading its structure."""
    about = store.read_about(library) or {}
    if store.is_old(about):
        return True
    made_by = currency.made_by(library, about.get("embeddings", ()))
    if (about.get("generation"), about.get("made_by")) == (library.generation(), made_by):
        return False  # nothing has changed since: no row needs to be looked at
    if about.get("holds") and about.get("made_by") == made_by:
        return about["holds"] != currency.summaries(library, about["embeddings"])
    found = store.read_rows(library)
    if found is None:
        return True
    about, arrays = found
    rows = Rows(about["embeddings"], **arrays)
    return any(map(len, rows.pending(library, about.get("generation", 0), about.get("made_by") or {})))

"""The index by FAISS: one structure over the rows of `combined`.

Walking and ranking are two jobs (as in DiskANN, Subramanya et al. 2019): the structure holds small
rows that say about who is near, and the candidates it finds are ranked by the rows as they are,
which lie in a mapped file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from pipeline.index import currency
from pipeline.index.bitmap import Bitmap
from pipeline.index.combined import CombinedIndex, read_rows
from pipeline.index.contract import Filter, Neighbors, State, scales
from pipeline.index.faiss import candidates, effort, inside, neighbors, reduction, store, structures, update
from pipeline.index.faiss.codes import Codes
from pipeline.index.inside import Inside
from pipeline.index.ranking import ranked, scan
from pipeline.index.rows import Rows
from pipeline.library import Library
from pipeline.progress import Progress, Silent
from pipeline.settings import IndexOptions

FEW = 500
"""Up to this many rows are compared as they are, each by itself, however many there are."""
_EFFORT = 256
"""Effort of a search while none has been measured; 128 found 0.949 by `sift` among 3,781 photographs."""


class FaissIndex(CombinedIndex):
    """structure: what FAISS holds, in memory or mapped; None where every row is read. exact: the
    rows as they are. reduction: from these to those of the structure; None: they are the same. codes: of
    those of a graph, None where there are few or it is of an earlier version.
    figures: as measured (see `effort`). learned_from: rows there were when a quantizer learned.
    """

    engine = "faiss"

    def __init__(self, library: Library, parts: store.Parts, rows: Rows, about: dict):
        super().__init__(library, rows, about)
        self.structure, self.exact, self.reduction, self.codes = parts
        self.learned_from: int = about.get("learned_from", 0)
        self.mapped = False

    @property
    def state(self) -> State:
        """What it holds."""
        return State(
            self.engine, str(store.pointer(self.library).parent), int(self.rows.alive.sum()), self.embeddings,
            self.generation, self.options, self.figures, self.took,
        )  # fmt: skip

    # Changing

    def upsert(self, ids: Sequence[int], progress: Progress = Silent()) -> None:
        """Take up these images, or take them up again, with the vectors the library has; saved."""
        update.upsert(self, np.unique(np.asarray(ids, np.int64)), progress)

    def delete(self, ids: Sequence[int]) -> None:
        """Forget these images; saved. Their rows stay and are passed over."""
        update.delete(self, np.asarray(ids, np.int64))

    def settle(self, generation: int, options: IndexOptions) -> None:
        """Note that it holds all that the library held at a generation; saved."""
        update.settle(self, generation, options)

    def outworn(self, options: IndexOptions, added: np.ndarray, removed: np.ndarray) -> str:
        """Why it should be built anew rather than take up and forget these images; empty where it
        need not be."""
        return update.outworn(self, options, added, removed)

    # Searching

    def approximate(
        self, vectors: Mapping[str, np.ndarray], weights: Mapping[str, float], k: int, effort: int | None = None
    ) -> Neighbors:
        """The same by the structure alone, where a search would scan few images and miss none."""

        def find(query, most, mask, usual):
            return self._by_structure(query, most, mask, effort or usual)

        return self.answer(vectors, weights, k, None, find)

    def nearest(self, query: np.ndarray, k: int, mask: Bitmap, effort: int) -> tuple[np.ndarray, np.ndarray]:
        """Best rows for combined queries (q, Σ dim): products (q, k) float32, rows (q, k) int64.

        mask: at least k rows. All of them are compared as they are where there are few, in the
        index or in the mask; else the structure finds candidates for it.
        """
        if self.compares_all(k, mask):
            return self.exact.scan(query, k, mask)
        return self._by_structure(query, k, mask, effort)

    def compares_all(self, k: int, mask: Bitmap) -> bool:
        """Whether all rows of a mask are compared as they are, where the k best are asked for."""
        return mask.size <= structures.EXACT_BELOW or mask.count <= max(FEW, k)

    def _by_structure(self, query: np.ndarray, k: int, mask: Bitmap, effort: int) -> tuple[np.ndarray, np.ndarray]:
        """The same by the structure, whatever there is."""
        if self.structure is None:
            return self.exact.scan(query, k, mask)
        found = candidates.find(self, query, mask, candidates.way(self, k, mask, effort))
        products, rows = self.ranked(query, found, k)
        short = (rows < 0).any(axis=1)
        if short.any():
            products[short], rows[short] = self.exact.scan(query[short], k, mask)
        return products, rows

    def ranked(self, query: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best of each query's candidates (q, ·), −1 for none, by the rows as they are."""
        return ranked(self.exact.products(query, rows), rows, k)

    @property
    def effort(self) -> dict[str, int]:
        """efSearch (ivfpq: nprobe) by the embedding that dominates the weights: as given, or measured."""
        measured = self.figures.get("effort", {})
        given = self.options.ef_search
        return dict.fromkeys(measured or [effort.EVEN], given) if given else measured

    def effort_for(self, weights: Mapping[str, float]) -> int:
        """The effort a search with these weights takes."""
        known = self.effort or {effort.EVEN: _EFFORT}
        mine = {name: weights.get(name, 0.0) for name in self.embeddings}
        return known.get(effort.dominant(mine), max(known.values()))

    @property
    def reads_from(self) -> int:
        """The least effort at which codes are read instead of a walk being made: as it was measured with."""
        return self.figures.get("reads_from") or structures.effort_of_codes(len(self.rows), candidates.CODED)

    def nearest_exact(self, query: np.ndarray, k: int, mask: Bitmap, effort: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Best rows by the vectors themselves: products (q, k), rows (q, k)."""
        return scan(self.true_rows, query, k, mask) if self.exact.lossy else self.exact.scan(query, k, mask)

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

    def inside(
        self, vectors: Mapping[str, np.ndarray], weights: Mapping[str, float], k: int, filter: Filter = Filter(),
        effort: int | None = None,
    ) -> Inside | None:  # fmt: skip
        """What it compares to find the k nearest to one query; see the contract."""
        return inside.look(self, vectors, weights, k, filter, effort)

    # What it holds

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

    def true_rows(self, at: np.ndarray) -> np.ndarray:
        """The rows at positions (k,) int64 as they were before a storage rounded them."""
        return self.library_rows(at) if self.exact.lossy else self.exact[at]


def create(library: Library, names: list[str], options: IndexOptions, ids: np.ndarray) -> FaissIndex:
    """An empty index that has learned what its structure must learn from images `ids`; not saved yet."""
    structures.use_all_cores()
    known = library.embeddings()
    dims = {name: known[name].dim for name in names}
    learns, dim = structures.learns(options), sum(dims.values())
    sample = read_rows(library, dims, ids[structures.training_rows(len(ids), options)] if learns else ids[:0])
    reduced = reduction.learned(sample, list(dims.values())) if options.type == "hnsw" else None
    structure = structures.make(options, reduced.dim if reduced else dim, len(ids))
    if structure is not None and not structure.is_trained:
        structure.train(sample)
    about = {
        "embeddings": names, "dims": list(dims.values()), "options": asdict(options), "learned_from": len(ids),
    }  # fmt: skip
    codes = Codes.learned(reduced, sample) if reduced else None
    parts = store.Parts(structure, store.new_rows(library, options.storage, dim, sample), reduced, codes)
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
        about.get("generation", 0), IndexOptions(**about["options"]), about.get("measured") or {}, about.get("took"),
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

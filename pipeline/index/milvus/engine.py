"""The index by Milvus: rows of all embeddings in one collection, for any weights.

The library keeps which vectors of which images the collection was given, so that every search
knows what of it still counts. What the search may find is written as Milvus's filter: which of the
embeddings an image has, conditions on what is known of it, and the few ids that differ from that
now. Where these are many, or few images are left, rows are read from the library instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial

import numpy as np

from pipeline.errors import EmbeddingError
from pipeline.index import currency
from pipeline.index.bitmap import Bitmap
from pipeline.index.combined import CombinedIndex, read_rows
from pipeline.index.contract import Filter, Neighbors, State, scales, shares
from pipeline.index.milvus import scalars, store
from pipeline.index.milvus.collection import MOST, Collection
from pipeline.index.ranking import merged, others, scan, steps
from pipeline.index.rows import Rows
from pipeline.library import Library
from pipeline.progress import Progress, Silent
from pipeline.settings import IndexOptions

FEW = 1_000
"""Up to this many rows are read from the library and compared, each by itself."""
LISTED = 20_000
"""So many ids are written into a filter that leaves them out."""
ALL_PAIRS_BELOW = 12_000
"""Up to this many images, all pairs take less time than searches."""
EFFORT = 512
"""efSearch where none is given."""
_BATCH = 1_000
_SAVED_EVERY = 20_000
"""Rows after which the library notes what the collection has: what a stop costs."""

_Where = tuple[str, Bitmap | None]
"""A filter as Milvus writes it, and the rows that it lets pass; None: all."""


class MilvusIndex(CombinedIndex):
    """digests: (n,) uint64, of what the collection knows of each row's image. versions: {column: of
    its values} that this is of."""

    engine = "milvus"

    def __init__(self, library: Library, rows: Rows, digests: np.ndarray, about: Mapping):
        super().__init__(library, rows, about)
        self.digests = digests
        self.versions: dict[str, str] = about.get("versions") or {}
        self.collection = Collection(store.uri(library, about), about["collection"], sum(self.dims.values()))
        self._patterns: tuple[Rows, np.ndarray, np.ndarray, np.ndarray] | None = None

    @property
    def state(self) -> State:
        """What it holds."""
        return State(
            self.engine, self.collection.where, len(self.rows), self.embeddings,
            self.generation, self.options, self.figures,
        )  # fmt: skip

    @property
    def answers(self) -> bool:
        """Whether the server did when it was asked last."""
        return self.collection.answers

    # Changing

    def pending(self) -> tuple[np.ndarray, np.ndarray]:
        """Images to upsert and images to delete until it holds what the library holds now."""
        added, removed = super().pending()
        if self.versions != scalars.now(self.library):
            added = np.union1d(added, np.setdiff1d(self._renamed(), removed))
        return added, removed

    def _renamed(self) -> np.ndarray:
        """Images of which other things are known than the collection was told."""
        told = scalars.read(self.library)
        at = self.rows.positions(told.ids)
        there = at >= 0
        return told.ids[there][self.digests[at[there]] != told.digests[there]]

    def upsert(self, ids: Sequence[int], progress: Progress = Silent()) -> None:
        """Take up these images, or take them up again, with the vectors the library has; saved."""
        ids, stamps = currency.stamps(self.library, self.embeddings, np.unique(np.asarray(ids, np.int64)))
        told = scalars.read(self.library)
        progress.start("index", len(ids))
        since = 0
        for start in range(0, len(ids), _BATCH):
            part = slice(start, start + _BATCH)
            self._put(ids[part], stamps[part], told)
            progress.advance(len(ids[part]))
            since += _BATCH
            if since >= _SAVED_EVERY:
                self.save()
                since = 0
        self.collection.flush()
        self.holds = None
        self.save()

    def _put(self, ids: np.ndarray, stamps: np.ndarray, told: scalars.Scalars) -> None:
        rows = read_rows(self.library, self.dims, ids)
        seen = np.stack([rows[:, self.columns(name)].any(axis=1) for name in self.dims], axis=1) & (stamps != 0)
        self.collection.upsert(ids, _pattern(stamps != 0, seen), rows, told.rows(ids))
        at = np.searchsorted(told.ids, ids).clip(max=max(0, len(told.ids) - 1))
        digests = np.where(told.ids[at] == ids, told.digests[at], 0) if len(told.ids) else np.zeros(len(ids), np.uint64)
        self._keep(~np.isin(self.rows.ids, ids), ids, stamps, seen, digests.astype(np.uint64))

    def _keep(self, staying: np.ndarray, *more: np.ndarray) -> None:
        """Rows that stay (n,) bool, and more: ids, stamps, seen and digests; in the order of their ids."""
        had = self.rows.ids, self.rows.stamps, self.rows.seen, self.digests
        kept = [array[staying] for array in had]
        if more:
            kept = [np.concatenate(pair) for pair in zip(kept, more)]
        order = np.argsort(kept[0], kind="stable")
        ids, stamps, seen, self.digests = (array[order] for array in kept)
        self.rows = Rows(self.embeddings, ids, stamps, seen, np.ones(len(ids), bool))

    def delete(self, ids: Sequence[int]) -> None:
        """Forget these images; those it does not have are passed over; saved."""
        ids = np.asarray(ids, np.int64)
        self.collection.delete(ids[self.rows.positions(ids) >= 0])
        self._keep(~np.isin(self.rows.ids, ids))
        if len(currency.stamps(self.library, self.embeddings, ids)[0]):
            self.made_by = {}  # the library still has them: from now on it is behind, whatever the generation says
        self.holds = None
        self.save()

    def settle(self, generation: int, options: IndexOptions) -> None:
        """Note that it holds all that the library held at a generation; saved."""
        made_by = currency.made_by(self.library, self.embeddings)
        versions = scalars.now(self.library)
        if versions != self.versions and not len(self._renamed()):
            self.versions = {name: versions[name] for name in scalars.read(self.library).versions}
        self.generation, self.made_by = generation, made_by
        self.options = replace(options, storage="float32")
        self.rows.assume(generation, made_by)
        holds = currency.summaries(self.library, self.embeddings)
        self.holds = holds if self.library.generation() == generation else None
        self.figures = {"size": len(self.rows), "effort": {}, "recall_at_10": {}, "ladder": {}, "query_ms": None}
        self.save(rows_changed=False)

    def outworn(self, options: IndexOptions, added: np.ndarray, removed: np.ndarray) -> str:
        """Why it should be built anew rather than take up and forget these images; empty where it
        need not be."""
        asked = {name: (getattr(self.options, name), getattr(options, name)) for name in ("type", "engine", "uri")}
        graph = zip(self.options.graph_for(0), (options.hnsw_m, options.ef_construction))
        asked |= dict(zip(("hnsw-m", "ef-construction"), ((was, now or was) for was, now in graph)))
        for name, (was, now) in asked.items():
            if was != now:
                return f"{name} changes from {was or 'the own file'} to {now or 'the own file'}"
        return ""

    def save(self, rows_changed: bool = True) -> None:
        """Keep what it holds in the library. rows_changed: whether other rows are held than are kept."""
        about = {
            "embeddings": self.embeddings, "dims": list(self.dims.values()), "options": asdict(self.options),
            "size": len(self.rows), "measured": self.figures, "generation": self.generation, "made_by": self.made_by,
            "holds": self.holds, "collection": self.collection.name, "versions": self.versions,
        }  # fmt: skip
        rows = self.rows
        arrays = {"ids": rows.ids, "stamps": rows.stamps, "seen": rows.seen, "alive": rows.alive, "digests": self.digests}
        store.write(self.library, about, arrays if rows_changed else None)

    # Searching

    def effort_for(self, weights: Mapping[str, float]) -> int:
        """The effort a search with these weights takes."""
        return self.options.ef_search or EFFORT

    def search(
        self, vectors: Mapping[str, np.ndarray], weights: Mapping[str, float], k: int, filter: Filter = Filter(),
        exact: bool = False, missing: Mapping[str, float] | None = None,
    ) -> Neighbors:  # fmt: skip
        """The images nearest to a query or to several at once; see the contract."""
        find = self.nearest_exact if exact else partial(self.nearest, where=self._written(filter))
        return self.answer(vectors, weights, k, self.allowed(filter), find, missing)

    def _written(self, filter: Filter) -> _Where:
        """The conditions of a filter as Milvus writes them, where all of them can be."""
        if not filter.conditions:
            return "", None
        text = scalars.expression(self.library, filter.conditions, self.versions)
        return (text, self.allowed(replace(filter, ids=None, exclude=()))) if text else ("", None)

    def nearest(
        self, query: np.ndarray, k: int, mask: Bitmap, effort: int, where: _Where = ("", None)
    ) -> tuple[np.ndarray, np.ndarray]:
        """Best rows for combined queries (q, Σ dim); see `CombinedIndex`."""
        if mask.count <= FEW or k > MOST:
            return self.nearest_exact(query, k, mask)
        filter, met = self._filter(mask, where)
        parts, rest = [], mask.without(met)
        if filter:
            parts.append(self._asked(query, min(k, len(met)), filter, effort))
        if rest.count > FEW:
            listed = f"id in {self.rows.ids[rest.positions()].tolist()}"
            parts.append(self._asked(query, min(k, rest.count), listed, effort))
        elif rest.count:
            parts.append(self.nearest_exact(query, min(k, rest.count), rest))
        products, rows = merged_products(parts, k)
        short = (rows < 0).any(axis=1)
        if short.any():  # the graph's walk has ended early
            products[short], rows[short] = self.nearest_exact(query[short], k, mask)
        return products, rows

    def _asked(self, query: np.ndarray, k: int, filter: str, effort: int) -> tuple[np.ndarray, np.ndarray]:
        products, ids = self.collection.search(query, k, filter, effort)
        return products, np.where(ids >= 0, self.rows.positions(ids.ravel()).reshape(ids.shape), -1)

    def _filter(self, mask: Bitmap, where: _Where) -> tuple[str, np.ndarray]:
        """A filter that lets pass rows of the mask and no other, and these rows, ascending; "" where it
        would be long."""
        patterns, of_row, counts = self._known_patterns()
        wanted = np.zeros(len(self.rows), bool)
        wanted[mask.positions()] = True
        met = np.ones(len(self.rows), bool)
        if where[1] is not None:
            met[:] = False
            met[where[1].positions()] = True
            counts = np.bincount(of_row[met], minlength=len(patterns))
        inside = np.bincount(of_row[met & wanted], minlength=len(patterns))
        chosen = (inside > 0) & (2 * inside >= counts)
        met &= chosen[of_row]
        wrong = np.flatnonzero(met & ~wanted)
        if not chosen.any() or len(wrong) > LISTED:
            return "", np.zeros(0, np.int64)
        parts = [f"pattern in {patterns[chosen].tolist()}", where[0]]
        if len(wrong):
            parts.append(f"id not in {self.rows.ids[wrong].tolist()}")
        return " and ".join(part for part in parts if part), np.flatnonzero(met & wanted)

    def _known_patterns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The patterns there are (p,), the place among them of each row's (n,), and how many rows have each."""
        rows = self.rows
        if self._patterns is None or self._patterns[0] is not rows:
            found = np.unique(_pattern(rows.stamps != 0, rows.seen), return_inverse=True, return_counts=True)
            self._patterns = rows, *found
        return self._patterns[1:]

    def nearest_exact(self, query: np.ndarray, k: int, mask: Bitmap, effort: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """The same by every vector of the library."""
        return scan(self.library_rows, query, k, mask)

    def neighbors(
        self, ids: np.ndarray, k: int, weights: Mapping[str, float] | None = None, among: np.ndarray | None = None,
        exact: bool = False, progress: Progress = Silent(),
    ) -> Neighbors:  # fmt: skip
        """The k nearest others of each of many images; see the contract."""
        ids = np.asarray(ids, np.int64)
        weighed, own = shares(weights, self.embeddings), self.rows.positions(ids)
        if (own < 0).any():
            raise EmbeddingError(f"Image {int(ids[own < 0][0])} is not in the index; bring it up to date first.")
        groups = self.rows.current(self.library).groups(self.embeddings, tuple(weighed))
        allowed = None if among is None else Bitmap.at(self.rows.positions(among), len(self.rows))
        rows, scores = np.full((len(own), k), -1, np.int64), np.zeros((len(own), k), np.float32)
        for asking in groups:
            mine = np.flatnonzero(np.isin(own, asking.rows.positions()))
            for some in steps(mine):
                answers = []
                for answering in groups:
                    shared = shares(weighed, [name for name in asking.names if name in answering.names])
                    mask = answering.rows if allowed is None else answering.rows & allowed
                    if shared and mask.count:
                        answers.append(self._others(own[some], k, shared, mask, exact))
                if answers:
                    best, found = merged(answers, k)
                    scores[some, : best.shape[1]], rows[some, : found.shape[1]] = best, found
                progress.advance(len(some))
        return Neighbors(np.where(rows >= 0, self.rows.ids[rows], -1), scores)

    def _others(
        self, own: np.ndarray, k: int, weighed: dict[str, float], mask: Bitmap, exact: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest others of rows (q,) among those of a mask: scores (q, ≤ k), rows (q, ≤ k)."""
        queries = self.library_rows(own) * self.scale(weighed)
        many = min(k + 1, mask.count)
        if exact or mask.count <= min(ALL_PAIRS_BELOW, 16 * len(own)):
            found = self.nearest_exact(queries, many, mask)
        else:
            found = self.nearest(queries, many, mask, self.effort_for(weighed))
        return others(own, *found, k)

    # What it holds

    def vectors(self, ids: np.ndarray, name: str | None = None, exact: bool = False) -> np.ndarray:
        """Vectors in the order of `ids`, those of the library; see the contract."""
        at = self.rows.positions(ids)
        columns = slice(None) if name is None else self.columns(name)
        found = np.zeros((len(at), sum(self.dims.values()) if name is None else self.dims[name]), np.float32)
        have = at >= 0
        if have.any():
            found[have] = self.library_rows(at[have])[:, columns] * np.float32(np.sqrt(len(self.dims)))
        return found if name else found * scales(self.dims)


def merged_products(parts: list[tuple[np.ndarray, np.ndarray]], k: int) -> tuple[np.ndarray, np.ndarray]:
    """Answers (products (q, ·), rows (q, ·), −1 for none) as one: the k best of each query."""
    products, rows = (np.concatenate(arrays, axis=1) for arrays in zip(*parts))
    order = np.lexsort((rows, np.where(rows < 0, np.float32(np.inf), -products)))[:, :k]
    return np.take_along_axis(products, order, axis=1), np.take_along_axis(rows, order, axis=1)


def _pattern(having: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Which embeddings rows have, and in which of them something is seen, (n, M) bool each, as one
    number: (n,) int64."""
    bits = np.int64(1) << np.arange(having.shape[1], dtype=np.int64)
    return (having * bits).sum(axis=1) + ((seen * bits).sum(axis=1) << np.int64(24))

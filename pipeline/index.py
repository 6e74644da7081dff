"""One HNSW graph over all embeddings, queried with any weights.

For an image with unit vectors x₁…x_M the index holds [x₁ … x_M]/√M; a query with weights
w is [w₁q₁ … w_M q_M]. Their inner product is Σ wₘ·cos(qₘ, xₘ)/√M, so one graph (Malkov &
Yashunin 2016, as in FAISS) answers every weighting without being built again.

On disk: `index/KEY.faiss` (the graph) and `index/KEY.npz` (which row is which image), and
`index/index.json`, written last and by rename, which names the pair that counts.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

import faiss
import numpy as np

from pipeline import settings
from pipeline.errors import EmbeddingError, StaleIndexError
from pipeline.library import Library
from pipeline.progress import Progress, Silent
from pipeline.settings import IndexOptions

REBUILD_ABOVE = 0.2
"""Share of masked rows above which extending gives way to building anew (DESIGN §5)."""

EXACT_BELOW = 5_000
"""Up to this many candidates an exact scan is as fast as the graph, and cannot miss."""

_ADD_STEP = 4_096


@dataclass(frozen=True)
class Neighbors:
    """Answer of a search: ids (k,) int64, best first, and Σ wₘcosₘ / Σ wₘ (k,) float32."""

    ids: np.ndarray
    scores: np.ndarray


class CombinedIndex:
    """The graph in memory, with the image behind each row.

    embeddings: names in the order of the blocks; dims: their lengths.
    ids: (n,) int64, image of each row. stamps: (n, M) int64, `stored_ns` of each vector
    in the row, 0 where the image has none. alive: (n,) bool, False for masked rows.
    """

    def __init__(self, graph, embeddings, dims, ids, stamps, alive, options: IndexOptions):
        self.graph = graph
        self.embeddings: tuple[str, ...] = tuple(embeddings)
        self.dims: tuple[int, ...] = tuple(dims)
        self.ids: np.ndarray = ids
        self.stamps: np.ndarray = stamps
        self.alive: np.ndarray = alive
        self.options = options

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
        exact: scan every row instead of walking the graph. Fewer than k come back when
        there are fewer.
        """
        total = sum(weights.get(name, 0.0) for name in self.embeddings)
        mask = self.alive if among is None else self.alive & np.isin(self.ids, among)
        candidates = int(mask.sum())
        k = min(k, candidates)
        if k == 0:
            return Neighbors(np.zeros(0, np.int64), np.zeros(0, np.float32))
        query = self.combine(vectors, weights)
        if exact or candidates <= EXACT_BELOW:
            products, rows = self._scan(query, k, mask)
        else:
            products, rows = self._walk(query, k, mask, ef_search)
        scores = products[0] * (np.sqrt(len(self.dims)) / total)
        return Neighbors(self.ids[rows[0]], scores.astype(np.float32))

    def _walk(self, query, k, mask, ef_search=0):
        """Best rows by the graph: products (q, k), rows (q, k)."""
        parameters = faiss.SearchParametersHNSW(
            efSearch=max(ef_search or self.options.ef_search, 2 * k)
        )
        if not mask.all():
            bits = np.packbits(mask, bitorder="little")
            parameters.sel = faiss.IDSelectorBitmap(bits)
        return self.graph.search(query, k, params=parameters)

    def _scan(self, query, k, mask):
        """Best rows by an exact scan of the candidates: products (q, k), rows (q, k)."""
        rows = np.flatnonzero(mask)
        products = self.matrix()[rows] @ query.T if len(rows) < len(mask) else self.matrix() @ query.T
        top = np.argpartition(-products, k - 1, axis=0)[:k]
        best = np.take_along_axis(products, top, axis=0)
        order = np.argsort(-best, axis=0, kind="stable")
        top = np.take_along_axis(top, order, axis=0)
        return np.take_along_axis(best, order, axis=0).T, rows[top].T

    def matrix(self) -> np.ndarray:
        """The stored rows (n, Σ dim) float32, masked ones included; a view, not a copy."""
        storage = faiss.downcast_index(self.graph.storage)
        flat = faiss.rev_swig_ptr(storage.get_xb(), storage.ntotal * storage.d)
        return flat.reshape(storage.ntotal, storage.d)

    def block(self, name: str) -> np.ndarray:
        """One embedding's part of every row (n, dim) float32, of norm 1/√M or 0; a view."""
        at = self.embeddings.index(name)
        start = sum(self.dims[:at])
        return self.matrix()[:, start : start + self.dims[at]]


def build(
    library: Library,
    embeddings: list[str] | None = None,
    options: IndexOptions | None = None,
    progress: Progress = Silent(),
) -> tuple[CombinedIndex, str]:
    """Bring the combined index up to date and save it.

    embeddings: names; None: every embedding of the library that has current vectors.
    options None: as the index was made, else the defaults.
    Returns the index and what was done: `current`, `extended` or `built`. Raises
    EmbeddingError when a named embedding has no vectors.
    """
    names = _chosen(library, embeddings)
    ids, stamps = _wanted(library, names)
    old = load(library) if _pointer(library).is_file() else None
    options = options or (old.options if old else IndexOptions())
    fits = old is not None and old.embeddings == tuple(names) and (
        (old.options.hnsw_m, old.options.ef_construction)
        == (options.hnsw_m, options.ef_construction)
    )
    if fits:
        added, kept = _difference(old, ids, stamps)
        if not len(added) and kept.sum() == old.alive.sum() and old.options == options:
            return old, "current"
        masked = 1 - kept.sum() / (len(kept) + len(added))
        if masked <= REBUILD_ABOVE:
            old.alive, old.options = kept, options
            _add(library, old, ids[added], stamps[added], progress)
            _save(library, old)
            return old, "extended"
    dims = [library.embeddings()[name].dim for name in names]
    graph = faiss.IndexHNSWFlat(sum(dims), options.hnsw_m, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = options.ef_construction
    none = np.zeros(0, np.int64)
    index = CombinedIndex(
        graph, names, dims, none, np.zeros((0, len(names)), np.int64), none.astype(bool), options
    )
    _add(library, index, ids, stamps, progress)
    _save(library, index)
    return index, "built"


def load(library: Library) -> CombinedIndex:
    """The index as saved; raises StaleIndexError when there is none."""
    try:
        about = json.loads(_pointer(library).read_text())
        stem = _pointer(library).with_name(about["key"])
        with np.load(stem.with_suffix(".npz"), allow_pickle=False) as rows:
            ids, stamps, alive = rows["ids"], rows["stamps"], rows["alive"]
        graph = faiss.read_index(str(stem.with_suffix(".faiss")))
    except (OSError, RuntimeError, KeyError, ValueError):
        raise StaleIndexError(
            "This library has no combined index yet. Make it with: python -m pipeline index"
        ) from None
    return CombinedIndex(
        graph, about["embeddings"], about["dims"], ids, stamps, alive,
        IndexOptions(**about["options"]),
    )


def about(library: Library) -> dict | None:
    """Size, embeddings and staleness of the saved index without loading the graph, or None."""
    try:
        saved = json.loads(_pointer(library).read_text())
        stem = _pointer(library).with_name(saved["key"])
        with np.load(stem.with_suffix(".npz"), allow_pickle=False) as rows:
            ids, stamps = rows["ids"][rows["alive"]], rows["stamps"][rows["alive"]]
    except (OSError, KeyError, ValueError):
        return None
    order = np.argsort(ids)
    wanted = _wanted(library, saved["embeddings"])
    stale = not (
        np.array_equal(ids[order], wanted[0]) and np.array_equal(stamps[order], wanted[1])
    )
    return {"size": len(ids), "embeddings": saved["embeddings"], "stale": stale}


def version(library: Library) -> float:
    """When the saved index changed last (seconds since 1970); 0 when there is none."""
    try:
        return _pointer(library).stat().st_mtime
    except OSError:
        return 0.0


def _pointer(library: Library) -> Path:
    return library.data / "index" / "index.json"


def _chosen(library: Library, names: list[str] | None) -> list[str]:
    covered = [n for n in library.embeddings() if library.coverage(n)["current"]]
    for name in names or []:
        if name not in covered:
            raise EmbeddingError(
                f"{name!r} has no vectors in this library; there are: {', '.join(covered) or 'none'}."
            )
    chosen = [name for name in covered if names is None or name in names]
    if not chosen:
        raise EmbeddingError("There are no vectors yet. Compute them with: python -m pipeline embed")
    return chosen


def _wanted(library: Library, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The rows an up-to-date index has: ids (n,) ascending and stamps (n, M)."""
    columns = [library.stamps(name) for name in names]
    ids = np.unique(np.concatenate([ids for ids, _ in columns]))
    stamps = np.zeros((len(ids), len(names)), np.int64)
    for at, (having, stored) in enumerate(columns):
        stamps[np.searchsorted(ids, having), at] = stored
    return ids, stamps


def _difference(old: CombinedIndex, ids, stamps) -> tuple[np.ndarray, np.ndarray]:
    """Positions in `ids` to add, and which of the old rows stay alive (n_old,) bool."""
    wanted = {(i, *row) for i, row in zip(ids.tolist(), stamps.tolist())}
    old_rows = list(zip(old.ids.tolist(), *old.stamps.T.tolist()))
    kept = np.array([a and row in wanted for a, row in zip(old.alive.tolist(), old_rows)], bool)
    have = {row for row, keep in zip(old_rows, kept) if keep}
    added = [
        at for at, (i, row) in enumerate(zip(ids.tolist(), stamps.tolist())) if (i, *row) not in have
    ]
    return np.array(added, np.int64), kept


def _add(library: Library, index: CombinedIndex, ids, stamps, progress: Progress) -> None:
    """Append rows for these images, reading their vectors batch by batch."""
    faiss.omp_set_num_threads(settings.cores())
    progress.start("index", len(ids))
    scale = 1 / np.sqrt(len(index.dims))
    for start in range(0, len(ids), _ADD_STEP):
        part = ids[start : start + _ADD_STEP]
        rows = np.zeros((len(part), sum(index.dims)), np.float32)
        column = 0
        for name, dim in zip(index.embeddings, index.dims):
            having, vectors = library.vectors(name, part.tolist())
            rows[np.searchsorted(part, having), column : column + dim] = vectors * scale
            column += dim
        index.graph.add(rows)
        progress.advance(len(part))
    index.ids = np.concatenate([index.ids, ids])
    index.stamps = np.concatenate([index.stamps, stamps])
    index.alive = np.concatenate([index.alive, np.ones(len(ids), bool)])


def _save(library: Library, index: CombinedIndex) -> None:
    """Write the pair of files under a new key, then point to it, then drop older pairs."""
    folder = _pointer(library).parent
    folder.mkdir(parents=True, exist_ok=True)
    key = secrets.token_hex(8)
    faiss.write_index(index.graph, str(folder / f"{key}.faiss"))
    np.savez(folder / f"{key}.npz", ids=index.ids, stamps=index.stamps, alive=index.alive)
    text = json.dumps(
        {
            "key": key,
            "embeddings": index.embeddings,
            "dims": index.dims,
            "options": asdict(index.options),
            "size": len(index),
        }
    )
    temporary = folder / f"{key}.json"
    temporary.write_text(text)
    os.replace(temporary, _pointer(library))
    for path in folder.iterdir():
        if path.suffix in (".faiss", ".npz", ".json") and path.stem not in (key, "index"):
            path.unlink()

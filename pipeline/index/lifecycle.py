"""Making, keeping and judging the combined index.

`combined` is the index as it is searched, `kinds` its kinds, `links` what is added to its
graph, `store` its files, and `recall` measures how well it finds what an exact search finds.
"""

from __future__ import annotations

from dataclasses import asdict

import faiss
import numpy as np

from pipeline import settings
from pipeline.errors import EmbeddingError, StaleIndexError
from pipeline.index.faiss import kinds, links, recall, store
from pipeline.index.faiss.combined import EXACT_BELOW, CombinedIndex, Neighbors, read_rows
from pipeline.library import Library
from pipeline.progress import Progress, Silent
from pipeline.settings import IndexOptions

__all__ = ["CombinedIndex", "Neighbors", "about", "build", "load", "measured", "version"]

REBUILD_ABOVE = 0.2
"""Share of masked rows above which extending gives way to building anew."""

_MEASURED_FOR = 0.1
"""The measured effort holds until the index has grown or shrunk by more than this."""
_OUTGROWN = 2.0
"""A quantizer learns anew when there are so many times the rows it has learned from."""
_STEP = 4_096


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
    faiss.omp_set_num_threads(settings.cores())
    names = _chosen(library, embeddings)
    dims = [library.embeddings()[name].dim for name in names]
    ids, stamps = _wanted(library, names)
    old = _open(library)
    options = options or (old.options if old else IndexOptions())
    if old is not None and _fits(old, names, dims, options, len(ids)):
        added, kept = _difference(old, ids, stamps)
        if not len(added) and kept.sum() == old.alive.sum():
            if old.options == options:
                return old, "current"
            old.options, old.figures = options, {}
            _finish(library, old, rows_changed=False)
            return old, "extended"
        if 1 - kept.sum() / (len(kept) + len(added)) <= REBUILD_ABOVE:
            if (old := _open(library, to_change=True)) is None:
                raise StaleIndexError("The index vanished while it was being extended; run it again.")
            if old.options.ef_search != options.ef_search:
                old.figures = {}
            old.alive, old.options = kept, options
            _fill(library, old, ids[added], stamps[added], progress)
            _finish(library, old)
            return old, "extended"
    index = _new(library, names, dims, options, ids)
    _fill(library, index, ids, stamps, progress)
    _finish(library, index)
    return index, "built"


def load(library: Library) -> CombinedIndex:
    """The index as saved, mapped into memory for searching; StaleIndexError without one."""
    index = _open(library)
    if index is None:
        raise StaleIndexError(
            "This library has no combined index yet. Make it with: python -m pipeline index"
        )
    return index


def about(library: Library) -> dict | None:
    """Size, embeddings and staleness of the saved index without loading the graph, or None."""
    found = store.read_about(library)
    if found is None:
        return None
    saved, rows = found
    ids, stamps = rows["ids"][rows["alive"]], rows["stamps"][rows["alive"]]
    order = np.argsort(ids)
    wanted = _wanted(library, saved["embeddings"])
    stale = not (
        np.array_equal(ids[order], wanted[0]) and np.array_equal(stamps[order], wanted[1])
    )
    return {"size": len(ids), "embeddings": saved["embeddings"], "stale": stale}


def measured(library: Library) -> dict | None:
    """What kind of index is saved and how well it finds, or None without one.

    {"type", "storage", "bytes", "effort_name", "effort": {ruler: efSearch or nprobe},
    "recall_at_10": {weighting as in --weights: x}, "query_ms", "size"}. effort and recall
    are empty and query_ms is None where every search is an exact scan.
    """
    found = store.read_about(library)
    if found is None:
        return None
    saved, _ = found
    options = IndexOptions(**saved["options"])
    figures = saved.get("measured") or {}
    return {
        "type": options.type,
        "storage": "pq" if options.type == "ivfpq" else options.storage,
        "bytes": store.size_on_disk(library),
        "effort_name": {"hnsw": "efSearch", "ivfpq": "nprobe"}.get(options.type, ""),
        "effort": figures.get("effort", {}),
        "recall_at_10": figures.get("recall_at_10", {}),
        "query_ms": figures.get("query_ms"),
        "size": figures.get("size", 0),
    }


def version(library: Library) -> float:
    """When the saved index changed last (seconds since 1970); 0 when there is none."""
    try:
        return store.pointer(library).stat().st_mtime
    except OSError:
        return 0.0


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
    at = np.searchsorted(ids, old.ids).clip(max=len(ids) - 1)
    kept = old.alive & (ids[at] == old.ids) & (stamps[at] == old.stamps).all(axis=1)
    have = np.zeros(len(ids), bool)
    have[at[kept]] = True
    return np.flatnonzero(~have), kept


def _open(library: Library, to_change: bool = False) -> CombinedIndex | None:
    found = store.read(library, to_change)
    if found is None:
        return None
    saved, rows, graph = found
    return CombinedIndex(library, graph, saved, **rows)


def _fits(old: CombinedIndex, names, dims, options: IndexOptions, count: int) -> bool:
    """Whether an index of these options could be had by extending the old one."""
    same = ("type", "storage", "hnsw_m", "ef_construction")
    return (
        (old.embeddings, old.dims) == (tuple(names), tuple(dims))
        and all(getattr(old.options, name) == getattr(options, name) for name in same)
        and not (kinds.learns(options) and count > _OUTGROWN * old.learned_from)
    )


def _new(library: Library, names, dims, options: IndexOptions, ids: np.ndarray) -> CombinedIndex:
    """An empty index that has learned what its kind must learn."""
    about_it = {"embeddings": names, "dims": dims, "options": asdict(options), "learned_from": len(ids)}
    none = np.zeros(0, np.int64)
    graph = kinds.make(options, sum(dims), len(ids))
    index = CombinedIndex(
        library, graph, about_it, none, np.zeros((0, len(names)), np.int64), none.astype(bool)
    )
    if kinds.learns(options):
        graph.train(read_rows(library, names, dims, ids[kinds.training_rows(len(ids))]))
    return index


def _fill(library: Library, index: CombinedIndex, ids, stamps, progress: Progress) -> None:
    """Append rows for these images, and measure the index where that is due.

    What comes last are images drawn by chance: before they come they are the queries, as an
    uploaded picture is one. A row's own links lead to its neighbors, and would flatter.
    """
    progress.start("index", len(ids))
    last = min(recall.QUERIES, len(ids) // 2)
    enough = kinds.lossy(index.graph) or len(index) + len(ids) - last > EXACT_BELOW
    drawn = np.random.default_rng(0).permutation(len(ids))
    parts = [np.sort(drawn[last:]), np.sort(drawn[:last])] if enough else [np.arange(len(ids))]
    for number, part in enumerate(parts):
        first = len(index.ids)
        if number and _is_due(index):
            outside = read_rows(library, index.embeddings, index.dims, ids[part])
            index.figures = recall.measure(index, index.true_rows, index.options.ef_search, outside)
        _add(library, index, ids[part], stamps[part], progress)
        _link(index, first)


def _is_due(index: CombinedIndex) -> bool:
    """Whether there is something to measure, and it is not known of about so many rows."""
    if len(index) <= EXACT_BELOW and not kinds.lossy(index.graph):
        return False
    size = index.figures.get("size", 0)
    return not size or abs(len(index) - size) > _MEASURED_FOR * size


def _add(library: Library, index: CombinedIndex, ids, stamps, progress: Progress) -> None:
    """Append rows for these images, reading their vectors batch by batch."""
    for start in range(0, len(ids), _STEP):
        part = ids[start : start + _STEP]
        index.graph.add(read_rows(library, index.embeddings, index.dims, part))
        progress.advance(len(part))
    index.ids = np.concatenate([index.ids, ids])
    index.stamps = np.concatenate([index.stamps, stamps])
    index.alive = np.concatenate([index.alive, np.ones(len(ids), bool)])


def _link(index: CombinedIndex, first: int) -> None:
    """Link rows by each embedding alone: those from `first` on, or all once searches walk the graph."""
    if index.options.type != "hnsw" or len(index.embeddings) < 2:
        return
    if links.widened(index.graph, index.options.hnsw_m):
        links.extend(index.graph, index.dims, first)
    elif len(index) > EXACT_BELOW:
        links.widen(index.graph, index.dims)


def _finish(library: Library, index: CombinedIndex, rows_changed: bool = True) -> None:
    """Measure where there is something to measure and it is not known yet, then save."""
    index._by_id = None
    if len(index) <= EXACT_BELOW and not kinds.lossy(index.graph):
        index.figures, index.effort = {}, {}
    elif _is_due(index):
        index.figures = recall.measure(index, index.true_rows, index.options.ef_search)
    about_it = {
        "embeddings": index.embeddings,
        "dims": index.dims,
        "options": asdict(index.options),
        "size": len(index),
        "learned_from": index.learned_from,
        "measured": index.figures,
    }
    arrays = {"ids": index.ids, "stamps": index.stamps, "alive": index.alive}
    store.write(library, about_it, arrays, index.graph if rows_changed else None)

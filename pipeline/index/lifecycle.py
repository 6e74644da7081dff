"""Making the index, keeping it up to date with the library, and saying what it is."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import IndexUnreachableError, StaleIndexError
from pipeline.index import currency, faiss, milvus
from pipeline.index.choice import Choice
from pipeline.index.contract import Index, State
from pipeline.library import Library
from pipeline.progress import Progress, Silent
from pipeline.settings import IndexOptions

_ENGINES = {"faiss": faiss, "milvus": milvus}
_LOG = logging.getLogger(__name__)
_OWN = "The library's own index is made with: python -m pipeline index --engine faiss"


def _engine(library: Library):
    """What holds the library's index, as it was chosen."""
    return _ENGINES[chosen(library)]


def load(library: Library) -> Index:
    """The index as saved, mapped into memory for searching; StaleIndexError without one.

    Where its server does not answer, the one that the library still has in its own files.
    """
    engine = _engine(library)
    try:
        index = engine.open_saved(library)
    except IndexUnreachableError as error:
        index = faiss.open_saved(library)
        if index is None:
            raise IndexUnreachableError(f"{error} {_OWN}") from error
        _LOG.warning("%s The library's own index answers meanwhile.", error)
        return index
    if index is None and engine.is_old(library):
        raise StaleIndexError("The index is of an earlier version. Make it anew with: python -m pipeline index")
    if index is None:
        raise StaleIndexError("This library has no index yet. Make it with: python -m pipeline index")
    return index


def chosen(library: Library) -> str:
    """The name of the engine that holds the index, as it was chosen."""
    return (library.choice("index") or {}).get("engine", IndexOptions.engine)


def state(library: Library) -> State | None:
    """What is saved, without loading it; None without an index."""
    return _engine(library).saved_state(library)


def version(library: Library) -> tuple[int, int]:
    """Changes whenever another index is saved."""
    return _engine(library).version(library)


def build(
    library: Library,
    embeddings: list[str] | None = None,
    options: IndexOptions | Mapping | None = None,
    progress: Progress = Silent(),
) -> tuple[Index, str]:
    """Bring the index up to date and save it; only what is named changes.

    embeddings: names; `all` (alone) for every one that has current vectors, now and later;
    None: as chosen before, at first all. options: all of them, or those to change {name:
    value}. Returns the index and what was done: `current`, `extended` or `built`. Raises
    EmbeddingError when a named embedding has no vectors.
    """
    saved = None if _engine(library).is_old(library) else state(library)
    choice = Choice.of(library, saved.options if saved else None).changed(embeddings, options)
    engine = _ENGINES[choice.options.engine]
    try:
        old = engine.open_saved(library)
    except IndexUnreachableError as error:
        raise IndexUnreachableError(f"{error} {_OWN}; what is damaged is made anew with: python -m pipeline doctor --repair") from error
    names, options = choice.embeddings_of(library, named=embeddings is not None), choice.options
    generation = library.generation()
    if old is not None:
        added, removed = old.pending()
        why = _other(library, old, names) or old.outworn(options, added, removed)
        if not why:
            changed = len(added) or len(removed) or old.options != options
            if len(removed):
                old.delete(removed)
            if len(added):
                old.upsert(added, progress)
            old.settle(generation, options)
            choice.remember(library)
            return old, "extended" if changed else "current"
        progress.say(f"The index is built anew: {why}.")
    elif engine.is_old(library):
        progress.say("The index is built anew: it is of an earlier version.")
    started = time.perf_counter()
    ids, _ = currency.stamps(library, names)
    index = engine.create(library, names, options, ids)
    index.upsert(ids, progress)
    index.took = round(time.perf_counter() - started, 3)
    index.settle(generation, options)
    choice.remember(library)
    return index, "built"


def rebuild(library: Library, progress: Progress = Silent()) -> None:
    """Build the index anew, as it was set, from the library alone: what is saved cannot be believed."""
    engine = _engine(library)
    saved = engine.saved_state(library)
    engine.remove(library)
    build(library, None, saved.options if saved else None, progress)


def damage(library: Library) -> str:
    """What is wrong with what is saved, all of it read; empty where nothing is, or nothing is saved."""
    return _engine(library).damage(library)


def strays(library: Library) -> list[Path]:
    """Files of indexes that are none any more."""
    return [path for engine in _ENGINES.values() for path in engine.strays(library)]


def about(library: Library) -> dict | None:
    """Size, embeddings and staleness of the saved index without loading it, or None.

    {"size", "embeddings", "stale", "engine", "where"}: stale when images came, went or changed since, or when
    there is an embedding that it should hold and does not.
    """
    found = state(library)
    if found is None:
        return None
    names = Choice.of(library, found.options).wanted(library)
    stale = tuple(names) != found.embeddings or _engine(library).is_stale(library)
    return {
        "size": found.size, "embeddings": list(found.embeddings), "stale": stale, "engine": found.engine, "where": found.where,
    }


def measured(library: Library) -> dict | None:
    """What kind of index is saved and how well it finds, or None without one.

    {"engine", "type", "storage", "bytes", "effort_name", "effort": {dominant embedding: efSearch or
    nprobe}, "recall_at_10": {weighting as in --weights: x}, "query_ms", "size"}. effort and
    recall are empty and query_ms is None where every search is an exact scan; recall is
    empty, too, at a given effort that has not been measured.
    """
    found = state(library)
    if found is None:
        return None
    options, figures = found.options, found.figures
    effort, recall = figures.get("effort", {}), figures.get("recall_at_10", {})
    if options.ef_search and effort:
        effort = dict.fromkeys(effort, options.ef_search)
        at_it = figures.get("ladder", {}).get(str(options.ef_search), {})
        recall = {name: at_it[name] for name in recall} if set(recall) <= set(at_it) else {}
    return {
        "engine": found.engine,
        "type": options.type,
        "storage": options.storage,
        "bytes": _engine(library).size_on_disk(library),
        "effort_name": {"hnsw": "efSearch", "ivfpq": "nprobe"}.get(options.type, ""),
        "effort": effort,
        "recall_at_10": recall,
        "query_ms": figures.get("query_ms"),
        "size": figures.get("size", 0),
    }


def _other(library: Library, old: Index, names: list[str]) -> str:
    """Why an index cannot hold these embeddings; empty where it does."""
    if list(old.embeddings) != names:
        return f"it holds {' + '.join(old.embeddings)}, and is to hold {' + '.join(names)}"
    known = library.embeddings()
    other = [name for name in names if known[name].dim != old.dims[name]]
    return f"vectors of {' and '.join(other)} have another length" if other else ""

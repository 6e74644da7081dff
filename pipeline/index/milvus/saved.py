"""An index by Milvus as a library has saved it: made, opened, looked at and dropped, as `lifecycle` asks for it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace

import numpy as np

from pipeline.errors import IndexUnreachableError, SettingsError
from pipeline.index import currency
from pipeline.index.contract import State
from pipeline.index.milvus import store
from pipeline.index.milvus.collection import Collection
from pipeline.index.milvus.engine import MilvusIndex
from pipeline.index.rows import Rows
from pipeline.library import Library
from pipeline.settings import IndexOptions


def create(library: Library, names: list[str], options: IndexOptions, ids: np.ndarray) -> MilvusIndex:
    """An empty collection; SettingsError for kinds that this engine has not."""
    if options.type == "ivfpq":
        raise SettingsError("The engine milvus builds hnsw and flat; choose one with --type.")
    before = store.read_about(library)
    known = library.embeddings()
    dims = [known[name].dim for name in names]
    about = {
        "embeddings": names, "dims": dims, "options": asdict(replace(options, storage="float32")),
        "collection": f"likeness_{secrets.token_hex(8)}",
    }  # fmt: skip
    index = MilvusIndex(library, Rows.none(names), np.zeros(0, np.uint64), about)
    index.collection.make(options)
    index.save()
    _drop(library, before)
    if not options.uri:  # the own file: of builds that were killed, and of what was restored over
        with suppress(IndexUnreachableError):
            index.collection.drop_others()
    return index


def open_saved(library: Library, to_change: bool = False) -> MilvusIndex | None:
    """The index as saved; None without one, or where its collection has gone.
    IndexUnreachableError where nothing answers."""
    found = store.read(library)
    if found is None:
        return None
    about, arrays = found
    rows = Rows(about["embeddings"], *(arrays[name] for name in ("ids", "stamps", "seen", "alive")))
    if about.get("made_by"):
        rows.assume(about["generation"], about["made_by"])
    index = MilvusIndex(library, rows, arrays["digests"], about)
    return index if index.collection.there() else None


def saved_state(library: Library) -> State | None:
    """What is saved, without asking the server."""
    about = store.read_about(library)
    if about is None:
        return None
    return State(
        MilvusIndex.engine, Collection(store.uri(library, about), about["collection"], 0).where, about["size"], tuple(about["embeddings"]),
        about.get("generation", 0), IndexOptions(**about["options"]), about.get("measured") or {},
    )  # fmt: skip


def is_old(library: Library) -> bool:
    """There is no earlier version of it."""
    return False


def is_stale(library: Library) -> bool:
    """Whether the saved index is behind the library, without asking the server."""
    about = store.read_about(library) or {}
    made_by = currency.made_by(library, about.get("embeddings", ()))
    if (about.get("generation"), about.get("made_by")) == (library.generation(), made_by):
        return False
    if about.get("holds") and about.get("made_by") == made_by:
        return about["holds"] != currency.summaries(library, about["embeddings"])
    return True


def remove(library: Library) -> None:
    """Drop the collection, where its server answers, and what the library keeps of it."""
    about = store.read_about(library)
    store.remove(library)
    _drop(library, about)


def damage(library: Library) -> str:
    """What is wrong with what is saved; empty where nothing is, or nothing is saved."""
    if not store.pointer(library).exists():
        return ""
    found = store.read(library)
    if found is None:
        return "its files cannot be read"
    collection = Collection(store.uri(library, found[0]), found[0]["collection"], sum(found[0]["dims"]))
    try:
        if not collection.there():
            return f"{collection.uri} has no collection {collection.name} any more"
        held, known = collection.count(), len(found[1]["ids"])
    except IndexUnreachableError as error:
        return str(error).rstrip(".")
    return "" if held == known else f"{collection.uri} holds {held:,} rows, and should hold {known:,}"


def _drop(library: Library, about: Mapping | None) -> None:
    """Remove a collection; where its server does not answer it stays, and is in nobody's way."""
    with suppress(IndexUnreachableError):
        if about is not None:
            Collection(store.uri(library, about), about["collection"], 0).drop()

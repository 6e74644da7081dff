"""From a filter to the rows it lets pass: each condition is looked up once and kept as a bitmap.

A further condition is one line in `CONDITIONS`: what it is called, which images meet it, and
what is known of its kind when none does.
"""

from __future__ import annotations

import difflib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from pipeline.errors import NoteError, QueryError
from pipeline.index.bitmap import Bitmap
from pipeline.index.contract import Filter
from pipeline.library import Library, notes

_KEPT = 64
"""Bitmaps kept: 8 MB for a million images."""
_NEAREST = 3


@dataclass(frozen=True)
class Condition:
    """ids: the `ok` images that meet one value, ascending. known: the values there are. version:
    changes whenever the answer may."""

    noun: str
    ids: Callable[[Library, str], Sequence[int]]
    known: Callable[[Library], Iterable[str]]
    version: Callable[[Library], object]


def below(folder: str) -> str:
    """How the path of every image below a folder begins; empty for the scanned folder itself."""
    path = f"{PurePosixPath(folder.strip('/'))}/"
    return "" if path == "./" else path


def _labeled(library: Library, label: str) -> list[int]:
    sql = "SELECT id FROM images WHERE state = 'ok' AND label = ? ORDER BY id"
    return [row[0] for row in library.db.execute(sql, [label])]


def _inside(library: Library, folder: str) -> list[int]:
    start = os.fsencode(below(folder))  # names that are no UTF-8 are stored as bytes
    sql = "SELECT id FROM images WHERE state = 'ok' AND substr(CAST(path AS BLOB), 1, ?) = ? ORDER BY id"
    return [row[0] for row in library.db.execute(sql, [len(start), start])]


def _folders(library: Library) -> set[str]:
    """Every folder with an image in it or below it."""
    paths = library.db.execute("SELECT path FROM images WHERE state = 'ok'")
    direct = {os.fsdecode(path).rpartition("/")[0] for (path,) in paths}
    return {str(part) for path in direct for part in (PurePosixPath(path), *PurePosixPath(path).parents)}


def _collected(library: Library, name: str) -> list[int]:
    try:
        return notes.collected(library, name)
    except NoteError:
        return []


def _of_images(library: Library) -> object:
    return library.images_generation()


def _of_notes(table: str) -> Callable[[Library], object]:
    return lambda library: (library.images_generation(), library.notes_generation(table))


CONDITIONS = {
    "labels": Condition("label", _labeled, lambda library: library.labels(), _of_images),
    "folders": Condition("folder", _inside, _folders, _of_images),
    "collections": Condition(
        "collection", _collected, lambda library: [one.name for one in notes.collections(library)],
        _of_notes("collections"),
    ),
    "tags": Condition("tag", notes.tagged, lambda library: notes.tags(library), _of_notes("tags")),
}  # fmt: skip


class Filters:
    """The filters of a library over the rows of one array of images. Safe to share between threads.

    positions: image ids (k,) → their rows (k,), −1 for those without.
    """

    def __init__(self, library: Library, positions: Callable[[np.ndarray], np.ndarray], size: int):
        self._library, self._positions, self._size = library, positions, size
        self._kept: OrderedDict[tuple, tuple[object, Bitmap]] = OrderedDict()
        self._lock = threading.Lock()

    def rows(self, filter: Filter) -> Bitmap | None:
        """The rows that pass, or None where all do; QueryError for a name that does not exist."""
        passed = None if filter.ids is None else self._at(filter.ids)
        for kind in CONDITIONS:
            values = getattr(filter, kind)
            if not values or (kind == "folders" and "" in map(below, values)):
                continue
            either = self._of(kind, values[0])
            for value in values[1:]:
                either = either | self._of(kind, value)
            passed = either if passed is None else passed & either
        if filter.exclude:
            passed = Bitmap.of(np.ones(self._size, bool)) if passed is None else passed
            passed = passed.without(self._positions(np.asarray(filter.exclude, np.int64)))
        return passed

    def _of(self, kind: str, value: str) -> Bitmap:
        condition = CONDITIONS[kind]
        version = condition.version(self._library)
        with self._lock:
            kept = self._kept.get((kind, value))
            if kept is not None and kept[0] == version:
                self._kept.move_to_end((kind, value))
                return kept[1]
        ids = condition.ids(self._library, value)
        if not len(ids):
            _check(condition, self._library, value)
        found = self._at(ids)
        with self._lock:
            self._kept[kind, value] = (version, found)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _at(self, ids: Sequence[int]) -> Bitmap:
        return Bitmap.at(self._positions(np.asarray(ids, np.int64)), self._size)


def _check(condition: Condition, library: Library, value: str) -> None:
    """Raise QueryError where nothing has this name; what exists and is empty is no error."""
    known = list(condition.known(library))
    folded = {str(name).casefold(): name for name in known}
    asked = below(value).rstrip("/") if condition.noun == "folder" else value.strip()
    if asked.casefold() in folded and (asked in known or condition.noun in ("collection", "tag")):
        return
    near = difflib.get_close_matches(asked.casefold(), folded, _NEAREST, 0.5)
    hint = f"the nearest are: {', '.join(str(folded[name]) for name in near)}" if near else _some(known)
    raise QueryError(f"There is no {condition.noun} “{value}”; {hint}.")


def _some(known: list) -> str:
    """A few names where none is near."""
    if not known:
        return "there are none"
    return f"there are: {', '.join(map(str, known[:_NEAREST]))}{' and others' if len(known) > _NEAREST else ''}"

"""The columns of a library as they are now, kept until what they say may have changed."""

from __future__ import annotations

import difflib
import threading
from collections import OrderedDict
from collections.abc import Iterable

import numpy as np

from pipeline.columns import registry
from pipeline.columns.conditions import Condition
from pipeline.columns.registry import Column
from pipeline.columns.values import Values
from pipeline.errors import QueryError
from pipeline.library import Library

_KEPT = 48
"""Masks kept: 48 MB for a million images."""


class Table:
    """The `ok` images of one moment, ids (n,) int64 ascending, and what is known of them.

    Columns that a note changes are read anew; where images themselves change there is another
    table. Safe to share between threads.
    """

    def __init__(self, library: Library):
        self._library = library
        self.generation = library.images_generation()
        sql = "SELECT id FROM images WHERE state = 'ok' ORDER BY id"
        self.ids = np.fromiter((row[0] for row in library.db.execute(sql)), np.int64)
        self._values: dict[str, tuple[object, Values]] = {}
        self._offered: dict[str, tuple[object, bool]] = {}
        self._masks: OrderedDict[tuple, np.ndarray] = OrderedDict()
        self._reading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.ids)

    def column(self, name: str) -> Column:
        """A column by name; QueryError where there is none."""
        known = registry.known(self._library)
        if name in known:
            return known[name]
        titles = {column.title.casefold(): column.name for column in known.values()}
        names = {one.casefold(): one for one in known}
        found = names.get(name.casefold()) or titles.get(name.casefold())
        if found:
            return known[found]
        near = difflib.get_close_matches(name.casefold(), [*names, *titles], 3, 0.5)
        hint = [names.get(one) or titles[one] for one in near] or list(known)[:5]
        raise QueryError(f"There is no column “{name}”; {'the nearest are' if near else 'there are'}: {', '.join(dict.fromkeys(hint))}.")

    def values(self, name: str) -> Values:
        """What a column says of the images; QueryError where there is no such column."""
        return self._versioned(self.column(name))[1]

    def _versioned(self, column: Column) -> tuple[object, Values]:
        with self._lock:
            reading = self._reading.setdefault(column.name, threading.Lock())
        with reading:  # several ask for the same at once when a page opens
            version = column.version(self._library)
            kept = self._values.get(column.name)
            if kept is None or kept[0] != version:
                kept = self._values[column.name] = (version, column.read(self._library, self.ids))
            return kept

    def offers(self, column: Column) -> bool:
        """Whether a column has anything to choose from."""
        version = column.version(self._library)
        kept = self._offered.get(column.name)
        if kept is None or kept[0] != version:
            kept = self._offered[column.name] = (version, column.offered(self._library))
        return kept[1]

    def passing(self, condition: Condition) -> np.ndarray:
        """The images that meet a condition, (n,) bool, not to be changed; QueryError for what there is not."""
        column = self.column(condition.column)
        version, found = self._versioned(column)
        key = (condition, version)
        with self._lock:
            if key in self._masks:
                self._masks.move_to_end(key)
                return self._masks[key]
        mask = found.passing(condition, column.called)
        with self._lock:
            self._masks[key] = mask
            while len(self._masks) > _KEPT:
                self._masks.popitem(last=False)
        return mask

    def version(self, name: str) -> object:
        """Changes whenever a column may say something else."""
        return self.column(name).version(self._library)

    def all_passing(self, conditions: Iterable[Condition]) -> np.ndarray | None:
        """The images that meet all of some conditions, (n,) bool; None where there are no conditions."""
        passed = None
        for condition in conditions:
            mask = self.passing(condition)
            passed = mask if passed is None else passed & mask
        return passed


class Columns:
    """The table of a library as it is now."""

    def __init__(self, library: Library):
        self._library = library
        self._table: Table | None = None
        self._lock = threading.Lock()

    def now(self) -> Table:
        """The table of the images that there are now."""
        with self._lock:
            if self._table is None or self._table.generation != self._library.images_generation():
                self._table = Table(self._library)
            return self._table


_lock = threading.Lock()


def of(library: Library) -> Columns:
    """The columns of a library, the same object for everybody who asks."""
    with _lock:
        return library.kept.setdefault("columns", Columns(library))

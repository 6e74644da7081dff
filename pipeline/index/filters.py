"""From a filter to the rows it lets pass: each condition is looked up once and kept as a bitmap."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from pipeline import columns
from pipeline.columns import Condition, Table
from pipeline.index.bitmap import Bitmap
from pipeline.index.contract import Filter
from pipeline.library import Library

_KEPT = 64
"""Bitmaps kept: 8 MB for a million images."""


class Filters:
    """The filters of a library over the rows of one array of images. Safe to share between threads.

    positions: image ids (k,) → their rows (k,), −1 for those without.
    """

    def __init__(self, library: Library, positions: Callable[[np.ndarray], np.ndarray], size: int):
        self._library = library
        self._columns, self._positions, self._size = columns.of(library), positions, size
        self._kept: OrderedDict[Condition | frozenset, tuple[object, Bitmap]] = OrderedDict()
        self._lock = threading.Lock()

    def rows(self, filter: Filter) -> Bitmap | None:
        """The rows that pass, or None where all do; QueryError for what there is not.

        Images on drives that are not there never do.
        """
        passed = None if filter.ids is None else self._at(filter.ids)
        if filter.conditions:
            table = self._columns.now()
            for condition in filter.conditions:
                met = self._of(table, condition)
                passed = met if passed is None else passed & met
        if away := self._library.presence.away():
            met = self._there(away)
            passed = met if passed is None else passed & met
        if filter.exclude:
            passed = Bitmap.of(np.ones(self._size, bool)) if passed is None else passed
            passed = passed.without(self._positions(np.asarray(filter.exclude, np.int64)))
        return passed

    def _of(self, table: Table, condition: Condition) -> Bitmap:
        version = (table.generation, table.version(condition.column))
        return self._keep(condition, version, lambda: self._at(table.ids[table.passing(condition)]))

    def _there(self, away: frozenset) -> Bitmap:
        """The rows of images that are not on any of these drives."""
        every, presence = Bitmap.of(np.ones(self._size, bool)), self._library.presence
        version = self._library.images_generation()
        return self._keep(away, version, lambda: every.without(self._positions(presence.ids(away))))

    def _keep(self, key: Condition | frozenset, version: object, make: Callable[[], Bitmap]) -> Bitmap:
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept[0] == version:
                self._kept.move_to_end(key)
                return kept[1]
        found = make()
        with self._lock:
            self._kept[key] = (version, found)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _at(self, ids: Sequence[int] | np.ndarray) -> Bitmap:
        return Bitmap.at(self._positions(np.asarray(ids, np.int64)), self._size)


def passing(library: Library, ids: np.ndarray, filter: Filter) -> np.ndarray:
    """Those of some images, ids (n,) int64 ascending, that a filter lets pass: (k,) int64 ascending."""

    def positions(images: np.ndarray) -> np.ndarray:
        at = np.searchsorted(ids, images).clip(max=max(0, len(ids) - 1))
        return np.where(ids[at] == images, at, -1) if len(ids) else np.full(len(images), -1)

    passed = Filters(library, positions, len(ids)).rows(filter)
    return ids if passed is None else ids[passed.positions()]

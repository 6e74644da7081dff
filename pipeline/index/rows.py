"""Which image each row of an engine's arrays stands for, and which rows count now.

Rows are only ever appended; those of images that went or changed are passed over. What
counts is looked up in the library whenever its generation has risen, and then only for the
images that changed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.index import currency
from pipeline.index.bitmap import Bitmap
from pipeline.library import Library

_MANY = 5_000
"""Changed images above which all stamps are read at once."""


@dataclass(frozen=True)
class Group:
    """Rows that have the same ones of the embeddings that a query weighs: names in order."""

    names: tuple[str, ...]
    rows: Bitmap


@dataclass
class Current:
    """What counted at a generation. Bit m of a row stands for embedding m.

    made_by: {embedding: fingerprint of the extractor}; another one makes all vectors stale.
    having: (n,) uint64, embeddings whose vector is still the one that the row was made of.
    seeing: (n,) uint64, those of them whose vector is not all zeros.
    """

    generation: int
    made_by: dict[str, str]
    having: np.ndarray
    seeing: np.ndarray
    _groups: dict[int, tuple[Group, ...]] = field(default_factory=dict)

    def groups(self, names: Sequence[str], wanted: Sequence[str]) -> tuple[Group, ...]:
        """The rows to be compared by some of the embeddings, by which of them they have.

        Rows in which none of these saw anything are in no group.
        """
        bits = sum(1 << at for at, name in enumerate(names) if name in wanted)
        if bits not in self._groups:
            mine = np.where(self.seeing & np.uint64(bits), self.having & np.uint64(bits), np.uint64(0))
            self._groups[bits] = tuple(
                Group(tuple(n for at, n in enumerate(names) if code >> at & 1), Bitmap.of(mine == code))
                for code in np.unique(mine).tolist() if code
            )  # fmt: skip
        return self._groups[bits]


class Rows:
    """The rows of an index of M embeddings.

    ids: (n,) int64, image of each row. stamps: (n, M) int64, generation of each vector in
    it, 0 for none. seen: (n, M) bool, whether that vector is not all zeros. alive: (n,)
    bool, False for rows given up.
    """

    def __init__(self, names: Sequence[str], ids, stamps, seen, alive):
        self.names = tuple(names)
        self.ids, self.stamps, self.seen, self.alive = ids, stamps, seen, alive
        living = np.flatnonzero(alive)
        self._by_id = living[np.argsort(ids[living], kind="stable")]
        self._sorted = ids[self._by_id]
        self._current: Current | None = None
        self._lock = threading.Lock()

    @classmethod
    def none(cls, names: Sequence[str]) -> Rows:
        """No rows yet."""
        nothing = np.zeros(0, np.int64)
        wide = np.zeros((0, len(names)), np.int64)
        return cls(names, nothing, wide, wide.astype(bool), nothing.astype(bool))

    def __len__(self) -> int:
        return len(self.ids)

    def changed(self, alive: np.ndarray, ids=(), stamps=None, seen=None) -> Rows:
        """The same with others alive, and more rows behind them."""
        if not len(ids):
            return Rows(self.names, self.ids, self.stamps, self.seen, alive)
        return Rows(
            self.names,
            np.concatenate([self.ids, ids]),
            np.concatenate([self.stamps, stamps]),
            np.concatenate([self.seen, seen]),
            np.concatenate([alive, np.ones(len(ids), bool)]),
        )

    def positions(self, ids: np.ndarray) -> np.ndarray:
        """The living row of each image, −1 for those without one: (k,) int64."""
        ids = np.asarray(ids, np.int64)
        if not len(self._sorted):
            return np.full(len(ids), -1, np.int64)
        at = np.searchsorted(self._sorted, ids).clip(max=len(self._sorted) - 1)
        return np.where(self._sorted[at] == ids, self._by_id[at], -1)

    def current(self, library: Library) -> Current:
        """What counts now."""
        now = library.generation()
        with self._lock:
            kept = self._current
            if kept is None or kept.generation != now:
                kept = self._current = self._look(library, kept, now)
            return kept

    def assume(self, generation: int, made_by: dict[str, str]) -> None:
        """All rows were current at this generation: only what changed since will be looked up."""
        having = self._bits((self.stamps != 0) & self.alive[:, None])
        self._current = Current(generation, made_by, having, having & self._bits(self.seen))

    def _look(self, library: Library, kept: Current | None, now: int) -> Current:
        made_by = currency.made_by(library, self.names)
        same = kept is not None and kept.made_by == made_by
        changed = library.changed_since(kept.generation) if same else None
        if changed is None or len(changed) > _MANY:
            at, ids = np.flatnonzero(self.alive), None
        else:
            at = self.positions(changed)
            at = at[at >= 0]
            ids = self.ids[at]
            if not len(at):
                return Current(now, made_by, kept.having, kept.seeing, kept._groups)
        found, stored = currency.stamps(library, self.names, ids)
        true = np.zeros((len(at), len(self.names)), np.int64)
        if len(found):
            place = np.searchsorted(found, self.ids[at]).clip(max=len(found) - 1)
            there = found[place] == self.ids[at]
            true[there] = stored[place[there]]
        having = np.zeros(len(self), np.uint64) if changed is None else kept.having.copy()
        having[at] = self._bits((true == self.stamps[at]) & (true != 0))
        return Current(now, made_by, having, having & self._bits(self.seen))

    def pending(self, library: Library, generation: int, made_by: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
        """Images (n,) to take up and images (m,) to give up, when all was current at a generation."""
        now = currency.made_by(library, self.names)
        changed = library.changed_since(generation) if made_by == now else None
        if changed is not None and len(changed) > _MANY:
            changed = None
        ids, stamps = currency.stamps(library, self.names, changed)
        at = self.positions(ids)
        same = (at >= 0) & (self.stamps[at] == stamps).all(axis=1) if len(self) else np.zeros(len(ids), bool)
        held = self._sorted if changed is None else changed[self.positions(changed) >= 0]
        return ids[~same], np.setdiff1d(held, ids, assume_unique=True)

    def _bits(self, table: np.ndarray) -> np.ndarray:
        """A table (k, M) bool as one number a row: (k,) uint64."""
        found = np.zeros(len(table), np.uint64)
        for at in range(table.shape[1]):
            found |= table[:, at].astype(np.uint64) << np.uint64(at)
        return found

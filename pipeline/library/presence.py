"""Which of a library's drives are there now: pictures of an unplugged disk are kept, and not found.

A drive is what lies below one scanned folder on one device: the folder's own, or another one
mounted inside it. Whether it is there is asked of the file system by looking for a few of its
pictures, each time anew and in a thread of its own: a network share that hangs keeps nobody
waiting, and what is plugged in again is found again at once.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline import settings
from pipeline.library.images import from_database

if TYPE_CHECKING:
    from pipeline.library.library import Library

SAMPLE = 16
"""Pictures of a drive that are looked for; one that is there will do."""
FRESH = 2.0
"""Seconds for which an answer counts."""
PATIENCE = 0.05
"""Seconds that are waited for a new answer where there is an older one; a disk takes one or two ms."""
FIRST = 2.0
"""Seconds that are waited for the first answer. Who says nothing for so long is not there."""

_OF_DRIVES = "FROM images INDEXED BY images_drive WHERE state = 'ok' AND device IS NOT NULL"


@dataclass
class _Drive:
    """Some of its pictures; what was answered last, None: nothing yet; and the question that is under way."""

    pictures: list[str]
    there: bool | None = None
    asked: float = 0.0
    answered: threading.Event | None = None

    def ask(self) -> None:
        """Look for the pictures, in a thread, unless one is looking or the last answer is fresh."""
        now = time.monotonic()
        if self.answered is not None and (not self.answered.is_set() or now - self.asked < FRESH):
            return
        self.asked, self.answered = now, threading.Event()
        threading.Thread(target=self._look, args=(self.answered,), name="presence", daemon=True).start()

    def _look(self, answered: threading.Event) -> None:
        self.there = any(map(os.path.exists, self.pictures))
        answered.set()

    def answer(self) -> bool:
        """Whether it is there, as far as is known by now."""
        first = self.there is None
        self.answered.wait(max(0.0, self.asked + (FIRST if first else PATIENCE) - time.monotonic()))
        hangs = not self.answered.is_set() and time.monotonic() - self.asked > FIRST
        return bool(self.there) and not hangs


class Presence:
    """The drives of a library. Safe to share between threads."""

    def __init__(self, library: Library):
        self._library = library
        self._lock = threading.Lock()
        self._drives: dict[tuple[int, int], _Drive] = {}
        self._version: object = None

    def away(self) -> frozenset[tuple[int, int]]:
        """The drives (id of the scanned folder, device) that are not there; none are where a person
        wants their pictures found all the same (LIKENESS_FIND_AWAY)."""
        if settings.find_away():
            return frozenset()
        drives = self._known()
        with self._lock:
            for drive in drives.values():
                drive.ask()
        return frozenset(name for name, drive in drives.items() if not drive.answer())

    def ids(self, away: frozenset[tuple[int, int]]) -> np.ndarray:
        """The `ok` images on some drives: (n,) int64."""
        sql = f"SELECT id {_OF_DRIVES} AND root_id = ? AND device = ?"
        return np.array([row[0] for name in sorted(away) for row in self._library.db.execute(sql, name)], np.int64)

    def folders(self) -> dict[str, int]:
        """Scanned folder → number of its `ok` images on drives that are not there, of those that have any."""
        found: dict[str, int] = {}
        sql = f"SELECT (SELECT path FROM roots WHERE id = ?1), count(*) {_OF_DRIVES} AND root_id = ?1 AND device = ?2"
        for name in sorted(self.away()):
            root, count = self._library.db.execute(sql, name).fetchone()
            if root is not None:  # else it was forgotten this very moment
                found[from_database(root)] = found.get(from_database(root), 0) + count
        return found

    def _known(self) -> dict[tuple[int, int], _Drive]:
        """The drives as the library has them now; what was answered of those that stay is kept."""
        with self._lock, self._library.db.steady() as db:  # others may forget a folder meanwhile
            version = self._library.images_generation(), db.execute("SELECT id, path FROM roots").fetchall()
            if version != self._version:
                samples = {name: self._sample(*name) for name in self._names()}
                same = {name for name, one in self._drives.items() if samples.get(name) == one.pictures}
                self._drives = {
                    name: self._drives[name] if name in same else _Drive(pictures) for name, pictures in samples.items()
                }
                self._version = version
            return self._drives

    def _names(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        sql = f"SELECT root_id, device {_OF_DRIVES} AND root_id = ? AND device > ? ORDER BY device LIMIT 1"
        for (root,) in self._library.db.execute("SELECT id FROM roots").fetchall():
            last = (root, -(1 << 63))
            while row := self._library.db.execute(sql, last).fetchone():  # from one to the next, past its images
                found.append(last := row)
        return found

    def _sample(self, root: int, device: int) -> list[str]:
        """Places of a few pictures of a drive, from the first to the last that came."""
        db, where = self._library.db, f"{_OF_DRIVES} AND root_id = ? AND device = ?"
        base = from_database(db.execute("SELECT path FROM roots WHERE id = ?", [root]).fetchone()[0])
        low, high = (db.execute(f"SELECT {end}(id) {where}", [root, device]).fetchone()[0] for end in ("min", "max"))
        sql = f"SELECT path {where} AND id >= ? ORDER BY id LIMIT 1"
        ids = np.unique(np.linspace(low, high, SAMPLE).astype(np.int64)).tolist()
        paths = dict.fromkeys(db.execute(sql, [root, device, number]).fetchone()[0] for number in ids)
        return [os.path.join(base, from_database(path)) for path in paths]

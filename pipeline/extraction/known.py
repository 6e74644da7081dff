"""What is known of the files of a folder, handed out as a walk gets to them.

Of a folder whose files lie as they did when a check sum of them was kept (`library.folders`)
nothing is read. Where most folders have one, rows are read folder by folder; else all come in
the order of their paths, and a walk goes through folders in the same order: so a million of
them are never in memory together.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from sqlite3 import Cursor

from pipeline.library import Library, folders
from pipeline.library.images import from_database, to_database

ID, SIZE, MTIME, CTIME, DEVICE, INODE, STATE, RETRY = range(1, 9)
"""Places in a row, after its path: plain tuples, since a million of them are compared on every run."""

_SELECT = (
    "SELECT path, id, size, mtime, ctime, device, inode, state, retry FROM images {index} "
    "WHERE state != 'missing' AND root_id = (SELECT id FROM roots WHERE path = ?)"
)
_COUNT = (
    "SELECT coalesce(sum(images), 0) FROM image_tallies "
    "WHERE state != 'missing' AND root_id = (SELECT id FROM roots WHERE path = ?)"
)
_SUMMED = 0.9
"""Rows are read folder by folder where so large a share of the images lies in folders with a sum."""


class KnownRows:
    """The rows of images below root/top that are not missing; a place is taken once.

    sums: whether folders may be taken for unchanged by their check sum. Whoever has it may
    hold a read transaction open until `rest` or `close`: nothing is to be written on the same
    connection in between.
    """

    def __init__(self, library: Library, root: str, top: str, *, sums: bool = True):
        self._db, self._root, self._top = library.db, to_database(root), top
        self._inside = f"{top}/" if top else ""
        self.generation = library.images_generation()
        self.count = 0
        self._settled: set[str] = set()
        self._waiting: dict[str, dict[str, tuple]] = {}
        self._cursor: Cursor | None = None
        self._next: tuple | None = None
        for row in self._rows(b""):  # no UTF-8: few, and sorted after all text
            path = from_database(row[0])
            if path.startswith(self._inside):
                self._waiting.setdefault(_folder(path), {})[path] = (path, *row[1:])
                self.count += 1
        self._no_text = self.count
        self._sums = folders.sums(library, root, top) if sums else {}
        summed = sum(images for images, _ in self._sums.values())
        self._by_folder = bool(summed) and summed >= _SUMMED * self._total()
        if not self._by_folder:
            self._open()

    def sum_of(self, folder: str) -> bytes | None:
        """The check sum of a folder that was kept and that no change of a row has made void."""
        return self._sums[folder][1] if folder in self._sums else None

    def settle(self, folder: str) -> int:
        """A folder's files lie as its sum says: nothing of it is handed out. Returns how many they are."""
        self._settled.add(folder)
        images = self._sums[folder][0]
        self.count += images - len(self._waiting.pop(folder, ()))
        return images

    def take(self, folder: str) -> dict[str, tuple]:
        """What is known in a folder itself, by path; of those below it nothing is lost."""
        if not self._by_folder:
            self._read(_after(folder) if folder else None)
            return self._waiting.pop(folder, {})
        self._settled.add(folder)
        rows = {row[0]: row for row in self._of(folder)}
        self.count += len(rows)
        return self._waiting.pop(folder, {}) | rows

    def rest(self) -> Iterator[tuple]:
        """What nobody has taken."""
        if self._by_folder and self.count < self._total():  # folders that are not there, or were not listed
            self._by_folder = False
            self._open()
        if not self._by_folder:
            self._read(None)
        for rows in self._waiting.values():
            yield from rows.values()
        self._waiting = {}

    def close(self) -> None:
        """End the reading."""
        if self._cursor is not None:
            self._cursor.close()
            self._db.execute("PRAGMA temp_store = DEFAULT")

    def _total(self) -> int:
        if not self._top:
            return self._db.execute(_COUNT, [self._root]).fetchone()[0]
        here = f"SELECT count(*) FROM ({_SELECT} AND path >= ? AND path < ?)".format(index="INDEXED BY images_place")
        text = self._db.execute(here, [self._root, self._inside, _after(self._top)]).fetchone()[0]
        return text + self._no_text

    def _open(self) -> None:
        """All rows in their order and then sorted: by an index each would be looked up on its own."""
        select, given = _SELECT.format(index="" if self._top else "NOT INDEXED"), [self._root]
        if self._top:
            select, given = f"{select} AND path > ? AND path < ?", [*given, self._inside, _after(self._top)]
        order = "path" if self._top else "+path"
        self._db.execute("PRAGMA temp_store = MEMORY")  # some 130 bytes a row, and no disk that may be full
        self._cursor = self._db.execute(f"{select} AND typeof(path) = 'text' ORDER BY {order}", given)
        self._next = next(self._cursor, None)

    def _of(self, folder: str) -> Iterator[tuple]:
        """The rows of a folder itself, stepping over those of the folders in it."""
        begin, end = (f"{folder}/", _after(folder)) if folder else ("", b"")
        at: str | None = begin
        while at is not None:
            rows, at = self._rows(at, end), None
            for row in rows:
                slash = row[0].find("/", len(begin))
                if slash >= 0:
                    at = _after(row[0][:slash])
                    break
                yield row

    def _rows(self, begin: str | bytes, end: str | bytes | None = None) -> Cursor:
        """Rows in the order of their paths, from one place on; all text comes before all bytes."""
        select = _SELECT.format(index="INDEXED BY images_place")
        select, given = f"{select} AND path >= ?", [self._root, begin]
        if end is not None:
            select, given = f"{select} AND path < ?", [*given, end]
        return self._db.execute(f"{select} ORDER BY path", given)

    def _read(self, end: str | None) -> None:
        """Read on to the first path that does not come before `end`."""
        row, at, rows = self._next, None, None
        if row is None or (end is not None and row[0] >= end):
            return
        for row in chain((row,), self._cursor):
            path = row[0]
            if end is not None and path >= end:
                break
            folder = path[: max(path.rfind("/"), 0)]
            if folder != at:
                rows, at = None if folder in self._settled else self._waiting.setdefault(folder, {}), folder
            if rows is not None:
                rows[path] = row
                self.count += 1
        else:
            row = None
        self._next = row


def _folder(path: str) -> str:
    return path[: max(path.rfind("/"), 0)]


def _after(folder: str) -> str:
    """The first text that comes after all paths below a folder."""
    return folder + chr(ord("/") + 1)

"""What is known of the files of a folder, handed out as a walk gets to them.

Rows come in the order of their paths, and a walk goes through folders in the same order: so a
million of them are never in memory together.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from pipeline.library import Library
from pipeline.library.images import from_database, to_database

ID, SIZE, MTIME, CTIME, DEVICE, INODE, STATE, RETRY = range(1, 9)
"""Places in a row, after its path: plain tuples, since a million of them are compared on every run."""

_SELECT = (
    "SELECT path, id, size, mtime, ctime, device, inode, state, retry FROM images {index} "
    "WHERE state != 'missing' AND root_id = (SELECT id FROM roots WHERE path = ?)"
)


class KnownRows:
    """The rows of images below root/top that are not missing; a place is taken once.

    Whoever has it holds a read transaction open until `rest` or `close`: nothing is to be
    written on the same connection in between.
    """

    def __init__(self, library: Library, root: str, top: str):
        select, given = _SELECT.format(index="" if top else "NOT INDEXED"), [to_database(root)]
        inside = f"{top}/" if top else ""
        self.count, self._library = 0, library
        self._waiting: dict[str, dict[str, tuple]] = {}
        for row in library.db.execute(f"{select} AND typeof(path) = 'blob'", given):  # no UTF-8: few, and sorted apart
            path = from_database(row[0])
            if path.startswith(inside):
                self._waiting.setdefault(path[: max(path.rfind("/"), 0)], {})[path] = (path, *row[1:])
                self.count += 1
        if top:
            select, given = f"{select} AND path > ? AND path < ?", [*given, inside, _after(top)]
        # All rows in their order and then sorted: by an index each would be looked up on its own.
        order = "path" if top else "+path"
        library.db.execute("PRAGMA temp_store = MEMORY")  # some 130 bytes a row, and no disk that may be full
        self._cursor = library.db.execute(f"{select} AND typeof(path) = 'text' ORDER BY {order}", given)
        self._next: tuple | None = next(self._cursor, None)

    def take(self, folder: str) -> dict[str, tuple]:
        """What is known in a folder itself, by path; of those below it nothing is lost."""
        self._read(_after(folder) if folder else None)
        return self._waiting.pop(folder, {})

    def rest(self) -> Iterator[tuple]:
        """What nobody has taken."""
        self._read(None)
        for rows in self._waiting.values():
            yield from rows.values()
        self._waiting = {}

    def close(self) -> None:
        self._cursor.close()
        self._library.db.execute("PRAGMA temp_store = DEFAULT")

    def _read(self, end: str | None) -> None:
        """Read on to the first path that does not come before `end`."""
        row, at = self._next, None
        if row is None or (end is not None and row[0] >= end):
            return
        for row in chain((row,), self._cursor):
            path = row[0]
            if end is not None and path >= end:
                break
            self.count += 1
            folder = path[: max(path.rfind("/"), 0)]
            if folder != at:
                rows, at = self._waiting.setdefault(folder, {}), folder
            rows[path] = row
        else:
            row = None
        self._next = row


def _after(folder: str) -> str:
    """The first text that comes after all paths below a folder."""
    return folder + chr(ord("/") + 1)

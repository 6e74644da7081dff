"""What pictures lie below an address, by what its store says of them: nothing is fetched."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from pipeline.extraction.found import File, Walk
from pipeline.extraction.known import CTIME, ID, INODE, MTIME, SIZE, STATE, KnownRows
from pipeline.extraction.walk import pictures_among
from pipeline.stores import StoreError, join, objects
from pipeline.stores.objects import Entry

_AT_ONCE = 16
"""Questions that are asked at once: a store answers each late, and many of them together."""


def listed(root: str, top: str, known: KnownRows, *, exclude: Sequence[str] = ()) -> Walk:
    """Every picture under root/top, an address, as `walk` finds those of a folder; there are no links.

    Of a file `inode` is what stands for its content at the store, where it gives something, and `device`
    is None: so it is told from a file of this machine.
    """
    found = Walk()
    open_: list[tuple[str, list[Entry] | None]] = [(top, None)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked: dict[str, Future] = {}
        while open_:
            for folder, files in open_[-_AT_ONCE:]:
                if files is None and folder not in asked:
                    asked[folder] = pool.submit(objects.entries, join(root, folder))
            folder, files = open_.pop()
            if files is not None:
                _compare(_sized(files, root, folder, pool, found), folder, known.take(folder), found)
                continue
            here = [entry for entry in _answer(asked.pop(folder), folder, found) if entry.name[0] != "."]
            files, below = pictures_among(here, folder, exclude, found)
            open_.append((folder, files))
            open_ += ((f"{folder}/{entry.name}" if folder else entry.name, None) for entry in below)
    found.unmet += known.rest()
    found.known = known.count
    found.files.sort(key=lambda file: file.path)
    return found


def as_known(file: File, row: tuple) -> bool:
    """Whether a store says the same of an object as it did. Of one that was in a folder before (`relocate`)
    only the size can be compared, since another store has other times."""
    if file.size != row[SIZE]:
        return False
    if row[CTIME] is None:
        return True
    return file.inode == row[INODE] if None not in (file.inode, row[INODE]) else file.mtime == row[MTIME]


def _answer(asked: Future, folder: str, found: Walk) -> list[Entry]:
    try:
        return asked.result()
    except FileNotFoundError:
        return []
    except StoreError as error:
        found.unread[folder] = str(error)
        return []


def _sized(files: list[Entry], root: str, folder: str, pool: ThreadPoolExecutor, found: Walk) -> list[Entry]:
    """The same with their sizes and versions, where a listing says neither, as that of a web server."""
    known, waiting = [], deque()
    for entry in files:
        if entry.st_size >= 0:
            known.append(entry)
            continue
        path = f"{folder}/{entry.name}" if folder else entry.name
        waiting.append((path, pool.submit(objects.about, join(root, path))))
    for path, asked in waiting:
        try:
            known.append(asked.result())
        except FileNotFoundError:
            pass  # gone since it was listed
        except StoreError as error:
            found.unread[path] = str(error)
    return known


def _compare(files: list[Entry], folder: str, rows: dict[str, tuple], found: Walk) -> None:
    """Tell the objects of a folder that are as known from the others."""
    before = found.same
    if found.sidecars:
        found.beside += ((row[ID], path) for path, row in rows.items() if found.sidecar_of(path))
    for entry in files:
        path = f"{folder}/{entry.name}" if folder else entry.name
        row, when = rows.pop(path, None), entry.st_mtime
        file = File(path, entry.st_size, when, when, None, entry.version, 1, False, row, entry.summed)
        if row is not None and row[STATE] == "ok" and row[CTIME] is not None and as_known(file, row):
            found.same += 1
        else:
            found.files.append(file)
    found.unmet += rows.values()
    if found.same > before:
        found.settled.add(folder)

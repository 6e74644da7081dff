"""A library as one file, and a library from such a file.

The copy is SQLite's own of one moment: whoever writes meanwhile is not held up, and what is
written meanwhile is not in it. It is written under a temporary name, checked, and renamed.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import LibraryError
from pipeline.library import connection
from pipeline.library.connection import DATABASE
from pipeline.library.library import Library
from pipeline.library.locks import locked
from pipeline.library.replacing import TEMPORARY, replacing, sweep
from pipeline.progress import Progress, Silent

DERIVED = ("index", "milvus", "maps", "distortion", "agreement", "columns", "things", "quality", "duplicates",
           "appearance", "outliers")
"""The folders of a data directory whose files can be made again."""

_PAGES = 2_048  # copied at a time: 8 MB, between two looks at Ctrl-C
_OF_DERIVED = (".npz", ".faiss", ".codes", ".rows", ".learned", ".json", TEMPORARY)
_IGNORED = {".writing", ".opening", ".DS_Store"}  # a directory that holds nothing else is empty


def backup(library: Library, file: Path, *, force: bool = False, progress: Progress = Silent()) -> int:
    """Copy a library, codebooks, notes, vectors and thumbnails, into one file; returns its bytes.

    Usable while a run writes. Raises LibraryError where there is such a file already (unless
    `force`), its folder is missing, the disk is full, or the library is damaged.
    """
    own = library.data / DATABASE
    if file.resolve() in [own.with_name(DATABASE + end).resolve() for end in ("", "-wal", "-shm")] or (
        file.exists() and file.samefile(own)
    ):
        raise LibraryError(f"{file} is the library itself; name another file.")
    if file.is_dir():
        raise LibraryError(f"{file} is a directory; name a file in it.")
    if file.exists() and not file.is_file():
        raise LibraryError(f"{file} is no file; name one.")
    if not file.parent.is_dir():
        raise LibraryError(f"There is no directory {file.parent}; make it first.")
    if file.exists() and not force:
        raise LibraryError(f"{file} is there already; name another file, or overwrite it with --force.")
    with _written(file) as temporary:
        _copy(library.db.conn, temporary, progress)
    return file.stat().st_size


def restore(file: Path, data: Path, *, force: bool = False, progress: Progress = Silent()) -> Path | None:
    """Make the library in `data` that of a backup, or of another library's database.

    Into a missing or empty directory; over what is there only with `force`, which keeps the
    database that was there under a dated name: returned. What was derived from it goes.
    Raises LibraryError for a file that is none of Likeness's or of a newer one, and while a
    run or a server has the library open.
    """
    if not file.is_file():
        raise LibraryError(f"There is no file {file}.")
    connection.check(file)
    old = data / DATABASE
    if old.exists() and file.samefile(old):
        raise LibraryError(f"{file} is the library itself; name a backup of it.")
    if not force and old.exists():
        raise LibraryError(f"There is a library in {data}; to restore over it and keep its database aside, add --force.")
    if not force and data.is_dir() and {entry.name for entry in data.iterdir()} - _IGNORED:
        raise LibraryError(f"{data} is not empty; name another directory, or add --force.")
    try:
        data.mkdir(parents=True, exist_ok=True)
        with locked(data / ".writing", wait=False), _written(old) as temporary:
            with closing(sqlite3.connect(connection.address(file), uri=True)) as source:
                _copy(source, temporary, progress)
            _settle(temporary)
            ends = _closed(old)
            drop_derived(data)  # before the new database is there: it might take them for its own
            kept = _aside(old, ends)
    except BlockingIOError:
        raise LibraryError(f"A run is at work on {data}; wait for it or stop it first.") from None
    except OSError as error:
        raise LibraryError(f"{data} cannot be written ({error.strerror}).") from None
    Library(data).close()  # brings an older one up to date
    return kept


def drop_derived(data: Path) -> None:
    """Remove what is derived from a library; other files in the same folders stay."""
    for folder in (data / name for name in DERIVED):
        for file in folder.iterdir() if folder.is_dir() else ():
            if file.suffix in _OF_DERIVED and file.is_file():
                file.unlink()
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def _written(target: Path) -> Iterator[Path]:
    """A temporary database to write in the block, then renamed; what killed writers of this one left goes."""
    sweep(target.parent, target.name)
    try:
        with replacing(target, beside=("-journal", "-wal", "-shm")) as temporary:
            yield temporary
    except (OSError, sqlite3.Error) as error:
        raise LibraryError(_said(target, error)) from None


def _copy(source: sqlite3.Connection, target: Path, progress: Progress) -> None:
    """Copy a database as it is at this moment, as one file without a log, and check the copy."""
    source.execute("BEGIN")  # one moment: the copy need not begin anew when somebody writes
    told = 0

    def tell(_, remaining: int, total: int) -> None:
        nonlocal told
        if not told:
            progress.start("copy", total)
        progress.advance(total - remaining - told)
        told = total - remaining

    try:
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(target)) as copy:
            source.backup(copy, pages=_PAGES, progress=tell)
            copy.execute("PRAGMA journal_mode = DELETE")
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        found = str(error)
    finally:
        if source.in_transaction:
            source.rollback()
    if found != "ok":
        raise LibraryError(f"The database is damaged, and so would be its copy ({found}); nothing was written.")


def _settle(file: Path) -> None:
    """Make a copy the database of a library: with a log, and without runs that go on elsewhere."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("UPDATE runs SET state = 'stopped', finished = ? WHERE state = 'running'", [_now()])


def _closed(old: Path) -> list[str]:
    """Bring a database into one file, for nobody has it open; returns the endings of the files it then has."""
    if not old.exists():
        return ["-wal"]  # a log that has lost its database must not meet another
    try:
        with closing(sqlite3.connect(old, timeout=1)) as db:
            db.execute("PRAGMA journal_mode = DELETE")  # refused while others have it open
        return [""]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise LibraryError("A server or another program has this library open; end it first.") from None
        return ["-wal", ""]  # too damaged to be opened: kept as it lies there


def _aside(old: Path, ends: list[str]) -> Path | None:
    """Keep a database under a dated name beside itself, until its own name is taken; None where there is none."""
    name, number = f"images-{datetime.now():%Y%m%d-%H%M%S}", 1
    while (kept := old.with_name(f"{name}{f'-{number}' if number > 1 else ''}.db")).exists():
        number += 1
    for end in ends:
        part, place = old.with_name(old.name + end), kept.with_name(kept.name + end)
        if end or not _linked(part, place):
            with suppress(FileNotFoundError):
                os.replace(part, place)
    old.with_name(old.name + "-shm").unlink(missing_ok=True)
    return kept if kept.exists() else None


def _linked(file: Path, name: Path) -> bool:
    """Give a file a second name, so that there is a library at every moment; not every disk can."""
    try:
        os.link(file, name)
    except OSError:
        return False
    return True


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _said(target: Path, error: OSError | sqlite3.Error) -> str:
    full = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
    if full or getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {target.parent} is full; nothing was written there."
    return f"{target} cannot be written ({getattr(error, 'strerror', None) or error})."

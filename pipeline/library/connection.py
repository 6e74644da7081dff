"""Opening `images.db`: migrated, checked, and for reading alone where nothing can be written."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from pipeline.errors import LibraryError
from pipeline.library.locks import locked
from pipeline.library.replacing import replacing
from pipeline.library.schema import migrations
from pipeline.library.sqlite import Database

DATABASE = "images.db"

_PATIENCE = 60
"""Seconds that a write waits for another one."""


class Connection(Database):
    """A connection whose transactions ask for the right to write when they begin.

    One that reads first and writes then is refused at once, without waiting, when another
    has written in between.
    """

    @contextmanager
    def atomic(self) -> Iterator[Connection]:
        """All of what is written inside, or nothing of it; one inside another is a savepoint."""
        if self.conn.in_transaction:
            with super().atomic():
                yield self
            return
        try:
            self.conn.execute("BEGIN IMMEDIATE")
            yield self
            self.conn.execute("COMMIT")
        except BaseException:
            self.rollback()
            raise

    @contextmanager
    def steady(self) -> Iterator[Connection]:
        """All that is read inside is of one moment, whatever others write meanwhile."""
        if self.conn.in_transaction:
            yield self
            return
        try:
            self.conn.execute("BEGIN")
            yield self
        finally:
            self.rollback()


def connect(data: Path, read_only: bool) -> Connection:
    """A connection to the database of a data directory, with foreign keys."""
    file = data / DATABASE
    if read_only:
        connection = sqlite3.connect(address(file), uri=True, timeout=_PATIENCE)
    else:  # that is there (`prepare`): where it has gone since no empty one takes its place
        connection = sqlite3.connect(f"file://{_quoted(file.absolute())}?mode=rw", uri=True, timeout=_PATIENCE)
        connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return Connection(connection)


def prepare(data: Path) -> bool:
    """Make or migrate the database; returns whether it can only be read.

    Raises LibraryError when the file is no database of ours, was written by a newer
    Likeness, or would have to be changed where nothing can be written.
    """
    file = data / DATABASE
    try:
        read_only = file.is_file() and not _is_writable(data)
        with _plain(file, read_only) as db:
            pending = _pending(file, db)
        if pending and read_only:
            raise LibraryError(
                f"The library in {data} was made by an older Likeness and has to be brought up to date, "
                "but nothing can be written there. Copy it to a place where it can."
            )
        if pending:
            data.mkdir(parents=True, exist_ok=True)
            _migrate(file)
        return read_only
    except OSError as error:
        raise LibraryError(f"The data directory {data} cannot be used ({error.strerror}).") from None
    except sqlite3.DatabaseError as error:
        raise LibraryError(f"{file} cannot be opened ({error}); where it is damaged, `restore` brings a backup back.") from None


def check(file: Path) -> None:
    """Raise LibraryError unless a file is a library that can be read or brought up to date; writes nothing."""
    try:
        with _plain(file, read_only=True) as db:
            _pending(file, db)
            if not migrations.applied(db):
                raise LibraryError(f"{file} is no library of Likeness's.")
    except sqlite3.DatabaseError as error:
        what = "is no library of Likeness's" if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB else "is damaged"
        raise LibraryError(f"{file} {what} ({error}).") from None


def _migrate(file: Path) -> None:
    """Bring the database up to date; two processes may open a new library at once. The log of one that is gone has
    been taken away by SQLite, which found an empty file beside it when `_pending` looked."""
    with locked(file.with_name(".opening")):
        if _is_new(file):
            with replacing(file) as temporary:
                temporary.write_bytes(_blank())
            return
        with _plain(file) as db:
            db.enable_wal()
            db.execute("PRAGMA synchronous = NORMAL")
            migrations.apply(db)  # without foreign keys, so that a table can be made anew
            if broken := db.execute("PRAGMA foreign_key_check").fetchone():
                raise LibraryError(f"{file} is damaged: a row of {broken[0]} refers to nothing.")


def _is_new(file: Path) -> bool:
    """Whether there is nothing to bring up to date. Arrays derived from a database that is gone name ids that one
    of the steps looks for: they are never given again."""
    return not (file.is_file() and file.stat().st_size) and not any(file.parent.glob("*/*.npz"))


@cache
def _blank() -> bytes:
    """The file of a new library: all steps taken in memory, where each of them costs no flush of a disk."""
    db = Database(memory=True)
    migrations.apply(db)
    made = bytearray(db.conn.serialize())
    db.close()
    made[18:20] = 2, 2  # the format's numbers of a database with a write-ahead log (sqlite.org/fileformat2.html)
    return bytes(made)


@contextmanager
def _plain(file: Path, read_only: bool = False) -> Iterator[Database]:
    """A connection for looking at the schema and changing it."""
    if not file.is_file() and not file.parent.is_dir():
        yield Database(memory=True)
        return
    connection = sqlite3.connect(address(file), uri=True) if read_only else sqlite3.connect(file, timeout=_PATIENCE)
    try:
        yield Database(connection)
    finally:
        connection.close()


def _pending(file: Path, db: Database) -> bool:
    """Whether steps are to be taken; LibraryError where one was that we do not know."""
    known = [step.name for step in migrations._migrations]
    applied = [step.name for step in migrations.applied(db)]
    if newer := [name for name in applied if name not in known]:
        raise LibraryError(f"{file} was written by a newer Likeness ({newer[-1]}).")
    if not applied and set(db.table_names()) - {migrations.migrations_table}:  # that alone: it is being made
        raise LibraryError(f"{file} is a database, but none of Likeness's.")
    return len(applied) < len(known)


def _is_writable(data: Path) -> bool:
    """Whether a run could write here; read-only media say so even to root."""
    return os.access(data, os.W_OK) and os.access(data / DATABASE, os.W_OK)


def address(file: Path) -> str:
    """The URI that opens a database without writing anything, not even beside it.

    Without the log of a writer that was cut off, the file is all there is (`immutable`); with
    one, SQLite needs that log's index, which must lie there already.
    """
    log = file.with_name(file.name + "-wal")
    whole = not log.is_file() or log.stat().st_size == 0
    return f"file:{_quoted(file.resolve())}?{'immutable=1' if whole else 'mode=ro'}"


def _quoted(file: Path) -> str:
    from urllib.parse import quote_from_bytes

    return quote_from_bytes(os.fsencode(file))

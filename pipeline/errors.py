"""Errors a person can cause and mend.

Each carries one clear sentence, and where there is one, the way out. The command line
prints it and exits with 1; the dashboard shows it on the page. Programming errors are
not among them: they propagate.
"""

from __future__ import annotations

import errno
import os
import sqlite3


class LikenessError(Exception):
    """Base of every error whose text is meant for the person at the screen."""


class ImageError(LikenessError):
    """A file that cannot be read as an image; the text is the reason alone."""


class TransientImageError(ImageError):
    """A file that could not be read this time: permission, a network share, memory. The next
    run tries it again."""


class LibraryError(LikenessError):
    """No library where one was expected, or one that cannot be used."""


class EmbeddingError(LikenessError):
    """An embedding that is unknown, or has no vectors in this library."""


class WeightsUnavailableError(EmbeddingError):
    """The weights of a network are neither on disk nor to be downloaded."""


class StaleIndexError(LikenessError):
    """The combined index is missing or does not hold what was asked of it."""


class IndexUnreachableError(LibraryError):
    """The engine that holds the index does not answer, or its file is in use."""


class QueryError(LikenessError):
    """A search that cannot be answered as asked."""


class SettingsError(LikenessError):
    """An option or environment variable with an impossible value."""


class FactsError(LikenessError):
    """A table of facts that cannot be taken as it is."""


class NoteError(LikenessError):
    """A name, tag or collection that cannot be kept as given."""


_FULL = "The disk is full. What is stored is kept; make room, and the same command goes on from here."
_DATABASE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: "Another program has been writing in this library for a minute; wait for it, then try again.",
    sqlite3.SQLITE_READONLY: "Nothing can be written in this library: its directory or its disk may only be read.",
    sqlite3.SQLITE_CANTOPEN: "The library's database cannot be opened: is its disk still there?",
    sqlite3.SQLITE_IOERR: "The disk of the library does not answer as it should. What is stored is kept.",
    sqlite3.SQLITE_CORRUPT: "The library's database is damaged; `doctor` says how much, `restore` brings a backup back.",
    sqlite3.SQLITE_NOTADB: "The library's database is damaged: it is no database any more. `restore` brings a backup back.",
}
_NO_MORE = "No more processes or threads may be started here (ulimit -u, or a container's limit of processes); raise that limit, or take fewer: LIKENESS_THREADS=1."
_SYSTEM = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _DATABASE[sqlite3.SQLITE_READONLY],
    errno.EFBIG: "A file has grown as large as this disk or process allows (FAT32: 4 GB; ulimit -f). What is stored is kept.",
    errno.EIO: _DATABASE[sqlite3.SQLITE_IOERR],
}


def sentence(error: BaseException) -> str | None:
    """What to tell a person of an error; None where it is one of the program's own.

    Disks that are full or gone and databases that are locked or damaged can show themselves
    at any statement, and so are named here and not where they happen.
    """
    if isinstance(error, LikenessError):
        return str(error)
    if isinstance(error, sqlite3.Error):
        return _DATABASE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if str(error) == "can't start new thread" or isinstance(error, BlockingIOError) and error.errno == errno.EAGAIN:
        return _NO_MORE
    if isinstance(error, OSError) and error.errno == errno.EROFS and isinstance(error.filename, str):
        return f"Nothing can be written in {os.path.dirname(error.filename) or '.'}: its disk may only be read."
    if isinstance(error, FileNotFoundError) and error.filename is None and not _is_anywhere():
        return "The directory that this was started in is not there any more; go to another one (cd) and try again."
    return _SYSTEM.get(error.errno) if isinstance(error, OSError) else None


def _is_anywhere() -> bool:
    """Whether the process's working directory is still there."""
    try:
        return bool(os.getcwd())
    except OSError:
        return False

"""What is derived from a library and can be made again: keyed arrays, each file replaced whole.

A file names the key of what it was made from: inputs and parameters, as `key_of` sums them
up. One that is missing, damaged, or of another key is as none, and is made again. Files are
written beside their place under a temporary name, flushed to the disk, and renamed: whoever
reads one meanwhile keeps the one before, and where there is no room the one before stays.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from zipfile import BadZipFile
from zlib import error as BadStreamError

import numpy as np

from pipeline import arrays as arrays_of
from pipeline.errors import LibraryError
from pipeline.library.library import Library
from pipeline.library.replacing import replacing as replaced_whole
from pipeline.library.replacing import sweep

_SUFFIX = ".npz"
_ABOUT = "about"  # the array that is no array: the key and what is told of the others, as JSON
_NAME = re.compile(r"[a-z]+/[\w+-][\w+.:@=-]*")  # nothing that leads out of the library
UNREADABLE = (OSError, KeyError, TypeError, ValueError, EOFError, NotImplementedError, BadZipFile, BadStreamError)
"""What a reader of archives raises for bytes that are none."""


class DamagedError(LibraryError):
    """A derived file that is there and cannot be read: cut off, overwritten, of another kind."""


@dataclass(frozen=True)
class Derived:
    """A derived file as read: its key, what is told of it, and its arrays by name."""

    key: str
    about: dict
    arrays: dict[str, np.ndarray]


def path(library: Library, name: str) -> Path:
    """Where a derived file is kept; `name` is a folder and a name: `maps/color`. Else ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a derived file.")
    return library.data / f"{name}{_SUFFIX}"


def names(library: Library, folder: str) -> list[str]:
    """The names in a folder of derived files, readable or not, in alphabetical order."""
    return sorted(file.name.removesuffix(_SUFFIX) for file in (library.data / folder).glob(f"*{_SUFFIX}"))


def read(library: Library, name: str, key: str | None = None, arrays: bool = True) -> Derived | None:
    """A derived file; None where there is none, or it is not of this key. DamagedError where it is damaged.

    key None: whatever its key. arrays False: they are left unread, and so unchecked.
    """
    try:
        with arrays_of.opened(path(library, name)) as file:
            about = json.loads(str(file[_ABOUT]))
            found = about.pop("key", "")
            if key not in (None, found):
                return None
            kept = [entry for entry in file.files if entry != _ABOUT and arrays]
            return Derived(found, about, {entry: file[entry] for entry in kept})
    except FileNotFoundError:
        return None
    except UNREADABLE as error:
        raise DamagedError(f"{path(library, name)} is damaged: {_reason(error)}.") from None


def load(library: Library, name: str, key: str) -> Derived | None:
    """A derived file of this key; None where there is none, or it is damaged or of another key."""
    try:
        return read(library, name, key)
    except DamagedError:
        return None


def store(
    library: Library, name: str, key: str, arrays: Mapping[str, np.ndarray], about: Mapping | None = None
) -> None:
    """Keep arrays under a name, in place of what is there; raises LibraryError where that fails.

    about: what JSON can say of them; `key` is taken.
    """
    told = np.array(json.dumps({**(about or {}), "key": key}))
    with replacing(path(library, name)) as temporary, open(temporary, "wb") as file:
        np.savez(file, **{_ABOUT: told}, **arrays)


def offer(
    library: Library, name: str, key: str, arrays: Mapping[str, np.ndarray], about: Mapping | None = None
) -> None:
    """As `store`, for what is only kept to save time: a full or read-only disk is no failure."""
    with suppress(LibraryError):
        store(library, name, key, arrays, about)


def remove(library: Library, name: str) -> None:
    """Drop a derived file, if it is there."""
    path(library, name).unlink(missing_ok=True)


def key_of(*parts: object) -> str:
    """A key that changes with any of its parts: arrays by their bytes, all else by how it prints."""
    digest = blake2b(digest_size=12)
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part))
        else:
            digest.update(f"{part!r}\0".encode(errors="surrogatepass"))
    return digest.hexdigest()


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """As `library.replacing`, in a folder of derived files, which is made where there is none and swept.

    An OSError becomes a LibraryError of one sentence.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        with replaced_whole(target) as temporary:
            yield temporary
    except OSError as error:
        raise LibraryError(f"{target} could not be written: {_reason(error)}.") from error


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()

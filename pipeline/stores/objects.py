"""What a store holds: listed, and read. Every error of a store is a `StoreError` with one sentence."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, BinaryIO

from pipeline.stores.address import is_address

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_TIMES = ("LastModified", "last_modified", "Last-Modified", "mtime", "modified", "updated", "created")
_TAGS = ("md5Hash", "Content-MD5", "ETag", "etag")
"""What stores call the time of a change, and a sign of the content, the surest first."""
_SUM = re.compile(r"[0-9a-fA-F]{32}(-\d+)?|[A-Za-z0-9+/]{22}==")
"""An MD5, or S3's sum of the sums of parts. Other signs may be of size and time alone, as nginx makes them."""
_OPTIONS = dict.fromkeys(("s3", "s3a"), {"max_concurrency": 1})
"""What a store's package is told. With more at once, s3fs asks for the size of each object first: two requests a picture."""
_LONGEST = 200  # letters of what a store says of an error


class StoreError(OSError):
    """A store that does not answer, or refuses; the text is the reason alone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies in a folder of a store, with the names that `os.DirEntry` and `os.stat_result` have.

    st_size: bytes, −1 where the listing does not say. st_mtime: seconds since 1970, 0 where it is not known.
    version: 63 bits of a sign that changes with the content, None without one; summed: it is made of
    the content alone, so that equal ones (and sizes) are equal contents.
    """

    name: str
    folder: bool
    st_size: int
    st_mtime: float
    version: int | None = None
    summed: bool = False

    def is_dir(self) -> bool:
        return self.folder

    def stat(self) -> Entry:
        return self


def entries(address: str) -> list[Entry]:
    """What lies right below an address. Raises FileNotFoundError where there is nothing, else StoreError."""
    with _telling():
        system, path = _opened(address)
        listed = system.ls(path, detail=True)
    below = path.rstrip("/") + "/"
    found = {}
    for info in listed:
        place = str(info["name"])
        name = place[len(below) :].rstrip("/")
        if place.startswith(below) and name and "/" not in name:  # pages of servers link elsewhere, too
            found[name] = _entry(name, info)
    return list(found.values())


def about(address: str) -> Entry:
    """One object. Raises as `entries`."""
    with _telling():
        system, path = _opened(address)
        return _entry(address.rpartition("/")[2], system.info(path))


def read(address: str) -> bytes:
    """The bytes of an object. Raises as `entries`."""
    with _telling():
        system, path = _opened(address)
        return system.cat_file(path)


def opened(place: str) -> BinaryIO:
    """A regular file, or an object with its bytes fetched, to be read. Raises OSError: a pipe, say, might never
    answer, and is none."""
    if is_address(place):
        return io.BytesIO(read(place))
    file = open(os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is not a regular file")
    return file


def _entry(name: str, info: dict[str, Any]) -> Entry:
    tag = next((str(info[key]).removeprefix("W/").strip('"') for key in _TAGS if info.get(key)), None)
    size = info.get("size")
    return Entry(
        name, info.get("type") == "directory", -1 if size is None else int(size),
        _seconds(next((info[key] for key in _TIMES if info.get(key)), None)),
        None if tag is None else int.from_bytes(blake2b(tag.encode(), digest_size=8).digest()) >> 1,
        tag is not None and _SUM.fullmatch(tag) is not None,
    )  # fmt: skip


def _seconds(when: Any) -> float:
    """A time as stores give it, in seconds since 1970; 0 where it cannot be told."""
    try:
        if isinstance(when, str):
            when = datetime.fromisoformat(when) if when[:1].isdigit() else parsedate_to_datetime(when)
        if isinstance(when, datetime):
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        return float(when or 0)
    except (ValueError, TypeError):
        return 0.0


_shared: dict[str, AbstractFileSystem] = {}
_lock = threading.Lock()


def _opened(address: str) -> tuple[AbstractFileSystem, str]:
    """The file system behind an address, and its path there.

    What fsspec runs in a thread of its own serves all threads here, so that connections are shared; of
    others fsspec keeps one for each thread.
    """
    from fsspec.core import url_to_fs

    scheme, _, rest = address.partition("://")
    host = f"{scheme}://{rest.partition('/')[0]}"
    with _lock:
        system = _shared.get(host)
    if system is None:
        system, path = url_to_fs(address, use_listings_cache=False, **_OPTIONS.get(scheme, {}))
        if system.async_impl:
            with _lock:
                _shared[host] = system
        return system, path
    return system, system._strip_protocol(address)


@contextmanager
def _telling() -> Iterator[None]:
    """Whatever a store's package raises (each has errors of its own) as what callers know."""
    try:
        yield
    except (FileNotFoundError, MemoryError, StoreError):
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:_LONGEST] or type(error).__name__
        raise StoreError(said) from error

"""The files of the index.

`index/KEY.faiss` (the vectors and their structure), `index/KEY.npz` (which row is which
image), and `index/index.json`, written last and by rename, which names the two that count
and says how they were made and measured. A process that has older ones mapped keeps them:
files are unlinked, not overwritten.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile
from zlib import error as BadStreamError

import faiss
import numpy as np

from pipeline.errors import LibraryError
from pipeline.library import Library, derived

_TRIES = 5  # a writer may replace the files between reading their names and opening them
_ARRAYS = ("ids", "stamps", "alive", "seen")
_DAMAGED = (OSError, KeyError, TypeError, ValueError, EOFError, BadZipFile, BadStreamError)


def pointer(library: Library) -> Path:
    """The file that names the current ones."""
    return library.data / "index" / "index.json"


def read_about(library: Library) -> dict | None:
    """What index.json says; None without an index."""
    try:
        saved = json.loads(pointer(library).read_text())
        return saved if _file(library, saved["key"], ".npz").is_file() else None
    except _DAMAGED:
        return None


def read_rows(library: Library) -> tuple[dict, dict[str, np.ndarray]] | None:
    """The same with the arrays ids, stamps, alive and seen."""
    return _read(library, lambda saved: (saved, _rows(library, saved)))


def read(library: Library, to_change: bool = False) -> tuple[dict, dict[str, np.ndarray], faiss.Index] | None:
    """The same with the structure itself: mapped from the file, or read whole to be changed."""
    flags = 0 if to_change else faiss.IO_FLAG_MMAP_IFC
    return _read(library, lambda saved: (
        saved, _rows(library, saved), faiss.read_index(str(_file(library, _structure(saved), ".faiss")), flags),
    ))  # fmt: skip


def write(
    library: Library, about: dict, arrays: dict[str, np.ndarray] | None, structure: faiss.Index | None
) -> None:
    """Save under new keys, point to them, drop what was before.

    arrays or structure None: those on disk stay. LibraryError where the disk is full.
    """
    pointer(library).parent.mkdir(parents=True, exist_ok=True)
    saved = {} if arrays is not None and structure is not None else json.loads(pointer(library).read_text())
    keys = {"key": saved.get("key"), "structure": saved and _structure(saved), "sum": saved.get("sum")}
    if structure is not None:
        keys["structure"] = secrets.token_hex(8)
        with derived.replacing(_file(library, keys["structure"], ".faiss")) as temporary:
            try:
                faiss.write_index(structure, str(temporary))
            except RuntimeError as error:  # what FAISS raises for every cause
                raise LibraryError(f"The index cannot be written ({str(error).rpartition(': ')[2]}).") from None
            keys["sum"] = _sum(temporary)
    if arrays is not None:
        keys["key"] = secrets.token_hex(8)
        with derived.replacing(_file(library, keys["key"], ".npz")) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)
    with derived.replacing(pointer(library)) as temporary:
        Path(temporary).write_text(json.dumps({**about, **keys}))
    for path in strays(library):
        with suppress(OSError):  # where an open file cannot be removed, the next save does it
            path.unlink()


def strays(library: Library) -> list[Path]:
    """Files of indexes that nothing names any more: their writers have ended without removing them."""
    try:
        saved = json.loads(pointer(library).read_text())
        named = saved["key"], _structure(saved)
    except _DAMAGED:
        named = ()
    files = sorted(pointer(library).parent.glob("*"))
    return [path for path in files if path.suffix in (".faiss", ".npz") and path.stem not in named]


def remove(library: Library) -> None:
    """Drop the index, whatever state its files are in."""
    pointer(library).unlink(missing_ok=True)
    for path in strays(library):
        path.unlink(missing_ok=True)


def damage(library: Library) -> str:
    """What is wrong with the files, of which every byte is read; empty where nothing is, or none are there."""
    before = version(library)
    said = _damage(library)
    return said if version(library) == before else damage(library)  # replaced meanwhile


def _damage(library: Library) -> str:
    if not pointer(library).exists():
        return ""
    try:
        saved = json.loads(pointer(library).read_text())
        rows, structure = _rows(library, saved), _file(library, _structure(saved), ".faiss")
        if saved.get("sum") not in (None, _sum(structure)):
            return f"{structure.name} has changed since it was written"
        count = faiss.read_index(str(structure), faiss.IO_FLAG_MMAP_IFC).ntotal
    except (*_DAMAGED, RuntimeError) as error:  # FAISS raises RuntimeError for every cause
        return f"its files cannot be read ({str(error).rpartition(': ')[2]})"
    if any(len(array) != count for array in rows.values()):
        return "its files do not belong together"
    return ""


def _sum(file: Path) -> str:
    """A check sum of a file; earlier versions have kept none."""
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def version(library: Library) -> tuple[int, int]:
    """Changes whenever another index is saved; zeros without one."""
    try:
        found = pointer(library).stat()
        return found.st_ino, found.st_mtime_ns
    except OSError:
        return 0, 0


def size_on_disk(library: Library) -> int:
    """Bytes of the current files; 0 without any."""
    saved = read_about(library)
    if saved is None:
        return 0
    files = _file(library, saved["key"], ".npz"), _file(library, _structure(saved), ".faiss")
    return sum(file.stat().st_size for file in files if file.is_file())


def _read(library: Library, what):
    for _ in range(_TRIES):
        try:
            return what(json.loads(pointer(library).read_text()))
        except (FileNotFoundError, RuntimeError):  # FAISS raises RuntimeError for every cause
            continue
        except _DAMAGED:
            break
    return None


def _structure(saved: dict) -> str:
    """The key of the structure; indexes of earlier versions have one for all."""
    return saved.get("structure") or saved["key"]


def _file(library: Library, key: str, suffix: str) -> Path:
    return pointer(library).with_name(key + suffix)


def _rows(library: Library, saved: dict) -> dict[str, np.ndarray]:
    with np.load(_file(library, saved["key"], ".npz"), allow_pickle=False) as rows:
        found = {name: rows[name] for name in _ARRAYS if name in rows.files}
    # Earlier versions did not note where an embedding saw nothing.
    return {"seen": found["stamps"] != 0, **found}

"""The files of the index.

`index/KEY.faiss` (the structure) and `index/KEY.codes` (beside a graph), `index/KEY.npz` (which row is
which image), `index/KEY.rows` (the rows as they are) with `index/KEY.learned` (what was learned before
the first of them), and `index/index.json`, written last and by rename, which names those that count
and says how they were made and measured. A process that has older ones mapped keeps them: files are unlinked, not
overwritten, and rows are only appended.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile
from zlib import error as BadStreamError

import faiss
import numpy as np

from pipeline import arrays as arrays_of
from pipeline.errors import LibraryError
from pipeline.index.faiss.codes import Codes
from pipeline.index.faiss.exact import ExactRows
from pipeline.index.faiss.reduction import Reduction
from pipeline.library import Library, derived
from pipeline.library.replacing import identity

_TRIES = 5  # a writer may replace the files between reading their names and opening them
_SUFFIXES = {".npz": "key", ".faiss": "structure", ".codes": "codes", ".rows": "rows", ".learned": "rows"}
"""Of each file, what its key is called in index.json."""
_SUMS = {".faiss": "sum", ".codes": "codes_sum"}
"""Of those that FAISS writes, what their check sums are called there."""
_ARRAYS = ("ids", "stamps", "alive", "seen")
_DAMAGED = (OSError, AttributeError, KeyError, TypeError, ValueError, EOFError, BadZipFile, BadStreamError)


def pointer(library: Library) -> Path:
    """The file that names the current ones."""
    return library.data / "index" / "index.json"


def read_about(library: Library) -> dict | None:
    """What index.json says; None without an index."""
    try:
        saved = json.loads(pointer(library).read_text())
        return saved if _file(library, saved, ".npz").is_file() else None
    except _DAMAGED:
        return None


def read_rows(library: Library) -> tuple[dict, dict[str, np.ndarray]] | None:
    """The same with the arrays ids, stamps, alive and seen."""
    return _read(library, lambda saved: (saved, _rows(library, saved)))


class Parts(NamedTuple):
    """What an index consists of beside its table of rows; see `engine.FaissIndex`."""

    structure: faiss.Index | None
    exact: ExactRows
    reduction: Reduction | None
    codes: Codes | None


def read(library: Library, to_change: bool = False) -> tuple[dict, dict[str, np.ndarray], Parts] | None:
    """The same with its parts, the structure mapped from its file, or read whole to be changed.

    None where the index is of an earlier version.
    """
    return _read(library, lambda saved: None if is_old(saved) else _opened(library, saved, to_change))


def _opened(library: Library, saved: dict, to_change: bool = False) -> tuple[dict, dict[str, np.ndarray], Parts]:
    file = _file(library, saved, ".faiss")
    structure = faiss.read_index(str(file), 0 if to_change else faiss.IO_FLAG_MMAP_IFC) if file else None
    with arrays_of.opened(_file(library, saved, ".learned")) as learned:
        arrays = dict(learned)
    exact = ExactRows(
        _file(library, saved, ".rows"), saved["options"]["storage"], sum(saved["dims"]), arrays["levels"], saved["sums"]
    )
    reduction, coded = Reduction.of(arrays), _file(library, saved, ".codes")
    codes = Codes.of(faiss.read_index(str(coded)), reduction) if coded else None
    return saved, _rows(library, saved), Parts(structure, exact, reduction, codes)


def is_old(saved: dict) -> bool:
    """Whether an index is of an earlier version, which kept the rows within the structure."""
    return bool(saved) and "rows" not in saved


def new_rows(library: Library, storage: str, dim: int, sample: np.ndarray) -> ExactRows:
    """An empty file of rows, which nothing names until an index with it is written."""
    return ExactRows.create(pointer(library).with_name(secrets.token_hex(8) + ".rows"), storage, dim, sample)


def write(library: Library, about: dict, arrays: dict[str, np.ndarray] | None, parts: Parts | None) -> None:
    """Save under new keys, point to them, drop what was before.

    arrays or parts None: those on disk stay. LibraryError where the disk is full.
    """
    pointer(library).parent.mkdir(parents=True, exist_ok=True)
    saved = {} if arrays is not None and parts is not None else json.loads(pointer(library).read_text())
    keys = {name: saved.get(name) for name in ("key", "structure", "sum", "codes", "codes_sum", "rows", "sums")}
    if parts is not None:
        keys |= _write_parts(library, parts)
    if arrays is not None:
        keys["key"] = secrets.token_hex(8)
        with derived.replacing(_file(library, keys, ".npz")) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)
    with derived.replacing(pointer(library)) as temporary:
        Path(temporary).write_text(json.dumps({**about, **keys}))
    for path in strays(library):
        with suppress(OSError):  # where an open file cannot be removed, the next save does it
            path.unlink()


def _write_parts(library: Library, parts: Parts) -> dict:
    """Write what changed of them; their keys and check sums."""
    exact, reduction = parts.exact, parts.reduction
    exact.seal()
    keys = {"rows": exact.file.stem, "sums": exact.sums}
    learned = _file(library, keys, ".learned")
    if not learned.exists():
        with derived.replacing(learned) as temporary, open(temporary, "wb") as file:
            np.savez(file, levels=exact.levels, **(reduction.arrays() if reduction else {}))
    coded = None if parts.codes is None else parts.codes.quantizer
    for suffix, index in {".faiss": parts.structure, ".codes": coded}.items():
        keys |= {_SUFFIXES[suffix]: None, _SUMS[suffix]: None}
        if index is not None:
            keys[_SUFFIXES[suffix]] = secrets.token_hex(8)
            keys[_SUMS[suffix]] = _write_index(index, _file(library, keys, suffix))
    return keys


def _write_index(index: faiss.Index, file: Path) -> str:
    """Write what FAISS holds; its check sum."""
    with derived.replacing(file) as temporary:
        try:
            faiss.write_index(index, str(temporary))
        except RuntimeError as error:  # what FAISS raises for every cause
            raise LibraryError(f"The index cannot be written ({str(error).rpartition(': ')[2]}).") from None
        return _sum(temporary)


def strays(library: Library) -> list[Path]:
    """Files of indexes that nothing names any more: their writers have ended without removing them."""
    try:
        saved = json.loads(pointer(library).read_text())
    except _DAMAGED:
        saved = {}
    named = {suffix: _key(saved, suffix) for suffix in _SUFFIXES}
    files = sorted(pointer(library).parent.glob("*"))
    return [path for path in files if path.suffix in named and path.stem != named[path.suffix]]


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
        if is_old(saved):
            return ""  # it will be built anew
        for suffix, name in _SUMS.items():
            file = _file(library, saved, suffix)
            if file and saved[name] != _sum(file):
                return f"{file.name} has changed since it was written"
        _, rows, parts = _opened(library, saved)
        if said := parts.exact.damage():
            return said
        counts = {len(part) for part in (parts.exact, parts.codes) if part is not None}
        counts |= {parts.structure.ntotal} if parts.structure is not None else set()
    except (*_DAMAGED, RuntimeError) as error:  # FAISS raises RuntimeError for every cause
        return f"its files cannot be read ({str(error).rpartition(': ')[2]})"
    if {len(array) for array in rows.values()} != counts:
        return "its files do not belong together"
    return ""


def _sum(file: Path) -> str:
    """A check sum of a file."""
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def version(library: Library) -> tuple[int, int]:
    """Changes whenever another index is saved; zeros without one."""
    return identity(pointer(library))


def size_on_disk(library: Library) -> int:
    """Bytes of the current files; 0 without any."""
    saved = read_about(library)
    if saved is None:
        return 0
    files = [_file(library, saved, suffix) for suffix in _SUFFIXES]
    return sum(file.stat().st_size for file in files if file and file.is_file())


def _read(library: Library, what):
    for _ in range(_TRIES):
        try:
            return what(json.loads(pointer(library).read_text()))
        except (FileNotFoundError, RuntimeError):  # FAISS raises RuntimeError for every cause
            continue
        except _DAMAGED:
            break
    return None


def _key(saved: dict, suffix: str) -> str | None:
    """The key of a file; indexes of earlier versions have one for all."""
    name = _SUFFIXES[suffix]
    return saved.get(name) or (saved.get("key") if is_old(saved) and name == "structure" else None)


def _file(library: Library, saved: dict, suffix: str) -> Path | None:
    """Where a file of the index is; None where it has none of that kind."""
    key = _key(saved, suffix)
    return pointer(library).with_name(key + suffix) if key else None


def _rows(library: Library, saved: dict) -> dict[str, np.ndarray]:
    with arrays_of.opened(_file(library, saved, ".npz")) as rows:
        found = {name: rows[name] for name in _ARRAYS if name in rows.files}
    # Earlier versions did not note where an embedding saw nothing.
    return {"seen": found["stamps"] != 0, **found}

"""What a library itself keeps of an index by Milvus.

`milvus/KEY.npz` (which images it holds, of which vectors, and what was known of them) and
`milvus/index.json`, written last and by rename, which names it and the collection.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from pipeline import arrays as arrays_of
from pipeline.library import Library, derived
from pipeline.library.replacing import identity

_ARRAYS = ("ids", "stamps", "seen", "alive", "digests")
_DAMAGED = (OSError, KeyError, TypeError, ValueError, EOFError, BadZipFile)


def pointer(library: Library) -> Path:
    """The file that names the current ones."""
    return library.data / "milvus" / "index.json"


def own_file(library: Library) -> Path:
    """Where Milvus Lite keeps the index where no address is given."""
    return library.data.absolute() / "milvus" / "index.db"


def uri(library: Library, about: Mapping) -> str:
    """Where the index is that `about` is of. The own file is where the library is, wherever that has moved since."""
    return about["options"].get("uri") or str(own_file(library))


def read_about(library: Library) -> dict | None:
    """What index.json says; None without an index."""
    try:
        about = json.loads(pointer(library).read_text())
        return about if _file(library, about["key"]).is_file() else None
    except _DAMAGED:
        return None


def read(library: Library) -> tuple[dict, dict[str, np.ndarray]] | None:
    """The same with the arrays of rows."""
    for _ in range(3):  # a writer may replace the files between the two
        about = read_about(library)
        if about is None:
            return None
        with suppress(*_DAMAGED), arrays_of.opened(_file(library, about["key"])) as arrays:
            return about, {name: arrays[name] for name in _ARRAYS}
    return None


def write(library: Library, about: Mapping, arrays: Mapping[str, np.ndarray] | None) -> None:
    """Save, and drop what was before. arrays None: those on disk stay."""
    pointer(library).parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_hex(8) if arrays is not None else json.loads(pointer(library).read_text())["key"]
    if arrays is not None:
        with derived.replacing(_file(library, key)) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)
    with derived.replacing(pointer(library)) as temporary:
        Path(temporary).write_text(json.dumps({**about, "key": key}))
    for path in strays(library):
        with suppress(OSError):
            path.unlink()


def strays(library: Library) -> list[Path]:
    """Files that nothing names any more."""
    about = read_about(library) or {}
    return [path for path in sorted(pointer(library).parent.glob("*.npz")) if path.stem != about.get("key")]


def remove(library: Library) -> None:
    """Drop what the library keeps; the collection is not touched."""
    pointer(library).unlink(missing_ok=True)
    for path in strays(library):
        path.unlink(missing_ok=True)


def version(library: Library) -> tuple[int, int]:
    """Changes whenever another index is saved; zeros without one."""
    return identity(pointer(library))


def size_on_disk(library: Library) -> int:
    """Bytes of the library's own files; what a server keeps is not known here."""
    return sum(path.stat().st_size for path in pointer(library).parent.rglob("*") if path.is_file())


def _file(library: Library, key: str) -> Path:
    return pointer(library).with_name(f"{key}.npz")

"""The files of the combined index.

`index/KEY.faiss` (the rows and the graph), `index/KEY.npz` (which row is which image), and
`index/index.json`, written last and by rename, which names the pair that counts and says
how it was made and measured. A process that has an older pair mapped keeps it: the files
are unlinked, not overwritten.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import faiss
import numpy as np

from pipeline.library import Library

_TRIES = 5  # a writer may replace the pair between reading its name and opening it


def pointer(library: Library) -> Path:
    """The file that names the current pair."""
    return library.data / "index" / "index.json"


def read_about(library: Library) -> tuple[dict, dict[str, np.ndarray]] | None:
    """What index.json says and the arrays ids, stamps, alive; None without an index."""
    for _ in range(_TRIES):
        try:
            saved = json.loads(pointer(library).read_text())
            return saved, _rows(library, saved)
        except FileNotFoundError:
            continue
        except (OSError, KeyError, ValueError, EOFError, BadZipFile):
            break
    return None


def read(
    library: Library, to_change: bool = False
) -> tuple[dict, dict[str, np.ndarray], faiss.Index] | None:
    """The same with the index itself: mapped from the file, or read whole to be changed."""
    flags = 0 if to_change else faiss.IO_FLAG_MMAP_IFC
    for _ in range(_TRIES):
        try:
            saved = json.loads(pointer(library).read_text())
            rows = _rows(library, saved)
            graph = faiss.read_index(str(_file(library, saved["key"], ".faiss")), flags)
            return saved, rows, graph
        except (FileNotFoundError, RuntimeError):  # FAISS raises RuntimeError for every cause
            continue
        except (OSError, KeyError, ValueError, EOFError, BadZipFile):
            break
    return None


def write(library: Library, about: dict, arrays: dict[str, np.ndarray], graph: faiss.Index | None) -> None:
    """Save under a new key, point to it, drop what was before.

    graph None: the one on disk stays, only what is known about it changes.
    """
    folder = pointer(library).parent
    folder.mkdir(parents=True, exist_ok=True)
    if graph is None:
        key = json.loads(pointer(library).read_text())["key"]
    else:
        key = secrets.token_hex(8)
        faiss.write_index(graph, str(_file(library, key, ".faiss")))
        np.savez(_file(library, key, ".npz"), **arrays)
    temporary = folder / f"{key}.json"
    temporary.write_text(json.dumps({"key": key, **about}))
    os.replace(temporary, pointer(library))
    for path in folder.iterdir():
        if path.suffix in (".faiss", ".npz", ".json") and path.stem not in (key, "index"):
            with suppress(OSError):  # where an open file cannot be removed, the next save does it
                path.unlink()


def size_on_disk(library: Library) -> int:
    """Bytes of the current pair; 0 without one."""
    try:
        key = json.loads(pointer(library).read_text())["key"]
        return sum(_file(library, key, suffix).stat().st_size for suffix in (".faiss", ".npz"))
    except (OSError, KeyError, ValueError):
        return 0


def _file(library: Library, key: str, suffix: str) -> Path:
    return pointer(library).with_name(key + suffix)


def _rows(library: Library, saved: dict) -> dict[str, np.ndarray]:
    with np.load(_file(library, saved["key"], ".npz"), allow_pickle=False) as rows:
        return {name: rows[name] for name in ("ids", "stamps", "alive")}

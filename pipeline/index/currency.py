"""What the library holds current now, as engines compare it with what they hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.library import Library


def made_by(library: Library, names: Sequence[str]) -> dict[str, str | None]:
    """{embedding: fingerprint of its current extractor}, of those that the library has."""
    known = library.embeddings()
    return {name: known[name].extractor for name in names if name in known}


def summaries(library: Library, names: Sequence[str]) -> dict[str, list[int]]:
    """{embedding: `library.summary`}, of those that the library has."""
    known = library.embeddings()
    return {name: list(library.summary(name)) for name in names if name in known}


def stamps(
    library: Library, names: Sequence[str], ids: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Which current vectors `ok` images have: ids (n,) int64 ascending, and generations (n, M)
    int64 in which they were stored, 0 for none.

    With `ids`, those among them that have any.
    """
    known = library.embeddings()
    asked = None if ids is None else ids.tolist()
    columns = [(at, *library.stamps(name, asked)) for at, name in enumerate(names) if name in known]
    found = np.unique(np.concatenate([np.zeros(0, np.int64), *(having for _, having, _ in columns)]))
    table = np.zeros((len(found), len(names)), np.int64)
    for at, having, stored in columns:
        table[np.searchsorted(found, having), at] = stored
    return found, table

"""Finding how far each image is from its nearest: all of a new library, else what a change may have moved."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline import settings
from pipeline.index import Index
from pipeline.library import Library
from pipeline.outliers import distances
from pipeline.outliers.distances import K
from pipeline.progress import Progress, Silent

_ANEW = 0.2
"""Share of changed images above which all are looked at."""


def update(library: Library, index: Index, progress: Progress = Silent()) -> None:
    """Bring what is kept in line with the index, by each embedding of it."""
    for name in index.embeddings:
        if not distances.is_current(library, name):
            _update(library, index, name, progress)


def offer(library: Library, name: str, ids: np.ndarray, stamps: np.ndarray, apart: np.ndarray) -> None:
    """Keep what a map of all images has found anyway. apart: (n, k) cosine distances to the nearest others."""
    if apart.shape[1] >= K and name in library.embeddings():
        distances.keep(library, name, ids, apart[:, :K].mean(axis=1), stamps)


def _update(library: Library, index: Index, name: str, progress: Progress) -> None:
    having, stamps = library.stamps(name)
    held = np.isin(having, index.ids(name))
    ids, stamps = having[held], stamps[held]
    before = distances.read(library, name)
    apart = np.full(len(ids), np.nan, np.float32)
    if not len(ids):
        return distances.keep(library, name, ids, apart, stamps)
    if before is not None and len(before.ids):
        at = np.searchsorted(before.ids, ids).clip(max=len(before.ids) - 1)
        same = (before.ids[at] == ids) & (before.stamps[at] == stamps)
        if (~same).mean() <= _ANEW:
            apart[same] = before.apart[at[same]]
    progress.start("outliers", len(ids))
    with threadpool_limits(settings.cores()):
        near = _measure(index, name, ids, apart, np.flatnonzero(np.isnan(apart)), progress)
        if len(near) < len(ids):  # a newcomer may be near to what was far from all
            moved = np.intersect1d(ids[~np.isnan(apart)], near)
            _measure(index, name, ids, apart, np.searchsorted(ids, moved), progress)
    distances.keep(library, name, ids, np.nan_to_num(apart), stamps)


def _measure(
    index: Index, name: str, ids: np.ndarray, apart: np.ndarray, rows: np.ndarray, progress: Progress
) -> np.ndarray:
    """Fill in some rows of apart (n,); returns the ids that are near to them."""
    k = min(K, len(ids) - 1)
    if not len(rows) or k < 1:
        return ids[:0]
    found = index.neighbors(ids[rows], k, {name: 1.0}, progress=progress)
    there = found.ids >= 0
    total = np.where(there, 1 - found.scores, 0).sum(axis=1)
    apart[rows] = np.clip(total / there.sum(axis=1).clip(min=1), 0, 2)
    return np.unique(found.ids[there])

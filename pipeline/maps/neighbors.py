"""The nearest images of every image of a map, by cosine of one embedding or of all.

They come from the index. Here they become positions among the images of the map.
"""

from __future__ import annotations

import numpy as np

from pipeline.index import Index
from pipeline.progress import Progress, Silent

COMBINED = "combined"
"""Name of the map of all embeddings of the index, by their usual weights."""


def neighbors(
    index: Index, name: str, ids: np.ndarray, k: int, progress: Progress = Silent()
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of each image among `ids` (n,) ascending by cosine, itself first.

    Returns positions within `ids` (n, k) int64 and cosine distances 1 − cos (n, k)
    float32, in [0, 2]. Where there are fewer that can be compared, the image itself
    stands in their place, as far as can be. Advances `progress` by n in all.
    """
    found = index.neighbors(ids, k - 1, _weights(name), among=ids, progress=progress)
    own = np.arange(len(ids))[:, None]
    nearest = np.concatenate([own, _positions(ids, found.ids, own)], axis=1)
    apart = np.where(found.ids < 0, np.float32(2), np.clip(1 - found.scores, 0, 2))
    return nearest, np.concatenate([np.zeros_like(own), apart], axis=1).astype(np.float32)


def others(
    index: Index, name: str, ids: np.ndarray, asked: np.ndarray, k: int, progress: Progress = Silent()
) -> np.ndarray:
    """The k nearest others among `ids` of those asked about, nearest first.

    ids: (n,) int64 ascending, k < n. asked: (q,) int64 positions within `ids`. Returns
    positions within `ids`, (q, k) int64. Advances `progress` by q in all.
    """
    found = index.neighbors(ids[asked], k, _weights(name), among=ids, progress=progress)
    return _positions(ids, found.ids, asked[:, None])


def among(
    index: Index, name: str, asked: np.ndarray, ids: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of some images (q,) among others, `ids` (n,) ascending, best first.

    Returns positions within `ids` (q, ≤ k) int64 and cosines (q, ≤ k) float32.
    """
    found = index.neighbors(asked, min(k, len(ids)), _weights(name), among=ids)
    return _positions(ids, found.ids, found.ids[:, :1] * 0), found.scores


class Vectors:
    """The vectors of a map, read from the index when asked for: `vectors[positions]`.

    Rows are float32 and such that inner products are the map's cosines.
    """

    def __init__(self, index: Index, name: str, ids: np.ndarray):
        self._index, self._ids = index, ids
        self._only = None if name == COMBINED else name

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, at: np.ndarray) -> np.ndarray:
        return self._index.vectors(self._ids[at], self._only)


def _weights(name: str) -> dict[str, float] | None:
    return None if name == COMBINED else {name: 1.0}


def _positions(ids: np.ndarray, found: np.ndarray, instead: np.ndarray) -> np.ndarray:
    """Where found images (q, k) are within `ids`; `instead` (q, 1) where none was found."""
    return np.where(found < 0, instead, np.searchsorted(ids, found).clip(max=len(ids) - 1))

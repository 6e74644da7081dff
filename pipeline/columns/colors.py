"""The colors in a picture by name, out of its color vector: nothing is decoded again.

A color vector holds how much of a picture falls into each cell of hue, saturation and
brightness (`embeddings.color`). Undoing what damps it gives the shares; the exposure that was
taken back is known from their mean brightness. A cell's color then has the name that words
find it by (`embeddings.color_words`), and a picture the names that cover a fifth of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from pipeline.columns.categories import Categories
from pipeline.embeddings import color, color_words
from pipeline.library import Library, derived
from pipeline.library.followed import Followed
from pipeline.progress import Progress

NAMES = color_words.PLAIN
ENOUGH = 0.2
"""Share of a picture that a color covers, to be one of its colors."""
_VERSION = 3
_STEP = 20_000  # vectors at a time: 20 MB
_FEWEST = 12  # hues: with fewer, red and orange are one
_EXPOSURES = 16
_WITHIN = 0.25, 0.95  # where in a cell its color is taken, from the darkest to the brightest: black and white are at the ends


@dataclass(frozen=True, eq=False)
class _Named:
    """ids: (n,) int64 ascending. having: (n,) uint16, the set of each image's names, bit i for NAMES[i]."""

    ids: np.ndarray
    having: np.ndarray


class _Following(Followed[_Named]):
    place, title = "columns/colors", "colors"

    def key(self, library: Library) -> str:
        return derived.key_of(_VERSION, NAMES, library.embeddings()["color"].extractor)

    def having(self, library: Library) -> np.ndarray:
        return library.stamps("color")[0]

    def look(self, library: Library, ids: np.ndarray, progress: Progress) -> _Named:
        return _looked_at(library, ids, progress)

    def nothing(self) -> _Named:
        return _Named(np.zeros(0, np.int64), np.zeros(0, np.uint16))


_following = _Following()


def colors(library: Library, ids: np.ndarray) -> Categories:
    """The names of the colors of images, ids (n,) ascending; kept on disk, and only what changed is looked at.

    Where there are no color vectors an image has none.
    """
    found = _following.of(library)
    return _categories(ids, found.ids, found.having)


def _categories(ids: np.ndarray, known: np.ndarray, having: np.ndarray) -> Categories:
    at = np.searchsorted(known, ids).clip(max=max(0, len(known) - 1))
    sets = np.where(known[at] == ids, having[at], 0) if len(known) else np.zeros(len(ids), np.uint16)
    rows, codes = np.nonzero(sets[:, None] >> np.arange(len(NAMES), dtype=np.uint16) & 1)
    return Categories(len(ids), list(NAMES), codes.astype(np.int32), rows.astype(np.int32), folds=True)


def _looked_at(library: Library, ids: np.ndarray, progress: Progress) -> _Named:
    """Those of the images that have a color vector, ascending, and the set of names of each, a bit a name."""
    found, sets = [np.zeros(0, np.int64)], [np.zeros(0, np.uint16)]
    for start in range(0, len(ids), _STEP):
        some, vectors = library.vectors("color", ids[start : start + _STEP].tolist())
        order = np.argsort(some)
        found.append(np.asarray(some, np.int64)[order])
        sets.append(sets_of(vectors[order]))
        progress.advance(len(ids[start : start + _STEP]))
    return _Named(np.concatenate(found), np.concatenate(sets))


def sets_of(vectors: np.ndarray) -> np.ndarray:
    """The names of the colors of pictures by their color vectors (n, dim): (n,) uint16, bit i for NAMES[i].

    Every picture has its largest color, and those with the share that is enough.
    """
    bins = _bins(vectors.shape[1])
    if bins is None or not len(vectors):
        return np.zeros(len(vectors), np.uint16)
    levels = max(2, bins // 4)
    shares = np.clip(vectors, 0, None) ** (1 / color.COUNT_POWER)
    total = shares.sum(axis=1, keepdims=True)
    shares = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
    brightness = shares.reshape(len(shares), -1, levels).sum(axis=1) @ ((np.arange(levels) + 0.5) / levels)
    # mean · √(128 / mean) is what was stored as the mean; at most what DARKEST allows.
    exposure = np.minimum(color.MIDDLE / 255 / np.maximum(brightness, 1e-3), (color.MIDDLE / color.DARKEST) ** color.EXPOSURE_POWER)
    step = np.clip(np.round((np.log2(exposure) + 1) * (_EXPOSURES - 1) / 3), 0, _EXPOSURES - 1).astype(int)
    sets = np.zeros(len(vectors), np.uint16)
    for one in np.unique(step):
        at = np.flatnonzero(step == one)
        names = _names(bins, levels, int(one))
        by_name = np.stack([shares[at][:, names == code].sum(axis=1) for code in range(len(NAMES))], axis=1)
        chosen = (by_name >= ENOUGH) | (by_name == by_name.max(axis=1, keepdims=True))
        sets[at] = (chosen * (1 << np.arange(len(NAMES)))).sum(axis=1)
    sets[total[:, 0] <= 0] = 0
    return sets


def _bins(dim: int) -> int | None:
    """The `bins` of color vectors of a length, or None where they are none of ours."""
    for bins in range(_FEWEST, 65):
        if bins * max(2, bins // 4) ** 2 == dim:
            return bins
    return None


@lru_cache(maxsize=64)
def _names(bins: int, levels: int, step: int) -> np.ndarray:
    """The name of each cell, (dim,) int, at a step of exposure from ½ to 4."""
    exposure = 2 ** (step * 3 / (_EXPOSURES - 1) - 1)
    within = np.linspace(*_WITHIN, levels)
    hue, saturation, value = np.meshgrid(
        (np.arange(bins) + 0.5) / bins * 360,
        ((np.arange(levels) + 0.5) / levels) ** (1 / color.SATURATION_POWER),
        np.minimum((np.arange(levels) + within) / levels / exposure, 1.0), indexing="ij",
    )
    seen = cv2.cvtColor(np.stack([hue, saturation, value], axis=-1).astype(np.float32).reshape(1, -1, 3), cv2.COLOR_HSV2RGB)
    return color_words.named()[color_words.places(seen[0] * 255)]

"""Distortion, image by image: how far the map's neighbors of an image are not its true ones.

Found once for a map and kept as `distortion/NAME.npz`, keyed on its points and on the vectors
they stand for. Of a large map only images drawn evenly are asked about, fewer the longer a search
takes; their neighbors are looked for among all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline import settings
from pipeline.index import Index
from pipeline.library import Library, derived
from pipeline.maps.neighbors import COMBINED, others
from pipeline.maps.store import Map
from pipeline.progress import Progress, Silent

K = 10
"""Neighbors of an image that are looked at."""
ALL_BELOW = 20_000
"""Up to so many images every one is asked about; of more, at most so many drawn evenly."""
FEWEST, _WORK = 4_000, 2_000_000_000
"""So many of however large a map, so that places can be told apart; and searches × images that are done in ten seconds
on two cores: 0.5 ms a search among 100,000, 2.6 ms among 1,000,000."""
_VERSION = 1


@dataclass(frozen=True)
class Distortion:
    """ids: (n,) int64 ascending, the images asked about. share: (n,) float32 in [0, 1], of
    the ten nearest on the flat map those that are not among the ten nearest by the
    vectors. among: images on the map; more than n where only some were asked about."""

    ids: np.ndarray
    share: np.ndarray
    among: int


def distortion(
    library: Library, index: Index, shown: Map, progress: Progress = Silent()
) -> Distortion:
    """The distortion of a map, as kept or found now, among those images that the index still has."""
    key = key_of(shown)
    kept = derived.load(library, f"distortion/{shown.name}", key)
    if kept is not None:
        return Distortion(kept.arrays["ids"], kept.arrays["share"], kept.about["among"])
    with threadpool_limits(settings.cores()):
        found = _find(index, shown, progress)
    arrays = {"ids": found.ids, "share": found.share}
    derived.offer(library, f"distortion/{shown.name}", key, arrays, {"among": found.among})
    return found


def key_of(shown: Map) -> str:
    """What the kept distortion of a map is keyed on."""
    return derived.key_of(_VERSION, K, ALL_BELOW, shown.name, shown.ids, shown.xy, shown.stamps)


def _find(index: Index, shown: Map, progress: Progress) -> Distortion:
    from scipy.spatial import KDTree

    ids = np.intersect1d(shown.ids, index.ids(None if shown.name == COMBINED else shown.name))
    xy = shown.xy[np.searchsorted(shown.ids, ids)]
    k = min(K, len(ids) - 1)
    if k < 1:
        return Distortion(ids[:0], np.zeros(0, np.float32), len(ids))
    asked = np.linspace(0, len(ids) - 1, _enough(len(ids))).round().astype(np.int64)
    progress.start("distortion", len(asked))
    true = others(index, shown.name, ids, asked, k, progress)
    near = KDTree(xy).query(xy[asked], k + 1)[1]
    near = _others(near, asked, k)
    kept = (near[:, :, None] == true[:, None]).any(axis=2).sum(axis=1)
    return Distortion(ids[asked], (1 - kept / k).astype(np.float32), len(ids))


def _enough(count: int) -> int:
    """Of so many images how many are asked about."""
    return min(count, ALL_BELOW, max(FEWEST, _WORK // count))


def _others(near: np.ndarray, own: np.ndarray, k: int) -> np.ndarray:
    """The first k of each row that are not the image itself, which twins may push out: (q, k)."""
    order = np.argsort(near == own[:, None], axis=1, kind="stable")
    return np.take_along_axis(near, order, axis=1)[:, :k]

"""Which color each cluster of a map has, as numbers into the palette.

Clusters that lie near each other get colors far apart. At another granularity a cluster takes
over the color of the one it is mostly made of, so that it keeps it while the slider moves; of
those that one falls into, the largest does, and the others get colors of their own. Beyond the
palette colors come again, as far away on the map as can be.
"""

from __future__ import annotations

import numpy as np

from dashboard.marks import PALETTE
from pipeline.maps import Map

_LEAST = 0.2  # share of the one or of the other cluster that must be common to both
_PLACE = 0.5  # weight of the distance on the map: its whole width counts as much as a good contrast


def first(chosen: Map) -> np.ndarray:
    """Colors (clusters,) int64 of a map as saved, 0 to len(PALETTE) − 1."""
    return _completed(np.full(chosen.clusters, -1), _centers(chosen))


def inherited(chosen: Map, before: Map, colors: np.ndarray) -> np.ndarray:
    """Colors (clusters,) of a clustering by those (k,) of another one of the same images."""
    taken = np.full(chosen.clusters, -1)
    both = (chosen.cluster >= 0) & (before.cluster >= 0)
    pairs, common = np.unique(
        np.stack([chosen.cluster[both], before.cluster[both]]), axis=1, return_counts=True
    ) if both.any() else (np.zeros((2, 0), int), np.zeros(0, int))
    sizes, were = _sizes(chosen), _sizes(before)
    given = np.zeros(before.clusters, bool)
    for at in np.argsort(-common, kind="stable"):
        own, old = pairs[:, at]
        if taken[own] < 0 and not given[old] and common[at] >= _LEAST * min(sizes[own], were[old]):
            taken[own], given[old] = colors[old], True
    return _completed(taken, _centers(chosen))


def _completed(colors: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Colors for the clusters that have none (−1), the largest first; centers (clusters, 2)."""
    colors = colors.copy()
    width = max(float(np.ptp(centers, axis=0).max()), 1e-9) if len(centers) else 1.0
    for number in np.flatnonzero(colors < 0):
        others = np.flatnonzero(colors >= 0)
        if not len(others):
            colors[number] = 0
            continue
        away = np.linalg.norm(centers[others] - centers[number], axis=1) / width
        apart = (_CONTRAST[:, colors[others]] + _PLACE * away).min(axis=1)
        free = np.setdiff1d(np.arange(len(PALETTE)), colors[others])
        apart[free] += 2  # above all that are taken
        colors[number] = int(apart.argmax())
    return colors


def _sizes(chosen: Map) -> np.ndarray:
    return np.bincount(chosen.cluster[chosen.cluster >= 0], minlength=chosen.clusters)


def _centers(chosen: Map) -> np.ndarray:
    """Means (clusters, 2) of the clusters' places."""
    inside = chosen.cluster >= 0
    count = np.maximum(1, _sizes(chosen))
    return np.stack([
        np.bincount(chosen.cluster[inside], chosen.xy[inside, axis], minlength=chosen.clusters) / count
        for axis in (0, 1)
    ], axis=1)


def _contrast() -> np.ndarray:
    """Distances (k, k) of the palette's colors in OKLab (Ottosson 2020), largest 1."""
    srgb = np.array([[int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)] for color in PALETTE])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    cone = np.cbrt(linear @ np.array([[0.4122214708, 0.5363325363, 0.0514459929],
                                      [0.2119034982, 0.6806995451, 0.1073969566],
                                      [0.0883024619, 0.2817188376, 0.6299787005]]).T)
    lab = cone @ np.array([[0.2104542553, 0.793617785, -0.0040720468],
                           [1.9779984951, -2.428592205, 0.4505937099],
                           [0.0259040371, 0.7827717662, -0.808675766]]).T
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=2)
    return apart / apart.max()


_CONTRAST = _contrast()

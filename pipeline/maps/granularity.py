"""A map clustered anew, coarser or finer than it was saved, fast enough to follow a slider."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from pipeline.index import Index
from pipeline.maps import COMBINED, Map, clusters

COARSEST, FINEST = -4, 4
"""Steps of granularity; 0 is the map as saved. Two steps halve the smallest cluster. Beyond
these, maps of 3,781 photographs fell into noise or into pairs."""

SAMPLE = 32_000
"""Points above which a map is clustered by a sample: HDBSCAN takes 0.4 s for that many on
one core, and grows faster than they do."""

_CANDIDATES = 64  # images of a cluster among which the most typical are looked for


def recluster(saved: Map, granularity: int, index: Index | None = None) -> Map:
    """A map with the clusters of a granularity; the saved one at 0.

    index: where the exemplars' vectors come from; without one there are no exemplars.
    """
    if granularity == 0:
        return saved
    cluster = cluster_at(saved.xy, granularity, saved.options.min_cluster_size)
    return replace(saved, cluster=cluster, exemplars=_exemplars(saved, cluster, index))


def ready() -> None:
    """Load the libraries, so that the first clustering does not wait for them."""
    cluster_at(np.zeros((8, 2), np.float32), 0, 2)


def step_of(text: object) -> int:
    """A step out of an address or a slider, within the range; 0 for what is none."""
    try:
        return int(np.clip(int(str(text)), COARSEST, FINEST))
    except ValueError:
        return 0


def cluster_at(xy: np.ndarray, granularity: int, min_cluster_size: int = 0) -> np.ndarray:
    """Clusters (n,) int32 of a 2-D map (n, 2), largest first, −1 noise.

    Above `SAMPLE` points, as many drawn evenly are clustered, and the others belong where
    the nearest of these does, so that noise stays noise.
    """
    size = (min_cluster_size or clusters.smallest_cluster(len(xy))) * 2 ** (-granularity / 2)
    if len(xy) <= SAMPLE:
        return clusters.cluster_points(xy, max(2, round(size)))
    from scipy.spatial import cKDTree

    drawn = np.linspace(0, len(xy) - 1, SAMPLE).round().astype(int)
    cluster = clusters.cluster_points(xy[drawn], max(5, round(size * SAMPLE / len(xy))))
    _, nearest = cKDTree(xy[drawn]).query(xy)
    return clusters.largest_first(cluster[nearest])


def _exemplars(saved: Map, cluster: np.ndarray, index: Index | None) -> np.ndarray:
    """Ids (clusters, 4) as `clusters.exemplars` chooses them, among a few images of each cluster."""
    count = cluster.max(initial=-1) + 1
    if index is None:
        return np.full((count, clusters.EXEMPLARS), -1, np.int64)
    order = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[order], np.arange(count + 1))
    few = [
        order[np.linspace(start, end - 1, min(_CANDIDATES, end - start)).round().astype(int)]
        for start, end in pairwise(starts)
    ]
    at = np.sort(np.concatenate([*few, np.zeros(0, int)]))
    name = None if saved.name == COMBINED else saved.name
    at = at[np.isin(saved.ids[at], index.ids(name))]
    vectors = index.vectors(saved.ids[at], name)
    chosen = np.full((count, clusters.EXEMPLARS), -1, np.int64)
    known = np.unique(cluster[at])
    if len(known):
        dense = np.searchsorted(known, cluster[at])
        chosen[known] = clusters.exemplars(saved.ids[at], vectors, dense)
    return chosen

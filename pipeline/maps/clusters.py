"""Clusters of a flat map: HDBSCAN (Campello, Moulavi & Sander 2013), continents divided."""

from __future__ import annotations

import numpy as np

from pipeline import settings
from pipeline.maps import gpu
from pipeline.without import without_pandas

EXEMPLARS = 4

LARGEST = 4
"""A cluster of more than one in so many of a map's points is divided where it has parts."""

HELD, STABLE = 0.5, 0.3
"""Share of a large cluster's points, and of its stability, that its parts must have for it to
give way to them. On eight maps of 3,781 and 1,070 photographs the parts of continents had 0.52
to 0.79 of the points and 0.33 to 0.73 of the stability; the accidental
parts of groups of 400 and 1,000 vectors had 0.04 to 0.08 of the stability on their maps, and
those of round heaps of 40 to 1,000 points in the plane above 0.3 two times of 210."""

_LEAF = 13  # points of a leaf of the tree that spans, as hdbscan has it
_SAMPLES = 5  # points around one that say how dense it is there
_FEW = 10_000  # points up to which a GPU saves nothing

_MEMBERS = 4_096  # of a cluster are looked at for its exemplars, at most
_OF_ALL, _FEWEST = 262_144, 512  # members of all clusters together, and of a cluster where these are too few


def cluster_points(xy: np.ndarray, min_cluster_size: int = 0) -> np.ndarray:
    """Cluster per point (n,) int32 of a 2-D map (n, 2), largest first, −1 noise.

    min_cluster_size 0 takes half the square root of n, at least 5: some ten to thirty
    clusters on maps of a few hundred to a few thousand points. What HDBSCAN finds is kept,
    but for a cluster of more than a quarter of all points: one continent says nothing. It
    gives way to the clusters within it where they are more than accidents. On 3,781 clothing
    photographs (efficientnet) that raised the adjusted mutual information with the classes
    from 0.31 (5 clusters, the largest 87 % of all) to 0.50 (28 clusters).
    """
    size = max(2, min_cluster_size or smallest_cluster(len(xy)))  # HDBSCAN refuses 1
    if len(xy) <= size:
        return np.full(len(xy), -1, np.int32)
    tree = gpu.tried(gpu.condensed_tree, xy, size, _SAMPLES) if len(xy) > _FEW and gpu.is_here() else None
    if tree is None:
        tree = _condensed_tree(xy, size)
    return largest_first(selected(tree, max(2 * size, len(xy) // LARGEST)))


def _condensed_tree(xy: np.ndarray, size: int) -> np.ndarray:
    """HDBSCAN's condensed tree of a map (n, 2), n > 1: the steps of hdbscan's own `fit`, without those whose answer
    `selected` gives."""
    with without_pandas():
        from hdbscan._hdbscan_boruvka import KDTreeBoruvkaAlgorithm
        from hdbscan._hdbscan_linkage import label
        from hdbscan._hdbscan_tree import condense_tree

    near = _Near(xy.astype(np.float64))
    grown = KDTreeBoruvkaAlgorithm(near, min(_SAMPLES, len(xy) - 1), leaf_size=_LEAF, approx_min_span_tree=True, n_jobs=1)
    edges = grown.spanning_tree()
    return condense_tree(label(edges[np.argsort(edges[:, 2])]), size)


class _Near:
    """Answers what hdbscan asks scikit-learn's tree: which points are around each. That one takes two trees at once,
    level by level: of the 185 s of a core in which a million points became a tree, all but 18."""

    def __init__(self, points: np.ndarray):
        """points: (n, 2) float64."""
        from scipy.spatial import cKDTree

        self.data, self._tree = points, cKDTree(points)

    def query(self, points: np.ndarray, k: int, **_) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest of each, itself among them: distances (q, k) float64, ascending, and positions (q, k) int64."""
        distances, at = self._tree.query(points, k, workers=settings.cores())
        return distances, at.astype(np.intp)


def selected(tree: np.ndarray, largest: float) -> np.ndarray:
    """The clusters of a condensed tree that together have most stability: (n,), −1 noise.

    tree: as hdbscan gives it, rows of parent, child, lambda_val, child_size; the points are
    numbered 0 to n − 1, the root n, clusters from there down the tree. A cluster of more
    than `largest` points gives way to those below it that are HELD and STABLE enough. Without
    such clusters the answer is HDBSCAN's own ("excess of mass", the root is none).
    """
    root = int(tree["parent"].min())
    count = int(tree["parent"].max()) - root + 1
    parent, child, size = tree["parent"] - root, tree["child"] - root, tree["child_size"]
    density = np.minimum(tree["lambda_val"], np.finfo(np.float32).max)  # points in one place: infinite
    born, points, above = np.zeros(count), np.zeros(count), np.zeros(count, np.int64)
    inner = child > 0
    born[child[inner]], points[child[inner]], above[child[inner]] = density[inner], size[inner], parent[inner]
    stability = np.bincount(parent, (density - born[parent]) * size, minlength=count)
    below, held = np.zeros(count), np.zeros(count)
    kept = np.zeros(count, bool)
    for node in range(count - 1, 0, -1):
        parts = held[node] >= HELD * points[node] and below[node] >= STABLE * stability[node]
        kept[node] = below[node] <= stability[node] and not (points[node] > largest and parts)
        below[above[node]] += stability[node] if kept[node] else below[node]
        held[above[node]] += points[node] if kept[node] else held[node]
    cluster = np.full(count, -1)
    for node in range(1, count):
        over = cluster[above[node]]
        cluster[node] = over if over >= 0 else node if kept[node] else -1
    labels = np.full(root, -1)
    labels[tree["child"][~inner]] = cluster[parent[~inner]]
    return np.unique(labels, return_inverse=True)[1] - int((labels < 0).any())


def smallest_cluster(count: int) -> int:
    """The size from which a group on a map of `count` points is a cluster, unless one is asked for."""
    return max(5, round(np.sqrt(count) / 2))


def largest_first(cluster: np.ndarray) -> np.ndarray:
    """Number clusters (n,) by size, 0 the largest; −1 stays noise."""
    counts = np.bincount(cluster[cluster >= 0])
    rank = np.empty(len(counts), np.int32)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.where(cluster >= 0, rank[cluster] if len(counts) else -1, -1).astype(np.int32)


def exemplars(ids: np.ndarray, vectors, cluster: np.ndarray) -> np.ndarray:
    """Per cluster up to four ids: the most typical image, then others unlike those chosen.

    vectors: as for `layout.umap`. Of a large cluster, some thousand members drawn evenly stand
    for all.
    """
    chosen = np.full((cluster.max(initial=-1) + 1, EXEMPLARS), -1, np.int64)
    most = min(_MEMBERS, max(_FEWEST, _OF_ALL // max(1, len(chosen))))
    for number in range(len(chosen)):
        members = np.flatnonzero(cluster == number)
        members = members[:: -(-len(members) // most)]
        mine = vectors[members]
        order = np.argsort(-(mine @ mine.mean(axis=0)))[: max(EXEMPLARS, len(members) // 2)]
        members, mine = members[order], mine[order]
        picked = [0]
        nearest = mine @ mine[0]
        while len(picked) < min(EXEMPLARS, len(members)):
            nearest[picked] = np.inf
            picked.append(int(np.argmin(nearest)))
            nearest = np.maximum(nearest, mine @ mine[picked[-1]])
        chosen[number, : len(picked)] = ids[members[picked]]
    return chosen

"""From vectors to points and clusters: the steps of a map as functions on arrays.

UMAP: McInnes, Healy & Melville 2018. HDBSCAN: Campello, Moulavi & Sander 2013.
"""

from __future__ import annotations

import warnings

import numpy as np

from pipeline import settings
from pipeline.settings import MapOptions

EXEMPLARS = 4

FEWEST = 8
"""Fewer points than this have no neighborhoods to speak of: they are laid out by plain PCA."""

FEW = 10_000
EPOCHS, EPOCHS_OF_FEW = 200, 500
"""As in umap-learn: up to so many points are moved more often."""

_PCA_ROWS = 8_192  # for a start that is moved away from anyway
_STEP = 4_096
_MEMBERS = 4_096  # of a cluster are looked at for its exemplars


def lay_out(
    vectors, nearest: np.ndarray, distances: np.ndarray, options: MapOptions
) -> tuple[np.ndarray, np.ndarray]:
    """2-D and 3-D coordinates, (n, 2) and (n, 3) float32 around 0: UMAP on given neighbors.

    vectors: (n, d) float32, or what gives rows (k, d) for positions (k,) between square
    brackets. nearest, distances: (n, k), each point itself first.
    """
    if len(vectors) < FEWEST:
        return pca(vectors, 2), pca(vectors, 3)
    graph = memberships(nearest, distances)
    two, three = (coordinates(pca(vectors, d), graph, options) for d in (2, 3))
    return two, three


def memberships(nearest: np.ndarray, distances: np.ndarray):
    """UMAP's graph of at least `FEWEST` points: sparse (n, n), symmetric, weights of 0–1."""
    from umap.umap_ import fuzzy_simplicial_set

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph, *_ = fuzzy_simplicial_set(
            np.zeros((len(nearest), 1), np.float32),  # only counted: the neighbors are known
            n_neighbors=nearest.shape[1],
            random_state=np.random.RandomState(0),
            metric="cosine",
            knn_indices=nearest,
            knn_dists=distances.astype(np.float32),
        )
    return graph


def coordinates(start: np.ndarray, graph, options: MapOptions) -> np.ndarray:
    """Coordinates (n, 2 or 3) float32 around 0 from a start (n, 2 or 3) and its `memberships`."""
    from umap.umap_ import find_ab_params

    from pipeline.maps.descent import descend

    low, high = start.min(axis=0), start.max(axis=0)
    points = descend(
        10 * (start - low) / np.maximum(high - low, 1e-6),  # the square umap-learn starts from
        graph,
        find_ab_params(1.0, options.min_dist),
        EPOCHS if len(start) > FEW else EPOCHS_OF_FEW,
        np.random.SeedSequence().entropy if options.seed is None else options.seed,
        1 if options.seed is not None else settings.cores(),
    )
    return (points - points.mean(axis=0)).astype(np.float32)


def pca(vectors, dimensions: int) -> np.ndarray:
    """First principal components (n, dimensions) float32, largest coordinate 10 as UMAP likes it.

    Of more than some thousand vectors, found from a sample; no copy of all of them is made.
    """
    from sklearn.decomposition import PCA

    total = len(vectors)
    drawn = vectors[np.linspace(0, total - 1, min(total, _PCA_ROWS)).astype(np.int64)]
    count = min(dimensions, *drawn.shape)
    points = np.zeros((total, dimensions), np.float32)
    if total > 1:
        with np.errstate(invalid="ignore", divide="ignore"):  # where all images are alike
            model = PCA(count, random_state=0).fit(drawn)
        for start in range(0, total, _STEP):
            part = np.arange(start, min(start + _STEP, total))
            points[part, :count] = model.transform(vectors[part])
    widest = np.abs(points).max() or 1.0
    jitter = np.random.default_rng(0).normal(0, 1e-3, points.shape)  # twins must be able to part
    return (points * (10 / widest) + jitter).astype(np.float32)


def align(points: np.ndarray, mine: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Rotate and mirror a layout (n, d) so that its rows `mine` fall on `target` (m, d).

    Orthogonal Procrustes (Schönemann 1966): distances within the layout stay as they are.
    Returns (n, d) float32 centered on 0.
    """
    from scipy.linalg import orthogonal_procrustes

    points = points - points.mean(axis=0)
    if len(mine) < 4:
        return points.astype(np.float32)
    rotation, _ = orthogonal_procrustes(
        points[mine] - points[mine].mean(axis=0), target - target.mean(axis=0)
    )
    return (points @ rotation).astype(np.float32)


def cluster_points(xy: np.ndarray, min_cluster_size: int = 0) -> np.ndarray:
    """HDBSCAN on a 2-D map (n, 2): cluster per point (n,) int32, largest first, −1 noise.

    min_cluster_size 0 takes half the square root of n, at least 5: some ten to thirty
    clusters on maps of a few hundred to a few thousand points. A cluster with more than a
    quarter of all points is divided: one continent says nothing. On 3,781 clothing
    photographs (efficientnet) that raised the adjusted mutual information with the
    classes from 0.32 (6 clusters, the largest 80 % of all) to 0.40 (28 clusters).
    """
    size = max(2, min_cluster_size or smallest_cluster(len(xy)))  # HDBSCAN refuses 1
    if len(xy) <= size:
        return np.full(len(xy), -1, np.int32)
    import hdbscan

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = hdbscan.HDBSCAN(
            min_cluster_size=size,
            min_samples=5,
            max_cluster_size=max(2 * size, len(xy) // 4),
            core_dist_n_jobs=1,
        ).fit_predict(xy.astype(np.float64))
    return largest_first(found)


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

    vectors: as for `lay_out`. Of a large cluster, some thousand members drawn evenly stand
    for all.
    """
    chosen = np.full((cluster.max(initial=-1) + 1, EXEMPLARS), -1, np.int64)
    for number in range(len(chosen)):
        members = np.flatnonzero(cluster == number)
        members = members[:: -(-len(members) // _MEMBERS)]
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

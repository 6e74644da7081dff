"""From vectors to points: the steps of UMAP (McInnes, Healy & Melville 2018) on given neighbors.

umap-learn is the reference and stays a requirement of the tests and the bench, which compare
with it. It is not imported at run time: importing it and compiling its membership function
took 19 of the 23 s in which 475 images got their four maps. What of it is needed is here,
in NumPy, and in `descent`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline import settings
from pipeline.maps import gpu
from pipeline.progress import Progress, Silent
from pipeline.settings import MapOptions

FEWEST = 8
"""Fewer points than this have no neighborhoods to speak of: they are laid out by plain PCA."""

FEW = 10_000
"""Up to so many points are moved more often, as in umap-learn, and by one thread: the code for
several takes longer to compile (1.6 s of processor time against 0.8 s) than they save."""
EPOCHS, EPOCHS_OF_FEW = 200, 500
STEPS = 2 * EPOCHS
"""Of more than so many points: in the plane, and in space."""

_PCA_ROWS = 8_192  # for a start that is moved away from anyway
_STEP = 4_096
_HALVINGS, _EXACT = 64, 1e-5  # of the bisection, and its tolerance, as in umap-learn
_LEAST_WIDTH = 1e-3  # of a neighborhood, as a share of the mean distance in it


def umap(
    vectors, nearest: np.ndarray, distances: np.ndarray, options: MapOptions, progress: Progress = Silent()
) -> tuple[np.ndarray, np.ndarray]:
    """2-D and 3-D coordinates, (n, 2) and (n, 3) float32 around 0.

    vectors: (n, d) float32, or what gives rows (k, d) for positions (k,) between square
    brackets. nearest: (n, k) int64, each point itself first. distances: (n, k) float32 ≥ 0,
    ascending in each row. Advances `progress` by `STEPS` in all where there are more than `FEW`.
    """
    few = len(vectors) <= FEW
    with threadpool_limits(1 if few else settings.cores()):  # threads that wait for one another cost more
        start = pca(vectors, 3)
    if len(vectors) < FEWEST:
        return start[:, :2].copy(), start
    if not few and gpu.is_here():
        shape = nearest, distances, curve(options.min_dist), EPOCHS, options.seed
        made = gpu.tried(lambda: (gpu.coordinates(start[:, :2], *shape), gpu.coordinates(start, *shape)))
        if made:
            progress.advance(STEPS)
            return made
    graph = memberships(nearest, distances)
    return coordinates(start[:, :2], graph, options, progress), coordinates(start, graph, options, progress)


def memberships(nearest: np.ndarray, distances: np.ndarray):
    """UMAP's graph (algorithms 2 and 3): scipy sparse (n, n) float32, symmetric, weights in (0, 1].

    nearest, distances: as for `umap`. Equal to umap-learn's within 1e-5.
    """
    from scipy import sparse

    distances = distances.astype(np.float32)
    overall = distances.mean()
    count, k = nearest.shape
    weights = np.empty((count, k), np.float32)
    for start in range(0, count, _STEP):
        part = slice(start, start + _STEP)
        first, width = _neighborhoods(distances[part], overall)
        beyond = np.maximum(distances[part] - first[:, None], 0)
        weights[part] = np.exp(-beyond / width[:, None])
    weights[nearest == np.arange(count)[:, None]] = 0
    rows = np.repeat(np.arange(count, dtype=np.int32), k)
    directed = sparse.csr_matrix((weights.ravel(), (rows, nearest.ravel())), shape=(count, count))
    back = directed.T.tocsr()
    graph = directed + back - directed.multiply(back)
    graph.eliminate_zeros()
    return graph


def _neighborhoods(distances: np.ndarray, overall: float) -> tuple[np.ndarray, np.ndarray]:
    """UMAP's rho and sigma of each row, (q,) float32: where memberships begin to fall, and how fast.

    sigma is such that a row's memberships but its own sum up to log2 of their number, found
    by bisection of all rows at a time. distances: (q, k) float32. overall: the mean distance
    of all rows.
    """
    apart = distances > 0
    at = np.arange(len(distances))
    first = np.where(apart.any(axis=1), distances[at, apart.argmax(axis=1)], 0).astype(np.float32)
    beyond = np.maximum(distances[:, 1:] - first[:, None], 0)
    target = np.log2(distances.shape[1])
    width = np.ones(len(distances))
    low, high = np.zeros(len(distances)), np.full(len(distances), np.inf)
    for _ in range(_HALVINGS):
        off = np.exp(-beyond[at] / width[at, None]).sum(axis=1) - target
        at, off = at[np.abs(off) >= _EXACT], off[np.abs(off) >= _EXACT]
        if not len(at):
            break
        wide = off > 0
        high[at[wide]], low[at[~wide]] = width[at[wide]], width[at[~wide]]
        width[at] = np.where(np.isinf(high[at]), 2 * width[at], (low[at] + high[at]) / 2)
    mean = np.where(first > 0, distances.mean(axis=1), overall)
    width = np.maximum(width, _LEAST_WIDTH * mean)
    return first, np.where(width > 0, width, 1).astype(np.float32)


@cache
def curve(min_dist: float, spread: float = 1.0) -> tuple[float, float]:
    """UMAP's a and b: 1 / (1 + a·x^2b) follows a fall by exp(−x / spread) that begins at min_dist.

    min_dist: ≥ 0, below 3 · spread. Fitted as umap-learn does, by least squares at 300 points.
    """
    from scipy.optimize import curve_fit

    x = np.linspace(0, 3 * spread, 300)
    y = np.where(x < min_dist, 1.0, np.exp(-(x - min_dist) / spread))
    (a, b), _ = curve_fit(lambda x, a, b: 1 / (1 + a * x ** (2 * b)), x, y)
    return float(a), float(b)


def coordinates(start: np.ndarray, graph, options: MapOptions, progress: Progress = Silent()) -> np.ndarray:
    """Coordinates (n, 2 or 3) float32 around 0 from a start (n, 2 or 3) and its `memberships`. Advances `progress`
    by the number of epochs."""
    from pipeline.maps.descent import descend

    low, high = start.min(axis=0), start.max(axis=0)
    few = len(start) <= FEW
    seeded = options.seed is not None
    points = descend(
        10 * (start - low) / np.maximum(high - low, 1e-6),  # the square umap-learn starts from
        graph,
        curve(options.min_dist),
        EPOCHS_OF_FEW if few else EPOCHS,
        options.seed % 2**64 if seeded else np.random.SeedSequence().entropy,
        1 if seeded or few else settings.cores(),
        progress,
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


def procrustes(points: np.ndarray, mine: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Rotate and mirror points (n, d) so that the rows `mine` (m,) fall on `target` (m, d).

    Orthogonal Procrustes analysis (Schönemann 1966): distances among the points stay as they are.
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

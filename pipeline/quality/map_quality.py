"""How far a map can be believed: trustworthiness and continuity (Venna & Kaski 2001).

Both lie in [0, 1]. Trustworthiness falls where neighbors on the map are none in truth,
continuity where true neighbors are torn apart on the map.
"""

from __future__ import annotations

import numpy as np

from pipeline.quality.retrieval import K, closeness, drawn, nearest


def quality(
    vectors: np.ndarray, points: np.ndarray, seed: int = 0, most: int | None = None
) -> tuple[float, float] | None:
    """(trustworthiness, continuity) of a map, over neighborhoods of ten.

    vectors: (n, d) float32, compared by inner product (cosine, for unit vectors). points:
    (n, 2 or 3) float, compared by Euclidean distance. Of more than some thousand points a
    sample is judged, each against all others; `most`: of fewer, too, so many at most. Fewer than three points have no
    neighborhoods: None. In small maps the neighborhood is less than half of the points,
    where the measure is defined.
    """
    count = len(vectors)
    k = min(K, (count - 1) // 2)
    if k < 1:
        return None
    queries = drawn(count, seed)
    if most is not None and len(queries) > most:
        queries = np.sort(np.random.default_rng(seed).choice(queries, most, replace=False))
    intruders = torn = 0
    for part, true in closeness(vectors, queries):
        shown = _shown(points, part)
        intruders += _excess(true, nearest(shown, k))
        torn += _excess(shown, nearest(true, k))
    scale = 2 / (len(queries) * k * (2 * count - 3 * k - 1))
    return 1 - scale * intruders, 1 - scale * torn


def _shown(points: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Closeness on the map (b, n) float32: squared distances, negative; −inf to oneself."""
    close = np.zeros((len(part), len(points)), np.float32)
    for axis in points.astype(np.float32).T:
        close -= (axis[part, None] - axis) ** 2
    close[np.arange(len(part)), part] = -np.inf
    return close


def _excess(close: np.ndarray, neighbors: np.ndarray) -> int:
    """Σ max(0, rank − k) of the neighbors (b, k) in the order of a closeness (b, n).

    The rank counts the closer ones: equally close images do not push each other out.
    """
    k = neighbors.shape[1]
    total = 0
    for column in neighbors.T:
        mine = close[np.arange(len(close)), column][:, None]
        ranks = 1 + np.count_nonzero(close > mine, axis=1)
        total += int(np.maximum(ranks - k, 0).sum())
    return total

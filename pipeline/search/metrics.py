"""The weights and metrics of a query, checked and applied to candidates."""

from __future__ import annotations

import numpy as np

from pipeline import settings
from pipeline.errors import QueryError
from pipeline.index import CombinedIndex, Neighbors

_STEP = 4_096  # rows at a time: an exact search looks at all there are


def checked(metric: str) -> str:
    """The metric, when there is one of that name."""
    if metric not in settings.METRICS:
        raise QueryError(f"There is no metric {metric!r}; there are: {', '.join(settings.METRICS)}.")
    return metric


def weights_of(index: CombinedIndex, given: dict[str, float] | None) -> dict[str, float]:
    """The weights of the index's embeddings, checked; None means all equal."""
    if given is None:
        return dict.fromkeys(index.embeddings, 1.0)
    for name in given:
        if name not in index.embeddings:
            raise QueryError(
                f"{name!r} is not in the index; there are: {', '.join(index.embeddings)}."
            )
    weights = {name: float(given.get(name, 0.0)) for name in index.embeddings}
    if not all(0 <= weight < np.inf for weight in weights.values()) or not any(weights.values()):
        raise QueryError("Weights are numbers from 0 up, at least one above 0.")
    return weights


def measure(
    index: CombinedIndex,
    metric: str,
    found: Neighbors,
    vectors: dict[str, np.ndarray],
    weights: dict[str, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Ids (k,) int64 in the metric's order, and what it ranks by (k,): scores or distances.

    Euclidean: √(Σ wₘ‖qₘ−xₘ‖² / Σ wₘ) = √(2 − 2·score) on unit vectors, the cosine's
    order. Manhattan: Σ wₘ‖qₘ−xₘ‖₁ / Σ wₘ, computed for the candidates and sorted.
    """
    ids = found.ids
    if metric == "cosine":
        return ids, found.scores
    if metric == "euclidean":
        return ids, np.sqrt(np.maximum(0, 2 - 2 * found.scores))
    at, distances = index.rows_of(ids), np.zeros(len(ids))
    for start in range(0, len(ids), _STEP):
        part = slice(start, start + _STEP)
        rows = index.rows(at[part]) * np.sqrt(len(index.dims))
        blocks = dict(zip(index.embeddings, np.split(rows, np.cumsum(index.dims)[:-1], axis=1)))
        for name, weight in weights.items():
            distances[part] += weight * np.abs(blocks[name] - vectors[name]).sum(axis=1)
    distances /= sum(weights.values())
    order = np.argsort(distances, kind="stable")
    return ids[order], distances[order]

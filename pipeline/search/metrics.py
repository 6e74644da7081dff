"""The weights and metrics of a query, checked and applied to candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline import settings
from pipeline.embeddings import usual
from pipeline.errors import QueryError
from pipeline.index import Neighbors, shares
from pipeline.library import Library

_STEP = 4_096  # rows at a time: an exact search looks at all there are


def checked(metric: str) -> str:
    """The metric, when there is one of that name."""
    if metric not in settings.METRICS:
        raise QueryError(f"There is no metric {metric!r}; there are: {', '.join(settings.METRICS)}.")
    return metric


def weights_of(names: Sequence[str], given: Mapping[str, float] | None) -> dict[str, float]:
    """The weights of all embeddings of the index, checked; None means the usual ones."""
    if given is None:
        return usual(names)
    for name in given:
        if name not in names:
            raise QueryError(f"{name!r} is not in the index; there are: {', '.join(names)}.")
    weights = {name: float(given.get(name, 0.0)) for name in names}
    for name, weight in weights.items():
        if not 0 <= weight < np.inf:
            raise QueryError(f"The weight of {name} is {weight:g}; weights are numbers from 0 up.")
    if not any(weights.values()):
        raise QueryError("All weights are 0; at least one must be above 0.")
    return weights


def measure(
    library: Library,
    metric: str,
    found: Neighbors,
    vectors: Mapping[str, np.ndarray],
    weights: Mapping[str, float],
    apart: Mapping[str, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Ids (k,) int64 in the metric's order, and what it ranks by (k,): scores or distances.

    Each weighs the embeddings of the query. Euclidean: √(Σ wₘ‖qₘ−xₘ‖² / Σ wₘ) =
    √(2 − 2·score) on unit vectors, the cosine's order. Manhattan: Σ wₘ‖qₘ−xₘ‖₁ / Σ wₘ,
    computed for the candidates and sorted. Where an embedding saw nothing in an image, that
    is as far as an image that shares nothing with the query; one that an image lacks counts
    as the average image does, whose Manhattan distance is `apart`.
    """
    if metric == "cosine":
        return found.ids, found.scores
    if metric == "euclidean":
        return found.ids, np.sqrt(np.maximum(0, 2 - 2 * found.scores))
    parts = [found.ids[start : start + _STEP] for start in range(0, len(found.ids), _STEP)]
    distances = np.concatenate([_manhattan(library, ids, vectors, weights, apart) for ids in parts] or [np.zeros(0)])
    order = np.argsort(distances, kind="stable")[: np.count_nonzero(np.isfinite(distances))]
    return found.ids[order], distances[order]


def _manhattan(library: Library, ids: np.ndarray, vectors, weights, average) -> np.ndarray:
    distances, seen = np.zeros(len(ids)), np.zeros(len(ids), bool)
    order = np.argsort(ids)
    for name, share in shares(weights, list(weights)).items():
        having, rows = library.vectors(name, ids.tolist())
        at = order[np.searchsorted(ids, having, sorter=order)]
        apart = np.abs(rows - vectors[name]).sum(axis=1)
        apart[~rows.any(axis=1)] = 2 * np.abs(vectors[name]).sum()
        all_apart = np.full(len(ids), average.get(name, 0.0))
        all_apart[at] = apart
        distances += share * all_apart
        seen[at] = True
    return np.where(seen, distances, np.nan)

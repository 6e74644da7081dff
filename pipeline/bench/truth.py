"""The true neighbors of queries under many weightings, in one pass over the rows; and queries as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from pipeline.index import Index

K = 10
_STEP = 4_096


def equal_and_corners(names: Sequence[str]) -> list[dict[str, float]]:
    """Equal weights first, then each embedding alone."""
    return [dict.fromkeys(names, 1.0), *({name: 1.0} for name in names)]


def by_chance(names: Sequence[str], count: int) -> list[dict[str, float]]:
    """Weightings drawn evenly from all there are."""
    drawn = np.random.default_rng(3).dirichlet(np.ones(len(names)), count)
    return [dict(zip(names, row.tolist())) for row in drawn]


def combined(vectors: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """Queries {name: (q, dim)} of a weighting as one row each: (q, Σ dim) float32."""
    blocks = [rows * np.float32(weights.get(name, 0)) for name, rows in vectors.items()]
    return np.ascontiguousarray(np.concatenate(blocks, axis=1))


def rows(index: Index) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """The index's vectors step by step: where a step begins, and {name: (n, dim) float32}."""
    ids = index.ids()
    for start in range(0, len(ids), _STEP):
        part = ids[start : start + _STEP]
        yield start, {name: index.vectors(part, name) for name in index.embeddings}


def nearest(
    index: Index, queries: Mapping[str, np.ndarray], weightings: Sequence[Mapping[str, float]],
    among: Sequence[np.ndarray | None] | None = None,
) -> list[np.ndarray]:  # fmt: skip
    """For each weighting the K true nearest of each query: (q, K) int64 positions among `index.ids()`.

    among: for each weighting (n,) bool, which of them may be; None: all.
    """
    if not weightings:
        return []
    count, names = len(next(iter(queries.values()))), list(queries)
    shares = np.array([[weights.get(name, 0.0) for name in names] for weights in weightings], np.float32)
    best = [np.full((count, K), -np.inf, np.float32) for _ in weightings]
    found = [np.zeros((count, K), np.int64) for _ in weightings]
    for start, blocks in rows(index):
        cosines = np.stack([queries[name] @ blocks[name].T for name in names])
        at = np.arange(start, start + cosines.shape[2])
        for number, products in enumerate(np.tensordot(shares, cosines, 1)):
            better = (products > best[number].min(axis=1, keepdims=True)).any(axis=0)  # soon few are
            if among is not None and among[number] is not None:
                better &= among[number][at]
            products = np.concatenate([best[number], products[:, better]], axis=1)
            places = np.concatenate([found[number], np.broadcast_to(at[better], (count, better.sum()))], axis=1)
            top = np.argpartition(-products, K - 1, axis=1)[:, :K]
            best[number] = np.take_along_axis(products, top, axis=1)
            found[number] = np.take_along_axis(places, top, axis=1)
    return found


def recall(found: np.ndarray, true: np.ndarray) -> float:
    """Share of the true neighbors (q, K) among those found (q, K)."""
    return float((found[:, :, None] == true[:, None]).any(axis=2).mean())

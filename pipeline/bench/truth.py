"""The true neighbors of queries under many weightings, in one pass over the rows; and queries as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from pipeline.index import Index

K = 10
_STEP = 8_192


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
    index: Index, queries: Mapping[str, np.ndarray], weightings: Sequence[Mapping[str, float]], among: np.ndarray | None = None
) -> list[np.ndarray]:
    """For each weighting the K true nearest of each query: (q, K) int64 positions among `index.ids()`.

    among: (n,) bool, which of them may be; None: all.
    """
    count = len(next(iter(queries.values())))
    best = [np.full((count, K), -np.inf, np.float32) for _ in weightings]
    found = [np.zeros((count, K), np.int64) for _ in weightings]
    for start, blocks in rows(index):
        cosines = {name: queries[name] @ block.T for name, block in blocks.items()}
        at = np.arange(start, start + len(next(iter(blocks.values()))))
        for number, weights in enumerate(weightings):
            products = sum(np.float32(weight) * cosines[name] for name, weight in weights.items() if weight)
            if among is not None:
                products = np.where(among[at], products, -np.inf)
            products = np.concatenate([best[number], products], axis=1)
            places = np.concatenate([found[number], np.broadcast_to(at, (count, len(at)))], axis=1)
            top = np.argpartition(-products, K - 1, axis=1)[:, :K]
            best[number] = np.take_along_axis(products, top, axis=1)
            found[number] = np.take_along_axis(places, top, axis=1)
    return found


def recall(found: np.ndarray, true: np.ndarray) -> float:
    """Share of the true neighbors (q, K) among those found (q, K)."""
    return float((found[:, :, None] == true[:, None]).any(axis=2).mean())

"""What labels say of vectors: which labels the neighbors of each image carry, and which are likely wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.quality.retrieval import K, closeness, drawn, nearest

MOST = 40
"""Labels that are told apart, the largest: a table of more is no longer read."""


@dataclass(frozen=True)
class Votes:
    """at: positions of the images asked about, (q,) int64. counts (q, labels) uint8: how many of the ten nearest
    carry each label. k: neighbors of each."""

    at: np.ndarray
    counts: np.ndarray
    k: int


def votes(vectors: np.ndarray, labels: np.ndarray, count: int, seed: int = 0) -> Votes:
    """Of vectors (n, d) float32 with labels (n,) of 0 … count − 1, by exact search; a sample of many."""
    k = min(K, len(vectors) - 1)
    queries = drawn(len(vectors), seed)
    if k < 1:
        return Votes(queries[:0], np.zeros((0, count), np.uint8), 0)
    rows = []
    for _, products in closeness(vectors, queries):
        near = labels[nearest(products, k)]
        rows.append(np.stack([np.bincount(one, minlength=count) for one in near]).astype(np.uint8))
    return Votes(queries, np.concatenate(rows), k)


def confusion(found: Votes, labels: np.ndarray) -> np.ndarray:
    """Of the neighbors of the images of a label (row), the share that carry each label (column): (labels, labels)
    float64, rows sum to 1; zeros for a label that none was asked of."""
    own = labels[found.at]
    table = np.zeros((found.counts.shape[1],) * 2)
    np.add.at(table, own, found.counts.astype(np.float64))
    sums = table.sum(axis=1, keepdims=True)
    return np.divide(table, sums, out=np.zeros_like(table), where=sums > 0)


def mistakes(found: Votes, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images of whose neighbors none carries their own label, those whose neighbors agree most first: positions
    (m,), the label that most neighbors carry (m,), and how many do (m,)."""
    own = labels[found.at]
    alone = np.flatnonzero(found.counts[np.arange(len(own)), own] == 0) if len(own) else np.zeros(0, np.int64)
    said = found.counts[alone].argmax(axis=1) if len(alone) else alone
    often = found.counts[alone, said].astype(np.int64)
    order = np.lexsort((found.at[alone], -often))
    return found.at[alone][order], said[order], often[order]

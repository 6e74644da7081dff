"""Ranking candidates, and joining several answers into one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from pipeline.index.bitmap import Bitmap

STEP = 4_096
"""Rows read at a time."""


def merged(parts: list[tuple[np.ndarray, np.ndarray]], k: int) -> tuple[np.ndarray, np.ndarray]:
    """Several answers (scores (q, ·), rows (q, ·), −1 for none) as one: the k best of each query."""
    parts = [part for part in parts if part[1].shape[1]] or parts[:1]
    if len(parts) > 1:
        return ranked(*(np.concatenate(arrays, axis=1) for arrays in zip(*parts)), k)
    scores, rows = parts[0][0][:, :k], parts[0][1][:, :k]
    return np.where(rows < 0, np.float32(0), np.clip(scores, -1, 1)).astype(np.float32), rows


def ranked(scores: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best of each query, best first, of equal ones the lower row; rows −1 for none come last."""
    order = np.lexsort((rows, np.where(rows < 0, np.float32(np.inf), -scores)))[:, :k]
    return merged([(np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1))], k)


def scan(read: Callable[[np.ndarray], np.ndarray], queries: np.ndarray, k: int, mask: Bitmap) -> tuple[np.ndarray, np.ndarray]:
    """The k best of a mask for queries (q, dim) among rows that `read` gives, step by step.

    read: positions (n,) int64 → rows (n, dim) float32. Returns products (q, k), rows (q, k).
    """
    products = np.zeros((len(queries), 0), np.float32)
    rows = np.zeros((len(queries), 0), np.int64)
    for part in steps(mask.positions()):
        more = queries @ read(part).T
        if products.shape[1] == k:
            better = (more > products[:, -1:]).any(axis=0)  # soon few are
            part, more = part[better], more[:, better]
        products = np.concatenate([products, more], axis=1)
        rows = np.concatenate([rows, np.broadcast_to(part, more.shape)], axis=1)
        best = np.argsort(-products, axis=1, kind="stable")[:, :k]
        products, rows = np.take_along_axis(products, best, axis=1), np.take_along_axis(rows, best, axis=1)
    return products, rows


def others(own: np.ndarray, scores: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best that are not the row itself: of many twins of it the best may not hold it."""
    order = np.argsort((rows == own[:, None]) | (rows < 0), axis=1, kind="stable")
    rows, scores = np.take_along_axis(rows, order, axis=1), np.take_along_axis(scores, order, axis=1)
    rows = np.where(rows == own[:, None], -1, rows)
    return scores[:, :k], rows[:, :k]


def steps(rows: np.ndarray) -> Iterator[np.ndarray]:
    """As many rows at a time as fit well into memory."""
    for start in range(0, len(rows), STEP):
        yield rows[start : start + STEP]

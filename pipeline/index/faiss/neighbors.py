"""The nearest others of many images at once.

    few images                     all pairs
    all embeddings together        a walk on the index's own graph, each from its own row
    one embedding of most images   a graph of that embedding alone, which is gone afterwards
    else                           a search each, with the effort that was measured

Where images have different embeddings, those with the same ones are compared with those
with the same ones, by what both have, and the answers merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import EmbeddingError
from pipeline.index.bitmap import Bitmap
from pipeline.index.contract import Neighbors, shares
from pipeline.index.faiss import alone, gpu, structures, walks
from pipeline.index.faiss.effort import DOMINATES
from pipeline.index.ranking import merged, others, steps
from pipeline.progress import Progress, Silent

if TYPE_CHECKING:
    from pipeline.index.faiss.engine import FaissIndex

ALL_PAIRS_BELOW = 12_000
"""Up to this many images, all pairs take less time than a graph."""
_STEP = 4_096


def find(
    index: FaissIndex, ids: np.ndarray, k: int, weights: Mapping[str, float] | None,
    among: np.ndarray | None, exact: bool, progress: Progress,
) -> Neighbors:  # fmt: skip
    """The k nearest others of each image: ids (q, k), −1 for none, and scores (q, k)."""
    structures.use_all_cores()
    weighed = shares(weights, index.embeddings)
    own = index.rows.positions(ids)
    if (own < 0).any():
        raise EmbeddingError(f"Image {int(ids[own < 0][0])} is not in the index; bring it up to date first.")
    groups = index.rows.current(index.library).groups(index.embeddings, tuple(weighed))
    allowed = None if among is None else Bitmap.at(index.rows.positions(among), len(index.rows))
    rows = np.full((len(own), k), -1, np.int64)
    scores = np.zeros((len(own), k), np.float32)
    for asking in groups:
        mine = np.flatnonzero(np.isin(own, asking.rows.positions()))
        answers = []
        for answering in groups:
            shared = shares(weighed, [name for name in asking.names if name in answering.names])
            mask = answering.rows if allowed is None else answering.rows & allowed
            if len(mine) and shared and mask.count:
                told = Silent() if answers else progress
                answers.append(_between(index, own[mine], k, shared, mask, exact, told))
        if answers:
            best, found = merged(answers, k)
            scores[mine, : best.shape[1]], rows[mine, : found.shape[1]] = best, found
    return Neighbors(np.where(rows >= 0, index.rows.ids[rows], -1), scores)


def _between(
    index: FaissIndex, own: np.ndarray, k: int, weighed: dict[str, float], mask: Bitmap, exact: bool,
    progress: Progress,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The k nearest others of rows (q,) among those of a mask, which all have what is weighed:
    scores (q, ≤ k), rows (q, ≤ k), −1 for none."""
    if exact or _all_pairs_are_less(len(own), mask.count):
        parts = _all_pairs(index, own, k, weighed, mask, exact)
    elif _can_walk(index, weighed, len(own), mask.count):
        parts = _walk(index, own, k, weighed, mask)
    elif len(weighed) == 1 and index.reduction and 4 * len(own) >= mask.count:
        parts = alone.neighbors(index, own, k, *weighed, mask)
    else:
        parts = _searches(index, own, k, weighed, mask)
    found = []
    for part in parts:
        found.append(part)
        progress.advance(len(part[1]))
    return tuple(np.concatenate(arrays) for arrays in zip(*found))


def _all_pairs_are_less(asked: int, count: int) -> bool:
    """Whether comparing all of these takes less than searching for each."""
    if asked < _STEP // 8 and 16 * asked < count:  # it would be reading them all that takes long
        return False
    return count <= ALL_PAIRS_BELOW


def _can_walk(index: FaissIndex, weighed: dict[str, float], asked: int, count: int) -> bool:
    """Whether the graph's links lead to the nearest by this weighting, and it is walked through for
    so many that copying it pays."""
    together = len(weighed) == len(index.dims) and max(weighed.values()) < max(DOMINATES, 1.5 / len(weighed))
    return together and structures.has_links(index.structure) and 4 * asked >= count


def _all_pairs(
    index: FaissIndex, own: np.ndarray, k: int, weighed: dict[str, float], mask: Bitmap, exact: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    pool = mask.positions()
    base = _side_by_side(index, pool, weighed, exact)
    same = len(own) == len(pool) and np.array_equal(own, pool)
    nearest = gpu.nearest_among(base)
    for part in steps(np.arange(len(own))):
        asked = base[part] if same else _side_by_side(index, own[part], weighed, exact)
        scores, at = nearest(asked, min(k + 1, len(pool)))
        yield others(own[part], scores, pool[at], k)


def _side_by_side(index: FaissIndex, at: np.ndarray, weighed: dict[str, float], exact: bool) -> np.ndarray:
    """Vectors (n, Σ dim) float32 of which products are scores."""
    ids = index.rows.ids[at]
    blocks = [index.vectors(ids, name, exact) * np.float32(np.sqrt(share)) for name, share in weighed.items()]
    return np.ascontiguousarray(np.concatenate(blocks, axis=1))


def _searches(
    index: FaissIndex, own: np.ndarray, k: int, weighed: dict[str, float], mask: Bitmap
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    scale = index.scale(weighed)
    effort = index.effort_for(weighed)
    for part in steps(own):
        queries = index.exact[part] * scale
        scores, rows = index.nearest(queries, min(k + 1, mask.count), mask, effort)
        yield others(part, scores, rows, k)


def _walk(
    index: FaissIndex, own: np.ndarray, k: int, weighed: dict[str, float], mask: Bitmap
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """By the links of the graph, each from its own place; rows left short are searched for."""
    scale = index.scale(weighed)

    def find(part: np.ndarray, effort: int) -> tuple[np.ndarray, np.ndarray]:
        queries = index.exact[part] * scale
        reduced = index.reduction.queries(queries)
        apart = -np.einsum("qd,qd->q", reduced, structures.decode(index.structure, part))
        wide = min(walks.TIMES * k, mask.count)
        found = structures.walk_from(index.structure, part, reduced, apart, wide, mask, effort)
        return index.ranked(queries, found, k)

    effort = walks.sufficient(
        find, index.exact.__getitem__, lambda at: index.exact[at] * scale, own, k, mask,
        walks.TIMES * k * mask.size / mask.count,  # what the mask leaves out is walked through as well
    )  # fmt: skip
    for part in steps(own):
        scores, rows = find(part, effort)
        short = np.flatnonzero((rows < 0).any(axis=1))
        for better, others_of in _searches(index, part[short], k, weighed, mask):
            width = others_of.shape[1]
            rows[short], scores[short] = -1, 0
            rows[short, :width], scores[short, :width] = others_of, better
        yield scores, rows

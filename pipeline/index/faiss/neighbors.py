"""The nearest others of many images at once.

    few images     all pairs
    most images    a graph of the nearest, made for these weights and gone afterwards (`knn_graph`)
    else           a search each, with the effort that was measured

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
from pipeline.index.faiss import gpu, structures
from pipeline.index.faiss.knn_graph import KnnGraph
from pipeline.index.ranking import merged, others, scan, steps
from pipeline.progress import Progress, Share, Silent

if TYPE_CHECKING:
    from pipeline.index.faiss.engine import FaissIndex

ALL_PAIRS_BELOW = 12_000
"""Up to this many images, all pairs take less time than a graph."""
ENOUGH = 0.95
"""Share of the true neighbors that suffices for maps and for what may be a copy."""
_ASKED = 200
"""Rows that are measured with."""
_WIDER = 2
"""So many times the neighbors asked for are kept, and ranked by the rows as they are."""
_OF_GRAPH = 0.9
"""Share of the time that a graph takes; the rest is ranking by the rows as they are."""
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
    elif index.reduction and 4 * len(own) >= mask.count:
        parts, progress = _by_graph(index, own, k, weighed, mask, Share(progress, len(own))), Silent()
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


def _by_graph(
    index: FaissIndex, own: np.ndarray, k: int, weighed: dict[str, float], mask: Bitmap, done: Share
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """By a graph of the nearest, which is most of the work; rows left short are searched for."""
    members = mask.positions()
    every = np.concatenate([members, own[~mask.has(own)]])
    columns, counts = _counting(index, weighed)
    graph = KnnGraph(
        lambda at: structures.stored(index.structure)[every[at], columns], len(every), len(members), counts, _WIDER * k,
        lambda share: done.reach(_OF_GRAPH * share),
    )

    def ranked(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = graph.near[places]
        rows = np.where(found < 0, -1, every[graph.order[found]])
        return index.ranked(_queries(index, every[graph.order[places]], weighed), rows, k)

    _until_enough(index, graph, every, ranked, k, weighed, mask)
    scores, rows = np.zeros((len(every), k), np.float32), np.full((len(every), k), -1, np.int64)
    for places in steps(np.arange(len(every))):  # in the order of cells: near ones are ranked by the same rows
        at = graph.order[places]
        scores[at], rows[at] = ranked(places)
        done.reach(_OF_GRAPH + (1 - _OF_GRAPH) * (places[-1] + 1) / len(every))
    at = np.searchsorted(members, own).clip(max=len(members) - 1)
    outside = members[at] != own
    at[outside] = len(members) + np.arange(outside.sum())
    for part, mine in zip(steps(own), steps(at)):
        found, best = rows[mine], scores[mine]
        short = np.flatnonzero((found < 0).any(axis=1))
        for better, others_of in _searches(index, part[short], k, weighed, mask):
            width = others_of.shape[1]
            found[short], best[short] = -1, 0
            found[short, :width], best[short, :width] = others_of, better
        yield best, found


def _until_enough(
    index: FaissIndex, graph: KnnGraph, every: np.ndarray, ranked, k: int, weighed: dict[str, float], mask: Bitmap
) -> None:
    """Go on with a graph until some of its rows have ENOUGH of their k true nearest others, or little changes."""
    asked = np.linspace(0, len(every) - 1, min(len(every), _ASKED)).astype(np.int64)  # of the order of cells
    rows, columns = every[graph.order[asked]], _read(index, weighed)
    queries = _queries(index, rows, weighed)[:, columns]
    _, true = others(rows, *scan(lambda at: index.exact.columns(at, columns), queries, min(k + 1, mask.count), mask), k)
    for _ in graph.improved():
        hits = (ranked(asked)[1][:, :, None] == true[:, None]).any(axis=1) & (true >= 0)
        if hits.sum() >= ENOUGH * (true >= 0).sum():
            break


def _counting(index: FaissIndex, weighed: dict[str, float]) -> tuple[slice, np.ndarray]:
    """Which numbers of a row as the graph of the index holds it count by a weighting, and by what their products."""
    blocks = dict(zip(index.embeddings, index.reduction.blocks()))
    scales = dict(zip(index.embeddings, index.reduction.scales))
    first, last = min(blocks[name].start for name in weighed), max(blocks[name].stop for name in weighed)
    counts = np.zeros(last - first, np.float32)
    for name, share in weighed.items():
        counts[blocks[name].start - first : blocks[name].stop - first] = share / scales[name] ** 2
    return slice(first, last), counts


def _read(index: FaissIndex, weighed: dict[str, float]) -> slice:
    """The columns of the rows as they are that a weighting looks at, and what lies between them."""
    columns = [index.columns(name) for name in weighed]
    return slice(min(one.start for one in columns), max(one.stop for one in columns))


def _queries(index: FaissIndex, at: np.ndarray, weighed: dict[str, float]) -> np.ndarray:
    """Rows (n,) as queries (n, Σ dim), of which no more is read than counts."""
    columns = _read(index, weighed)
    queries = np.zeros((len(at), sum(index.dims.values())), np.float32)
    queries[:, columns] = index.exact.columns(at, columns) * index.scale(weighed)[columns]
    return queries

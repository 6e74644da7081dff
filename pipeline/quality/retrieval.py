"""How well vectors find: functions on the rows of the combined index, all by exact search.

Equally near images share a place: they count by the share of the tie that is right. So an
empty vector, as near to every image as to any other, scores what chance would.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.index import Index, scales
from pipeline.index.weightings import text, weightings
from pipeline.library import Library
from pipeline.maps import COMBINED
from pipeline.progress import Progress, Silent

K = 10
ALL_BELOW, SAMPLE = 5_000, 2_000
"""Up to so many images every one is a query; of more, so many are drawn."""
TIED = 1e-6
"""Cosines closer than this are equal: about what float32 loses over 2,000 numbers."""
_BLOCK = 2**23  # closenesses at a time: 32 MB


@dataclass(frozen=True)
class Rows:
    """The images of an index and their vectors.

    ids: (n,) int64 ascending. matrix: (n, Σ dim) float32, the true vectors side by side,
    each of norm 1 or 0. columns: those of each embedding, and all of them under
    `combined`. present: {name: (n,) bool}, whether there is a vector.
    """

    ids: np.ndarray
    matrix: np.ndarray
    columns: dict[str, slice]
    present: dict[str, np.ndarray]

    @property
    def names(self) -> list[str]:
        """The embeddings, without the combination."""
        return [name for name in self.columns if name != COMBINED]

    def of(self, name: str) -> np.ndarray:
        """The vectors of an embedding (n, d) float32, a view, or those of all of which products
        are means of cosines by the usual weights."""
        return self._whole if name == COMBINED else self.matrix[:, self.columns[name]]

    def joined(self, vectors: Mapping[str, np.ndarray]) -> np.ndarray:
        """Vectors (c, d) of every embedding as those of the combination (c, Σ dim)."""
        return np.concatenate([vectors[name] for name in self.names], axis=1) * self._scales

    @cached_property
    def _whole(self) -> np.ndarray:
        return self.matrix * self._scales

    @cached_property
    def _scales(self) -> np.ndarray:
        return scales({name: self.columns[name].stop - self.columns[name].start for name in self.names})

    def positions(self, ids: np.ndarray) -> np.ndarray:
        """Where images are in here, −1 for those that are not: (k,) int64."""
        if not len(self.ids):
            return np.full(len(ids), -1)
        at = np.searchsorted(self.ids, ids).clip(max=len(self.ids) - 1)
        return np.where(self.ids[at] == ids, at, -1)


def read(library: Library, index: Index) -> Rows:
    """What an index can find, with the vectors as the library has them."""
    ids = index.ids()
    starts = np.cumsum([0, *index.dims.values()]).tolist()
    columns = {n: slice(a, b) for n, a, b in zip(index.embeddings, starts, starts[1:])}
    matrix = np.empty((len(ids), starts[-1]), np.float32)
    for name, part in columns.items():
        matrix[:, part] = index.vectors(ids, name, exact=True)
    present = {name: np.isin(ids, library.stamps(name)[0]) for name in index.embeddings}
    present[COMBINED] = np.ones(len(ids), bool)
    return Rows(ids, matrix, {**columns, COMBINED: slice(None)}, present)


def drawn(count: int, seed: int = 0) -> np.ndarray:
    """Positions of the queries among `count` images, ascending: all of few, a sample of many."""
    if count <= ALL_BELOW:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).permutation(count)[:SAMPLE])


def closeness(vectors: np.ndarray, queries: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of queries (b,) int64 and their products with all vectors (b, n), −inf with themselves."""
    step = max(1, _BLOCK // len(vectors))
    for start in range(0, len(queries), step):
        part = queries[start : start + step]
        products = vectors[part] @ vectors.T
        products[np.arange(len(part)), part] = -np.inf
        yield part, products


def nearest(products: np.ndarray, k: int) -> np.ndarray:
    """Positions of the k largest of each row (b, n), in any order: (b, k) int64."""
    return np.argpartition(-products, k - 1, axis=1)[:, :k]


def label_figures(vectors: np.ndarray, labels: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Precision@10 and mean average precision of the same label among n ≥ 2 others.

    vectors: (n, d) float32. labels: (n,) int64 ≥ 0. Precision: the share of a query's ten
    nearest that carry its label. Average precision: the mean, over all images of the
    query's label, of the share of that label among the images at least as near; queries
    that are alone with their label have none and are left out.
    """
    k = min(K, len(vectors) - 1)
    precisions, averages = [], []
    for part, products in closeness(vectors, drawn(len(vectors), seed)):
        same = labels[part][:, None] == labels
        same[np.arange(len(part)), part] = False
        precisions.append(_precision(products, same, k))
        averages += [_average(row, mine) for row, mine in zip(products, same) if mine.any()]
    return float(np.concatenate(precisions).mean()), float(np.mean(averages)) if averages else 0.0


def _precision(products: np.ndarray, same: np.ndarray, k: int) -> np.ndarray:
    """Share of `same` (b, n) bool among the k largest of each row (b, n): (b,)."""
    last = -np.partition(-products, k - 1, axis=1)[:, k - 1, None]
    above = products > last + TIED
    tied = (products >= last - TIED) & ~above
    hits = np.count_nonzero(above & same, axis=1)
    places = k - np.count_nonzero(above, axis=1)
    share = np.count_nonzero(tied & same, axis=1) / np.count_nonzero(tied, axis=1)
    return (hits + places * share) / k


def _average(products: np.ndarray, same: np.ndarray) -> float:
    """Average precision of one ranking: products (n,), which are relevant (n,) bool."""
    relevant, everyone = np.sort(products[same]), np.sort(products)
    hits = len(relevant) - np.searchsorted(relevant, relevant - TIED)
    ranks = len(everyone) - np.searchsorted(everyone, relevant - TIED)
    return float((hits / ranks).mean())


def chance(labels: np.ndarray) -> float:
    """Precision of random neighbors: labels (n,) int64 ≥ 0."""
    counts = np.bincount(labels).astype(float)
    return float((counts * (counts - 1)).sum() / (counts.sum() * (counts.sum() - 1)))


def shared(first: np.ndarray, second: np.ndarray, seed: int = 0) -> float | None:
    """Share of an image's ten nearest by one embedding that are among the ten by the other.

    first, second: (n, d) float32 of the same n images. Mean over the images in which both
    see something (vectors not empty), searched among those; None for fewer than two.
    """
    both = np.flatnonzero(np.abs(first).max(axis=1).astype(bool) & np.abs(second).max(axis=1).astype(bool))
    if len(both) < 2:
        return None
    first, second = first[both], second[both]
    k = min(K, len(both) - 1)
    queries = drawn(len(both), seed)
    hits = 0
    for (_, mine), (_, theirs) in zip(closeness(first, queries), closeness(second, queries)):
        hits += (nearest(mine, k)[:, :, None] == nearest(theirs, k)[:, None]).sum()
    return float(hits / (k * len(queries)))


def index_recall(
    index: Index, rows: Rows, queries: int, seed: int = 0, progress: Progress = Silent()
) -> dict[str, float]:
    """Recall@10 of the index's own structure against exact search, by weighting.

    The structure is asked however small the library; a search would scan a small one and
    miss nothing. Queries are images of the library; a found image counts when it is at
    least as near as the tenth true neighbor. Keys are weightings as `--weights` takes them.
    """
    wanted = weightings(index.embeddings)
    k = min(K, len(rows.ids) - 1)
    if k < 1:
        return {}
    chosen = np.sort(np.random.default_rng(seed).permutation(len(rows.ids))[:queries])
    hits: dict[str, list[float]] = {text(weights): [] for weights in wanted}
    progress.start("recall", len(chosen))
    step = max(1, _BLOCK // (len(rows.ids) * (len(rows.names) + 1)))
    for start in range(0, len(chosen), step):
        part = chosen[start : start + step]
        cosines = {name: rows.of(name)[part] @ rows.of(name).T for name in rows.names}
        for weights in wanted:
            close = scores(rows, part, cosines, weights)
            hits[text(weights)] += _found(index, rows, part, weights, close, k)
        progress.advance(len(part))
    return {asked: float(np.mean(shares)) if shares else 1.0 for asked, shares in hits.items()}


def scores(rows: Rows, part: np.ndarray, cosines: dict, weights: dict[str, float]) -> np.ndarray:
    """Σ w·cos / Σ w over what both have (b, n) float32; −inf where they can not be compared."""
    close = np.zeros_like(next(iter(cosines.values())))
    total, sees = np.zeros_like(close), np.zeros(len(rows.ids), bool)
    for name, weight in weights.items():
        if weight:
            close += np.float32(weight) * cosines[name]
            total += np.float32(weight) * (rows.present[name][part][:, None] & rows.present[name])
            sees |= rows.of(name).any(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((total > 0) & sees, close / total, -np.inf)


def _found(index: Index, rows: Rows, part, weights: dict[str, float], close, k: int) -> list[float]:
    """Share of the k true neighbors that the index finds, per query that is not empty.

    part: (b,) positions of the queries. close: (b, n) float32, their true closeness to all.
    """
    something = np.any([rows.of(name)[part].any(axis=1) for name, w in weights.items() if w], axis=0)
    part, close = part[something], close[something]
    if not len(part):
        return []
    close[np.arange(len(part)), part] = -np.inf
    last = -np.partition(-close, k - 1, axis=1)[:, k - 1, None]
    found = index.approximate({name: rows.of(name)[part] for name in rows.names}, weights, k + 1)
    at = rows.positions(found.ids.ravel()).reshape(found.ids.shape)
    near = np.take_along_axis(close, at.clip(min=0), axis=1) >= last - TIED
    return (np.minimum((near & (at >= 0)).sum(axis=1), k) / k).tolist()

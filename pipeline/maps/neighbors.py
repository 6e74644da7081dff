"""The nearest images of every image of a map, by cosine of one embedding or of all.

    few images                     all pairs: exact
    all embeddings                 a walk on the index's own graph, each from its own row
    one embedding of many images   all pairs, or a search of the index with the effort it has
                                   measured, whichever takes less
"""

from __future__ import annotations

import faiss
import numpy as np

from pipeline import settings
from pipeline.index import CombinedIndex
from pipeline.index.faiss import kinds
from pipeline.progress import Progress, Silent

COMBINED = "combined"
"""Name of the map of all embeddings of the index, weighted equally."""

_FEW = 12_000
"""Up to this many images, all pairs take less time than a graph."""
_UNIT = 750_000
"""Numbers of a single embedding that are compared in the time a search takes for a unit of
effort, 18 µs of one core: where one embedding's neighbors take a search great effort, all
pairs cost less."""
_EFFORT = 1
"""Effort of a walk per neighbor. Of the 14 nearest others among 6,000 synthetic images this
found 0.987; 4/3 found 0.988 and took 1.15 times as long, 2 found 0.989."""
_STEP = 4_096


def neighbors(
    index: CombinedIndex, name: str, rows: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of each row among `rows` by cosine, itself first.

    Returns positions within `rows` (n, k) int64 and cosine distances 1 − cos (n, k)
    float32, in [0, 2].
    """
    names = _names(index, name)
    every = len(names) == len(index.embeddings)
    faiss.omp_set_num_threads(settings.cores())
    if len(rows) <= _FEW or _all_is_less(index, name, len(rows)):
        nearest, similar = _all_pairs(Vectors(index, name, rows), k)
    elif every and kinds.has_links(index.graph):
        nearest, similar = _walk(index, rows, k)
    else:
        found = among(index, name, rows, rows, k + 1)
        nearest, similar = _itself_first(np.arange(len(rows)), *found, k)
    return nearest, np.clip(1 - similar, 0, 2).astype(np.float32)


def others(
    index: CombinedIndex, name: str, rows: np.ndarray, asked: np.ndarray, k: int,
    progress: Progress = Silent(),
) -> np.ndarray:
    """The k nearest others among `rows` of those asked about, nearest first.

    rows: (n,) int64 rows of the index, k < n. asked: (q,) int64 positions within `rows`.
    Returns positions within `rows`, (q, k) int64. Advances `progress` by q in all.
    """
    if len(asked) == len(rows):
        nearest, _ = neighbors(index, name, rows, k + 1)
        progress.advance(len(asked))
        return nearest[asked, 1:]
    whole = None
    if _all_is_less(index, name, len(rows)):
        whole = Vectors(index, name, rows)[np.arange(len(rows))]
    parts = []
    for part in _steps(asked):
        if whole is None:
            found, products = among(index, name, rows[part], rows, k + 1)
        else:
            products, found = faiss.knn(whole[part], whole, k + 1, metric=faiss.METRIC_INNER_PRODUCT)
        parts.append(_itself_first(part, found, products, k + 1)[0][:, 1:])
        progress.advance(len(part))
    return np.concatenate(parts)


def among(
    index: CombinedIndex, name: str, queries: np.ndarray, rows: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of some rows of the index among `rows`, by a search, best first.

    Returns positions within `rows` (q, k) int64 and cosines (q, k) float32; fewer columns
    where there are fewer rows.
    """
    names = _names(index, name)
    # Rows have norm 1/√M in each block, on both sides: this makes products means of cosines.
    share = len(index.dims) / len(names)
    scale = np.repeat([share if n in names else 0 for n in index.embeddings], index.dims)
    mask, places = _mask(index, rows), _places(index, rows)
    effort = index.effort_for(dict.fromkeys(names, 1.0))
    parts = [
        index.nearest(index.rows(part) * scale.astype(np.float32), min(k, len(rows)), mask, effort)
        for part in _steps(queries)
    ]
    products, found = (np.concatenate(arrays) for arrays in zip(*parts))
    return places[found], products


class Vectors:
    """The vectors of a map, read from the index when asked for: `vectors[positions]`.

    Rows are float32 and such that inner products are the map's cosines.
    """

    def __init__(self, index: CombinedIndex, name: str, rows: np.ndarray):
        self._index, self._rows = index, rows
        self._only = None if name == COMBINED else name
        self._scale = np.float32(1 if name == COMBINED else np.sqrt(len(index.dims)))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, at: np.ndarray) -> np.ndarray:
        return self._index.part(self._rows[at], self._only) * self._scale


def _names(index: CombinedIndex, name: str) -> tuple[str, ...]:
    return index.embeddings if name == COMBINED else (name,)


def _all_is_less(index: CombinedIndex, name: str, count: int) -> bool:
    """Whether comparing a row with `count` others by one embedding takes less than a search."""
    if name == COMBINED:
        return False
    dim = index.dims[index.embeddings.index(name)]
    return count * dim <= index.effort_for({name: 1.0}) * _UNIT


def _all_pairs(vectors: Vectors, k: int) -> tuple[np.ndarray, np.ndarray]:
    whole = vectors[np.arange(len(vectors))]
    products, found = faiss.knn(whole, whole, min(k + 1, len(whole)), metric=faiss.METRIC_INNER_PRODUCT)
    return _itself_first(np.arange(len(whole)), found, products, k)


def _walk(index: CombinedIndex, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """By the links of the index's graph; rows that it leaves short of neighbors are searched for."""
    mask, places = _mask(index, rows), _places(index, rows)
    effort = int(np.ceil(k * _EFFORT * len(index.ids) / len(rows)))
    graph = kinds.lighter(index.graph)
    found, products = np.empty((len(rows), k), np.int64), np.ones((len(rows), k), np.float32)
    found[:, 0] = rows
    for start in range(0, len(rows), _STEP):
        part = slice(start, start + _STEP)
        found[part, 1:] = kinds.walk_from(graph, rows[part], index.rows(rows[part]), k - 1, mask, effort)
    for start in range(0, len(rows), _STEP // 16):  # k rows each: as much memory as a step above
        part = slice(start, start + _STEP // 16)
        others = index.rows(found[part, 1:].clip(min=0).ravel()).reshape(-1, k - 1, sum(index.dims))
        products[part, 1:] = (others @ index.rows(rows[part])[:, :, None])[:, :, 0]
    nearest, short = places[found], np.flatnonzero((found < 0).any(axis=1))
    if len(short):
        searched = among(index, COMBINED, rows[short], rows, k + 1)
        nearest[short], products[short] = _itself_first(short, *searched, k)
    return _itself_first(np.arange(len(rows)), nearest, products, k)


def _steps(rows: np.ndarray):
    for start in range(0, len(rows), _STEP):
        yield rows[start : start + _STEP]


def _mask(index: CombinedIndex, rows: np.ndarray) -> np.ndarray:
    mask = np.zeros(len(index.ids), bool)
    mask[rows] = True
    return mask


def _places(index: CombinedIndex, rows: np.ndarray) -> np.ndarray:
    """Position within `rows` of each row of the index, (n,) int64."""
    places = np.zeros(len(index.ids), np.int64)
    places[rows] = np.arange(len(rows))
    return places


def _itself_first(own: np.ndarray, found, products, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Put each row itself (own: (q,)) first and its k − 1 best others after it, the best first."""
    own = own[:, None]
    order = np.lexsort((-products, found != own))
    found = np.take_along_axis(found, order, axis=1)[:, :k]
    products = np.take_along_axis(products, order, axis=1)[:, :k]
    # Of many twins of a row the best may not hold itself: it takes the place of one.
    found[:, 0], products[:, 0] = own[:, 0], 1.0
    return found, products

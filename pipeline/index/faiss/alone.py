"""The nearest others of most images by one embedding alone: by a graph of it, gone afterwards.

The links of the index's graph lead to rows that are near by all embeddings together; a search by
one of them takes many times the effort. A graph over that embedding's part of the reduced rows is
small, and soon made: its walks find candidates, and the rows as they are rank them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import faiss
import numpy as np

from pipeline.index.bitmap import Bitmap
from pipeline.index.faiss import structures
from pipeline.index.ranking import ranked

if TYPE_CHECKING:
    from pipeline.index.faiss.engine import FaissIndex

_LINKS, _CONSTRUCTION = 16, 80
"""Links of a row, effort of building the graph."""
_RECALL, _ASKED, _MOST = 0.95, 200, 512
"""The effort of a walk is doubled, up to the last, until so much of the true neighbors of so many is found."""
_TIMES = 3
"""So many times the neighbors asked for are ranked exactly."""
_STEP = 4_096


def neighbors(
    index: FaissIndex, own: np.ndarray, k: int, name: str, mask: Bitmap
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The k nearest others of rows (q,) among those of a mask, step by step: scores, rows (·, k)."""
    graph, members = _graph(index, name, mask)
    effort = _effort(index, graph, members, own, k, name)
    for start in range(0, len(own), _STEP):
        yield _found(index, graph, members, own[start : start + _STEP], k, name, effort)


def _graph(index: FaissIndex, name: str, mask: Bitmap) -> tuple[faiss.IndexHNSWSQ, np.ndarray]:
    """A graph of the rows of a mask by one embedding, and which row each of its nodes is."""
    members = mask.positions()
    block = _block(index, name)
    graph = structures.graph_of_bytes(block.stop - block.start, _LINKS, _CONSTRUCTION)
    for start in range(0, len(members), _STEP):
        graph.add(_reduced(index, members[start : start + _STEP], block))
    return graph, members


def _found(
    index: FaissIndex, graph: faiss.IndexHNSWSQ, members: np.ndarray, own: np.ndarray, k: int, name: str, effort: int
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    wide = min(_TIMES * k + 1, len(members))
    asked = _reduced(index, own, _block(index, name))
    _, at = graph.search(asked, wide, params=faiss.SearchParametersHNSW(efSearch=max(effort, wide)))
    rows = np.where(at < 0, -1, members[at])
    rows[rows == own[:, None]] = -1
    return index.ranked(_queries(index, own, name), rows, k)


def _effort(
    index: FaissIndex, graph: faiss.IndexHNSWSQ, members: np.ndarray, own: np.ndarray, k: int, name: str
) -> int:
    """The least effort, by doubling, that finds enough of the true neighbors of some of the rows."""
    asked = own[np.linspace(0, len(own) - 1, min(len(own), _ASKED)).astype(np.int64)]
    k = min(k, len(members) - 1)
    true = np.zeros((len(asked), 0), np.int64)
    best = np.zeros((len(asked), 0), np.float32)
    vectors = index.exact.columns(asked, index.columns(name))
    for start in range(0, len(members), _STEP):
        part = members[start : start + _STEP]
        products = vectors @ index.exact.columns(part, index.columns(name)).T
        products[asked[:, None] == part] = -np.inf
        best, true = ranked(
            np.concatenate([best, products], axis=1),
            np.concatenate([true, np.broadcast_to(part, products.shape)], axis=1), k,
        )  # fmt: skip
    effort = 2 * k
    while effort < _MOST:
        _, found = _found(index, graph, members, asked, k, name, effort)
        if (found[:, :, None] == true[:, None]).any(axis=2).mean() >= _RECALL:
            break
        effort *= 2
    return min(effort, _MOST)


def _block(index: FaissIndex, name: str) -> slice:
    return index.reduction.blocks()[index.embeddings.index(name)]


def _reduced(index: FaissIndex, at: np.ndarray, block: slice) -> np.ndarray:
    return np.ascontiguousarray(structures.decode(index.structure, at)[:, block])


def _queries(index: FaissIndex, own: np.ndarray, name: str) -> np.ndarray:
    """Rows as queries of which products are cosines."""
    queries = np.zeros((len(own), sum(index.dims.values())), np.float32)
    queries[:, index.columns(name)] = index.exact.columns(own, index.columns(name)) * np.float32(len(index.dims))
    return queries

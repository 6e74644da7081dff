"""The nearest others of most images by one embedding alone: by a graph of it, gone afterwards.

The links of the index's graph lead to rows that are near by all embeddings together; a search by
one of them takes many times the effort. A graph over that embedding's part of the reduced rows is
small, and soon made: walks on it, each from the row that is asked about, find candidates, and the
rows as they are rank them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from pipeline.index.bitmap import Bitmap
from pipeline.index.faiss import structures
from pipeline.index.faiss.reduction import WIDTH
from pipeline.index.ranking import ranked, steps

if TYPE_CHECKING:
    from pipeline.index.faiss.engine import FaissIndex

_LINKS, _CONSTRUCTION = 16, 80
"""Links of a row, effort of building the graph."""
_RECALL, _ASKED, _MOST = 0.95, 200, 512
"""The effort of a walk is raised, up to the last, until so much of the true neighbors of so many is found."""
_MORE = 1.5
"""Times the effort that is tried next."""
_TIMES = 3
"""So many times the neighbors asked for are ranked exactly."""


def neighbors(
    index: FaissIndex, own: np.ndarray, k: int, name: str, mask: Bitmap
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The k nearest others of rows (q,) among those of a mask, step by step: scores, rows (·, k)."""
    graph = _Graph(index, name, mask)
    effort = _effort(graph, own, k)
    for part in steps(own):
        yield graph.nearest(part, k, effort)


class _Graph:
    """A graph of the rows of a mask by one embedding. members: (n,) int64, the row of each of its nodes."""

    def __init__(self, index: FaissIndex, name: str, mask: Bitmap):
        self.index, self.columns = index, index.columns(name)
        self.members = mask.positions()
        self._all = Bitmap.of(np.ones(len(self.members), bool))
        self._block = index.reduction.blocks()[index.embeddings.index(name)]
        self._dim = -(-(self._block.stop - self._block.start) // WIDTH) * WIDTH
        self._graph = structures.graph_of_bytes(self._dim, _LINKS, _CONSTRUCTION)
        for part in steps(self.members):
            self._graph.add(self._reduced(part))

    def nearest(self, own: np.ndarray, k: int, effort: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest others of rows (q,) that a walk of this effort finds: cosines, rows (q, k)."""
        wide = min(_TIMES * k, len(self.members) - 1)
        asked = self._reduced(own)
        at = np.searchsorted(self.members, own).clip(max=len(self.members) - 1)
        if (self.members[at] == own).all():
            apart = -np.einsum("qd,qd->q", asked, asked)
            found = structures.walk_from(self._graph, at, asked, apart, wide, self._all, effort)
        else:
            found = structures.walk(self._graph, asked, wide + 1, self._all, max(effort, wide + 1))[1]
        rows = np.where(found < 0, -1, self.members[found])
        rows[rows == own[:, None]] = -1
        return self.index.ranked(self._queries(own), rows, k)

    def _reduced(self, at: np.ndarray) -> np.ndarray:
        reduced = np.zeros((len(at), self._dim), np.float32)
        block = structures.decode(self.index.structure, at)[:, self._block]
        reduced[:, : block.shape[1]] = block
        return reduced

    def _queries(self, own: np.ndarray) -> np.ndarray:
        """Rows as queries of which products are cosines."""
        queries = np.zeros((len(own), sum(self.index.dims.values())), np.float32)
        queries[:, self.columns] = self.index.exact.columns(own, self.columns) * np.float32(len(self.index.dims))
        return queries


def _effort(graph: _Graph, own: np.ndarray, k: int) -> int:
    """The least effort tried that finds enough of the true neighbors of some of the rows."""
    asked = own[np.linspace(0, len(own) - 1, min(len(own), _ASKED)).astype(np.int64)]
    true = _true(graph, asked, min(k, len(graph.members) - 1))
    effort = 2.0 * k
    while effort < _MOST:
        _, found = graph.nearest(asked, true.shape[1], int(effort))
        if (found[:, :, None] == true[:, None]).any(axis=2).mean() >= _RECALL:
            break
        effort *= _MORE
    return min(int(effort), _MOST)


def _true(graph: _Graph, asked: np.ndarray, k: int) -> np.ndarray:
    """The k true nearest others of rows (q,): (q, k) int64."""
    exact = graph.index.exact
    best, true = np.zeros((len(asked), 0), np.float32), np.zeros((len(asked), 0), np.int64)
    vectors = exact.columns(asked, graph.columns)
    for part in steps(graph.members):
        products = vectors @ exact.columns(part, graph.columns).T
        products[asked[:, None] == part] = -np.inf
        best, true = ranked(
            np.concatenate([best, products], axis=1),
            np.concatenate([true, np.broadcast_to(part, products.shape)], axis=1), k,
        )  # fmt: skip
    return true

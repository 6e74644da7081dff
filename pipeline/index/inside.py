"""What goes on inside an index while it answers one query: what it compares, and what it never looks at.

An engine that can tell (`Index.inside`) says it by its rows, of which `Inside.ids` names the images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layer:
    """One of the upper layers of a graph, in which a walk always goes on to the nearest.

    level: its number, from 1. rows: (n,) int64, all that it holds. path: (s,) int64, where the walk stood, in
    order. computed: products of rows with the query, rows met twice counted twice.
    """

    level: int
    rows: np.ndarray
    path: np.ndarray
    computed: int


@dataclass(frozen=True)
class Walk:
    """A walk through a graph (HNSW), as it went.

    layers: the upper ones, from the top. rows: (v,) int64, what was compared in the bottom layer, in that
    order, first the row that the walk came down at. origin: (v,) int64, from which of these each was met, −1
    for the first. order: (s,) int64, which of them the walk looked around from, in that order. computed:
    products in all.
    """

    layers: tuple[Layer, ...]
    rows: np.ndarray
    origin: np.ndarray
    order: np.ndarray
    computed: int

    def way(self, at: int) -> np.ndarray:
        """From where the walk came down to one of `rows`: numbers in `rows`, (s,) int64."""
        steps = [int(at)]
        while self.origin[steps[-1]] >= 0:
            steps.append(int(self.origin[steps[-1]]))
        return np.array(steps[::-1], np.int64)


@dataclass(frozen=True)
class Code:
    """How a row is kept in a cell: a byte for each part of it.

    row: which. cell: its number in `Cells.order`. code: (m,) uint8. middle: the product of the query with
    the middle of the cell. adds: (m,) float64, what each byte adds to that. Their sum is the product by
    which the cells ranked it; true: by the row as it is. All in proportion to the score.
    """

    row: int
    cell: int
    code: np.ndarray
    middle: float
    adds: np.ndarray
    true: float

    @property
    def product(self) -> float:
        """As the code says it."""
        return float(self.middle + self.adds.sum())


@dataclass(frozen=True)
class Cells:
    """Cells of rows around middles, of which a search reads those nearest to the query (IVF-PQ).

    order: (c,) int64, all cells, nearest middle first. products: (c,) float32, of the middles with the query.
    sizes: (c,) int64, rows in each; all three in that order. probed: how many cells are read. rows: (r,)
    int64, what they hold of what counts, cell by cell; owner: (r,) int64, numbers of their cells. codes: of
    what was found. splits: at which of a code's bytes each embedding begins.
    """

    order: np.ndarray
    products: np.ndarray
    sizes: np.ndarray
    probed: int
    rows: np.ndarray
    owner: np.ndarray
    codes: tuple[Code, ...]
    splits: tuple[int, ...]

    @property
    def computed(self) -> int:
        """Products in all: with every middle, and with every code that is read."""
        return len(self.order) + len(self.rows)


@dataclass(frozen=True)
class Inside:
    """A search from within.

    ids: (n,) int64, the image of each row. size: rows that can be found. apart: rows that lack one of the
    embeddings asked by, and are searched by themselves. kind: `hnsw`, `ivfpq` or `flat`. weights: as shares.
    effort: how far it went (efSearch, nprobe); usual: how far a search goes, 0 where the kind has no effort. reads: what
    of every row a search reads instead, which finds no less and takes no longer: `vectors`, `rows` of the
    structure, `codes` of these, or nothing. candidates: (c,)
    int64, rows that were ranked by the vectors as they are, in the order that the structure found them best.
    found: (k,) int64, the best of them, and scores, (k,) float32. true: (k,) int64, what comparing all finds.
    """

    ids: np.ndarray
    size: int
    apart: int
    kind: str
    weights: dict[str, float]
    effort: int
    usual: int
    reads: str
    candidates: np.ndarray
    found: np.ndarray
    scores: np.ndarray
    true: np.ndarray
    walk: Walk | None = None
    cells: Cells | None = None

    @property
    def computed(self) -> int:
        """Rows, middles and codes that the query was compared with before anything was ranked."""
        told = self.walk or self.cells
        return told.computed if told else self.size

    @property
    def missed(self) -> np.ndarray:
        """Rows that comparing all finds and this search did not: (m,) int64."""
        return self.true[~np.isin(self.true, self.found)]

"""How an index finds the rows that are ranked exactly: by a walk, or by reading something of every row.

    walk    through the graph (or, of inverted lists, those nearest): where few steps suffice
    codes   the codes of every row are read, and the best ranked by their bytes
    rows    those of a mask as the graph holds them: where a filter leaves few

What takes least is taken, by how many rows could be read one after another meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.index.bitmap import Bitmap
from pipeline.index.faiss import structures

if TYPE_CHECKING:
    from pipeline.index.faiss.engine import FaissIndex

RANKED = 100
"""Rows ranked exactly, at most where fewer than half as many are asked for: among 100,000 the ten nearest
are, by whatever weights, with 0.995 among the 40 that are best by their bytes. By `color` alone, among 1,000,000, with
0.977 among 100 and 0.991 among 200: so the more rows codes find, the more are ranked, by the root of it."""
_OF_LISTS = 200
"""The same where parts of rows have a byte together (IVF-PQ)."""
CODED = 400
"""Rows of which the codes are best and that are ranked by their bytes, where the effort is the least
at which codes are read; more in proportion (see `codes` for what is among them)."""


class Way(NamedTuple):
    """wide: rows to be ranked exactly. effort: of a walk; of inverted lists, how many are read. reads: `codes`,
    `rows` or nothing. coded: rows that are ranked by their bytes where codes are read."""

    wide: int
    effort: int
    reads: str = ""
    coded: int = 0


def way(index: FaissIndex, k: int, mask: Bitmap, effort: int) -> Way:
    """To the k best of a mask, where that effort suffices without a filter and for few.

    From the effort on at which the codes were found to be read as soon as a walk is made
    (`reads_from`), a walk would not suffice; how much more says how many of them are ranked.
    """
    share = mask.count / mask.size
    if index.options.type != "hnsw":
        return Way(min(max(_OF_LISTS, 2 * k), mask.count), int(effort / share))
    # By powers of two, so that most pages of a long list come from the same walk.
    least = 2 ** int(np.ceil(np.log2(2 * k)))
    times = max(1.0, effort / index.reads_from)
    wide, far = min(max(int(RANKED * np.sqrt(times)), 2 * k), mask.count), int(max(effort, least) / share)
    coded = min(int(max(CODED * times, 2 * least) / share), mask.size)
    costs = {"rows": mask.count + (0 if mask.whole else mask.size / structures.SELECTING)}
    if index.codes is None or effort < index.reads_from:
        costs[""] = far * structures.READS
    if index.codes is not None:
        costs["codes"] = len(index.codes) / structures.CODES_READ + coded * structures.RANKING
    reads = min(costs, key=costs.get)
    if not reads:  # a list of the best is as long as what is ranked, and with it the walk
        wide = min(max(min(RANKED, effort), 2 * k), mask.count)
    return Way(wide, far, reads, coded)


def find(index: FaissIndex, query: np.ndarray, mask: Bitmap, way: Way) -> np.ndarray:
    """Rows (q, ≤ wide) that may be the best for combined queries (q, Σ dim), −1 for none."""
    reduced = index.reduction.queries(query) if index.reduction else query
    if way.reads == "codes":
        return _by_codes(index, reduced, mask, way)
    if way.reads:
        return structures.scan(index.structure, reduced, way.wide, mask)[1]
    return structures.walk(index.structure, reduced, way.wide, mask, way.effort)[1]


def _by_codes(index: FaissIndex, reduced: np.ndarray, mask: Bitmap, way: Way) -> np.ndarray:
    """By the codes of all rows; where too few of the best are in the mask, by the rows of it."""
    if mask.whole and len(reduced) > 1:
        return index.codes.ranked(reduced, structures.held(index.structure), way.wide, way.coded)
    found = index.codes.best(reduced, way.coded)
    if not mask.whole:
        found = np.where((found >= 0) & mask.has(found), found, -1)
    products = structures.products(index.structure, reduced, found)
    best = np.argpartition(-products, way.wide - 1, axis=1)[:, : way.wide]
    best = np.take_along_axis(found, best, axis=1)
    few = (best < 0).any(axis=1)
    if few.any():
        best[few] = structures.scan(index.structure, reduced[few], way.wide, mask)[1]
    return best

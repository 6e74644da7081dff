"""How far walks through a graph, each from the row that is asked about, go to find enough."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.index.bitmap import Bitmap
from pipeline.index.ranking import others, scan

TIMES = 3
"""So many times the neighbors asked for are ranked exactly."""
ENOUGH = 0.95
"""Share of the true neighbors that suffices for maps and for what may be a copy."""
_ASKED, _MOST, _MORE = 200, 512, 1.5
"""Rows that are measured with, the most effort, and by how much it is raised."""

Find = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""Rows (q,) and an effort → scores (q, k) and rows (q, k) of their nearest others, −1 for none."""


def sufficient(
    find: Find, read: Callable[[np.ndarray], np.ndarray], queries: Callable[[np.ndarray], np.ndarray],
    own: np.ndarray, k: int, mask: Bitmap, least: float,
) -> int:  # fmt: skip
    """The least effort tried by which some of the rows (q,) find ENOUGH of their k true nearest others in a mask.

    read: positions (n,) → rows (n, d) float32; queries: the same as queries, by whose products rows rank.
    """
    asked = own[np.linspace(0, len(own) - 1, min(len(own), _ASKED)).astype(np.int64)]
    _, true = others(asked, *scan(read, queries(asked), min(k + 1, mask.count), mask), k)
    effort, most = least, max(_MOST, least)
    while effort < most:
        _, found = find(asked, int(effort))
        hits = (found[:, :, None] == true[:, None]).any(axis=1) & (true >= 0)
        if hits.sum() >= ENOUGH * (true >= 0).sum():
            break
        effort *= _MORE
    return int(min(effort, most))

"""Where matches stop: up to there they stand out, after it they fall off as unrelated images do.

The scores of unrelated images, best first, are the tail of some distribution, and tails fall
like an exponential one or faster. The gap after rank i, times i, then varies around the same
value at every rank (Rényi 1953), or grows. Matches stand out where that is not so: where one
gap is too wide for those behind it, or where gaps are wide up to a rank and narrow after it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DEPTH = 200
"""Matches that the curve is made of: far enough to see what unrelated images do, a page or
more beyond what a person looks at."""

FEWEST = 8
"""Shorter curves have no tail to tell anything from."""

_WINDOW = 20
"""Gaps behind a wide one that it is compared with."""
_GAP = 6.0
"""Natural logarithm of how unlikely a gap must be, beside that of the number of ranks: chance
alone then draws a line for one of 400 curves."""
_CHANGE = 8.0
"""By how much two widths must explain the gaps better than one, as a logarithm: 640 sets of
unrelated vectors of 4 to 512 numbers, 200 to 20,000 of them, reached 7.0."""


def bend(figures: Sequence[float] | np.ndarray) -> int | None:
    """How many of the first figures stand out, or None where none do.

    figures: (n,) what a search ranks by, best first: scores that fall or distances that
    rise. Shifting or scaling them changes nothing.
    """
    curve = np.asarray(figures, np.float64)
    if len(curve) < FEWEST:
        return None
    fallen = np.abs(curve - curve[0])
    if fallen[-1] < 1e-9:
        return None
    gaps = np.diff(_without_ties(fallen)) * np.arange(1, len(fallen))
    gaps = np.maximum(gaps, 1e-9 * gaps.mean())
    return _wide_gap(gaps) or _change(gaps)


def _without_ties(fallen: np.ndarray) -> np.ndarray:
    """Equal figures spread over the smallest step there is: whole bits are no wide gaps."""
    levels, first, count = np.unique(fallen, return_index=True, return_counts=True)
    step = np.diff(levels).min(initial=np.inf)
    place = np.arange(len(fallen)) - np.repeat(first, count)
    return fallen + step * place / np.repeat(count, count)


def _wide_gap(gaps: np.ndarray) -> int | None:
    """The rank after which a gap is too wide for those that follow, the least likely one."""
    best, at = np.log(len(gaps)) + _GAP, None
    for rank in range(1, len(gaps) - FEWEST // 2):
        after = gaps[rank : rank + _WINDOW]
        unlikely = len(after) * np.log1p(gaps[rank - 1] / after.sum())  # F with 2 and 2·n degrees
        if unlikely > best:
            best, at = unlikely, rank
    return at


def _change(gaps: np.ndarray) -> int | None:
    """The rank up to which gaps are wider than behind it: the likeliest change of an exponential's mean."""
    count, ranks = len(gaps), np.arange(1, len(gaps))
    total = np.cumsum(gaps)
    before, behind = total[:-1] / ranks, (total[-1] - total[:-1]) / (count - ranks)
    better = count * np.log(total[-1] / count) - ranks * np.log(before) - (count - ranks) * np.log(behind)
    better = np.where(before > behind, better, 0)
    at = int(better.argmax())
    return at + 1 if better[at] > _CHANGE else None

"""Where a list of matches bends: up to there they stand out, after it they fall off slowly.

Kneedle (Satopää et al. 2011) looks for the point of a curve farthest from the straight
line between its ends, both axes scaled to 0–1. Theirs finds several knees while figures
come in and must judge each by what follows; a list of matches is known whole and has one
bend worth a line, so here the farthest point is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DEPTH = 200
"""Matches that the curve is made of: far enough to see the slow part, a page or more beyond
what a person looks at."""

FEWEST = 8
"""Shorter curves have no slow part to tell a bend from."""

_LEAST = 0.2
"""How far from the line a bend must lie. Scores spread evenly give 0, the tail of a normal
distribution some 0.3, a group that clearly stands out 0.6 and more."""


def bend(figures: Sequence[float] | np.ndarray) -> int | None:
    """How many of the first figures stand out, or None where the curve has no clear bend.

    figures: (n,) what a search ranks by, best first: scores that fall or distances that
    rise. Shifting or scaling them changes nothing.
    """
    curve = np.asarray(figures, np.float64)
    if len(curve) < FEWEST:
        return None
    fallen = np.abs(curve - curve[0])
    if fallen[-1] < 1e-9:
        return None
    # How much of the fall lies behind at each place, less what an even fall would have.
    ahead = fallen / fallen[-1] - np.linspace(0, 1, len(curve))
    at = int(ahead.argmax())
    if ahead[at] < _LEAST:
        return None
    # The farthest point begins the slow part: what stands out ends before it.
    return at

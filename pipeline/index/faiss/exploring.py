"""Looking at the neighbors of neighbors (NN-descent, Dong, Moses & Li 2011), compiled.

Compiled anew in each process that needs it, as `maps.descent` is. No lock of Python is held meanwhile.
"""

from __future__ import annotations

import numba
import numpy as np

_SEEN = 4_096
"""Places of a table of what a row has looked at; where two rows share one, a row is compared twice."""


@numba.njit(inline="always")
def _take(own, row, score, near, scores, fresh):
    """Put a row among the neighbors of another, if it is nearer than their last and not there; whether it was put."""
    place = near.shape[1] - 1
    if not score > scores[own, place]:
        return False
    for at in range(near.shape[1]):
        if near[own, at] == row:
            return False
    while place > 0 and scores[own, place - 1] < score:
        near[own, place], scores[own, place] = near[own, place - 1], scores[own, place - 1]
        fresh[own, place] = fresh[own, place - 1]
        place -= 1
    near[own, place], scores[own, place], fresh[own, place] = row, score, True
    return True


@numba.njit(nogil=True)
def take_all(products, answering, asking, near, scores):
    """Put rows (m,) into the neighbors of those that ask (q,) as far as their products (q, m) are large enough."""
    last = near.shape[1] - 1
    for at in range(len(asking)):
        own = asking[at]
        worst = scores[own, last]
        for row in range(products.shape[1]):
            score = products[at, row]
            if score > worst and answering[row] != own:
                place = last
                while place > 0 and scores[own, place - 1] < score:
                    near[own, place], scores[own, place] = near[own, place - 1], scores[own, place - 1]
                    place -= 1
                near[own, place], scores[own, place] = answering[row], score
                worst = scores[own, last]


@numba.njit(nogil=True)
def reversed_of(ahead, new, members, most):
    """Which of the first rows, those that can be found, have each row among their neighbors (n, k) int32, at most so
    many drawn by chance, and whether it is new to them: (n, most) int32, −1 for none, and (n, most) bool."""
    found, lately = np.full((len(ahead), most), -1, np.int32), np.zeros((len(ahead), most), np.bool_)
    met = np.zeros(len(ahead), np.int32)
    chance = np.uint64(1)
    for own in range(members):
        for at in range(ahead.shape[1]):
            row = ahead[own, at]
            if row < 0:
                break
            met[row] += 1
            place = np.int64(met[row] - 1)
            if place >= most:  # each that comes is kept as likely as those before (Vitter 1985, algorithm R)
                chance = chance * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
                place = np.int64(((chance >> np.uint64(32)) * np.uint64(met[row])) >> np.uint64(32))
            if place < most:
                found[row, place], lately[row, place] = own, new[own, at]
    return found, lately


@numba.njit(fastmath=True, inline="always")
def _product(query, codes, row):
    total = np.float32(0)
    for at in range(len(query)):
        total += query[at] * np.float32(codes[row, at])
    return total


@numba.njit(nogil=True, fastmath=True)
def explore(start, end, codes, weights, ahead, new, behind, lately, near, scores, fresh):
    """Rows start … end − 1 look at the neighbors of those near them as far as either has changed."""
    query = np.empty(len(weights), np.float32)
    seen = np.full(_SEEN, -1, np.int64)
    taken = 0
    k, back = ahead.shape[1], behind.shape[1]
    for own in range(start, end):
        for at in range(len(query)):
            query[at] = weights[at] * np.float32(codes[own, at])
        mark = np.int64(own) << 32
        for source in range(k + back):
            by = ahead[own, source] if source < k else behind[own, source - k]
            late = new[own, source] if source < k else lately[own, source - k]
            if by < 0:
                continue
            if source >= k and late and seen[by & (_SEEN - 1)] != mark | np.int64(by):
                seen[by & (_SEEN - 1)] = mark | np.int64(by)
                taken += _take(own, by, _product(query, codes, by), near, scores, fresh)
            for at in range(k):
                row = ahead[by, at]
                if row < 0 or row == own or not (late or new[by, at]):
                    continue
                key = mark | np.int64(row)
                if seen[row & (_SEEN - 1)] == key:
                    continue
                seen[row & (_SEEN - 1)] = key
                taken += _take(own, row, _product(query, codes, row), near, scores, fresh)
    return taken

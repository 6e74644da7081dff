"""Compiled loops of `hash_tables`: a table of hashes by some of their bits, and bits counted with those met there.

Compiled in each process that needs them, in a second of processor time, as in `maps.descent`. They hold no lock of
Python, so that threads may share the queries.
"""

from __future__ import annotations

import numba
import numpy as np

_ODD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_M1, _M2, _M4 = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
_ONES = np.uint64(0x0101010101010101)


@numba.njit(inline="always")
def _key(words, at, mask, shift):
    """A number for those bits of a hash that a mask has: the highest of Knuth's multiplicative hashing."""
    mixed = np.uint64(0)
    for place in range(len(mask)):
        mixed = (mixed ^ (words[at, place] & mask[place])) * _ODD
        mixed ^= mixed >> _HALF
    return np.int64(mixed >> shift)


@numba.njit(inline="always")
def _bits(word):
    """How many bits are set; one instruction, which LLVM knows these lines to be."""
    word -= (word >> np.uint64(1)) & _M1
    word = (word & _M2) + ((word >> np.uint64(2)) & _M2)
    word = (word + (word >> np.uint64(4))) & _M4
    return np.int32((word * _ONES) >> np.uint64(56))


@numba.njit(nogil=True)
def keys(words, mask, shift):
    """The keys (n,) int64 of hashes (n, w) uint64 by the bits of a mask (w,) uint64; shift: 64 less the bits of a key."""
    found = np.empty(len(words), np.int64)
    for at in range(len(words)):
        found[at] = _key(words, at, mask, shift)
    return found


@numba.njit(nogil=True)
def table(words, mask, shift):
    """Hashes in the order of their keys: where each key's begin (keys + 2,) int32, which they are (n,) int32, and
    they themselves (n, w) uint64."""
    own = keys(words, mask, shift)
    begins = np.zeros((np.int64(1) << np.int64(np.uint64(64) - shift)) + 2, np.int32)
    for key in own:
        begins[key + 2] += 1
    for key in range(2, len(begins)):
        begins[key] += begins[key - 1]
    which, ordered = np.empty(len(words), np.int32), np.empty_like(words)
    for at in range(len(words)):
        place = begins[own[at] + 1]
        begins[own[at] + 1] += 1
        which[place] = at
        ordered[place] = words[at]
    return begins, which, ordered


@numba.njit(nogil=True)
def meet(queries, first, last, mask, shift, begins, which, ordered, found, apart):
    """Take over into found and apart (q, k) int32, nearest first, whom the queries first … last − 1 meet in a table
    and are nearer to than to the last of theirs."""
    k = found.shape[1]
    for query in range(first, last):
        key = _key(queries, query, mask, shift)
        for place in range(begins[key], begins[key + 1]):
            differ = np.int32(0)
            for word in range(len(mask)):
                differ += _bits(queries[query, word] ^ ordered[place, word])
            if differ >= apart[query, k - 1]:
                continue
            known = False
            for rank in range(k):
                known |= found[query, rank] == which[place]
            if known:
                continue
            rank = k - 1
            while rank > 0 and apart[query, rank - 1] > differ:
                found[query, rank], apart[query, rank] = found[query, rank - 1], apart[query, rank - 1]
                rank -= 1
            found[query, rank], apart[query, rank] = which[place], differ

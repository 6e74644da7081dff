"""Perceptual hashes: three 64-bit summaries of a picture, compared by counting bits.

    average     gray above the mean, on 8 × 8                     (Krawetz 2011)
    difference  gray rises to the right, on 8 rows of 9           (Krawetz 2013)
    dct         low frequencies of the DCT above their median     (Zauner 2010)

The three side by side are the 192 bits that `search` ranks by under the metric `hamming`
and that `duplicates` looks through.

Bits stand most significant first, row by row from the top left: `SELECT hex(dct) FROM
hashes` shows a hash as other tools print it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

VERSION = 2
"""Raised whenever the same picture would give another hash: older rows are then stale."""

NAMES = ("average", "difference", "dct")
BITS = 64 * len(NAMES)
BYTES = BITS // 8

QUERY = "hash"
"""Key of a picture's hash among its vectors, see `as_vector`."""

_SIDE = 32  # px: what all three are computed from; the DCT's size in Zauner's thesis


def compute(image: np.ndarray) -> np.ndarray:
    """One decoded picture (h, w, 3) uint8 RGB → (24,) uint8: average, difference, dct."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    gray = cv2.resize(gray, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    coarse = cv2.resize(gray, (8, 8), interpolation=cv2.INTER_AREA)
    steps = np.diff(cv2.resize(gray, (9, 8), interpolation=cv2.INTER_AREA), axis=1)
    # Without the first row and column: brightness and plain gradients say little.
    waves = cv2.dct(gray)[1:9, 1:9]
    bits = np.stack([coarse > coarse.mean(), steps > 0, waves > np.median(waves)])
    return np.packbits(bits)


def as_vector(row: np.ndarray) -> np.ndarray:
    """A hash (24,) uint8 as a vector (192,) float32 of L2 norm 1, ±1/√192 a bit.

    So it travels among the vectors of a picture from outside; the cosine of two is
    1 − 2 · distance / 192.
    """
    return (np.unpackbits(row).astype(np.float32) * 2 - 1) / np.float32(np.sqrt(BITS))


def mean(rows: np.ndarray, vectors: Sequence[np.ndarray]) -> np.ndarray | None:
    """What most of the hashes (n, 24) uint8 and of the vectors say, bit by bit: (24,) uint8.

    None when there are none of either.
    """
    votes = [as_vector(row) for row in rows] + list(vectors)
    return np.packbits(np.sum(votes, axis=0) > 0) if votes else None

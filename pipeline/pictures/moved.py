"""Whether each of two pictures has something that the other has not: a thing that moved before one camera.

Letters, a bar or a veil bring rims with them, and only the picture that they are laid over has these. Of a thing that
is elsewhere in the other picture, each of the two has rims of its own.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.pictures.overlay import LIKE, frequent

BOTH = 0.15
"""Share of such rims that the lesser of the two pictures must have. Of 734 pairs of photographs, and of things cut out onto
an even ground, with the same with letters laid over, 1.1 % are lost by it and by when it is asked (`agreement`); of 1,380 pairs
of frames before which a thing of an eighth or a quarter of their width moved 28 % passed for the same with something laid over,
and 4 % do now."""

_REACH = 2  # px around what is odd where its rim is looked for; two thirds of that within
_STEEPER, _LEAST = 1.5, 8.0  # times, and levels, by which a rim is steeper in one picture than in the other
_SOFT = 0.8  # px of a Gaussian, for JPEG's sake


def each_has_its_own(one: np.ndarray, other: np.ndarray, odd: np.ndarray, inside: np.ndarray) -> bool:
    """one, other: (h, w, 3) float32 RGB in one frame, of one brightness and sharpness. odd: (h, w) bool, where they differ;
    inside: (h, w) bool, where both are."""
    rim = grown(odd, _REACH) & ~_shrunk(grown(odd, _REACH), _REACH + 1) & inside
    first, second = _steepness(one), _steepness(other)
    mine = rim & (first > _STEEPER * second + _LEAST)
    theirs = rim & (second > _STEEPER * first + _LEAST)
    if theirs.sum() > mine.sum():
        one, mine, theirs = other, theirs, mine
    # Under an opaque bar lie rims of the other: there the one has the color of what is laid over it.
    beside = one[odd & grown(mine, _REACH)]
    covered = np.abs(one - frequent(beside)[0]).max(axis=2) <= LIKE if len(beside) else np.zeros_like(odd)
    lesser = int((theirs & ~covered).sum())
    return lesser > BOTH * (lesser + int(mine.sum()))


def _steepness(pixels: np.ndarray) -> np.ndarray:
    """Between the lightest and the darkest of 3 × 3 px, of the channel where that is most: (h, w) float32."""
    soft, near = cv2.GaussianBlur(pixels, (0, 0), _SOFT), np.ones((3, 3), np.uint8)
    return (cv2.dilate(soft, near) - cv2.erode(soft, near)).max(axis=2)


def grown(places: np.ndarray, reach: int) -> np.ndarray:
    """Places (h, w) bool and what is at most so many px from them."""
    return cv2.dilate(places.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0


def _shrunk(places: np.ndarray, reach: int) -> np.ndarray:
    return cv2.erode(places.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0

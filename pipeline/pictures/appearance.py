"""How a picture looks as a picture, whatever is in it: how sharp, how bright, how far from dark to light.

All is measured on the thumbnail, as it is seen on a screen of small pictures: what is only soft at
the full size of a camera is not noticed.
"""

from __future__ import annotations

import cv2
import numpy as np

VERSION = 1
"""Raised whenever the same picture would give other figures."""

FIGURES = ("sharpness", "brightness", "darkest", "dark", "lightest", "burnt", "ground")
"""sharpness: 1 less Crete's blur, where the picture is sharp. brightness: the mean. darkest, dark, lightest:
what 1 % are darker than, 95 % are darker than, 1 % are lighter than. burnt: the share that is white, as good as;
ground: of the border. All in [0, 1], of gray as it is stored; sharpness NaN where there is no edge."""

_BOX = 9  # px: the low pass of Crete et al.
_TILES = 4
_EDGES = 0.25
"""Tiles with less than so much of the edges of the richest one say nothing of the whole."""
_SHARP = 2
"""So many tiles have to be sharp. The median of all tells blurred photographs better (AUC 0.997 where this has 0.993),
but takes a sharp subject on a third of the picture for none."""
_LEAST = 0.4  # gray levels, the mean step from pixel to pixel: below, a tile has no edges but noise
_WHITE = 250


def measure(pixels: np.ndarray) -> np.ndarray:
    """The FIGURES of a picture (h, w, 3) uint8 RGB: (7,) float32."""
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    below = np.cumsum(np.bincount(gray.ravel(), minlength=256)) / gray.size
    darkest, dark, lightest = np.searchsorted(below, (0.01, 0.95, 0.99)) / 255
    white = cv2.inRange(pixels, (_WHITE,) * 3, (255,) * 3) > 0
    ground = np.concatenate([*white[[0, -1]], *white[:, [0, -1]].T]).mean()
    return np.array([_sharpness(gray), gray.mean() / 255, darkest, dark, lightest, white.mean(), ground], np.float32)


def _sharpness(gray: np.ndarray) -> float:
    """In [0, 1]: how much of the steps between neighboring pixels goes when the picture is blurred.

    Of a sharp picture most does, of a blurred one little (Crete et al. 2007, "The blur effect:
    perception and estimation with a new no-reference perceptual blur metric"). Found for 4 × 4 tiles,
    since a sharp subject before a soft ground is a sharp picture; the second sharpest of those with edges counts, and
    of the two directions the softer one, since a shaken camera blurs along one.
    """
    if min(gray.shape) < 2 * _TILES:
        return float("nan")
    gray = gray.astype(np.float32)
    found = []
    for axis, box in ((1, (_BOX, 1)), (0, (1, _BOX))):
        steps = np.abs(np.diff(gray, axis=axis))
        lost = np.maximum(0, steps - np.abs(np.diff(cv2.blur(gray, box), axis=axis)))
        steps, lost = (cv2.resize(one, (_TILES, _TILES), interpolation=cv2.INTER_AREA) for one in (steps, lost))
        rich = (steps >= _EDGES * steps.max()) & (steps >= _LEAST)
        if rich.any():
            found.append(float(np.sort(lost[rich] / steps[rich])[-_SHARP:][0]))
    return min(found, default=float("nan"))

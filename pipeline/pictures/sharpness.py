"""Two pictures brought to one sharpness: the sharper blurred until its finest structure is as weak as the other's."""

from __future__ import annotations

import cv2
import numpy as np

_BLURS = (0.6, 0.8, 1.1, 1.5, 2.1, 2.9, 4.1)  # sigmas in px, by √2
_SHARPER = 1.2  # so much more fine structure is no more JPEG's


def softening(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Sigmas in px by which gray pictures (h, w) float32 have to be blurred to be equally sharp: of one of them, or 0, 0."""
    most, least = _fine(one), _fine(other)
    if most < least:
        return softening(other, one)[::-1]
    if most <= _SHARPER * least or least == 0:
        return 0.0, 0.0
    enough = (sigma for sigma in _BLURS if _fine(blurred(one, sigma)) <= least)
    return next(enough, _BLURS[-1]), 0.0


def equally_sharp(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gray pictures (h, w) float32 as sharp as the less sharp of them."""
    return tuple(map(blurred, (one, other), softening(one, other)))


def blurred(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """A picture of any channels by a Gaussian of so many px; 0: as it is."""
    return cv2.GaussianBlur(pixels, (0, 0), sigma) if sigma else pixels


def _fine(gray: np.ndarray) -> float:
    return float(np.abs(gray - cv2.GaussianBlur(gray, (0, 0), 1.0)).mean())

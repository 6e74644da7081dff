"""Whether what one picture has around another that lies within it is a frame: a border, a mount, the bars beside a film.

A picture that was cut out of a larger one has more of the same around it; a frame is of one color, and the picture ends
where it begins. What stands on a plain ground and was cut more closely has no frame: there the ground goes on.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.pictures.alignment import Alignment, Picture

_LEAST = 0.02  # share of the framed picture
_EVEN, _SHADE = 0.97, 16.0  # share of a frame that is of one color; levels that it may differ
_ENDS, _STEP = 0.15, 36.0  # share of the picture's rim that must be another color than the frame; levels that are another
_INSIDE = 0.97  # share of the picture that must lie within
_LOOSE = 2  # px that an alignment may be off


def framed(inner: Picture, outer: Picture, found: Alignment) -> bool:
    """Whether the outer picture is the inner one in a frame. found: how the inner lies on it."""
    size = outer.pixels.shape[1], outer.pixels.shape[0]
    whole = np.full(inner.pixels.shape[:2], 255, np.uint8)
    laid = cv2.warpAffine(whole, found.matrix, size) > 127
    around = ~_grown(laid, _LOOSE)
    if laid.sum() < _INSIDE * abs(np.linalg.det(found.matrix[:, :2])) * whole.size or around.mean() < _LEAST:
        return False
    color = np.median(outer.pixels[around], axis=0)
    apart = np.abs(outer.pixels - color.astype(np.float32)).max(axis=2)
    rim = laid & _grown(around, 4 * _LOOSE)
    return bool((apart[around] <= _SHADE).mean() >= _EVEN and (apart[rim] > _STEP).mean() >= _ENDS)


def _grown(places: np.ndarray, reach: int) -> np.ndarray:
    """The places (h, w) bool and what is so near to them."""
    return cv2.dilate(places.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0

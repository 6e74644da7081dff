"""Whether a picture has the shades of a photograph, or the few colors of what was drawn, written or shown in windows.

A thing that was photographed and cut out stands on an even ground as a drawing does; its surface has hundreds of shades.
"""

from __future__ import annotations

import cv2
import numpy as np

BITS, BITS_LITTLE, COLORS = 2.0, 4.0, 60
"""Entropy of the levels of smooth places off the ground, the same where these are little of the picture, or colors of 16
levels a channel that each cover 1/2,000 of the picture, from which it is shaded. Thumbnails of slides, pages, bills, charts and
windows, saved again or not, had 0.3 and 36 at most; of 14 pieces of clothing cut out onto white eleven had 3.2 at least, the
others, all over in patterns, 81 colors. Between the lines of small bills are 3.2 bits in 3 % of the picture; on animals that
take as little it was 4.2 at least."""

_COVER = 0.0005
_SMOOTH = 14.0  # levels between the lightest and the darkest of 5 × 5 px
_GROUND = 6  # levels around the most frequent that are the ground
_LITTLE, _LEAST = 0.05, 0.01  # share of the picture that is smooth and no ground which is little, and which says nothing


def is_shaded(pixels: np.ndarray, where: np.ndarray | None = None) -> bool:
    """Of a thumbnail (h, w, 3) uint8 RGB, or of its places (h, w) bool."""
    where = np.ones(pixels.shape[:2], bool) if where is None else where
    return _is_varied(pixels, where) or _colors(pixels[where]) >= COLORS


def _is_varied(pixels: np.ndarray, where: np.ndarray) -> bool:
    """By the square roots of gray levels: what is dark has shades, too."""
    soft = cv2.GaussianBlur(16 * np.sqrt(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)), (0, 0), 1.0)
    near = np.ones((5, 5), np.uint8)
    levels = soft[where & (cv2.dilate(soft, near) - cv2.erode(soft, near) < _SMOOTH)].astype(np.int32)
    counts = np.bincount(levels, minlength=256)
    ground = int(np.convolve(counts, np.ones(9), "same").argmax())
    counts[max(0, ground - _GROUND) : ground + _GROUND + 1] = 0
    if counts.sum() < max(1.0, _LEAST * where.sum()):
        return False
    shares = counts[counts > 0] / counts.sum()
    least = BITS if counts.sum() >= _LITTLE * where.sum() else BITS_LITTLE
    return bool(-(shares * np.log2(shares)).sum() >= least)


def _colors(pixels: np.ndarray) -> int:
    bins = (pixels >> 4).reshape(-1, 3).astype(np.int32) @ np.array([256, 16, 1])
    return int((np.bincount(bins, minlength=4096) > _COVER * max(1, len(bins))).sum())

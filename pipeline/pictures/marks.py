"""What small thing one of two pictures has and the other has not, in full size: a number on a bill, a dash on a page.

Of a photograph a thumbnail shows what matters. Of a drawing, a page or a window it does not: two bills of one firm
are the same at 256 px.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.pictures.agreement import BRIGHTER, WHITE, Laid, largest, oddities
from pipeline.pictures.brightness import fitted
from pipeline.pictures.sharpness import equally_sharp

SIDE = 2048
"""px: how large pictures are looked at; a digit of a scanned page has some twenty of them in height."""
SIDE_ALIGNED = 1024
"""px: at which keypoints say how they lie; these are some tenths of a pixel off."""

MARK = 4
"""px of a mark that tells two pictures apart: between copies of pages, bills and product shots (a quarter of the size at
JPEG 50, half of it at 25, blurred, brighter, turned) there were 2 at most, between bills that differ in a digit 29; of those,
where one is so small that it can hardly be read, 3."""

_SHARE = 0.32  # of the contrast around it, between that of thumbnails and what ringing in JPEGs reaches
_RIM = 17  # px


def has_mark(laid: Laid) -> bool:
    """Whether in some place one picture has what the other has nowhere near, at one brightness, contrast and sharpness.

    Left out are the rim, where the frame of one may show, and what was cut off at white.
    """
    inside = cv2.erode(np.pad(laid.inside.astype(np.uint8), 1), np.ones((_RIM, _RIM), np.uint8))[1:-1, 1:-1] > 0
    return largest(oddities(*equally_sharp(*laid.evened), inside & ~_cut_off(laid), _SHARE)) >= MARK


def _cut_off(laid: Laid) -> np.ndarray:
    """Where one picture, made brighter, has no more of a color to give: (h, w) bool."""
    if abs(laid.line[0] - 1) < BRIGHTER:
        return np.zeros_like(laid.inside)
    pair = fitted(laid.one.astype(np.float32), laid.other.astype(np.float32), *laid.line)
    return ((np.maximum(laid.one, laid.other) >= WHITE) & (np.minimum(*pair) >= WHITE - 12)).any(axis=2)

"""What lies within a frame of one color that two pictures both have: a frame in common says nothing about what is in it.

What stands on an even ground has no frame: there the ground goes on beside it.
"""

from __future__ import annotations

import numpy as np

_ALIKE, _MOST = 24, 0.9  # levels around the color of a frame; share of a row of it that has this color
_LEAST = 2  # rows of a frame
_STEP, _ENDS = 36, 0.8  # levels that are another color; share of a row within that must have one
_DEEP = 8  # px from a frame that its JPEG ripple reaches
_REACH = 10  # px within a frame whose surroundings it is a part of


def within_frame(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where two pictures (h, w, 3) uint8 RGB lie within a frame that both have: (h, w) bool; everywhere where they have none."""
    height, width = one.shape[:2]
    inner = np.ones((height, width), bool)
    apart = [_apart(pixels) for pixels in (one, other)]
    top, bottom, left, right = (min(depths) for depths in zip(*map(_depths, apart)))
    if min(top, bottom, left, right) < _LEAST or top + bottom > height - 4 * _DEEP or left + right > width - 4 * _DEEP:
        return inner
    box = slice(top + _DEEP, height - bottom - _DEEP), slice(left + _DEEP, width - right - _DEEP)
    if not all(_ends(levels[box]) for levels in apart):
        return inner
    inner[:] = False
    inner[top + _REACH : height - bottom - _REACH, left + _REACH : width - right - _REACH] = True
    return inner


def _apart(pixels: np.ndarray) -> np.ndarray:
    """Levels (h, w) float32 between a picture and the color around it."""
    around = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.abs(pixels - np.median(around, axis=0).astype(np.float32)).max(axis=2)


def _depths(apart: np.ndarray) -> tuple[int, int, int, int]:
    """How many rows have the color from above and below, and columns from the left and right."""
    same = apart <= _ALIKE
    rows, columns = same.mean(axis=1) < _MOST, same.mean(axis=0) < _MOST
    return tuple(int(ends.argmax()) if ends.any() else len(ends) for ends in (rows, rows[::-1], columns, columns[::-1]))


def _ends(apart: np.ndarray) -> bool:
    """Whether right within the frame most of a picture is of another color."""
    lines = np.concatenate([apart[0], apart[-1], apart[:, 0], apart[:, -1]])
    return bool((lines > _STEP).mean() >= _ENDS)

"""Whether where two pictures differ one of them has something laid over it: letters, a watermark, a bar."""

from __future__ import annotations

import numpy as np

PLAIN, TWO_PLAIN, TWO_TONES = 0.75, 0.82, 0.9
"""Share of what is odd that one color, or two, or black and white must explain."""

NEARLY_ALL = 0.9
"""The same where one color is the whole explanation."""
LIKE = 36
"""Levels between a color and what passes for it."""

_ALIKE = 0.5  # share of what is laid over that has one opacity; the rims of letters have others
_GONE = 0.05  # share where the upper picture has the ground of the lower, which has something else there
_GROUND, _SHADE = 0.6, 6  # share of one color that makes a ground; levels that it may differ
_ABUNDANT = 0.03  # share of a color that a picture has of its own
_APART = 12  # levels between pixels that differ


def on_top(top: np.ndarray, below: np.ndarray) -> bool:
    """Whether the pixels (n, 3) of one picture are those of the other with one color laid over, opaque or as a
    veil; or with two, letters and their outline, where what is below has more colors than that."""
    top, below = _differing(top.astype(np.float32), below.astype(np.float32))
    if not len(top):
        return False
    ground = frequent(below)[0]
    bare, gone = (np.abs(pixels - ground).max(axis=1) <= LIKE for pixels in (below, top))
    if bare.mean() >= 0.5 and (gone & ~bare).mean() > _GONE:
        return False
    found = frequent(top)
    covered = [_covered(top, below, color) for color in _colors(found)]
    if max(float(one.mean()) for one in covered) >= PLAIN:
        return True
    if len(found) < 2 or float((covered[0] | covered[1]).mean()) < TWO_PLAIN:
        return False
    near = [np.abs(below - color).max(axis=1) <= LIKE for color in frequent(below)]
    return float(np.logical_or.reduce(near).mean()) < TWO_PLAIN - 0.1


def in_one_color(top: np.ndarray, below: np.ndarray) -> bool:
    """Whether one color laid over explains nearly all of where the pixels (n, 3) of two pictures differ."""
    top, below = _differing(top.astype(np.float32), below.astype(np.float32))
    return len(top) > 0 and any(_covered(top, below, color).mean() >= NEARLY_ALL for color in _colors(frequent(top)))


def is_two_toned(top: np.ndarray, below: np.ndarray, *, rims: bool = False) -> bool:
    """Whether all but a few of the pixels (n, 3) of one picture lie between those of the other and black or white, as of
    letters with an outline. rims: also where hardly any has the same opacity, as of thin lines."""
    top, below = _differing(top.astype(np.float32), below.astype(np.float32))
    black, white = (_covered(top, below, np.full(3, level, np.float32), 0 if rims else _ALIKE) for level in (0, 255))
    return len(top) > 0 and bool((black | white).mean() >= TWO_TONES)


def _colors(found: list[np.ndarray]) -> list[np.ndarray]:
    """What may have been laid over where these colors were found: the two of captions and watermarks as well."""
    return [*found, np.zeros(3, np.float32), np.full(3, 255, np.float32)]


def _differing(top: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pixels (n, 3) of two pictures where they differ: the others need no explanation."""
    apart = np.abs(top - below).max(axis=1) > _APART
    return top[apart], below[apart]


def _covered(top: np.ndarray, below: np.ndarray, color: np.ndarray, alike: float = _ALIKE) -> np.ndarray:
    """Which pixels (n, 3) lie between what is below and a color: (n,) bool; none unless so many of them are about
    equally near to it."""
    way = color - below
    share = (way * (top - below)).sum(axis=1) / np.maximum((way * way).sum(axis=1), 1)
    apart = np.abs(top - below - share[:, None] * way).max(axis=1)
    between = (apart <= LIKE) & (share > 0.1) & (share < 1.3)
    usual = np.histogram(share[between], 24, (0.1, 1.3))[0]
    most = np.convolve(usual, np.ones(7), "valid").max()  # 0.35 of opacity
    return between & (most >= alike * between.sum())


def frequent(pixels: np.ndarray) -> list[np.ndarray]:
    """The one or two most frequent colors of pixels (n, 3) float32."""
    found, left = [], pixels
    while len(left) and len(found) < 2:
        bins = (left // 32).astype(np.int32) @ np.array([64, 8, 1])
        found.append(np.median(left[bins == np.bincount(bins).argmax()], axis=0))
        left = left[np.abs(left - found[-1]).max(axis=1) > LIKE]
    return found


def has_color_of(pixels: np.ndarray, others: np.ndarray) -> bool:
    """Whether a good part of other pixels (n, 3) has the most frequent color of some."""
    color = frequent(pixels.astype(np.float32))[0]
    return bool((np.abs(others.astype(np.float32) - color).max(axis=1) <= LIKE).mean() > _ABUNDANT)


def is_ground(pixels: np.ndarray, around: np.ndarray) -> bool:
    """Whether pixels (n, 3) have the color of the plain ground around them: nothing lies there, something is missing."""
    if not len(around) or plain(around) < _GROUND:
        return False
    first, second = (frequent(some.astype(np.float32))[0] for some in (pixels, around))
    return bool(np.abs(first - second).max() <= _SHADE)


def plain(pixels: np.ndarray) -> float:
    """Share of the most frequent color of pixels (n, 3)."""
    pixels = pixels.astype(np.float32)
    return float((np.abs(pixels - frequent(pixels)[0]).max(axis=1) <= LIKE).mean())

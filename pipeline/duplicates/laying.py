"""How one picture lies on another, to be shown over it: stretched, turned, mirrored, or as their keypoints say.

Of all the ways the one is taken that makes the gray levels of both correlate best where they lie on one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.duplicates.candidates import TURNS
from pipeline.library import Library
from pipeline.pictures import alignment, decoding
from pipeline.pictures.alignment import Picture

_SHAPE = 0.08  # how far the logarithms of two aspects may lie apart for one to be stretched over the other
_PART = 0.2  # of the smaller picture that must lie on the other
_LEAST = 0.35  # correlation below which pictures have nothing to be laid by


@dataclass(frozen=True)
class Laying:
    """matrix (2, 3) float64: from places in the one, in px of its size (width, height) from its upper left corner, to
    places in the other. correlation: of the gray levels, up to 1."""

    matrix: np.ndarray
    size: tuple[int, int]
    other_size: tuple[int, int]
    correlation: float


def lay(library: Library, one: int, other: int) -> Laying | None:
    """How one image lies on another; None where there is no thumbnail, or nothing to lay them by."""
    jpegs = [library.thumbnail(image) for image in (one, other)]
    if not all(jpegs):
        return None
    mine, theirs = (Picture.of(decoding.decode(jpeg)) for jpeg in jpegs)
    height, width = theirs.pixels.shape[:2]
    best = None
    for matrix in _ways(mine, theirs):
        found = _correlation(mine.pixels, theirs.pixels, matrix)
        if found >= _LEAST and (best is None or found > best.correlation + 0.01):
            high, wide = mine.pixels.shape[:2]
            best = Laying(_of_corners(matrix), (wide, high), (width, height), found)
    return best


def _ways(mine: Picture, theirs: Picture) -> Iterator[np.ndarray]:
    """Matrices (2, 3) from pixel centers of the one to those of the other, the plainest first."""
    for turn in ((0, False), *TURNS, (3, False)):
        turned = mine.turned(*turn)
        (height, width), (tall, wide) = turned.pixels.shape[:2], theirs.pixels.shape[:2]
        if abs(float(np.log(height * wide / (width * tall)))) <= _SHAPE:
            yield _after(alignment.stretch(turned, theirs).matrix, _turning(mine.pixels.shape, *turn))
    for picture, mirror in ((mine, False), (mine.mirrored(), True)):
        found = alignment.align(picture, theirs)
        if found is not None:
            yield _after(found.matrix, _turning(mine.pixels.shape, 0, mirror))


def _turning(shape: tuple[int, ...], quarters: int, mirror: bool) -> np.ndarray:
    """The matrix (2, 3) of pixel centers of a picture (h, w, …) that is mirrored and then turned counterclockwise."""
    height, width = shape[:2]
    matrix = np.array([[-1.0, 0, width - 1], [0, 1, 0]]) if mirror else np.eye(2, 3)
    for _ in range(quarters):
        matrix = _after(np.array([[0.0, 1, 0], [-1, 0, width - 1]]), matrix)
        height, width = width, height
    return matrix


def _after(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """One matrix (2, 3) after another."""
    return second @ np.vstack([first, [0, 0, 1]])


def _of_corners(matrix: np.ndarray) -> np.ndarray:
    """A matrix of pixel centers as one of places, whose pixels begin and end at whole numbers."""
    moved = matrix.copy()
    moved[:, 2] += 0.5 - matrix[:, :2] @ (0.5, 0.5)
    return moved


def _correlation(one: np.ndarray, other: np.ndarray, matrix: np.ndarray) -> float:
    """Of the gray levels of pictures (h, w, 3) where they lie on one another; −1 where that is too little of them."""
    size = other.shape[1], other.shape[0]
    gray, ground = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in (one, other))
    laid = cv2.warpAffine(gray, matrix, size)
    inside = cv2.warpAffine(np.ones_like(gray), matrix, size) > 0.99
    smaller = min(abs(np.linalg.det(matrix[:, :2])) * gray.size, ground.size)
    if inside.sum() < max(_PART * smaller, 64):
        return -1.0
    mine, theirs = laid[inside] - laid[inside].mean(), ground[inside] - ground[inside].mean()
    spread = float(np.sqrt((mine @ mine) * (theirs @ theirs)))
    # Two pictures of one even color are the same wherever they lie.
    return float(mine @ theirs) / spread if spread > inside.sum() else 1.0 if abs(laid[inside].mean() - ground[inside].mean()) < 8 else -1.0

"""How two pictures lie on one another where they show the very same thing.

SIFT keypoints (Lowe 2004, compared as RootSIFT, Arandjelović & Zisserman 2012) that pass
the ratio test and choose each other give the turn, scale and shift between the pictures
by RANSAC (Fischler & Bolles 1981). Keypoints alone are fooled by woven cloth and brick
walls, so the pictures are then laid over one another and compared place by place (`agreement`).

Pictures are thumbnails: a long side of 256 px is enough, and nothing is read from disk.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.pictures.agreement import MIN_OVERLAP, Laid
from pipeline.pictures.correlation import has_structure

KEYPOINTS = 400
"""Strongest keypoints kept per picture."""
RATIO = 0.85
"""Lowe's ratio test; he proposes 0.8, RANSAC and the overlay allow for more."""
REACH = 4.0
"""Distance in px up to which a keypoint follows the alignment."""
MIN_POINTS = 5
"""Keypoints that must follow it: dunes in fog have no more in common with their crop."""
GUESS_REACH, GUESS_LIKENESS = 12.0, 0.8
"""px at a long side of 1,024 that an alignment of thumbnails may be off; cosine of keypoints that are the same."""

@dataclass(frozen=True)
class Picture:
    """A thumbnail with its keypoints.

    pixels (h, w, 3) uint8 RGB; points (n, 2) float32, x and y in px; descriptors (n, 128)
    float32, RootSIFT of L2 norm 1.
    """

    pixels: np.ndarray
    points: np.ndarray
    descriptors: np.ndarray

    @functools.cached_property
    def is_plain(self) -> bool:
        """Whether nothing is to be seen on it; it may be brighter on one side."""
        return not has_structure(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32))

    @classmethod
    def bare(cls, pixels: np.ndarray) -> Picture:
        """Without keypoints."""
        return cls(pixels, np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))

    @classmethod
    def of(cls, pixels: np.ndarray) -> Picture:
        """Find the keypoints of (h, w, 3) uint8 RGB."""
        keypoints, found = _sift().detectAndCompute(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), None)
        if found is None:
            return cls.bare(pixels)
        points = np.array([key.pt for key in keypoints], np.float32)
        sums = np.maximum(found.sum(axis=1, keepdims=True), 1)
        return cls(pixels, points, np.sqrt(found / sums))

    def turned(self, quarters: int, mirror: bool = False) -> Picture:
        """Mirrored left to right where so said, then turned counterclockwise; its pixels alone."""
        pixels = self.pixels[:, ::-1] if mirror else self.pixels
        return Picture.bare(np.ascontiguousarray(np.rot90(pixels, quarters)))

    def mirrored(self) -> Picture:
        """Left and right exchanged, without looking for keypoints again.

        A mirrored patch has its rows of cells in the other order and each direction
        turned to its negative.
        """
        cells = self.descriptors.reshape(-1, 4, 4, 8)[:, ::-1][..., -np.arange(8) % 8]
        last = self.pixels.shape[1] - 1
        return Picture(
            np.ascontiguousarray(self.pixels[:, ::-1]),
            np.abs(self.points - np.float32([last, 0])),
            cells.reshape(-1, 128),
        )


@dataclass(frozen=True)
class Alignment:
    """How one picture lies on another: (2, 3) float64 from its pixels to the other's, and
    the number of places where keypoints say so."""

    matrix: np.ndarray
    points: int

    @property
    def scale(self) -> float:
        """How many times as large the first picture is on the second."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))

    def enlarged(self, one: float, other: float) -> Alignment:
        """The same of both pictures so many times as large."""
        turn, shift = self.matrix[:, :2], self.matrix[:, 2]
        # Pixel centers, not corners, fall on one another.
        moved = other * (turn @ (0.5 / one - 0.5, 0.5 / one - 0.5) + shift + 0.5) - 0.5
        return Alignment(np.column_stack([turn * other / one, moved]), self.points)


@functools.cache
def _sift() -> cv2.SIFT:
    return cv2.SIFT_create(nfeatures=KEYPOINTS, contrastThreshold=0.02)  # copies may be dark


def align(one: Picture, other: Picture) -> Alignment | None:
    """The turn, scale and shift that most common keypoints agree on, or None."""
    mine, theirs = _matching(one.descriptors, other.descriptors)
    if len(mine) < MIN_POINTS:
        return None
    start, end = one.points[mine], other.points[theirs]
    matrix, follows = cv2.estimateAffinePartial2D(
        start, end, ransacReprojThreshold=REACH, maxIters=500, confidence=0.99
    )
    if matrix is None:
        return None
    # Several keypoints in one place are one witness.
    places = np.unique((start[follows[:, 0] > 0] // REACH).astype(int), axis=0)
    found = Alignment(matrix, len(places))
    return found if len(places) >= MIN_POINTS and 0.2 < found.scale < 5 else None


def refined(one: Picture, other: Picture, guess: Alignment) -> Alignment | None:
    """An alignment that is known to some pixels, by the keypoints that lie where it says; None where there are too few."""
    expected = one.points @ guess.matrix[:, :2].T + guess.matrix[:, 2]
    apart = np.linalg.norm(expected[:, None] - other.points[None], axis=2)
    products = np.where(apart <= GUESS_REACH, one.descriptors @ other.descriptors.T, 0)
    if products.size == 0:
        return None
    rows, nearest = np.arange(len(products)), products.argmax(axis=1)
    kept = (products[rows, nearest] >= GUESS_LIKENESS) & (products.argmax(axis=0)[nearest] == rows)
    if kept.sum() < MIN_POINTS:
        return None
    matrix, follows = cv2.estimateAffinePartial2D(one.points[kept], other.points[nearest[kept]], ransacReprojThreshold=2.0)
    return None if matrix is None or follows.sum() < MIN_POINTS else Alignment(matrix, int(follows.sum()))


def stretch(one: Picture, other: Picture) -> Alignment:
    """One picture laid over the whole of the other."""
    (height, width), (tall, wide) = one.pixels.shape[:2], other.pixels.shape[:2]
    x, y = wide / width, tall / height
    # Pixel centers, not corners, fall on one another.
    return Alignment(np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2]]), 0)


def _matching(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of descriptors that choose each other and pass the ratio test."""
    if len(one) < MIN_POINTS or len(other) < MIN_POINTS:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    products = one @ other.T
    rows = np.arange(len(one))
    nearest = products.argmax(axis=1)
    chosen = products.argmax(axis=0)[nearest] == rows
    best = products[rows, nearest]
    products[rows, nearest] = -1
    near, next_ = (np.maximum(0, 2 - 2 * value) for value in (best, products.max(axis=1)))
    rows = rows[chosen & (near < RATIO**2 * next_)]
    return rows, nearest[rows]


def exchanged(alignment: Alignment) -> bool:
    """Whether `lay` has the second picture as the first of the two that it lays over one another."""
    return alignment.scale > 1


def lay(one: Picture, other: Picture, alignment: Alignment) -> Laid | None:
    """The pictures in one frame; None where they have too little in common."""
    matrix = alignment.matrix
    if exchanged(alignment):  # the larger is always reduced, never the smaller blown up
        one, other = other, one
        matrix = cv2.invertAffineTransform(matrix)
    laid, inside = _lay(one.pixels, other.pixels.shape, matrix)
    scale = abs(np.linalg.det(matrix[:, :2])) * one.pixels[..., 0].size
    if max(inside.mean(), inside.sum() / max(scale, 1)) < MIN_OVERLAP:
        return None
    return Laid(laid, other.pixels, inside)


def _lay(pixels: np.ndarray, shape: tuple, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture (h, w, 3) uint8 in the other's frame, and where in it it lies (h, w) bool."""
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if scale < 1:
        pixels = cv2.GaussianBlur(pixels, (0, 0), max(0.3, 0.5 / max(scale, 0.1)))
    size = (shape[1], shape[0])
    laid = cv2.warpAffine(pixels, matrix, size)
    inside = cv2.warpAffine(np.full(pixels.shape[:2], 255, np.uint8), matrix, size)
    return laid, cv2.erode((inside > 250).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0

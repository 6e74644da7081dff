"""Whether two pictures show the very same thing: laid over one another, do they agree?

SIFT keypoints (Lowe 2004, compared as RootSIFT, Arandjelović & Zisserman 2012) that pass
the ratio test and choose each other give the turn, scale and shift between the pictures
by RANSAC (Fischler & Bolles 1981). Keypoints alone are fooled by woven cloth and brick
walls, so the pictures are then laid over one another and compared place by place.

Pictures are thumbnails: a long side of 256 px is enough, and nothing is read from disk.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

KEYPOINTS = 400
"""Strongest keypoints kept per picture."""
RATIO = 0.85
"""Lowe's ratio test; he proposes 0.8, RANSAC and the overlay allow for more."""
REACH = 4.0
"""Distance in px up to which a keypoint follows the alignment."""
MIN_POINTS = 5
"""Keypoints that must follow it: dunes in fog have no more in common with their crop."""

MEAN_AGREEMENT, LOW_AGREEMENT = 0.8, 0.62
"""What the local correlation must reach on average and in its worst tenth. Copies of 300
photographs had 0.87 and 0.71 at least, other pairs of photographs 0.75 and 0.34 at most."""
COLOR_AGREEMENT = 0.9
"""Cosine of the colors laid over one another: 0.95 at least for those copies, 0.86 at most
for other flowers of the same kind in the sample gallery."""
MIN_OVERLAP = 0.4
"""Part of the smaller picture that must lie on the other."""
FLAT = 0.02
"""Share of places with structure below which there is nothing to correlate."""

_WINDOW = 21  # px: a place that is compared; about a twelfth of the picture
_SMOOTH = 1.5  # px: forgives an alignment that is off by one pixel, and JPEG's grain
_NOISE = 4.0  # variance in gray levels that says nothing
_STRUCTURE = 16.0  # variance in gray levels from which a place has structure
_CHROMA = 64.0  # squared chroma that counts as gray: 8 levels of Lab


@dataclass(frozen=True)
class Picture:
    """A thumbnail with its keypoints.

    pixels (h, w, 3) uint8 RGB; points (n, 2) float32, x and y in px; descriptors (n, 128)
    float32, RootSIFT of L2 norm 1.
    """

    pixels: np.ndarray
    points: np.ndarray
    descriptors: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray) -> Picture:
        """Find the keypoints of (h, w, 3) uint8 RGB."""
        keypoints, found = _sift().detectAndCompute(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), None)
        if found is None:
            return cls(pixels, np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
        points = np.array([key.pt for key in keypoints], np.float32)
        sums = np.maximum(found.sum(axis=1, keepdims=True), 1)
        return cls(pixels, points, np.sqrt(found / sums))

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
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))


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


def agree(one: Picture, other: Picture, alignment: Alignment, *, colors: bool) -> bool:
    """Whether the pictures show the same, laid over one another.

    Structure must agree everywhere, whatever the brightness; with `colors` these must
    agree as well. Where there is no structure, the pixels themselves must.
    """
    matrix = alignment.matrix
    if alignment.scale > 1:  # the larger is always reduced, never the smaller blown up
        one, other = other, one
        matrix = cv2.invertAffineTransform(matrix)
    laid, inside = _lay(one.pixels, other.pixels.shape, matrix)
    scale = abs(np.linalg.det(matrix[:, :2])) * one.pixels[..., 0].size
    if max(inside.mean(), inside.sum() / max(scale, 1)) < MIN_OVERLAP:
        return False
    gray = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (laid, other.pixels)]
    similar, structure = _local_correlation(*gray, inside)
    if (structure > 0).mean() < FLAT:
        apart = np.abs(laid.astype(np.int16) - other.pixels)[inside]
        return bool(len(apart)) and float(apart.mean()) < 4
    places = similar[structure > 0]
    mean = float(np.average(places, weights=structure[structure > 0]))
    if mean < MEAN_AGREEMENT or np.percentile(places, 10) < LOW_AGREEMENT:
        return False
    return not colors or color_agreement(laid[inside], other.pixels[inside]) >= COLOR_AGREEMENT


def _lay(pixels: np.ndarray, shape: tuple, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture (h, w, 3) uint8 in the other's frame, and where in it it lies (h, w) bool."""
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if scale < 1:
        pixels = cv2.GaussianBlur(pixels, (0, 0), max(0.3, 0.5 / max(scale, 0.1)))
    size = (shape[1], shape[0])
    laid = cv2.warpAffine(pixels, matrix, size)
    inside = cv2.warpAffine(np.full(pixels.shape[:2], 255, np.uint8), matrix, size)
    return laid, cv2.erode((inside > 250).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0


def _local_correlation(one, other, inside) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of two gray pictures (h, w) float32 around each pixel, in [−1, 1], and
    how much structure there is: its standard deviation, 0 where too little to compare."""
    one, other = (cv2.GaussianBlur(gray, (0, 0), _SMOOTH) for gray in (one, other))
    mask = inside.astype(np.float32)
    share = cv2.boxFilter(mask, -1, (_WINDOW, _WINDOW))

    def mean(values):
        return cv2.boxFilter(values * mask, -1, (_WINDOW, _WINDOW)) / np.maximum(share, 1e-6)

    mean_one, mean_other = mean(one), mean(other)
    spread_one = np.maximum(mean(one * one) - mean_one**2, 0)
    spread_other = np.maximum(mean(other * other) - mean_other**2, 0)
    together = mean(one * other) - mean_one * mean_other
    similar = together / np.sqrt((spread_one + _NOISE) * (spread_other + _NOISE))
    most = np.maximum(spread_one, spread_other)
    comparable = inside & (share > 0.5) & (most > _STRUCTURE)
    return similar, np.where(comparable, np.sqrt(most), 0)


def color_agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of the chroma (Lab's a and b) of pixels (n, 3) uint8 RGB, place by place.

    1 for the same hues, whatever the brightness, and for two gray pictures; 0 for gray
    against colored; −1 for opposite hues.
    """
    first, second = (
        cv2.cvtColor(np.ascontiguousarray(pixels)[None], cv2.COLOR_RGB2LAB)[0, :, 1:] - np.float32(128)
        for pixels in (one, other)
    )
    gray = _CHROMA * len(first)
    both = np.sqrt((np.square(first).sum() + gray) * (np.square(second).sum() + gray))
    return float((float((first * second).sum()) + gray) / both)

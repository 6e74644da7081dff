"""Structure: which points of two pictures look alike, and whether one movement explains where they lie.

Keypoints are SIFT's (Lowe 2004), compared as RootSIFT (Arandjelović & Zisserman 2012). A pair
passes the ratio test (Lowe 2004) and is each other's nearest; an affine map that explains most pairs
is found by RANSAC (Fischler & Bolles 1981). A mirrored picture is tried as well, since the
embedding sees no difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.embeddings.sift_vlad import MIRROR, root
from pipeline.pictures.thumbnails import resize

SIDE = 512
"""Long side at which keypoints are looked for, px: more than the embedding has, for the lines' sake."""

KEYPOINTS = 1_000
"""Strongest keypoints of a picture."""

RATIO = 0.8
"""The nearest descriptor has to be nearer than this times the second (Lowe 2004)."""

NEAR = 8.0
"""px from where the map puts a point, for its pair to fit."""

SAME = 10
"""Pairs that fit one map from which on the two pictures show the same. Of 100 pairs of unrelated photographs
of clothing the most had 4; of 20 copies each, cropped, turned, saved at half the size, darker and
mirrored, blurred, the fewest had 20, 45, 21, 40, 13."""

_WIDEST = 8.0  # how many times larger one picture may show it
_SKEWED = 3.0  # how many times longer a square may become one way than the other


@dataclass(frozen=True)
class Structure:
    """Keypoints of two pictures and the pairs among them.

    first (n, 2), second (m, 2) float32: x and y of the keypoints, 0–1 in their picture. pairs (k, 2)
    int64: which of the first and of the second. fits (k,) bool: whether a pair lies where one map puts it.
    mirrored: whether the pairs are of one picture and the other's mirror image.
    """

    first: np.ndarray
    second: np.ndarray
    pairs: np.ndarray
    fits: np.ndarray
    mirrored: bool

    @property
    def inliers(self) -> int:
        """How many pairs one movement explains."""
        return int(self.fits.sum())

    @property
    def same(self) -> bool:
        """Whether the two show the same thing, as far as its points tell."""
        return self.inliers >= SAME


def compare(first: np.ndarray, second: np.ndarray) -> Structure:
    """Of two pictures (h, w, 3) uint8 RGB; some 0.2 s."""
    (places, found), (others, known) = _keypoints(first), _keypoints(second)
    best = None
    for mirrored in (False, True):
        pairs = paired(root(found[:, MIRROR] if mirrored else found), root(known))
        fits = _fitting(places[pairs[:, 0]], others[pairs[:, 1]], mirrored)
        if best is None or fits.sum() > best.inliers:
            best = Structure(places / _size(first), others / _size(second), pairs, fits, mirrored)
    return best


def paired(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Rows of two sets of descriptors (n, 128), (m, 128) float32 of norm 1 that are each other's nearest and pass
    the ratio test: (k, 2) int64."""
    if len(first) < 2 or len(second) < 2:
        return np.zeros((0, 2), np.int64)
    products = first @ second.T
    nearest = products.argmax(axis=1)
    rows = np.arange(len(first))
    two = -np.partition(-products, 1, axis=1)[:, :2]
    apart = np.sqrt(np.maximum(0, 2 - 2 * two))
    good = (apart[:, 0] < RATIO * apart[:, 1]) & (products.argmax(axis=0)[nearest] == rows)
    return np.stack([rows[good], nearest[good]], axis=1)


def _keypoints(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 2) float32 in px at `SIDE`, and descriptors (n, 128) uint8."""
    gray = resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), SIDE)
    keypoints, found = cv2.SIFT_create(nfeatures=KEYPOINTS).detectAndCompute(gray, None)
    if found is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.uint8)
    return np.array([key.pt for key in keypoints], np.float32), found.astype(np.uint8)


def _size(picture: np.ndarray) -> np.ndarray:
    """Width and height at `SIDE`, (2,) float32."""
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    return np.array([max(1, round(width * scale)), max(1, round(height * scale))], np.float32)


def _fitting(first: np.ndarray, second: np.ndarray, mirrored: bool) -> np.ndarray:
    """Which of the pairs of places (k, 2) px one affine map explains that a picture can undergo: (k,) bool."""
    none = np.zeros(len(first), bool)
    if len(first) < 4:  # three always fit
        return none
    moved, inside = cv2.estimateAffine2D(
        first, second, method=cv2.RANSAC, ransacReprojThreshold=NEAR, maxIters=5_000, confidence=0.999
    )
    if moved is None:
        return none
    turned = moved[:, :2]
    lengths = np.linalg.svd(turned, compute_uv=False)
    possible = 1 / _WIDEST < lengths[1] and lengths[0] < _WIDEST and lengths[0] < _SKEWED * lengths[1]
    return inside.ravel().astype(bool) if possible and (np.linalg.det(turned) < 0) == mirrored else none

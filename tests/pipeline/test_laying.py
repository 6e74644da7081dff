"""How one picture is laid on another: the places that truly belong together meet."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.duplicates import laying
from pipeline.library import Library
from pipeline.pictures import decoding
from tests.conftest import synthetic_library

# What was done to a picture of 256 × 192, and where the place (x, y) of it has come to.
CHANGES = {
    "smaller": (lambda p: cv2.resize(p, (128, 96), interpolation=cv2.INTER_AREA), lambda x, y: (x / 2, y / 2)),
    "crop": (lambda p: p[30:180, 40:230], lambda x, y: (x - 40, y - 30)),
    "turned": (lambda p: np.rot90(p, 1), lambda x, y: (y, 256 - x)),
    "upside down": (lambda p: np.rot90(p, 2), lambda x, y: (256 - x, 192 - y)),
    "turned back": (lambda p: np.rot90(p, 3), lambda x, y: (192 - y, x)),
    "mirrored": (lambda p: p[:, ::-1], lambda x, y: (256 - x, y)),
    "mirrored crop": (lambda p: p[30:180, 40:230][:, ::-1], lambda x, y: (230 - x, y - 30)),
    "darker": (lambda p: (p * 0.6).astype(np.uint8), lambda x, y: (x, y)),
}


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """(192, 256, 3) uint8: clouds of all sizes with corners in them, unlike themselves when turned."""
    draw = np.random.default_rng(3)
    picture = sum(cv2.resize(draw.normal(size=(3 * 2**n, 4 * 2**n, 3)), (256, 192)) / (n + 1) for n in range(6))
    picture = cv2.normalize(picture, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)
    for x, y, color in draw.integers((0, 0, 0), (250, 186, 255), (40, 3)).tolist():
        cv2.rectangle(picture, (x, y), (x + 9, y + 7), (color, 255 - color, color // 2), -1)
    return picture


def library_of(folder, *pictures: np.ndarray) -> Library:
    library = synthetic_library(folder, len(pictures), {"color": 4})
    jpegs = [(number, decoding.encode_jpeg(np.ascontiguousarray(pixels), 92)) for number, pixels in enumerate(pictures, 1)]
    library.store(jpegs, {})
    return library


@pytest.mark.parametrize("change", CHANGES)
def test_places_that_belong_together_meet_both_ways(scene, tmp_path, change):
    make, moved = CHANGES[change]
    library = library_of(tmp_path, scene, make(scene))
    forth, back = laying.lay(library, 1, 2), laying.lay(library, 2, 1)
    places = np.array([(60, 50), (200, 60), (110, 160), (128, 96)], np.float64)
    there = np.array([moved(*place) for place in places])
    ends = places @ forth.matrix[:, :2].T + forth.matrix[:, 2]
    assert np.abs(ends - there).max() < 1.5 and forth.correlation > 0.8
    assert np.abs(there @ back.matrix[:, :2].T + back.matrix[:, 2] - places).max() < 3
    assert forth.size == (256, 192) and forth.other_size == make(scene).shape[1::-1]


def test_pictures_that_share_nothing_are_not_laid(scene, tmp_path):
    other = np.random.default_rng(9).integers(0, 255, (192, 256, 3), np.uint8)
    library = library_of(tmp_path, scene, cv2.GaussianBlur(other, (0, 0), 3))
    assert laying.lay(library, 1, 2) is None and laying.lay(library, 1, 77) is None

"""How a map looks: colors that everyone can tell apart, and sizes that fit the number of points."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from dashboard import marks
from dashboard.reads.packing import typed

# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
SEEN_BY = {
    "normal": np.eye(3),
    "deuteranope": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "protanope": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}


def decoded(spec: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(spec["bdata"]), np.dtype(spec["dtype"]))


def linear(color: str) -> np.ndarray:
    srgb = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson 2020: linear RGB (n, 3) → L, a, b."""
    cone = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                     [0.0883024619, 0.2817188376, 0.6299787005]])
    lab = np.array([[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099],
                    [0.0259040371, 0.7827717662, -0.808675766]])
    return np.cbrt(np.clip(rgb, 0, 1) @ cone.T) @ lab.T


def test_typed_arrays_come_back_as_they_were():
    for dtype in (np.int16, np.int32, np.float32):
        array = np.array([-3, 0, 7, 120], dtype)
        spec = typed(array)
        assert spec["dtype"] == array.dtype.str[1:]
        np.testing.assert_array_equal(decoded(spec), array)


def test_more_points_are_drawn_smaller_and_fainter():
    counts = [1, 400, 4_000, 100_000, 1_000_000]
    for of in (marks.marker_size, marks.marker_opacity):
        values = [of(count) for count in counts]
        assert values == sorted(values, reverse=True) and values[-1] < values[1]
    assert marks.marker_size(1_000_000) >= 2


def test_noise_is_drawn_below_and_small_clusters_on_top():
    cluster = np.array([1, -1, 0, 2, -1, 0, 1])
    assert cluster[marks.drawing_order(cluster)].tolist() == [-1, -1, 0, 0, 1, 1, 2]


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_palette_is_told_apart_by_all_eyes(eyes):
    seen = oklab(np.array([linear(color) for color in marks.PALETTE]) @ SEEN_BY[eyes].T)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert len(marks.PALETTE) == 60
    assert apart.min() > 0.03  # the just noticeable difference in OKLab is about 0.02
    assert apart[:20, :20].min() > 0.055
    assert apart[:8, :8].min() > 0.095


def test_palette_stands_out_from_both_grounds():
    for color in marks.PALETTE:
        luminance = float(linear(color) @ [0.2126, 0.7152, 0.0722])
        assert 1.05 / (luminance + 0.05) > 1.5, color  # from white
        assert (luminance + 0.05) / 0.058 > 2, color  # from the dark ground

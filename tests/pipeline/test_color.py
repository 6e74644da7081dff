"""The color histogram on pictures painted here: same palette near, another far."""

import pickle

import numpy as np
import pytest

from pipeline.embeddings.color import ColorHistogram, ColorOptions
from pipeline.pictures.decoding import decode, encode_jpeg
from pipeline.quality.transforms import TRANSFORMS

SEA = [(12, 34, 80), (30, 90, 150), (120, 190, 210), (235, 240, 230)]
FIRE = [(90, 10, 5), (200, 40, 10), (250, 150, 20), (255, 230, 120)]


def painting(palette, seed, size=(240, 320)):
    """Soft stripes through a palette, (h, w, 3) uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]] / 40.0
    wave = np.sin(x * rng.uniform(0.5, 2) + y * rng.uniform(0.5, 2)) + np.sin(y * 1.3)
    place = (wave - wave.min()) / np.ptp(wave) * (len(palette) - 1)
    channels = np.array(palette, float).T
    steps = np.arange(len(palette))
    return np.stack([np.interp(place, steps, c) for c in channels], axis=2).astype(np.uint8)


@pytest.fixture(scope="module")
def paintings():
    return [painting(p, seed) for p in (SEA, FIRE) for seed in range(4)]


def test_unit_rows_in_any_batch(paintings):
    color = ColorHistogram()
    rows = color.extract(paintings)
    assert rows.shape == (8, color.dim) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert np.array_equal(color.extract(paintings[::-1])[::-1], rows)
    assert np.array_equal(np.vstack([color.extract([p]) for p in paintings]), rows)
    assert color.extract([]).shape == (0, color.dim)


def test_same_palette_is_near_and_another_far(paintings):
    rows = ColorHistogram().extract(paintings)
    cosines = rows @ rows.T
    assert cosines[:4, :4].min() > cosines[:4, 4:].max() + 0.3


@pytest.mark.parametrize("change", ["crop70", "rotate12", "blur2"])
def test_a_copy_is_nearly_the_picture(paintings, change):
    color = ColorHistogram()
    copies = color.extract([TRANSFORMS[change](p) for p in paintings])
    assert (copies * color.extract(paintings)).sum(axis=1).min() > 0.8


def test_encoding_and_size_hardly_matter(paintings):
    color = ColorHistogram()
    rows = color.extract(paintings)
    encoded = color.extract([decode(encode_jpeg(p, 85)) for p in paintings])
    halves = color.extract([np.ascontiguousarray(p[::2, ::2]) for p in paintings])
    assert (encoded * rows).sum(axis=1).min() > 0.95
    assert (halves * rows).sum(axis=1).min() > 0.95


def test_exposure_is_partly_taken_back_but_night_is_not_day(paintings):
    color = ColorHistogram()
    day = color.extract(paintings)
    dusk = color.extract([(p * 0.7).astype(np.uint8) for p in paintings])
    night = color.extract([(p * 0.15).astype(np.uint8) for p in paintings])
    assert (dusk * day).sum(axis=1).mean() > (night * day).sum(axis=1).mean() + 0.1


def test_black_white_and_tiny_pictures():
    color = ColorHistogram()
    black, white = (np.full((50, 60, 3), value, np.uint8) for value in (0, 255))
    dot = np.array([[[200, 30, 40]]], np.uint8)
    rows = color.extract([black, white, dot])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert np.triu(rows @ rows.T, 1).max() == 0


def test_bins_set_the_dimensions_and_the_fingerprint():
    small = ColorHistogram(ColorOptions(bins=8))
    assert small.extract([painting(SEA, 0)]).shape == (1, small.dim)
    assert small.dim < ColorHistogram().dim
    assert small.fingerprint == "color/2 bins=8" != ColorHistogram().fingerprint
    # As it goes to a worker process; nothing that is stored is a pickle.
    assert pickle.loads(pickle.dumps(small)).fingerprint == small.fingerprint

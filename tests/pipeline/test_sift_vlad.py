"""SIFT-VLAD fitted on pictures of polygons and lines drawn here."""

import pickle

import cv2
import numpy as np
import pytest

from pipeline.embeddings.sift_vlad import SiftVlad
from pipeline.quality.transforms import TRANSFORMS

PICTURES = 40


def drawing(seed, size=(200, 260)):
    """Polygons, circles and lines on a shaded ground, each seed its own scene."""
    rng = np.random.default_rng(seed)
    ground = np.linspace(*rng.integers(40, 215, 2), size[1])
    image = np.repeat(np.tile(ground, (size[0], 1))[:, :, None], 3, axis=2).astype(np.uint8)
    for _ in range(rng.integers(12, 30)):
        ink = tuple(int(v) for v in rng.integers(0, 256, 3))
        corner = rng.integers(0, (size[1], size[0]))
        kind = rng.integers(3)
        if kind == 0:
            points = (corner + rng.integers(-35, 36, (rng.integers(3, 7), 2))).astype(np.int32)
            cv2.fillPoly(image, [points], ink, cv2.LINE_AA)
        elif kind == 1:
            cv2.circle(image, corner.tolist(), int(rng.integers(4, 22)), ink, -1, cv2.LINE_AA)
        else:
            end = (corner + rng.integers(-60, 61, 2)).tolist()
            cv2.line(image, corner.tolist(), end, ink, int(rng.integers(1, 6)), cv2.LINE_AA)
    return image


def fitted(images):
    sift = SiftVlad()
    sift.fit([sift.sample(image) for image in images])
    return sift


@pytest.fixture(scope="module")
def drawings():
    return [drawing(seed) for seed in range(PICTURES)]


@pytest.fixture(scope="module")
def sift(drawings):
    return fitted(drawings)


@pytest.fixture(scope="module")
def rows(sift, drawings):
    return sift.extract(drawings)


def test_unit_rows_in_any_batch(sift, rows, drawings):
    assert rows.shape == (PICTURES, sift.dim) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.allclose(sift.extract(drawings[9::-1]), rows[9::-1], atol=1e-6)


@pytest.mark.parametrize("change", TRANSFORMS)
def test_a_changed_copy_finds_its_original(sift, rows, drawings, change):
    copies = sift.extract([TRANSFORMS[change](image) for image in drawings[::2]])
    found = (copies @ rows.T).argmax(axis=1)
    assert (found == np.arange(0, PICTURES, 2)).mean() >= 0.9


@pytest.mark.slow
def test_a_mirror_image_is_the_same_picture(sift, rows, drawings):
    mirrored = sift.extract([np.ascontiguousarray(image[:, ::-1]) for image in drawings])
    same = (mirrored * rows).sum(axis=1)
    other = rows @ rows.T - 2 * np.eye(PICTURES)
    assert np.median(same) > 0.8
    assert (same > other.max(axis=1)).all()


def test_nothing_to_see_gives_zeros(sift):
    flat = np.full((120, 160, 3), 128, np.uint8)
    dot = np.zeros((1, 1, 3), np.uint8)
    assert not sift.extract([flat, dot]).any()


def test_arrays_restore_fingerprint_and_vectors(sift, rows, drawings, tmp_path):
    np.savez(tmp_path / "fit.npz", **sift.to_arrays())
    other = SiftVlad()
    assert not other.is_fitted and other.fingerprint != sift.fingerprint
    with np.load(tmp_path / "fit.npz", allow_pickle=False) as arrays:
        other.load_arrays(dict(arrays))
    assert other.is_fitted and other.fingerprint == sift.fingerprint
    assert np.allclose(other.extract(drawings[:5]), rows[:5], atol=1e-6)


def test_the_fit_survives_the_way_to_a_worker_process(sift, rows, drawings):
    other = pickle.loads(pickle.dumps(sift))
    assert other.fingerprint == sift.fingerprint
    assert np.allclose(other.extract(drawings[:5]), rows[:5], atol=1e-6)


def test_samples_are_bounded_and_stand_for_their_pictures(sift, drawings):
    busy = np.random.default_rng(0).integers(0, 256, (512, 512, 3)).astype(np.uint8)
    found, places = sift.sample(busy)
    assert len(found) == len(places) <= 410  # OpenCV keeps ties with the weakest
    for image in (*drawings[:3], np.full((40, 40, 3), 9, np.uint8)):
        assert np.array_equal(sift.prepare_sample(sift.sample(image)), sift.prepare(image))


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 10])
def test_a_tiny_library_keeps_its_differences(drawings, count):
    sift = fitted(drawings[:count])
    rows = sift.extract(drawings)
    copies = sift.extract([TRANSFORMS["crop70"](image) for image in drawings[:count]])
    assert rows.shape == (PICTURES, sift.dim)
    assert ((copies @ rows[:count].T).argmax(axis=1) == np.arange(count)).mean() >= 0.8


def test_a_library_without_structure_fits_to_zeros(drawings):
    flat = np.full((64, 64, 3), 90, np.uint8)
    sift = fitted([flat, flat])
    assert sift.is_fitted
    assert not sift.extract([flat, drawings[0]]).any()

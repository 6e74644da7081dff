"""How pictures look: figures against pictures changed on purpose, what is called a fault, and what is kept."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline import appearance, columns
from pipeline.appearance import faults
from pipeline.appearance.measured import FEW
from pipeline.columns import OneOf, facets
from pipeline.library import Library, derived
from pipeline.library import hashes as stored_hashes
from pipeline.pictures import decoding
from pipeline.pictures.appearance import FIGURES, measure
from tests.conftest import synthetic_library


def scene(seed: int, width: int = 256, height: int = 192) -> np.ndarray:
    """Patches of many colors with sharp edges on a soft ground."""
    random = np.random.default_rng(seed)
    pixels = cv2.resize(random.integers(60, 200, (4, 5, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(40):
        x, y, w, h = random.integers(0, (width, height, 40, 40)).tolist()
        cv2.rectangle(pixels, (x, y), (x + w + 3, y + h + 3), random.integers(0, 230, 3).tolist(), -1)
    return pixels


def exposed(pixels: np.ndarray, stops: float) -> np.ndarray:
    """As taken with more or less light."""
    return (np.clip((pixels / 255.0) ** 2.2 * 2**stops, 0, 1) ** (1 / 2.2) * 255).round().astype(np.uint8)


def figures(*pictures: np.ndarray) -> dict[str, np.ndarray]:
    """What `faults` takes, of pictures in memory."""
    rows = np.array([measure(one) for one in pictures], np.float64)
    sides = {"width": [one.shape[1] for one in pictures], "height": [one.shape[0] for one in pictures]}
    return dict(zip(FIGURES, rows.T)) | {name: np.array(side, np.float64) for name, side in sides.items()}


def put(library: Library, jpegs: dict[int, bytes]) -> None:
    """Thumbnails and hashes, as a run stores them."""
    library.store(list(jpegs.items()), {})
    stored_hashes.store(library, [(one, np.zeros(24, np.uint8)) for one in jpegs])


def wrong(picture: np.ndarray) -> set[str]:
    return {name for name, mask in faults(figures(picture)).items() if mask[0]}


@pytest.mark.parametrize("seed", range(3))
def test_blur_and_light_are_told_and_what_is_well_is_not(seed):
    picture = scene(seed, 320, 240)
    assert not wrong(picture)
    sharpness = [measure(cv2.GaussianBlur(picture, (0, 0), sigma))[0] for sigma in (0.5, 1, 2, 4)]
    assert measure(picture)[0] > sharpness[0] and sharpness == sorted(sharpness, reverse=True)
    assert wrong(cv2.GaussianBlur(picture, (0, 0), 3)) == {"blurred"}
    shaken = np.zeros((15, 15), np.float32)
    shaken[7] = 1 / 15
    assert wrong(cv2.filter2D(picture, -1, shaken)) == {"blurred"}
    before = cv2.GaussianBlur(picture, (0, 0), 4)
    before[45:195, 64:256] = picture[45:195, 64:256]
    assert not wrong(before)  # a sharp subject before a soft ground
    assert wrong(exposed(picture, -5)) == {"dark"}
    sky = exposed(picture // 2 + 60, 3)
    sky[:, :120] = exposed(picture // 2 + 60, 1)[:, :120]  # the light comes from the right
    assert wrong(sky) == {"overexposed"}
    assert wrong((picture // 32 + 100).astype(np.uint8)) >= {"flat"}


def test_what_is_dark_on_white_is_no_fault_and_shapes_are_told():
    page = np.full((300, 220, 3), 255, np.uint8)
    for line in range(12):
        cv2.putText(page, "some words of a page", (12, 20 + 24 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)
    assert not wrong(page)
    cut_out = np.full((240, 320, 3), 255, np.uint8)
    cut_out[60:180, 80:240] = scene(1, 160, 120) // 3 + 150  # pale, nothing dark in it
    assert not wrong(cut_out)
    assert wrong(np.full((300, 300, 3), 255, np.uint8)) == {"flat"}
    assert wrong(scene(1, 150, 150)) == {"tiny"} and wrong(scene(1, 900, 256)) == {"odd shape"} == wrong(scene(1, 256, 900))
    unknown = {name: np.full(1, np.nan) for name in (*FIGURES, "width", "height")}
    assert not any(mask.any() for mask in faults(unknown).values())


def test_figures_are_those_of_counting_pixels():
    picture = scene(5)
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    picture[:20] = 255
    gray[:20] = 255
    told = dict(zip(FIGURES, measure(picture).tolist()))
    assert told["brightness"] == pytest.approx(gray.mean() / 255)
    for name, percent in (("darkest", 1), ("dark", 95), ("lightest", 99)):
        assert told[name] == pytest.approx(np.percentile(gray, percent, method="inverted_cdf") / 255)
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert told["ground"] == pytest.approx((border >= 250).all(axis=1).mean())
    assert told["burnt"] == pytest.approx((picture >= 250).all(axis=2).mean())
    assert np.isnan(measure(np.full((4, 4, 3), 9, np.uint8))[0])


def test_only_what_changed_is_looked_at_again_and_facets_count_it(tmp_path):
    library = synthetic_library(tmp_path, 9, {"color": 8})
    sharp, blurred = (decoding.encode_jpeg(one) for one in (scene(0), cv2.GaussianBlur(scene(0), (0, 0), 3)))
    put(library, {one: blurred if one % 3 == 0 else sharp for one in range(1, 8)} | {8: b"no picture"})
    found = appearance.measured(library)
    assert found.ids.tolist() == list(range(1, 9)) and np.isnan(found.figures[7]).all()
    assert np.isnan(found.of(np.array([9, 3, 99]), "sharpness")).tolist() == [True, False, True]
    place = derived.path(library, "appearance/measured")
    kept = derived.read(library, "appearance/measured")
    spoiled = {**kept.arrays, "figures": kept.arrays["figures"] + np.float32(7)}  # what is kept is believed
    derived.store(library, "appearance/measured", kept.key, spoiled, kept.about)
    put(library, {2: blurred, 9: sharp})
    library.mark(4, "missing")
    again = appearance.measured(Library(tmp_path))
    assert again.ids.tolist() == [1, 2, 3, 5, 6, 7, 8, 9]
    assert again.ids[again.of(again.ids, "brightness") < 7].tolist() == [2, 9]
    place.write_bytes(b"damaged")
    library = Library(tmp_path)
    assert appearance.measured(library).ids.tolist() == again.ids.tolist()
    table = columns.of(library).now()
    told = facets.facets(table, (), ["quality", "outlier"])["facets"]
    assert told["quality"]["values"] == [["blurred", 3]] and told["quality"]["none"] == 5
    assert table.ids[table.passing(OneOf("quality", ("Blurred",)))].tolist() == [2, 3, 6]


def test_a_page_does_not_look_at_a_whole_library(tmp_path):
    library = synthetic_library(tmp_path, FEW + 1, {"color": 8})
    jpeg = decoding.encode_jpeg(scene(0, 24, 24))
    put(library, dict.fromkeys(range(1, FEW + 2), jpeg))
    assert not len(appearance.at_hand(library).ids) and not columns.of(library).now().offers(columns.known(library)["quality"])
    assert len(appearance.measured(library).ids) == FEW + 1 == len(appearance.at_hand(library).ids)

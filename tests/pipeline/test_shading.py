"""What was photographed has shades, also cut out onto an even ground; what was drawn has few colors."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest

from pipeline import gallery
from pipeline.pictures import decoding, thumbnails
from pipeline.pictures.alignment import Picture, exchanged, lay, stretch
from pipeline.pictures.rim import within_frame
from pipeline.pictures.shading import is_shaded
from pipeline.quality.transforms import TRANSFORMS
from tests import flat_pictures
from tests.copies import LETTERS


def thumbnail(image: np.ndarray) -> np.ndarray:
    return decoding.decode(thumbnails.thumbnail(np.ascontiguousarray(image)))


@pytest.mark.parametrize("kind", flat_pictures.KINDS)
def test_what_is_drawn_or_written_has_no_shades(kind):
    make, _ = flat_pictures.KINDS[kind]
    image = np.asarray(make(3, random.Random(3)))
    saved = decoding.decode(decoding.encode_jpeg(flat_pictures.smaller(image), 60))
    assert not is_shaded(thumbnail(image)) and not is_shaded(thumbnail(saved))


@pytest.mark.parametrize("ground", [255, 0, 230])
@pytest.mark.parametrize("light", [1.0, 0.25])
def test_a_thing_on_an_even_ground_is_shaded(ground, light):
    """Round, of one hue, brighter to one side, with the grain of a sensor; also a dark one."""
    high, wide = np.mgrid[0:240, 0:300].astype(np.float32)
    inside = ((high - 120) / 90) ** 2 + ((wide - 150) / 110) ** 2 < 1
    shade = light * (90 + 100 * (wide - 40) / 220 + np.random.default_rng(0).normal(0, 3, inside.shape))
    image = np.full((240, 300, 3), ground, np.float32)
    image[inside] = (shade[..., None] * [1.0, 0.6, 0.5])[inside]
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    assert is_shaded(thumbnail(pixels)) and is_shaded(thumbnail(cv2.GaussianBlur(pixels, (0, 0), 2)))


def thing() -> np.ndarray:
    """A round thing of 300 px with a pattern of its own, cut out onto white."""
    noise = np.random.default_rng(5).integers(30, 226, (14, 17, 3), np.uint8)
    surface = cv2.resize(noise, (300, 240), interpolation=cv2.INTER_CUBIC)
    high, wide = np.mgrid[0:240, 0:300]
    surface[((high - 120) / 95) ** 2 + ((wide - 150) / 105) ** 2 >= 1] = 255
    return surface


@pytest.mark.parametrize("change", [*LETTERS, "blur2", "half_jpeg20"])
def test_of_a_thing_on_white_also_blurred_and_lettered_copies_are_told(change):
    image = thing()
    copy = (LETTERS | TRANSFORMS)[change](image)
    one, other = (Picture.bare(thumbnail(pixels)) for pixels in (image, copy))
    laid = lay(one, other, stretch(one, other))
    assert laid.drawn and laid.verdict(colors=True) == ("laid over" if change in LETTERS else "same")
    if change in LETTERS:
        assert laid.over_one == exchanged(stretch(one, other))
    stranger = image.copy()
    cv2.circle(stranger, (150, 120), 40, (40, 200, 90), -1)
    cv2.circle(stranger, (100, 120), 20, (200, 30, 90), -1)
    another = image[:, ::-1].copy()
    cv2.circle(another, (150, 120), 40, (20, 40, 190), -1)
    first, second = (Picture.bare(thumbnail(pixels)) for pixels in (stranger, another))
    assert lay(first, second, stretch(first, second)).verdict(colors=True) is None


def small_thing(seed: int) -> np.ndarray:
    """A round thing that takes a sixth of its picture, on white."""
    surface = cv2.resize(np.random.default_rng(seed).integers(30, 226, (14, 17, 3), np.uint8), (300, 240), interpolation=cv2.INTER_CUBIC)
    high, wide = np.mgrid[0:240, 0:300]
    surface[((high - 120) / 56) ** 2 + ((wide - 150) / 64) ** 2 >= 1] = 255
    return surface


@pytest.mark.parametrize("change", LETTERS)
def test_letters_are_told_on_a_small_thing(change):
    image = small_thing(5)
    one, other = (Picture.bare(thumbnail(pixels)) for pixels in (image, LETTERS[change](image)))
    assert lay(one, other, stretch(one, other)).verdict(colors=True) == "laid over"
    assert lay(one, other, stretch(one, other)).over_one == exchanged(stretch(one, other))


def smooth_thing(seed: int, radius: float) -> np.ndarray:
    """A round thing, brighter to one side, on white."""
    high, wide = np.mgrid[0:240, 0:300].astype(np.float32)
    tone = 90 + np.random.default_rng(seed).normal(0, 3, high.shape) + 40 * (wide - 150) / radius
    image = np.full((240, 300, 3), 255, np.float32)
    inside = ((high - 120) / (0.8 * radius)) ** 2 + ((wide - 150) / radius) ** 2 < 1
    image[inside] = (tone[..., None] * [1, 0.8, 0.6])[inside]
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("edge", [16, 25])
def test_a_frame_that_both_have_makes_no_copies(edge):
    """The one thing would be the other with something laid over, of which the frame is left."""
    things = smooth_thing(1, 60), smooth_thing(2, 42)
    assert within_frame(*things).all()
    first, second = (cv2.copyMakeBorder(image, *(edge,) * 4, cv2.BORDER_CONSTANT, value=(30, 30, 30)) for image in things)
    within = within_frame(first, second)
    assert within[edge + 16 : -edge - 16, edge + 16 : -edge - 16].all() and within.sum() < 240 * 300
    one, other = (Picture.bare(thumbnail(pixels)) for pixels in (first, second))
    assert lay(one, other, stretch(one, other)).verdict(colors=True) is None


@pytest.mark.parametrize("ground", [True, False])
@pytest.mark.parametrize("sigma", [1.5, 2.0, 3.0])
def test_fine_rings_are_the_same_when_they_are_out_of_focus(ground, sigma):
    """Little of their structure is left in the blurred copy; the other one, blurred as far, has no more."""
    high, wide = np.mgrid[0:240, 0:300].astype(np.float32)
    clouds = cv2.resize(np.random.default_rng(5).normal(0, 1, (5, 6)).astype(np.float32), (300, 240), interpolation=cv2.INTER_CUBIC)
    tone = 190 + 40 * np.sin(1.2 * np.hypot(high - 130, wide - 140) + 2 * clouds) + 12 * clouds
    image = np.clip(tone[..., None] * [1.0, 0.86, 0.66], 0, 255).astype(np.uint8)
    if ground:
        image[((high - 120) / 101) ** 2 + ((wide - 150) / 114) ** 2 >= 1] = 255
    one, other = (Picture.bare(thumbnail(pixels)) for pixels in (image, cv2.GaussianBlur(image, (0, 0), sigma)))
    assert lay(one, other, stretch(one, other)).verdict(colors=True) == "same"


def test_letters_in_two_tones_are_told_on_a_light_picture():
    """White ones with a black outline on the fine lines of a light map: no one color explains them."""
    entry = next(entry for entry in gallery.plan(7) if entry.path == "contour-map/moss-2.jpg")
    image = gallery.render(entry)
    image = cv2.resize(image, (300, 300 * image.shape[0] // image.shape[1]), interpolation=cv2.INTER_AREA)
    one, other = (Picture.bare(thumbnail(pixels)) for pixels in (image, LETTERS["caption"](image)))
    laid = lay(one, other, stretch(one, other))
    assert laid.verdict(colors=True) == "laid over" and laid.over_one == exchanged(stretch(one, other))

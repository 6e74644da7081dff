"""What was photographed has shades, also cut out onto an even ground; what was drawn has few colors."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest

from pipeline.pictures import decoding, thumbnails
from pipeline.pictures.shading import is_shaded
from tests import flat_pictures


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

"""Dominant colors on painted pictures."""

from __future__ import annotations

import numpy as np

from pipeline.pictures import decoding
from pipeline.pictures.palette import MOST, palette


def painted(*stripes: tuple[tuple[int, int, int], int]) -> np.ndarray:
    """Columns of color, each so many pixels wide: (100, w, 3) uint8."""
    row = np.concatenate([np.tile(np.array(color, np.uint8), (width, 1)) for color, width in stripes])
    return np.tile(row, (100, 1, 1))


def rgb(swatch) -> np.ndarray:
    return np.array([int(swatch.color[at : at + 2], 16) for at in (1, 3, 5)])


def test_painted_colors_come_back_with_their_shares():
    stripes = (((200, 30, 40), 90), ((20, 60, 160), 50), ((240, 220, 90), 40), ((10, 10, 10), 20))
    found = palette(painted(*stripes))
    assert len(found) == 4
    for swatch, (color, width) in zip(found, stripes):
        assert np.abs(rgb(swatch) - color).max() <= 2
        assert abs(swatch.share - width / 200) < 0.02


def test_shares_sum_to_one_and_the_colors_of_a_photograph_are_few(pictures):
    for file in sorted(pictures.rglob("*.jpg"))[::7]:
        found = palette(decoding.decode(file.read_bytes(), 256))
        assert 1 <= len(found) <= MOST
        assert abs(sum(swatch.share for swatch in found) - 1) < 1e-6
        assert [s.share for s in found] == sorted((s.share for s in found), reverse=True)
        assert found == palette(decoding.decode(file.read_bytes(), 256))


def test_a_hair_of_noise_does_not_make_colors_and_one_color_is_one():
    noise = np.random.default_rng(0).integers(-3, 4, (80, 80, 3))
    found = palette((np.array([120, 130, 90]) + noise).astype(np.uint8))
    assert len(found) == 1 and np.abs(rgb(found[0]) - (120, 130, 90)).max() <= 3
    assert palette(np.zeros((1, 1, 3), np.uint8))[0].color == "#000000"
    speck = painted(((255, 255, 255), 199))
    speck[0, :3] = (255, 0, 0)
    assert [swatch.color for swatch in palette(speck)] == ["#ffffff"]

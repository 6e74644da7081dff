"""Where a list of matches bends."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.search.cutoff import DEPTH, FEWEST, bend


@pytest.mark.parametrize("group", [1, 3, 12, 60])
def test_a_group_that_stands_out_is_counted(group):
    generator = np.random.default_rng(group)
    near = np.sort(0.9 + 0.02 * generator.random(group))[::-1]
    far = np.sort(0.5 - 0.1 * generator.random(DEPTH - group))[::-1]
    assert bend(np.concatenate([near, far])) == group


def test_a_smooth_bend_is_found_where_geometry_has_it():
    x = np.linspace(0, 1, 101)
    # 1 − √x bends farthest from its chord where its slope is the chord's: at x = ¼.
    assert bend(1 - np.sqrt(x)) == 25


@pytest.mark.parametrize("scale", [0.01, 1, 300])
@pytest.mark.parametrize("shift", [-5, 0, 0.4])
def test_scale_shift_and_direction_change_nothing(scale, shift):
    curve = np.exp(-np.arange(DEPTH) / 9)
    found = bend(curve)
    assert 9 < found < 45
    assert bend(curve * scale + shift) == found
    assert bend(-curve * scale + shift) == found  # distances rise


def test_curves_without_a_bend_get_none():
    generator = np.random.default_rng(0)
    assert bend(np.linspace(0.9, 0.1, DEPTH)) is None
    assert bend(np.full(DEPTH, 0.7)) is None
    assert bend(np.sort(generator.random(DEPTH))[::-1]) is None
    # Falls ever faster: whatever stands out, it is not the front.
    assert bend(1 - np.linspace(0, 1, DEPTH) ** 3) is None
    assert bend([]) is None and bend(np.geomspace(1, 0.001, FEWEST - 1)) is None

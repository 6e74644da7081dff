"""Where a list of matches stops standing out."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.search.cutoff import DEPTH, FEWEST, bend
from tests.conftest import unit


@pytest.mark.parametrize("group", [1, 3, 12, 60])
def test_a_group_that_stands_out_is_counted(group):
    generator = np.random.default_rng(group)
    near = np.sort(0.9 + 0.02 * generator.random(group))[::-1]
    far = np.sort(0.5 - 0.1 * generator.random(DEPTH - group))[::-1]
    assert bend(np.concatenate([near, far])) == group
    copies = np.concatenate([np.ones(group), far])
    assert bend(copies) == group


@pytest.mark.parametrize("count", [300, 3_000])
@pytest.mark.parametrize("dim", [8, 64, 512])
def test_unrelated_vectors_get_no_line(count, dim):
    rows = unit(np.random.default_rng(dim + count).normal(size=(count + 50, dim)))
    scores = -np.sort(-rows[:50] @ rows[50:].T, axis=1)[:, :DEPTH]
    assert sum(bend(one) is not None for one in scores) <= 2


@pytest.mark.parametrize("dim", [64, 512])
def test_a_group_among_many_unrelated_vectors_gets_its_line(dim):
    generator, found = np.random.default_rng(dim), []
    for _ in range(20):
        center = unit(generator.normal(size=(1, dim)))
        group = unit(center + generator.uniform(0.3, 0.6, (31, 1)) * unit(generator.normal(size=(31, dim))))
        others = unit(generator.normal(size=(2_000, dim)))
        scores = np.concatenate([group[1:], others]) @ group[0]
        found.append(bend(np.sort(scores)[::-1][:DEPTH]))
    assert sum(one is not None and 20 <= one <= 40 for one in found) >= 18


def test_whole_numbers_of_bits_are_no_gaps():
    generator = np.random.default_rng(0)
    for _ in range(20):
        bits = np.sort(generator.binomial(192, 0.5, 4_000))[:DEPTH]
        assert bend(bits) is None
        assert bend(np.concatenate([[2, 3, 3, 5], bits[:-4]])) == 4


@pytest.mark.parametrize("scale", [0.01, 1, 300])
@pytest.mark.parametrize("shift", [-5, 0, 0.4])
def test_scale_shift_and_direction_change_nothing(scale, shift):
    generator = np.random.default_rng(4)
    tail = np.sort(generator.exponential(0.05, 1_000))[::-1][: DEPTH - 9]
    curve = np.concatenate([np.linspace(0.95, 0.6, 9), tail])
    found = bend(curve)
    assert 9 <= found <= 15
    assert bend(curve * scale + shift) == found
    assert bend(-curve * scale + shift) == found  # distances rise


def test_curves_without_a_bend_get_none():
    generator = np.random.default_rng(0)
    assert bend(np.linspace(0.9, 0.1, DEPTH)) is None
    assert bend(np.full(DEPTH, 0.7)) is None
    assert bend(np.sort(generator.random(DEPTH))[::-1]) is None
    assert bend(1 - np.sqrt(np.linspace(0, 1, 101))) is None  # bent everywhere, and nowhere more
    # Falls ever faster: whatever stands out, it is not the front.
    assert bend(1 - np.linspace(0, 1, DEPTH) ** 3) is None
    assert bend([]) is None and bend(np.geomspace(1, 0.001, FEWEST - 1)) is None

"""Outliers against distances that are all computed, and what a change moves."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import columns, index, maps, outliers
from pipeline.columns import OneOf
from pipeline.library import Library, derived
from pipeline.maps import outlying
from pipeline.outliers.distances import K
from pipeline.settings import MapOptions
from tests.conftest import synthetic_library, unit

ODD = (7, 90, 201)


@pytest.fixture
def library(tmp_path) -> Library:
    """240 images in clusters, three of them away from all by color, and its index."""
    library = synthetic_library(tmp_path, 240, {"color": 24, "sift": 12})
    random = np.random.default_rng(9)
    centers = random.normal(size=(6, 24))[random.integers(6, size=240)]
    rows = unit(3 * centers + random.normal(size=(240, 24)))
    library.store([], {"color": ("color/test", list(range(1, 241)), rows)})
    library.store([], {"color": ("color/test", list(ODD), unit(random.normal(size=(3, 24))))})
    library.store([], {"sift": ("sift/test", [5], np.zeros((1, 12), np.float32))})  # nothing to see there
    index.build(library)
    return library


def brute(library: Library, name: str) -> dict[int, float]:
    ids, rows = library.vectors(name, library.stamps(name)[0].tolist())
    there = rows.any(axis=1)
    ids, rows = ids[there], rows[there]
    apart = 1 - rows @ rows.T
    np.fill_diagonal(apart, np.inf)
    return dict(zip(ids.tolist(), np.sort(apart, axis=1)[:, :K].mean(axis=1).tolist()))


def kept(library: Library) -> dict[str, dict[int, float]]:
    return {one.name: dict(zip(one.ids.tolist(), one.apart.tolist())) for one in outliers.kept(library)}


def test_distances_are_those_of_comparing_all_and_the_odd_ones_are_found(library):
    outlying.update(library, index.load(library))
    told = kept(library)
    for name in ("color", "sift"):
        assert told[name] == pytest.approx(brute(library, name), abs=1e-5)
    table = columns.of(library).now()
    assert set(ODD) == set(table.ids[table.passing(OneOf("outlier", ("color",)))].tolist())
    color = outliers.kept(library)[0]
    low, high = np.quantile(list(brute(library, "color").values()), [0.25, 0.75])
    assert color.outlying.tolist() == [apart > high + 1.5 * (high - low) for apart in color.apart.tolist()]
    far = outliers.far(library, np.array([*ODD, 1, 10**6]), "color")
    assert (far[:3] > 1.5).all() and far[3] < 1.5 and np.isnan(far[4])


def test_newcomers_take_an_odd_one_in_and_the_rest_is_not_looked_at_again(library):
    outlying.update(library, index.load(library))
    place = "outliers/color"
    before = derived.read(library, place)
    spoiled = before.arrays["apart"].copy()
    spoiled[:3] += 1  # images 1 to 3: what is kept is believed
    derived.store(library, place, before.key, {**before.arrays, "apart": spoiled}, before.about)
    rows = library.vectors("color", [ODD[0]])[1]
    near = unit(rows + 0.02 * np.random.default_rng(1).normal(size=(12, 24)))
    moved = list(range(100, 112))
    library.store([], {"color": ("color/test", moved, near)})
    index.build(library)
    outlying.update(library, index.load(library))
    truth, told = brute(library, "color"), kept(library)["color"]
    assert {one: told[one] for one in (ODD[0], *moved)} == pytest.approx({one: truth[one] for one in (ODD[0], *moved)}, abs=1e-5)
    assert all(told[one] > truth[one] + 0.9 for one in (1, 2, 3))
    assert ODD[0] not in outliers.kept(library)[0].ids[outliers.kept(library)[0].outlying]
    library.drop_embedding("sift")
    assert [one.name for one in outliers.kept(library)] == ["color"]


def test_a_map_leaves_the_distances_that_it_was_made_of(library):
    maps.build(library, ["color"], MapOptions(seed=1))
    assert kept(library)["color"] == pytest.approx(brute(library, "color"), abs=1e-5)
    maps.build(library, ["sift"], MapOptions(seed=1, limit=100))
    assert "sift" not in kept(library)  # a map of some says nothing of the others


def test_of_a_few_images_none_is_an_outlier(tmp_path):
    library = synthetic_library(tmp_path, 12, {"color": 8})
    index.build(library)
    outlying.update(library, index.load(library))
    assert not outliers.kept(library)[0].outlying.any()

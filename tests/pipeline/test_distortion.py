"""Distortion: kept beside the map, found anew when the map is another, sampled when it is large."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline import index as indexes
from pipeline import maps
from pipeline.maps import COMBINED, distortion, layout, neighbors
from pipeline.settings import MapOptions
from tests.conftest import synthetic_library


@pytest.fixture
def shown(library):
    return maps.load(library, COMBINED)


def test_an_image_amid_its_true_neighbors_has_none(library, shown):
    index = indexes.load(library)
    vectors = index.vectors(shown.ids)
    products = vectors @ vectors.T
    np.fill_diagonal(products, -np.inf)
    nearest = np.argsort(-products, axis=1)[:, :10]
    for row in (0, 17, 40):
        xy = np.arange(2 * len(shown.ids), dtype=np.float32).reshape(-1, 2) * 1_000
        xy[nearest[row]] = xy[row] + np.arange(20, dtype=np.float32).reshape(10, 2) / 10 + 1
        found = distortion.distortion(library, index, replace(shown, xy=xy))
        assert found.share[row] == 0 and found.share.max() > 0.5


def test_it_is_kept_until_the_map_moves(library, shown):
    index = indexes.load(library)
    first = distortion.distortion(library, index, shown)
    kept = library.data / "distortion" / f"{COMBINED}.npz"
    written = kept.stat().st_mtime_ns
    again = distortion.distortion(library, index, shown)
    np.testing.assert_array_equal(first.share, again.share)
    assert kept.stat().st_mtime_ns == written
    assert COMBINED in maps.names(library) and len(maps.names(library)) == 4  # it is no map itself
    turned = distortion.distortion(library, index, replace(shown, xy=shown.xy[::-1]))
    assert not np.array_equal(turned.share, first.share)


def test_of_many_images_some_are_asked_about_among_all(library, shown, monkeypatch):
    index = indexes.load(library)
    every = distortion.distortion(library, index, shown)
    monkeypatch.setattr(distortion, "ALL_BELOW", 20)
    some = distortion.distortion(library, index, shown)
    assert len(some.ids) == 20 < some.among == len(shown.ids)
    at = np.searchsorted(every.ids, some.ids)
    np.testing.assert_allclose(some.share, every.share[at], atol=1e-6)
    monkeypatch.undo()
    assert [distortion._enough(count) for count in (2, 19_000, 100_000, 400_000, 1_000_000)] == [2, 19_000, 20_000, 5_000, 4_000]


@pytest.mark.slow
def test_a_map_distorts_less_than_what_it_starts_from_and_chance_more_than_both(tmp_path):
    library = synthetic_library(tmp_path, 400, {"color": 24, "sift": 16})
    indexes.build(library)
    maps.build(library, options=MapOptions(seed=1))
    index, random = indexes.load(library), np.random.default_rng(0)
    for name in maps.names(library):
        shown = maps.load(library, name)
        vectors = neighbors.Vectors(index, name, shown.ids)
        start = replace(shown, xy=layout.pca(vectors, 2))
        shuffled = replace(shown, xy=random.permutation(shown.xy))
        ours, starts, chance = (
            distortion.distortion(library, index, each).share.mean() for each in (shown, start, shuffled)
        )
        assert ours + 0.04 < starts < chance + 0.01
        assert chance > 0.95

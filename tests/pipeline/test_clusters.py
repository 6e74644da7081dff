"""Clusters: HDBSCAN's own answer, but that a continent gives way to its parts."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from pipeline.maps import clusters, layout
from pipeline.maps.clusters import cluster_points, selected, smallest_cluster
from pipeline.settings import MapOptions
from tests.conftest import unit
from tests.pipeline.test_layout import nearest_of


def own_answer(xy: np.ndarray, size: int = 0) -> np.ndarray:
    """What HDBSCAN says by itself."""
    return fitted(xy, size).labels_


def fitted(xy: np.ndarray, size: int = 0):
    import hdbscan  # it takes a second

    size = size or smallest_cluster(len(xy))
    return hdbscan.HDBSCAN(min_cluster_size=size, min_samples=5, core_dist_n_jobs=1).fit(xy.astype(np.float64))


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two answers are one but for the numbers of the clusters."""
    return np.array_equal(one < 0, other < 0) and adjusted_rand_score(one, other) == 1


def blobs(random: np.random.Generator, *sizes: int) -> np.ndarray:
    """Points (Σ sizes, 2): a round heap of each size, far from the others."""
    centers = 40 * np.stack([np.arange(len(sizes)), np.arange(len(sizes)) % 2], axis=1)
    return np.concatenate([c + random.normal(size=(n, 2)) for c, n in zip(centers, sizes)]).astype(np.float32)


@pytest.mark.parametrize("seed", range(8))
def test_where_nothing_is_too_large_it_is_hdbscans_own_answer(seed):
    random = np.random.default_rng(seed)
    heaps = blobs(random, *random.integers(20, 120, size=random.integers(2, 9)))
    sea = random.uniform(heaps.min() - 10, heaps.max() + 10, size=(random.integers(1, 200), 2))
    xy = np.concatenate([heaps, sea])
    for size in (2, 5, 12):
        model = fitted(xy, size)
        found = selected(model.condensed_tree_.to_numpy(), len(xy))
        assert same(found, model.labels_)
        assert set(np.unique(found)) - {-1} == set(range(found.max() + 1))


def test_the_tree_is_hdbscans_own_sooner():
    random = np.random.default_rng(5)
    heaps = blobs(random, *random.integers(200, 5_000, size=20))
    xy = np.concatenate([heaps, random.uniform(heaps.min(), heaps.max(), size=(6_000, 2)).astype(np.float32)])
    clusters._condensed_tree(xy[:100], 5)  # loads what it takes
    started = time.process_time()
    tree = clusters._condensed_tree(xy, 100)
    between = time.process_time()
    own = fitted(xy, 100).condensed_tree_.to_numpy()
    assert tree.dtype == own.dtype and all(np.array_equal(tree[name], own[name]) for name in tree.dtype.names)
    assert between - started < 0.8 * (time.process_time() - between), "of the processor; among a million a tenth"


@pytest.mark.parametrize(
    "sizes", [(40, 40, 40), (60, 60), (300, 30, 30), (25, 25, 25, 25), (120, 118), (9, 9)], ids=str
)
@pytest.mark.parametrize("seed", range(3))
def test_large_groups_stay_whole(sizes, seed):
    xy = blobs(np.random.default_rng(seed), *sizes)
    found = cluster_points(xy)
    assert adjusted_rand_score(np.repeat(np.arange(len(sizes)), sizes), found) > 0.9
    assert same(found, own_answer(xy))


@pytest.mark.parametrize("vectors", [3, 2], ids=["three bursts of forty", "two groups of four hundred"])
def test_bursts_of_shots_are_clusters_of_the_map(vectors):
    random = np.random.default_rng(vectors)
    each = 40 if vectors == 3 else 400
    centers = np.repeat(random.normal(size=(vectors, 32)), each, axis=0)
    shots = unit(centers + 0.2 * random.normal(size=centers.shape))
    xy, _ = layout.umap(shots, *nearest_of(shots, 15), MapOptions(seed=1))
    found = cluster_points(xy)
    assert np.array_equal(np.bincount(found), [each] * vectors)


def test_a_burst_amid_scattered_pictures_is_one_cluster():
    random = np.random.default_rng(0)
    burst = random.normal(size=32) + 0.05 * random.normal(size=(200, 32))
    vectors = unit(np.concatenate([burst, random.normal(size=(100, 32))]))
    xy, _ = layout.umap(vectors, *nearest_of(vectors, 15), MapOptions(seed=1))
    found = cluster_points(xy)
    assert (found[:200] == found[0]).mean() > 0.95 and found[0] >= 0


def test_a_continent_gives_way_to_the_lands_on_it():
    """Twenty heaps close together are one cluster to HDBSCAN where others lie far away."""
    random = np.random.default_rng(4)
    lands = np.stack(np.meshgrid(np.arange(5), np.arange(4)), axis=2).reshape(-1, 2) * 5.0
    continent = np.concatenate([land + random.normal(size=(60, 2)) for land in lands])
    islands = blobs(random, 30, 30) + 200
    xy = np.concatenate([continent, islands])
    alone, ours = own_answer(xy), cluster_points(xy)
    land = np.repeat(np.arange(20), 60)
    assert adjusted_rand_score(land, ours[:1200]) > adjusted_rand_score(land, alone[:1200]) + 0.3
    assert ours.max() >= 15 and (ours < 0).mean() < 0.5


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 6, 9, 30])
@pytest.mark.parametrize("kind", ["alike", "in line", "by chance"])
def test_few_points_and_points_in_one_place_have_an_answer(count, kind):
    if kind == "by chance":
        xy = np.random.default_rng(1).normal(size=(count, 2))
    else:
        xy = np.zeros((count, 2)) if kind == "alike" else np.arange(2.0 * count).reshape(count, 2)
    for size in (0, 1, 3):
        found = cluster_points(xy.astype(np.float32), size)
        assert found.shape == (count,) and found.dtype == np.int32 and found.min(initial=-1) >= -1


def test_many_copies_in_few_places_are_a_cluster_each():
    places = np.array([[0, 0], [9, 0], [0, 9], [9, 9]], np.float32)
    found = cluster_points(np.repeat(places, 30, axis=0))
    assert np.array_equal(np.bincount(found), [30] * 4)


def test_exemplars_are_the_typical_and_then_the_others():
    ids = np.arange(100, 123)
    kinds = [[1.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    vectors = unit(np.repeat(kinds, [11, 4, 5, 3], axis=0))
    chosen = clusters.exemplars(ids, vectors, np.array([0] * 20 + [1] * 3))
    assert chosen.shape == (2, clusters.EXEMPLARS)
    assert 111 <= chosen[0, 0] < 115 and chosen[0, 1] < 111  # nearest to the mean, then one unlike it
    assert (chosen[0] < 115).all() and len(set(chosen[0])) == 4  # the five outliers stand for nothing
    assert set(chosen[1]) == {120, 121, 122, -1}

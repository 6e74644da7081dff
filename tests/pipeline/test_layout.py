"""The layout: UMAP's graph and curve as umap-learn has them, and points that end beside their neighbors."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from pipeline.maps import layout
from pipeline.maps.descent import descend
from pipeline.settings import MapOptions
from tests.conftest import unit

RANDOM = np.random.default_rng(0)


def nearest_of(vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of each by cosine, itself first, and 1 − cosine: (n, k) each."""
    products = vectors @ vectors.T
    np.fill_diagonal(products, 2)
    nearest = np.argsort(-products, axis=1, kind="stable")[:, :k]
    distances = np.clip(1 - np.take_along_axis(products, nearest, axis=1), 0, 2).astype(np.float32)
    return nearest, distances


def groups(count: int, of: int, spread: float) -> np.ndarray:
    """Unit vectors (count · of, 40): `count` groups of `of` around centers met by chance."""
    chance = np.random.default_rng(of)
    centers = np.repeat(chance.normal(size=(count, 40)), of, axis=0)
    return unit(centers + spread * chance.normal(size=centers.shape))


KINDS = {
    "by chance": unit(RANDOM.normal(size=(300, 20))),
    "groups": groups(10, 42, 0.3),
    "twins": groups(5, 42, 0),
    "twins amid others": np.concatenate([groups(2, 40, 0), unit(RANDOM.normal(size=(60, 40)))]),
    "all alike": groups(1, 50, 0),
    "few": unit(RANDOM.normal(size=(8, 20))),
}


@pytest.mark.slow  # umap-learn takes seconds to load
@pytest.mark.parametrize("kind", KINDS)
def test_memberships_are_those_of_umap_learn(kind, monkeypatch):
    from umap import umap_

    for name in ("smooth_knn_dist", "compute_membership_strengths"):  # as they are written: compiling takes far longer
        monkeypatch.setattr(umap_, name, getattr(umap_, name).py_func)
    vectors = KINDS[kind]
    for k in (2, 5, 15, 40):
        if k >= len(vectors):
            continue
        nearest, distances = nearest_of(vectors, k)
        ours = layout.memberships(nearest, distances)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs, *_ = umap_.fuzzy_simplicial_set(
                np.zeros((len(vectors), 1), np.float32), n_neighbors=k, metric="cosine",
                random_state=np.random.RandomState(0), knn_indices=nearest, knn_dists=distances,
            )  # fmt: skip
        assert ours.shape == theirs.shape and ours.dtype == np.float32
        assert abs(ours - theirs).max() < 1e-5
        assert abs(ours - ours.T).max() == 0 and ours.diagonal().max() == 0


@pytest.mark.slow
@pytest.mark.parametrize("min_dist", [0.0, 0.001, 0.1, 0.5, 0.99])
def test_the_curve_is_that_of_umap_learn(min_dist):
    from umap.umap_ import find_ab_params

    assert layout.curve(min_dist) == pytest.approx(find_ab_params(1.0, min_dist), abs=1e-6)


def kept(points: np.ndarray, nearest: np.ndarray) -> float:
    """Share of the ten nearest among points (n, d) that are among those of the vectors."""
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, -1)
    found = np.argsort(apart, axis=1)[:, 1:11]
    return float(np.mean([len(set(mine) & set(true[1:11])) for mine, true in zip(found, nearest)])) / 10


@pytest.mark.slow
@pytest.mark.parametrize(("dimensions", "start_keeps", "end_keeps"), [(2, 0.27, 0.35), (3, 0.33, 0.4)])
def test_the_descent_brings_points_beside_their_neighbors(dimensions, start_keeps, end_keeps):
    vectors = groups(12, 50, 0.5)
    nearest, distances = nearest_of(vectors, 15)
    start = layout.pca(vectors, dimensions)
    points = layout.coordinates(start, layout.memberships(nearest, distances), MapOptions(seed=1))
    assert points.shape == (600, dimensions) and np.abs(points.mean(axis=0)).max() < 1e-3
    assert kept(start, nearest) < start_keeps and kept(points, nearest) > end_keeps
    group = np.repeat(np.arange(12), 50)
    centers = np.stack([points[group == number].mean(axis=0) for number in range(12)])
    within = np.linalg.norm(points - centers[group], axis=1).mean()
    between = np.linalg.norm(centers[:, None] - centers[None], axis=2)[np.triu_indices(12, 1)]
    assert between.min() > 2 * within  # groups do not lie over one another


def test_min_dist_says_how_close_neighbors_come():
    vectors = groups(6, 60, 0.5)
    nearest, distances = nearest_of(vectors, 15)
    graph, start = layout.memberships(nearest, distances), layout.pca(vectors, 2)
    gaps = []
    for min_dist in (0.0, 0.2, 0.8):
        points = layout.coordinates(start, graph, MapOptions(seed=1, min_dist=min_dist))
        apart = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(len(points))
        gaps.append(np.median(apart.min(axis=1)))
    assert 1.3 * gaps[0] < gaps[1] and 1.3 * gaps[1] < gaps[2]


@pytest.mark.slow
def test_threads_do_not_change_what_a_layout_is_like():
    vectors = groups(12, 50, 0.5)
    nearest, distances = nearest_of(vectors, 15)
    graph, start = layout.memberships(nearest, distances), layout.pca(vectors, 2)
    alone, together = (descend(start, graph, layout.curve(0.1), 500, 3, threads) for threads in (1, 2))
    assert abs(kept(alone, nearest) - kept(together, nearest)) < 0.05
    assert np.array_equal(alone, descend(start, graph, layout.curve(0.1), 500, 3, 1))


@pytest.mark.parametrize("seed", [0, -1, 2**31, 10**30])
def test_any_whole_number_is_a_seed(seed):
    vectors = groups(3, 20, 0.3)
    given = nearest_of(vectors, 10)
    first, again = (layout.umap(vectors, *given, MapOptions(seed=seed)) for _ in range(2))
    other = layout.umap(vectors, *given, MapOptions(seed=seed + 1))
    for one, same, different in zip(first, again, other):
        assert np.array_equal(one, same) and not np.array_equal(one, different)


@pytest.mark.slow
def test_neither_umap_learn_nor_a_cache_of_numba_is_needed(tmp_path):
    script = """
import sys, numpy as np
from pipeline.maps import clusters, layout
from pipeline.settings import MapOptions
vectors = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
nearest = np.argsort(((vectors[:, None] - vectors) ** 2).sum(axis=2), axis=1)[:, :9]
distances = np.tile(np.linspace(0, 1, 9, dtype=np.float32), (60, 1))
xy, xyz = layout.umap(vectors, nearest, distances, MapOptions())
clusters.cluster_points(xy)
assert np.isfinite(xy).all() and np.isfinite(xyz).all() and xy.std() > 0.1
assert not {"umap", "pynndescent"} & set(sys.modules), "umap-learn was imported"
"""
    (tmp_path / "readonly").write_text("no folder: numba can keep nothing in it")
    surroundings = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "NUMBA_CACHE_DIR": str(tmp_path / "readonly")}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], env=surroundings, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

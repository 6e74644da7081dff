"""Colors of clusters: each its own, and the same at every granularity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.marks import PALETTE
from dashboard.reads import cluster_colors
from tests.dashboard.test_map import map_of


def clustered(cluster: list[int], xy: np.ndarray):
    made = map_of(cluster, np.zeros((max(cluster) + 1, 1)).tolist())
    return replace(made, xy=xy.astype(np.float32))


def scattered(count: int, each: int = 3, seed: int = 1) -> tuple[list[int], np.ndarray]:
    random = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(count), each)
    return cluster.tolist(), random.uniform(0, 10, (count, 2))[cluster] + random.normal(0, 0.05, (count * each, 2))


@pytest.mark.parametrize("count", [1, 2, 31, 58, 60])
def test_no_two_clusters_share_a_color_while_there_are_enough(count):
    colors = cluster_colors.first(clustered(*scattered(count)))
    assert len(set(colors.tolist())) == count and colors.min() >= 0 and colors.max() < len(PALETTE)


def test_more_clusters_than_colors_share_them_far_apart():
    cluster, xy = scattered(200)
    colors = cluster_colors.first(clustered(cluster, xy))
    centers = np.array([xy[np.array(cluster) == number].mean(axis=0) for number in range(200)])
    away = np.linalg.norm(centers[:, None] - centers[None], axis=2)
    same = (colors[:, None] == colors[None]) & ~np.eye(200, dtype=bool)
    np.fill_diagonal(away, np.inf)
    assert away[same].min() > 3 * np.median(away.min(axis=1))


def test_a_color_stays_with_the_images_that_have_it():
    saved = clustered([0] * 40 + [1] * 30 + [2] * 20 + [-1] * 10, np.random.default_rng(2).normal(0, 1, (100, 2)))
    colors = cluster_colors.first(saved)
    # The first falls into two, the second keeps its images under another number, the third is gone.
    finer = replace(saved, cluster=np.array([1] * 25 + [2] * 15 + [0] * 30 + [-1] * 30, np.int32),
                    exemplars=np.zeros((3, 1), np.int64))
    found = cluster_colors.inherited(finer, saved, colors)
    assert found[1] == colors[0] and found[0] == colors[1] and found[2] not in colors[:2]
    assert cluster_colors.inherited(saved, finer, found)[:2].tolist() == colors[:2].tolist()  # and back


def test_a_map_without_clusters_has_no_colors():
    assert len(cluster_colors.first(clustered([-1, -1], np.zeros((2, 2))))) == 0

"""Clustering a saved map anew: finer is more, noise stays noise, and it takes no time."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import index, maps
from pipeline.library import notes
from pipeline.maps import COMBINED, granularity
from pipeline.maps.granularity import COARSEST, FINEST, cluster_at, recluster


def islands(count: int, seed: int = 0) -> np.ndarray:
    """Points (count, 2) of 12 islands, each of 8 hills, and a tenth scattered over the sea."""
    random = np.random.default_rng(seed)
    centers = random.uniform(-100, 100, (12, 1, 2)) + random.normal(0, 6, (12, 8, 2))
    hills = centers.reshape(-1, 2)[random.integers(96, size=count)] + random.normal(0, 0.6, (count, 2))
    sea = random.uniform(-120, 120, (count, 2))
    return np.where(random.random((count, 1)) < 0.1, sea, hills).astype(np.float32)


@pytest.mark.parametrize("count", [4_000, pytest.param(granularity.SAMPLE + 8_000, marks=pytest.mark.slow)])
def test_finer_gives_more_clusters_and_noise_stays_noise(count):
    xy = islands(count)
    found = {step: cluster_at(xy, step) for step in (COARSEST, -2, 0, 2, FINEST)}
    counts = [int(cluster.max()) + 1 for cluster in found.values()]
    assert counts == sorted(counts) and 4 <= counts[0] < counts[-1]
    for cluster in found.values():
        sizes = np.bincount(cluster[cluster >= 0])
        assert (np.diff(sizes) <= 0).all()  # largest first
        assert 0.02 < (cluster < 0).mean() < 0.5
        far = np.abs(xy).max(axis=1) > 118  # at the edge of the sea nobody lives
        assert (cluster[far] < 0).mean() > 0.8


def test_a_sample_says_what_all_points_say(monkeypatch):
    xy = islands(6_000)
    whole = cluster_at(xy, 0, 24)
    monkeypatch.setattr(granularity, "SAMPLE", 3_000)
    from sklearn.metrics import adjusted_rand_score

    assert adjusted_rand_score(whole, cluster_at(xy, 0, 24)) > 0.8


def test_the_middle_is_the_map_as_saved_and_exemplars_belong_to_their_clusters(library):
    saved, rows = maps.load(library, COMBINED), index.load(library)
    assert recluster(saved, 0, rows) is saved
    assert np.array_equal(cluster_at(saved.xy, 0, saved.options.min_cluster_size), saved.cluster)
    for name in (COMBINED, "sift"):
        saved = maps.load(library, name)
        finer = recluster(saved, 2, rows)
        assert np.array_equal(finer.ids, saved.ids) and finer.clusters == finer.cluster.max() + 1
        for number, chosen in enumerate(finer.exemplars):
            chosen = chosen[chosen >= 0]
            assert len(chosen) and (finer.cluster[np.searchsorted(finer.ids, chosen)] == number).all()
    assert (recluster(saved, 2).exemplars == -1).all()  # no index, no exemplars


def test_a_name_survives_clustering_anew(library):
    xy = islands(4_000)
    ids = np.arange(1, len(xy) + 1)
    before = cluster_at(xy, 0)
    for number in (0, 3):
        mine = xy[before == number]
        core = np.argsort(((mine - mine[0]) ** 2).sum(axis=1))[:4]  # four that lie close together
        notes.name_cluster(library, "color", ids[before == number][core], f"Island {number}")
    for step in (COARSEST, -1, 0, 1, FINEST):
        cluster = cluster_at(xy, step)
        named = notes.cluster_names(library, "color", ids, cluster)
        assert set(named.values()) == {"Island 0", "Island 3"}
        for number, name in named.items():
            shared = (before[cluster == number] == int(name[-1])).mean()
            assert shared > 0.5 or step < 0  # a coarser cluster may hold more than its name says

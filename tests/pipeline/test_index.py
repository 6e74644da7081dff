"""The combined index: one graph, any weights, exact where it says so."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import index as combined
from pipeline.errors import EmbeddingError, StaleIndexError
from pipeline.library import Library
from tests.conftest import synthetic_library, unit

DIMS = {"color": 24, "sift": 40, "efficientnet": 64}


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Library:
    """12,000 images: above the size up to which everything is scanned exactly."""
    library = synthetic_library(tmp_path_factory.mktemp("large"), 12_000, DIMS)
    combined.build(library)
    return library


def weighted(library: Library, query: dict, weights: dict) -> tuple[np.ndarray, np.ndarray]:
    """Ids and Σ w·cos / Σ w of every image, straight from the stored vectors."""
    total = 0
    for name, weight in weights.items():
        ids, rows = library.vectors(name)
        total = total + weight * (rows @ query[name])
    return ids, total / sum(weights.values())


WEIGHTS = [
    {"color": 1, "sift": 1, "efficientnet": 1},
    {"color": 1, "sift": 0, "efficientnet": 0},
    {"color": 0, "sift": 1, "efficientnet": 0},
    {"color": 0, "sift": 0, "efficientnet": 1},
    {"color": 0.2, "sift": 0.7, "efficientnet": 0.1},
]


@pytest.mark.parametrize("weights", WEIGHTS)
def test_the_graph_ranks_by_the_weighted_mean_of_cosines(large, weights):
    index = combined.load(large)
    hits = []
    for image_id in range(1, 12_000, 400):
        query = {name: large.vectors(name, [image_id])[1][0] for name in DIMS}
        ids, scores = weighted(large, query, weights)
        best = ids[np.argsort(-scores)[:10]]
        found = index.search(query, weights, 10)
        assert found.ids[0] == image_id and found.scores[0] > 0.999
        assert np.allclose(found.scores, scores[np.searchsorted(ids, found.ids)], atol=1e-5)
        exact = index.search(query, weights, 10, exact=True)
        assert set(exact.ids) == set(best)
        hits.append(len(set(found.ids) & set(best)) / 10)
    assert np.mean(hits) >= 0.95


def test_filters_work_inside_the_search(large):
    index = combined.load(large)
    query = {name: large.vectors(name, [5])[1][0] for name in DIMS}
    allowed = np.arange(2, 12_000, 2)  # many: the graph walks; few below: exact
    for among in (allowed, allowed[:50], np.array([7, 9, 999_999])):
        found = index.search(query, WEIGHTS[0], 20, among=among)
        assert set(found.ids) <= set(among) and len(found.ids) == min(20, np.isin(among, index.ids).sum())
        ids, scores = weighted(large, query, WEIGHTS[0])
        mine = np.isin(ids, among)
        best = ids[mine][np.argsort(-scores[mine])[:20]]
        assert len(set(best) & set(found.ids)) >= 0.9 * len(best)


def test_extending_masking_and_rebuilding(tmp_path):
    library = synthetic_library(tmp_path, 300, DIMS)
    assert combined.build(library)[1] == "built"
    assert combined.build(library)[1] == "current"
    for image_id in range(1, 21):
        library.mark(image_id, "missing")
    changed = unit(np.random.default_rng(1).normal(size=(1, DIMS["color"])))
    library.store([], {"color": ("color/test", [100], changed)})
    assert combined.about(library)["stale"]
    index, done = combined.build(library)
    assert (done, len(index)) == ("extended", 280)
    assert combined.about(library) == {"size": 280, "embeddings": list(DIMS), "stale": False}
    fresh = combined.load(library)
    found = fresh.search({"color": changed[0]}, {"color": 1.0}, 280)
    assert found.ids[0] == 100 and len(set(found.ids.tolist())) == 280
    assert not set(found.ids) & set(range(1, 21))
    for image_id in range(21, 101):
        library.mark(image_id, "missing")
    index, done = combined.build(library)
    assert (done, len(index), len(index.ids)) == ("built", 200, 200)
    assert len(list((tmp_path / "index").iterdir())) == 3


def test_images_without_an_embedding_score_nothing_there(tmp_path):
    library = synthetic_library(tmp_path, 50, {"color": 8, "sift": 8})
    library.db.execute("DELETE FROM sift_vectors WHERE image_id <= 25")
    index, _ = combined.build(library)
    query = {name: library.vectors(name, [50])[1][0] for name in ("color", "sift")}
    found = index.search(query, {"color": 1, "sift": 1}, 50)
    scores = dict(zip(found.ids.tolist(), found.scores.tolist()))
    ids, rows = library.vectors("color", [3])
    assert scores[3] == pytest.approx(float(rows[0] @ query["color"]) / 2, abs=1e-5)


def test_missing_index_and_embeddings_say_so(tmp_path):
    library = synthetic_library(tmp_path, 10, {"color": 8})
    with pytest.raises(StaleIndexError, match="python -m pipeline index"):
        combined.load(library)
    assert combined.about(library) is None
    with pytest.raises(EmbeddingError, match="there are: color"):
        combined.build(library, ["sift"])

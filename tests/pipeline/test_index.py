"""The combined index: one graph, any weights, exact where it says so."""

from __future__ import annotations

import time

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import index as combined
from pipeline import maps
from pipeline.cli import main
from pipeline.errors import EmbeddingError, SettingsError, StaleIndexError
from pipeline.index.faiss import combined as combined_index
from pipeline.index.faiss import recall as index_recall
from pipeline.library import Library
from pipeline.maps import neighbors
from pipeline.search import Query, Searcher
from pipeline.settings import IndexOptions
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


KINDS = {  # the recall of the worst weighting that a kind must reach on 6,000 clustered images
    ("hnsw", "float32"): 0.95,
    ("hnsw", "float16"): 0.95,
    ("hnsw", "int8"): 0.93,
    ("ivfpq", "float32"): 0.3,
    ("flat", "float32"): 1.0,
    ("flat", "int8"): 0.93,
}


@pytest.fixture(scope="module")
def medium(tmp_path_factory) -> Library:
    """6,000 images: more than are always scanned."""
    return synthetic_library(tmp_path_factory.mktemp("medium"), 6_000, DIMS, seed=3)


def ranked(vectors: dict, query: dict, weights: dict) -> np.ndarray:
    """Ids by Σ w·cos, best first, from {name: (ids, rows)} read once."""
    ids = vectors["color"][0]
    scores = sum(weight * (vectors[name][1] @ query[name]) for name, weight in weights.items() if weight)
    return ids[np.argsort(-scores)]


def query_of(library: Library, image_id: int) -> dict[str, np.ndarray]:
    return {name: library.vectors(name, [image_id])[1][0] for name in DIMS}


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_every_kind_finds_filters_decodes_and_can_be_exact(medium, kind):
    combined.build(medium, options=IndexOptions(*kind))
    index = combined.load(medium)
    figures = combined.measured(medium)
    assert figures["recall_at_10"] and min(figures["recall_at_10"].values()) >= KINDS[kind]
    assert set(figures["recall_at_10"]) >= {"color=1", "sift=1", "color=1,sift=1,efficientnet=1"}
    vectors = {name: medium.vectors(name) for name in DIMS}
    hits, own = [], []
    for image_id in range(7, 6_000, 300):
        query = {name: rows[image_id - 1] for name, (_, rows) in vectors.items()}
        for weights in WEIGHTS:
            best = ranked(vectors, query, weights)[:10]
            if image_id < 600:
                assert set(index.search(query, weights, 10, exact=True).ids) == set(best)
            found = index.search(query, weights, 10)
            own.append(image_id in found.ids)
            hits.append(len(set(found.ids) & set(best)) / 10)
    assert np.mean(hits) >= KINDS[kind] - 0.01 and np.mean(own) >= 0.95
    for among in (np.arange(1, 6_000, 7), np.arange(100, 5_900)):
        found = index.search(query, WEIGHTS[4], 30, among=among)
        assert len(set(found.ids.tolist())) == 30 and np.isin(found.ids, among).all()
    accepted = {"float32": 1e-6, "float16": 1e-3, "int8": 1e-2}[kind[1]] if kind[0] != "ivfpq" else 0.5
    every = index.rows_of(np.arange(1, 6_001))
    assert np.abs(index.part(every, "sift") * np.sqrt(3) - vectors["sift"][1]).max() <= accepted
    assert np.array_equal(index.matrix()[every, 24:64], index.part(every, "sift"))


def test_the_smaller_kinds_are_smaller(tmp_path):
    library = synthetic_library(tmp_path, 1_500, DIMS)
    size = {}
    for kind in KINDS:
        combined.build(library, options=IndexOptions(*kind))
        size[kind] = combined.measured(library)["bytes"]
        assert combined.measured(library)["storage"] == ("pq" if kind[0] == "ivfpq" else kind[1])
    assert size["flat", "int8"] < 0.35 * size["flat", "float32"]
    assert size["hnsw", "int8"] < size["hnsw", "float16"] < size["hnsw", "float32"]


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_every_kind_is_extended_masked_and_built_anew(tmp_path, kind):
    library = synthetic_library(tmp_path, 1_200, DIMS)
    options = IndexOptions(*kind)
    for image_id in range(1, 101):
        library.mark(image_id, "missing")
    assert combined.build(library, options=options)[1] == "built"
    assert combined.build(library)[1] == "current"
    for image_id in range(1, 101):
        library.mark(image_id, "ok")
    changed = unit(np.random.default_rng(1).normal(size=(1, DIMS["color"])))
    library.store([], {"color": ("color/test", [200], changed)})
    for image_id in range(301, 311):
        library.mark(image_id, "missing")
    assert combined.build(library)[1] == "extended"
    index = combined.load(library)
    assert (len(index), len(index.ids), index.options) == (1_190, 1_201, options)
    assert index.search({"color": changed[0]}, {"color": 1.0}, 5).ids[0] == 200
    found = index.search(query_of(library, 50), WEIGHTS[0], 1_190)
    assert 50 in found.ids[:5]
    assert set(found.ids.tolist()) == set(range(1, 1_201)) - set(range(301, 311))
    assert np.allclose(index.true_rows(np.array([1_200]))[0, :24] * np.sqrt(3), changed, atol=1e-6)
    for image_id in range(400, 700):
        library.mark(image_id, "missing")
    if kind[0] == "ivfpq":  # too few are left to learn from
        with pytest.raises(SettingsError, match="1,000"):
            combined.build(library)
        assert len(combined.load(library)) == 1_190
    else:
        index, done = combined.build(library)
        assert (done, len(index), len(index.ids)) == ("built", 890, 890)


@pytest.mark.parametrize("name", ["sift", maps.COMBINED])
def test_maps_find_neighbors_in_rounded_rows(tmp_path, monkeypatch, name):
    monkeypatch.setattr(neighbors, "_FEW", 0)
    monkeypatch.setattr(neighbors, "_UNIT", 0)
    library = synthetic_library(tmp_path, 800, DIMS)
    found = {}
    for storage in ("float32", "int8"):
        index, _ = combined.build(library, options=IndexOptions(storage=storage))
        found[storage] = neighbors.neighbors(index, name, index.rows_of(np.arange(1, 801)), 8)
    same = found["float32"][0][:, :, None] == found["int8"][0][:, None]
    assert same.any(axis=2).mean() >= 0.93
    assert np.quantile(np.abs(found["float32"][1] - found["int8"][1]), 0.99) < 0.02


def test_a_quantizer_learns_anew_when_the_library_has_outgrown_it(tmp_path):
    library = synthetic_library(tmp_path, 900, DIMS)
    for image_id in range(301, 901):
        library.mark(image_id, "missing")
    combined.build(library, options=IndexOptions("flat", "int8"))
    for image_id in range(301, 901):
        library.mark(image_id, "ok")
    index, done = combined.build(library)
    assert (done, index.learned_from) == ("built", 900)


def test_the_effort_is_measured_and_kept_with_the_index(large, tmp_path):
    figures = combined.measured(large)
    recall = figures["recall_at_10"]
    assert recall["color=1,sift=1,efficientnet=1"] >= 0.98 and min(recall.values()) >= 0.95
    assert set(figures["effort"]) == {"even", "mixed", *DIMS} and figures["effort_name"] == "efSearch"
    index = combined.load(large)
    assert index.effort == figures["effort"] and figures["query_ms"] < 50
    assert index.effort_for({"sift": 9.0, "color": 1.0}) == figures["effort"]["sift"]
    assert index.effort_for({"sift": 1.0, "color": 1.0}) == figures["effort"]["even"]
    assert index.effort_for({"sift": 2.0, "color": 1.0}) == figures["effort"]["mixed"]
    assert set(combined.about(large)) == {"size", "embeddings", "stale"}


def test_a_poor_graph_is_searched_harder_and_a_given_effort_is_obeyed(medium):
    combined.build(medium, options=IndexOptions(hnsw_m=12, ef_construction=60))
    good = combined.measured(medium)
    combined.build(medium, options=IndexOptions(hnsw_m=4, ef_construction=16))
    poor = combined.measured(medium)
    assert max(poor["effort"].values()) > max(good["effort"].values())
    index, done = combined.build(medium, options=IndexOptions(hnsw_m=4, ef_construction=16, ef_search=8))
    assert done == "extended" and set(index.effort.values()) == {8}
    combined.build(medium, options=IndexOptions(hnsw_m=5, ef_construction=16))  # to have it built anew
    index, done = combined.build(medium, options=IndexOptions(hnsw_m=4, ef_construction=16, ef_search=8))
    assert done == "built" and set(index.effort.values()) == {8}
    given = combined.measured(medium)["recall_at_10"]
    assert np.mean(list(given.values())) < np.mean(list(poor["recall_at_10"].values()))


def test_the_measured_recall_is_the_recall(medium):
    combined.build(medium, options=IndexOptions(hnsw_m=6, ef_construction=20, ef_search=16))
    index = combined.load(medium)
    vectors = {name: medium.vectors(name) for name in DIMS}
    for text, claimed in combined.measured(medium)["recall_at_10"].items():
        weights = dict.fromkeys(DIMS, 0.0) | {
            part.split("=")[0]: float(part.split("=")[1]) for part in text.split(",")
        }
        hits = []
        for image_id in range(1, 6_000, 75):
            query = {name: rows[image_id - 1] for name, (_, rows) in vectors.items()}
            others = np.setdiff1d(ranked(vectors, query, weights)[:11], [image_id])
            found = index.search(query, weights, 11).ids
            hits.append(len(np.intersect1d(found, others)) / 10)
        assert np.mean(hits) == pytest.approx(claimed, abs=0.06)


def test_narrow_filters_are_answered_in_full(large, monkeypatch):
    monkeypatch.setattr(combined_index, "EXACT_BELOW", 0)
    index = combined.load(large)
    query = query_of(large, 77)
    ids, scores = weighted(large, query, WEIGHTS[4])
    for share in (2, 10, 100, 1_000):
        among = ids[5::share]
        found = index.search(query, WEIGHTS[4], 10, among=among)
        mine = np.isin(ids, among)
        best = ids[mine][np.argsort(-scores[mine])[:10]]
        assert len(found.ids) == min(10, len(among)) and len(set(found.ids) & set(best)) >= 0.9 * len(best)


def test_small_indexes_are_scanned_and_have_nothing_to_measure(tmp_path):
    library = synthetic_library(tmp_path, 300, DIMS)
    combined.build(library)
    figures = combined.measured(library)
    assert (figures["effort"], figures["recall_at_10"], figures["query_ms"]) == ({}, {}, None)
    assert figures["bytes"] > 300 * 128 * 4
    with pytest.raises(SettingsError, match="hnsw or flat"):
        combined.build(library, options=IndexOptions("ivfpq"))
    with pytest.raises(SettingsError, match="storage"):
        combined.build(library, options=IndexOptions("ivfpq", "int8"))
    assert combined.load(library).options == IndexOptions()


def test_the_rulers_of_weightings():
    assert index_recall.ruler({"color": 3.0, "sift": 1.0}) == "color"
    assert index_recall.ruler({"color": 1.0, "sift": 1.0}) == "even"
    assert index_recall.ruler({"color": 2.0, "sift": 1.0}) == "mixed"
    kinds = {index_recall.ruler(w) for w in index_recall.weightings(tuple(DIMS))}
    assert kinds == {"even", "mixed", *DIMS}
    assert index_recall.weightings(("color",)) == [{"color": 1.0}]


def test_an_index_replaced_under_a_searcher_does_not_disturb_it(tmp_path):
    library = synthetic_library(tmp_path, 6_000, DIMS)
    combined.build(library, options=IndexOptions(hnsw_m=8, ef_construction=20))
    searcher = Searcher(library)
    old = searcher.index()
    before = searcher.search(Query(images=(3,), top_k=5)).matches
    for image_id in range(5_001, 6_001):
        library.mark(image_id, "missing")
    combined.build(library, options=IndexOptions("hnsw", "int8", hnsw_m=8, ef_construction=20))
    assert len(list((tmp_path / "index").iterdir())) == 3
    again = old.search(query_of(library, 3), dict.fromkeys(DIMS, 1.0), 5)
    assert again.ids.tolist() == [match.id for match in before]
    assert searcher.index() is not old and len(searcher.index()) == 5_000


def test_a_damaged_index_is_none_and_is_built_anew(tmp_path):
    library = synthetic_library(tmp_path, 300, DIMS)
    for suffix, share in ((".faiss", 2), (".npz", 2), (".faiss", 10**9), (".npz", 10**9)):
        combined.build(library)
        (file,) = (tmp_path / "index").glob(f"*{suffix}")
        file.write_bytes(file.read_bytes()[: file.stat().st_size // share])
        with pytest.raises(StaleIndexError):
            combined.load(library)
        assert combined.build(library)[1] == "built" and len(combined.load(library)) == 300


def test_loading_maps_the_file_instead_of_reading_it(large):
    rows = len(combined.load(large).ids)
    started = time.perf_counter()
    for _ in range(5):
        assert len(combined.load(large).ids) == rows
    assert (time.perf_counter() - started) / 5 < 0.2


def test_the_command_says_what_it_built(tmp_path):
    data = str(synthetic_library(tmp_path, 1_200, DIMS).data)
    small = CliRunner().invoke(main, ["index", "--data", data])
    assert small.exit_code == 0 and "hnsw, float32" in small.output and "exact scan" in small.output
    result = CliRunner().invoke(main, ["index", "--type", "ivfpq", "--data", data])
    assert result.exit_code == 0, result.output
    assert "ivfpq, pq" in result.output and "recall@10" in result.output and "nprobe" in result.output
    result = CliRunner().invoke(main, ["index", "--type", "flat", "--storage", "int8", "--data", data])
    assert "flat, int8" in result.output and "ms a query" in result.output

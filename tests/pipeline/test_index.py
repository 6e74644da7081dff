"""The combined index: one graph, any weights, exact where it says so."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import index as indexes
from pipeline import maps
from pipeline.cli import main
from pipeline.errors import EmbeddingError, SettingsError, StaleIndexError
from pipeline.index import Filter
from pipeline.index.faiss import effort, structures
from pipeline.index.faiss import neighbors as many
from pipeline.index.weightings import weightings
from pipeline.library import Library
from pipeline.maps import neighbors
from pipeline.search import ImageEntry, Query, Searcher
from pipeline.settings import IndexOptions
from tests.conftest import synthetic_library, unit

DIMS = {"color": 24, "sift": 40, "efficientnet": 64}


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Library:
    """12,000 images: above the size up to which everything is scanned exactly."""
    library = synthetic_library(tmp_path_factory.mktemp("large"), 12_000, DIMS)
    indexes.build(library)
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
    index = indexes.load(large)
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
    index = indexes.load(large)
    query = {name: large.vectors(name, [5])[1][0] for name in DIMS}
    allowed = np.arange(2, 12_000, 2)  # many: the graph walks; few below: exact
    for among in (allowed, allowed[:50], np.array([7, 9, 999_999])):
        found = index.search(query, WEIGHTS[0], 20, filter=Filter(ids=tuple(among.tolist())))
        assert set(found.ids) <= set(among) and len(found.ids) == min(20, np.isin(among, index.ids()).sum())
        ids, scores = weighted(large, query, WEIGHTS[0])
        mine = np.isin(ids, among)
        best = ids[mine][np.argsort(-scores[mine])[:20]]
        assert len(set(best) & set(found.ids)) >= 0.9 * len(best)


def test_extending_masking_and_rebuilding(tmp_path):
    library = synthetic_library(tmp_path, 300, DIMS)
    assert indexes.build(library)[1] == "built"
    assert indexes.build(library)[1] == "current"
    for image_id in range(1, 21):
        library.mark(image_id, "missing")
    changed = unit(np.random.default_rng(1).normal(size=(1, DIMS["color"])))
    library.store([], {"color": ("color/test", [100], changed)})
    assert indexes.about(library)["stale"]
    index, done = indexes.build(library)
    assert (done, len(index)) == ("extended", 280)
    assert indexes.about(library) == {"size": 280, "embeddings": list(DIMS), "stale": False}
    fresh = indexes.load(library)
    found = fresh.search({"color": changed[0]}, {"color": 1.0}, 280)
    assert found.ids[0] == 100 and len(set(found.ids.tolist())) == 280
    assert not set(found.ids) & set(range(1, 21))
    for image_id in range(21, 101):
        library.mark(image_id, "missing")
    index, done = indexes.build(library)
    assert (done, len(index), len(index.rows)) == ("built", 200, 200)
    assert len(list((tmp_path / "index").iterdir())) == 3


def test_whether_it_is_behind_is_told_by_what_the_library_counts(tmp_path):
    library = synthetic_library(tmp_path, 60, DIMS)
    indexes.build(library)
    again = {"color": ("color/test", [7], library.vectors("color", [7])[1])}
    for change, behind in (
        (lambda: library.mark(5, "missing"), True),
        (lambda: library.mark(5, "ok"), False),
        (lambda: library.db.execute("UPDATE images SET label = 'other' WHERE id = 9"), False),
        (lambda: library.store([], again), True),
        (lambda: indexes.build(library), False),
        (lambda: library.mark(5, "missing"), True),
        (lambda: indexes.build(library), False),
        (lambda: library.mark(5, "ok"), True),
        (lambda: indexes.load(library).delete([6]), True),
        (lambda: library.mark(5, "missing"), True),  # what it holds is not what the library counts
        (lambda: indexes.build(library), False),
        (lambda: library.db.execute("DELETE FROM images WHERE id = 8"), True),
    ):
        change()
        assert indexes.about(library)["stale"] == behind == any(map(len, indexes.load(library).pending()))
    indexes.build(library)
    library.raise_generation()
    asked: list[str] = []
    library.db.conn.set_trace_callback(asked.append)
    assert not indexes.about(library)["stale"]
    assert asked and not any("FROM images" in sql or "FROM vectors" in sql for sql in asked)


def test_images_without_an_embedding_are_compared_by_the_others(tmp_path):
    library = synthetic_library(tmp_path, 50, {"color": 8, "sift": 8})
    library.db.execute("DELETE FROM sift_vectors WHERE image_id <= 25")
    index, _ = indexes.build(library)
    query = {name: library.vectors(name, [50])[1][0] for name in ("color", "sift")}
    found = index.search(query, {"color": 1, "sift": 1}, 50)
    scores = dict(zip(found.ids.tolist(), found.scores.tolist()))
    ids, rows = library.vectors("color", [3])
    assert scores[3] == pytest.approx(float(rows[0] @ query["color"]), abs=1e-5)


def test_missing_index_and_embeddings_say_so(tmp_path):
    library = synthetic_library(tmp_path, 10, {"color": 8})
    with pytest.raises(StaleIndexError, match="python -m pipeline index"):
        indexes.load(library)
    assert indexes.about(library) is None
    with pytest.raises(EmbeddingError, match="there are: color"):
        indexes.build(library, ["sift"])


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


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_every_kind_finds_filters_decodes_and_can_be_exact(medium, kind):
    indexes.build(medium, options=IndexOptions(*kind))
    index = indexes.load(medium)
    figures = indexes.measured(medium)
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
        found = index.search(query, WEIGHTS[4], 30, filter=Filter(ids=tuple(among.tolist())))
        assert len(set(found.ids.tolist())) == 30 and np.isin(found.ids, among).all()
    accepted = {"float32": 1e-6, "float16": 1e-3, "int8": 1e-2}[kind[1]] if kind[0] != "ivfpq" else 0.5
    every = np.arange(1, 6_001)
    assert np.abs(index.vectors(every, "sift") - vectors["sift"][1]).max() <= accepted
    share = indexes.shares(None, index.embeddings)["sift"]
    assert np.allclose(index.vectors(every)[:, 24:64], index.vectors(every, "sift") * np.sqrt(share), atol=1e-6)
    assert np.allclose(index.vectors(every, "sift", exact=True), vectors["sift"][1], atol=1e-6)


def test_the_smaller_kinds_are_smaller(tmp_path):
    library = synthetic_library(tmp_path, 1_500, DIMS)
    size = {}
    for kind in KINDS:
        indexes.build(library, options=IndexOptions(*kind))
        size[kind] = indexes.measured(library)["bytes"]
        assert indexes.measured(library)["storage"] == ("pq" if kind[0] == "ivfpq" else kind[1])
    assert size["flat", "int8"] < 0.35 * size["flat", "float32"]
    assert size["hnsw", "int8"] < size["hnsw", "float16"] < size["hnsw", "float32"]


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_every_kind_is_extended_masked_and_built_anew(tmp_path, kind):
    library = synthetic_library(tmp_path, 1_200, DIMS)
    options = IndexOptions(*kind)
    for image_id in range(1, 101):
        library.mark(image_id, "missing")
    assert indexes.build(library, options=options)[1] == "built"
    assert indexes.build(library)[1] == "current"
    for image_id in range(1, 101):
        library.mark(image_id, "ok")
    changed = unit(np.random.default_rng(1).normal(size=(1, DIMS["color"])))
    library.store([], {"color": ("color/test", [200], changed)})
    for image_id in range(301, 311):
        library.mark(image_id, "missing")
    assert indexes.build(library)[1] == "extended"
    index = indexes.load(library)
    assert (len(index), len(index.rows), index.options) == (1_190, 1_201, options)
    assert index.search({"color": changed[0]}, {"color": 1.0}, 5).ids[0] == 200
    found = index.search(query_of(library, 50), WEIGHTS[0], 1_190)
    assert 50 in found.ids[:5]
    assert set(found.ids.tolist()) == set(range(1, 1_201)) - set(range(301, 311))
    assert np.allclose(index.vectors(np.array([200]), "color", exact=True), changed, atol=1e-6)
    for image_id in range(400, 700):
        library.mark(image_id, "missing")
    if kind[0] == "ivfpq":  # too few are left to learn from
        with pytest.raises(SettingsError, match="1,000"):
            indexes.build(library)
        assert len(indexes.load(library)) == 890
    else:
        index, done = indexes.build(library)
        assert (done, len(index), len(index.rows)) == ("built", 890, 890)


@pytest.mark.parametrize("name", ["sift", maps.COMBINED])
def test_maps_find_neighbors_in_rounded_rows(tmp_path, monkeypatch, name):
    monkeypatch.setattr(many, "ALL_PAIRS_BELOW", 0)
    monkeypatch.setattr(many, "UNIT", 0)
    library = synthetic_library(tmp_path, 800, DIMS)
    found = {}
    for storage in ("float32", "int8"):
        index, _ = indexes.build(library, options=IndexOptions(storage=storage))
        found[storage] = neighbors.neighbors(index, name, np.arange(1, 801), 8)
    same = found["float32"][0][:, :, None] == found["int8"][0][:, None]
    assert same.any(axis=2).mean() >= 0.93
    assert np.quantile(np.abs(found["float32"][1] - found["int8"][1]), 0.99) < 0.02


def test_a_quantizer_learns_anew_when_the_library_has_outgrown_it(tmp_path):
    library = synthetic_library(tmp_path, 900, DIMS)
    for image_id in range(301, 901):
        library.mark(image_id, "missing")
    indexes.build(library, options=IndexOptions("flat", "int8"))
    for image_id in range(301, 901):
        library.mark(image_id, "ok")
    index, done = indexes.build(library)
    assert (done, index.learned_from) == ("built", 900)


def test_the_effort_is_measured_and_kept_with_the_index(large, tmp_path):
    figures = indexes.measured(large)
    recall = figures["recall_at_10"]
    assert recall["color=1,sift=1,efficientnet=1"] >= 0.98 and min(recall.values()) >= 0.95
    assert set(figures["effort"]) == {"even", "mixed", *DIMS} and figures["effort_name"] == "efSearch"
    index = indexes.load(large)
    assert index.effort == figures["effort"] and figures["query_ms"] < 50
    assert index.effort_for({"sift": 9.0, "color": 1.0}) == figures["effort"]["sift"]
    assert index.effort_for({"sift": 1.0, "color": 1.0}) == figures["effort"]["even"]
    assert index.effort_for({"sift": 2.0, "color": 1.0}) == figures["effort"]["mixed"]
    assert set(indexes.about(large)) == {"size", "embeddings", "stale"}


@pytest.mark.slow
def test_a_poor_graph_is_searched_harder_and_a_given_effort_is_obeyed(medium):
    indexes.build(medium, options=IndexOptions(hnsw_m=12, ef_construction=60))
    good = indexes.measured(medium)
    indexes.build(medium, options=IndexOptions(hnsw_m=4, ef_construction=16))
    poor = indexes.measured(medium)
    assert max(poor["effort"].values()) > max(good["effort"].values())
    index, done = indexes.build(medium, options=IndexOptions(hnsw_m=4, ef_construction=16, ef_search=8))
    assert done == "extended" and set(index.effort.values()) == {8}
    indexes.build(medium, options=IndexOptions(hnsw_m=5, ef_construction=16))  # to have it built anew
    index, done = indexes.build(medium, options=IndexOptions(hnsw_m=4, ef_construction=16, ef_search=8))
    assert done == "built" and set(index.effort.values()) == {8}
    given = indexes.measured(medium)["recall_at_10"]
    assert np.mean(list(given.values())) < np.mean(list(poor["recall_at_10"].values()))


@pytest.mark.slow
def test_the_measured_recall_is_the_recall(medium):
    indexes.build(medium, options=IndexOptions(hnsw_m=6, ef_construction=20, ef_search=16))
    index = indexes.load(medium)
    vectors = {name: medium.vectors(name) for name in DIMS}
    for text, claimed in indexes.measured(medium)["recall_at_10"].items():
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
    monkeypatch.setattr(structures, "EXACT_BELOW", 0)
    index = indexes.load(large)
    query = query_of(large, 77)
    ids, scores = weighted(large, query, WEIGHTS[4])
    for share in (2, 10, 100, 1_000):
        among = ids[5::share]
        found = index.search(query, WEIGHTS[4], 10, filter=Filter(ids=tuple(among.tolist())))
        mine = np.isin(ids, among)
        best = ids[mine][np.argsort(-scores[mine])[:10]]
        assert len(found.ids) == min(10, len(among)) and len(set(found.ids) & set(best)) >= 0.9 * len(best)


def test_small_indexes_are_scanned_and_have_nothing_to_measure(tmp_path):
    library = synthetic_library(tmp_path, 300, DIMS)
    indexes.build(library)
    figures = indexes.measured(library)
    assert (figures["effort"], figures["recall_at_10"], figures["query_ms"]) == ({}, {}, None)
    assert figures["bytes"] > 300 * 128 * 4
    with pytest.raises(SettingsError, match="hnsw or flat"):
        indexes.build(library, options=IndexOptions("ivfpq"))
    with pytest.raises(SettingsError, match="storage"):
        indexes.build(library, options=IndexOptions("ivfpq", "int8"))
    assert indexes.load(library).options == IndexOptions()


def test_which_embedding_dominates_a_weighting():
    assert effort.dominant({"color": 3.0, "sift": 1.0}) == "color"
    assert effort.dominant({"color": 1.0, "sift": 1.0}) == "even"
    assert effort.dominant({"color": 2.0, "sift": 1.0}) == "mixed"
    kinds = {effort.dominant(w) for w in weightings(tuple(DIMS))}
    assert kinds == {"even", "mixed", *DIMS}
    assert weightings(("color",)) == [{"color": 1.0}]


def test_an_index_replaced_under_a_searcher_does_not_disturb_it(tmp_path):
    library = synthetic_library(tmp_path, 6_000, DIMS)
    indexes.build(library, options=IndexOptions(hnsw_m=8, ef_construction=20))
    searcher = Searcher(library)
    old = searcher.index()
    before = searcher.search(Query((ImageEntry(3),), dict.fromkeys(DIMS, 1.0), top_k=5)).matches
    for image_id in range(5_001, 6_001):
        library.mark(image_id, "missing")
    indexes.build(library, options=IndexOptions("hnsw", "int8", hnsw_m=8, ef_construction=20))
    assert len(list((tmp_path / "index").iterdir())) == 3
    again = old.search(query_of(library, 3), dict.fromkeys(DIMS, 1.0), 5)
    assert again.ids.tolist()[:3] == [match.id for match in before if match.id <= 5_000][:3]
    assert searcher.index() is not old and len(searcher.index()) == 5_000


def test_a_damaged_index_is_none_and_is_built_anew(tmp_path):
    library = synthetic_library(tmp_path, 300, DIMS)
    for suffix, share in ((".faiss", 2), (".npz", 2), (".faiss", 10**9), (".npz", 10**9)):
        indexes.build(library)
        (file,) = (tmp_path / "index").glob(f"*{suffix}")
        file.write_bytes(file.read_bytes()[: file.stat().st_size // share])
        with pytest.raises(StaleIndexError):
            indexes.load(library)
        assert indexes.build(library)[1] == "built" and len(indexes.load(library)) == 300


def test_the_command_says_what_it_built(tmp_path):
    data = str(synthetic_library(tmp_path, 1_200, DIMS).data)
    small = CliRunner().invoke(main, ["index", "--data", data])
    assert small.exit_code == 0 and "hnsw, float32" in small.output and "exact scan" in small.output
    result = CliRunner().invoke(main, ["index", "--type", "ivfpq", "--data", data])
    assert result.exit_code == 0, result.output
    assert "ivfpq, pq" in result.output and "recall@10" in result.output and "nprobe" in result.output
    result = CliRunner().invoke(main, ["index", "--type", "flat", "--storage", "int8", "--data", data])
    assert "flat, int8" in result.output and "ms a query" in result.output

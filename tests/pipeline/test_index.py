"""The combined index: one graph, any weights, exact where it says so."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import index as indexes
from pipeline.cli import main
from pipeline.errors import EmbeddingError, StaleIndexError
from pipeline.index import Filter, Index
from pipeline.index.faiss import effort, engine, structures
from pipeline.index.weightings import weightings
from pipeline.library import Library
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
    told = indexes.about(library)
    assert (told["size"], told["embeddings"], told["stale"]) == (280, list(DIMS), False)
    fresh = indexes.load(library)
    found = fresh.search({"color": changed[0]}, {"color": 1.0}, 280)
    assert found.ids[0] == 100 and len(set(found.ids.tolist())) == 280
    assert not set(found.ids) & set(range(1, 21))
    for image_id in range(21, 101):
        library.mark(image_id, "missing")
    index, done = indexes.build(library)
    assert (done, len(index), len(index.rows)) == ("built", 200, 200)
    assert len(list((tmp_path / "index").iterdir())) == 5


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


def query_of(library: Library, image_id: int) -> dict[str, np.ndarray]:
    return {name: library.vectors(name, [image_id])[1][0] for name in DIMS}


def test_the_effort_is_measured_and_kept_with_the_index(large, tmp_path):
    figures = indexes.measured(large)
    recall = figures["recall_at_10"]
    assert recall["color=1,sift=1,efficientnet=1"] >= 0.98 and min(recall.values()) >= 0.95
    assert set(figures["effort"]) == {"even", *DIMS, *(f"mostly {name}" for name in DIMS)} and figures["effort_name"] == "efSearch"
    index = indexes.load(large)
    assert index.effort == figures["effort"] and figures["query_ms"] < 50
    assert index.effort_for({"sift": 9.0, "color": 1.0}) == figures["effort"]["sift"]
    assert index.effort_for({"sift": 1.0, "color": 1.0}) == figures["effort"]["even"]
    assert index.effort_for({"sift": 2.0, "color": 1.0}) == figures["effort"]["mostly sift"]
    assert set(indexes.about(large)) == {"size", "embeddings", "stale", "engine", "where"}


def test_narrow_filters_are_answered_in_full(large, monkeypatch):
    monkeypatch.setattr(structures, "EXACT_BELOW", 0)
    monkeypatch.setattr(engine, "FEW", 0)
    index = indexes.load(large)
    query = query_of(large, 77)
    ids, scores = weighted(large, query, WEIGHTS[4])
    for share in (2, 10, 100, 1_000):
        among = ids[5::share]
        found = index.search(query, WEIGHTS[4], 10, filter=Filter(ids=tuple(among.tolist())))
        mine = np.isin(ids, among)
        best = ids[mine][np.argsort(-scores[mine])[:10]]
        assert len(found.ids) == min(10, len(among)) and len(set(found.ids) & set(best)) >= 0.9 * len(best)


def test_which_embedding_dominates_a_weighting():
    assert effort.dominant({"color": 3.0, "sift": 1.0}) == "color"
    assert effort.dominant({"color": 1.0, "sift": 1.0}) == "even"
    assert effort.dominant({"color": 2.0, "sift": 1.0}) == "mostly color"
    kinds = {effort.dominant(w) for w in weightings(tuple(DIMS))}
    assert kinds == {"even", *DIMS, *(f"mostly {name}" for name in DIMS)}
    assert weightings(("color",)) == [{"color": 1.0}]


@pytest.mark.slow
def test_an_index_replaced_under_a_searcher_does_not_disturb_it(tmp_path, monkeypatch):
    monkeypatch.setattr(structures, "EXACT_BELOW", 500)
    library = synthetic_library(tmp_path, 1_200, DIMS)
    indexes.build(library, options=IndexOptions(hnsw_m=8, ef_construction=20))
    searcher = Searcher(library)
    old = searcher.index()
    before = searcher.search(Query((ImageEntry(3),), dict.fromkeys(DIMS, 1.0), top_k=5)).matches
    for image_id in range(1_001, 1_201):
        library.mark(image_id, "missing")
    indexes.build(library, options=IndexOptions("hnsw", "int8", hnsw_m=8, ef_construction=20))
    assert len(list((tmp_path / "index").iterdir())) == 6
    again = old.search(query_of(library, 3), dict.fromkeys(DIMS, 1.0), 5)
    assert again.ids.tolist()[:3] == [match.id for match in before if match.id <= 1_000][:3]
    assert searcher.index() is not old and len(searcher.index()) == 1_000


def test_a_damaged_index_is_none_and_is_built_anew(tmp_path):
    library = synthetic_library(tmp_path, 300, DIMS)
    for suffix, share in [(suffix, share) for suffix in (".faiss", ".npz", ".rows", ".learned") for share in (2, 10**9)]:
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
    assert "ivfpq, float32" in result.output and "exact scan" in result.output
    result = CliRunner().invoke(main, ["index", "--type", "flat", "--storage", "int8", "--data", data])
    assert "flat, int8" in result.output and "ms a query" in result.output


@pytest.mark.parametrize("method", sorted(Index.__abstractmethods__))
def test_an_engine_is_called_as_the_contract_says(method):
    asked, offered = getattr(Index, method), getattr(engine.FaissIndex, method)
    if callable(asked):
        asked, offered = (
            [(one.name, one.kind, one.annotation, one.default is one.empty) for one in signature(each).parameters.values()]
            for each in (asked, offered)
        )
        assert offered == asked


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_an_embedding_that_few_images_have_does_not_make_the_index_look_worse(tmp_path, storage):
    """Of the ten nearest by it alone most have nothing of it, and which of those are found does not matter."""
    library = synthetic_library(tmp_path, 300, {"color": 16, "sift": 16})
    library.set_embedding("mine", "mine/1", 8, {})
    rows = np.abs(np.random.default_rng(0).normal(size=(8, 8))).astype(np.float32)
    library.store([], {"mine": ("mine/1", list(range(1, 9)), rows / np.linalg.norm(rows, axis=1, keepdims=True))})
    indexes.build(library, options=IndexOptions(storage=storage))
    assert min(indexes.measured(library)["recall_at_10"].values(), default=1.0) >= 0.98

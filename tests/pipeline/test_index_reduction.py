"""Shorter rows for walking, exact rows for ranking: what that keeps, and what it must not lose."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pipeline import index as indexes
from pipeline.errors import StaleIndexError
from pipeline.index import ranking
from pipeline.index.bitmap import Bitmap
from pipeline.index.faiss import effort, exact, knn_graph, neighbors, reduction
from pipeline.index.faiss.exact import ExactRows
from pipeline.library import Library
from pipeline.progress import Silent
from pipeline.settings import IndexOptions
from tests.conftest import synthetic_library, unit

DIMS = {"color": 64, "sift": 48, "efficientnet": 80}
COUNT = 6_000


def unrelated() -> dict[str, np.ndarray]:
    """Groups by one embedding say nothing of those by another; color has few directions, and the
    cosines of sift lie close together."""
    rng, found = np.random.default_rng(3), {}
    for (name, dim), directions, own in zip(DIMS.items(), (14, 48, 60), (0.5, 1.6, 0.8)):
        axes = rng.normal(size=(directions, dim))
        groups = rng.normal(size=(COUNT // 40, directions))
        rows = groups[rng.integers(len(groups), size=COUNT)] + own * rng.normal(size=(COUNT, directions))
        found[name] = unit(rows @ axes + (2 if name == "color" else 0))
    return found


@pytest.mark.slow
def test_each_embedding_alone_is_found_though_all_share_one_graph(tmp_path):
    library, vectors = synthetic_library(tmp_path, COUNT, DIMS), unrelated()
    library.store([], {name: (f"{name}/test", list(range(1, COUNT + 1)), rows) for name, rows in vectors.items()})
    indexes.build(library)
    index = indexes.load(library)
    kept = dict(zip(DIMS, [matrix.shape[1] for matrix in index.reduction.matrices]))
    assert kept["color"] == 16 < kept["sift"]
    asked = np.arange(0, COUNT, 30)
    weightings = [{name: 1.0} for name in DIMS] + [dict.fromkeys(DIMS, 1.0), {"color": 0.1, "sift": 2.0}]
    for weights in weightings:
        products = sum(weight * vectors[name][asked] @ vectors[name].T for name, weight in weights.items())
        true = 1 + np.argpartition(-products, 9, axis=1)[:, :10]
        found = index.approximate({name: rows[asked] for name, rows in vectors.items()}, weights, 10)
        assert (found.ids[:, :, None] == true[:, None]).any(axis=2).mean() >= 0.95, weights
        best = products[np.arange(len(asked))[:, None], found.ids - 1] / sum(weights.values())
        np.testing.assert_allclose(found.scores, best, atol=1e-5)  # exact, whatever walked there


def test_reduced_products_are_in_proportion_to_the_products():
    vectors = unrelated()
    rows = np.concatenate(list(vectors.values()), axis=1) / np.float32(np.sqrt(3))
    learned = reduction.learned(rows, list(DIMS.values()))
    assert learned.dim % 64 == 0 and learned.scales[1] > 1 > learned.scales[0]
    query = rows[:50] * np.repeat([0.2, 1.0, 0.5], list(DIMS.values())).astype(np.float32)
    true, near = query @ rows[50:].T, learned.queries(query) @ learned.rows(rows[50:]).T
    for one, other in zip(true, near):
        assert np.corrcoef(one, other)[0, 1] > 0.99
    again = reduction.Reduction.of(learned.arrays())
    assert np.array_equal(again.rows(rows[:9]), learned.rows(rows[:9]))
    assert not learned.rows(np.zeros((1, rows.shape[1]), np.float32)).any()
    assert not learned.queries(np.zeros((1, rows.shape[1]), np.float32)).any()


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_exact_rows_are_appended_mapped_and_let_go(tmp_path, monkeypatch, storage):
    monkeypatch.setattr(exact, "_MAPPED", 20_000)  # so that the file is let go many times over
    rows = unit(np.random.default_rng(0).normal(size=(700, 40)))
    loose = {"float32": 1e-7, "float16": 1e-3, "int8": 1e-2}[storage]
    written = ExactRows.create(tmp_path / "x.rows", storage, 40, rows)
    written.append(rows[:500])
    written.seal()
    before = ExactRows(tmp_path / "x.rows", storage, 40, written.levels, written.sums)
    assert np.abs(before[np.arange(500)] - rows[:500]).max() < loose
    written.append(rows[500:650])  # never sealed: as a writer that was killed leaves it
    again = ExactRows(tmp_path / "x.rows", storage, 40, written.levels, written.sums)
    again.append(rows[500:])
    again.seal()
    assert (len(before), len(again), again.damage()) == (500, 700, "")
    at = np.array([[3, -1, 699], [0, 44, 501]])
    products = again.products(rows[:2], at)
    assert products[0, 1] == -np.inf
    np.testing.assert_allclose(products[1], rows[at[1]] @ rows[1], atol=5 * loose)
    mask = Bitmap.of(np.arange(700) % 3 == 0)
    found, best = again.scan(rows[:4], 5, mask)
    true = np.where(np.arange(700) % 3 == 0, rows[:4] @ rows.T, -np.inf)
    np.testing.assert_allclose(found, -np.sort(-true, axis=1)[:, :5], atol=5 * loose)
    assert np.isin(best, mask.positions()).all()
    assert np.abs(before[np.arange(500)] - rows[:500]).max() < loose  # as ever
    (tmp_path / "x.rows").write_bytes((tmp_path / "x.rows").read_bytes()[:-1] + b"\x55")
    assert "has changed" in again.damage()


def test_candidates_of_many_queries_are_read_together_from_a_large_file(tmp_path, monkeypatch):
    rng = np.random.default_rng(2)
    rows, queries, at = unit(rng.normal(size=(300, 24))), unit(rng.normal(size=(50, 24))), rng.integers(-1, 300, (50, 9))
    queries[:, :8], at[3], at[4] = 0, -1, np.arange(9)  # none for one, for another all
    written = ExactRows.create(tmp_path / "x.rows", "float32", 24, rows)
    written.append(rows)
    for mapped in (10**9, 1_000):
        monkeypatch.setattr(exact, "_MAPPED", mapped)
        monkeypatch.setattr(exact, "_TOGETHER", 7)
        products = written.products(queries, at)
        assert np.array_equal(np.isneginf(products), at < 0)
        np.testing.assert_allclose(products[at >= 0], np.einsum("qd,qcd->qc", queries, rows[at])[at >= 0], atol=1e-6)


class Said(Silent):
    def __init__(self):
        self.sentences = []

    def say(self, text):
        self.sentences.append(text)


def test_an_index_of_an_earlier_version_is_built_anew_and_says_so(tmp_path):
    library, said = synthetic_library(tmp_path, 60, {"color": 12}), Said()
    indexes.build(library)
    pointer = tmp_path / "index" / "index.json"
    saved = json.loads(pointer.read_text())
    for name in ("rows", "sums"):
        del saved[name]
    saved["options"] |= {"hnsw_m": 16}
    pointer.write_text(json.dumps(saved))
    assert indexes.about(Library(tmp_path))["stale"] and indexes.damage(library) == ""
    with pytest.raises(StaleIndexError, match="earlier version"):
        indexes.load(library)
    index, done = indexes.build(library, progress=said)
    assert (done, said.sentences) == ("built", ["The index is built anew: it is of an earlier version."])
    assert index.state.options == IndexOptions() and len(indexes.load(library)) == 60
    assert len(list((tmp_path / "index").iterdir())) == 5


def grouped(folder, count: int) -> tuple[Library, dict[str, np.ndarray]]:
    library, vectors = synthetic_library(folder, count, DIMS), unrelated()
    ids = list(range(1, count + 1))
    library.store([], {name: (f"{name}/test", ids, rows[:count]) for name, rows in vectors.items()})
    return library, {name: rows[:count] for name, rows in vectors.items()}


def found_of_true(index, products: np.ndarray, weights: dict[str, float]) -> float:
    """Share of the 14 true nearest others found for every image; what is found has its score."""
    ids = np.arange(1, len(products) + 1)
    np.fill_diagonal(products, -np.inf)
    true = 1 + np.argpartition(-products, 13, axis=1)[:, :14]
    found = index.neighbors(ids, 14, weights)
    assert not (found.ids == ids[:, None]).any()
    best = products[ids[:, None] - 1, found.ids - 1] / sum(weights.values())
    np.testing.assert_allclose(found.scores, best, atol=1e-5)
    return (found.ids[:, :, None] == true[:, None]).any(axis=2).mean()


@pytest.mark.slow
def test_neighbors_of_all_come_from_cells_and_neighbors_of_neighbors_and_are_ranked_exactly(tmp_path, monkeypatch):
    library, vectors = grouped(tmp_path, 4_000)
    index, _ = indexes.build(library)
    monkeypatch.setattr(neighbors, "ALL_PAIRS_BELOW", 0)
    monkeypatch.setattr(knn_graph, "_A_CELL", 50)
    monkeypatch.setattr(knn_graph, "_PROBED", 4)
    for weights in ({"color": 1.0}, {"sift": 1.0}, dict.fromkeys(DIMS, 1.0), {"color": 0.2, "sift": 2.0}):
        products = sum(weight * vectors[name] @ vectors[name].T for name, weight in weights.items())
        found = found_of_true(index, products.copy(), weights)
        assert found >= 0.8, weights  # of random groups by each, unlike those by the others
        with monkeypatch.context() as cells_alone:
            cells_alone.setattr(knn_graph, "_ROUNDS", 0)
            assert found_of_true(index, products, weights) <= found - (0.2 if "sift" in weights else 0), weights


@pytest.mark.slow
def test_neighbors_among_a_part_are_of_that_part_alone(tmp_path, monkeypatch):
    library, vectors = grouped(tmp_path, 4_000)
    index, _ = indexes.build(library)
    ids = np.arange(1, 4_001)
    among, asked = np.flatnonzero(ids % 3 > 0) + 1, np.flatnonzero(ids % 5 > 0) + 1
    true = index.neighbors(asked, 10, {"color": 1.0}, among=among, exact=True)
    monkeypatch.setattr(neighbors, "ALL_PAIRS_BELOW", 0)
    monkeypatch.setattr(knn_graph, "_A_CELL", 50)
    monkeypatch.setattr(neighbors, "ENOUGH", 2)  # so that it goes on to the neighbors of neighbors
    steps: list[int] = []

    class Told(Silent):
        def advance(self, units: int = 1, failed: int = 0) -> None:
            steps.append(units)

    found = index.neighbors(asked, 10, {"color": 1.0}, among=among, progress=Told())
    assert sum(steps) == len(asked) and min(steps) > 0  # also of what is searched for one by one
    assert max(steps) < len(asked) / 2 and len(steps) > 20  # and not at the end alone
    assert np.isin(found.ids, among).all() and not (found.ids == asked[:, None]).any()
    assert (np.diff(np.sort(found.ids, axis=1), axis=1) > 0).all()  # each once
    for inside in (True, False):  # of those that can be found themselves, and of others
        rows = np.isin(asked, among) == inside
        assert (found.ids[rows][:, :, None] == true.ids[rows][:, None]).any(axis=2).mean() >= 0.93


@pytest.mark.slow
def test_a_cell_of_very_many_that_are_alike_is_compared_in_part(monkeypatch):
    rng = np.random.default_rng(8)
    rows = rng.integers(-127, 128, (6_000, 32))
    rows[1_000:5_000] = 60
    monkeypatch.setattr(knn_graph, "_A_CELL", 100)
    monkeypatch.setattr(knn_graph, "_OVERFULL", 4)
    monkeypatch.setattr(knn_graph, "_ASKING", 128)
    compared = []
    answering = knn_graph.KnnGraph._answering
    monkeypatch.setattr(knn_graph.KnnGraph, "_answering", lambda *of: compared.append(len(got := answering(*of))) or got)
    graph = knn_graph.KnnGraph((rows + 128).astype(np.uint8).__getitem__, 6_000, 5_500, np.ones(32, np.float32), 12)
    for _ in graph.improved():
        pass
    assert 400 < max(compared) <= 528 and (graph.order[graph.near] < 5_500).all()
    assert (graph.near != np.arange(6_000)[:, None]).all() and (np.diff(np.sort(graph.near, axis=1), axis=1) > 0).all()
    mine = rows[graph.order].astype(np.float32)
    products = np.einsum("qd,qkd->qk", mine, mine[graph.near])
    np.testing.assert_allclose(products, graph.scores, rtol=1e-5)
    alike = np.isin(graph.order, np.arange(1_000, 5_000))
    assert np.isin(graph.order[graph.near[alike]], np.arange(1_000, 5_000)).mean() > 0.9


def test_rows_are_scanned_step_by_step_as_at_once(monkeypatch):
    monkeypatch.setattr(ranking, "STEP", 32)
    rng = np.random.default_rng(5)
    rows = rng.integers(-2, 3, (500, 6)).astype(np.float32)  # many are equally near
    queries, mask = rng.integers(-2, 3, (7, 6)).astype(np.float32), Bitmap.of(rng.random(500) < 0.7)
    for k in (1, 9, 60):
        products, found = ranking.scan(rows.__getitem__, queries, k, mask)
        among = mask.positions()
        order = np.argsort(-(queries @ rows[among].T), axis=1, kind="stable")[:, :k]
        assert np.array_equal(found, among[order])
        assert np.array_equal(products, np.take_along_axis(queries @ rows[among].T, order, axis=1))


def test_the_least_effort_is_looked_for_between_two_doublings():
    asked, may_miss = [], 1 - effort.TARGET - effort._MARGIN

    def recalls(tried: int) -> dict[str, float]:
        asked.append(tried)
        return {"one": 1 - may_miss * 340 / tried, "other": 1 - may_miss * 200 / tried}

    rungs = [32 * 2**step for step in range(9)]
    found, recall = effort._climb(recalls, rungs, 0.001)
    assert 340 <= found < 420 and recall == recalls(found) and len(asked) <= 8
    assert effort._climb(recalls, rungs[:2], 0.001)[0] == 64
    assert effort._climb(lambda _: {"one": 0.5}, rungs, 0.003)[0] == 64  # more brings nothing

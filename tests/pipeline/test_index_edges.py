"""Links of each embedding in the combined graph: what they lead to, and that they are sound."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from pipeline.index.bitmap import Bitmap
from pipeline.index.faiss import edges, structures
from pipeline.settings import IndexOptions
from tests.conftest import unit

pytestmark = pytest.mark.slow

COUNT, DIMS = 6_000, (40, 48, 56)
OPTIONS = IndexOptions(hnsw_m=8, ef_construction=40)
QUERIES = np.arange(0, COUNT, 40)


def unrelated(count: int = COUNT) -> np.ndarray:
    """Rows whose groups by one embedding say nothing of those by another: (count, Σ DIMS) float32."""
    rng = np.random.default_rng(3)
    blocks = []
    for dim in DIMS:
        groups = rng.normal(size=(COUNT // 40, dim))
        blocks.append(unit(groups[rng.integers(len(groups), size=count)] + 1.2 * rng.normal(size=(count, dim))))
    return np.concatenate(blocks, axis=1) / np.float32(np.sqrt(len(DIMS)))


def made(rows: np.ndarray, storage: str = "float32") -> faiss.IndexHNSW:
    graph = structures.make(IndexOptions("hnsw", storage, OPTIONS.hnsw_m, OPTIONS.ef_construction), rows.shape[1], len(rows))
    if storage == "int8":
        graph.train(rows)
    graph.add(rows)
    return graph


def blocks() -> list[slice]:
    ends = np.cumsum(DIMS)
    return [slice(end - dim, end) for end, dim in zip(ends.tolist(), DIMS)]


def recalls(graph, rows: np.ndarray, asked: np.ndarray = QUERIES, effort: int = 24) -> list[float]:
    """Share of the true 10 nearest by each embedding alone that a search finds."""
    found = []
    for block in blocks():
        query = np.zeros_like(rows[asked])
        query[:, block] = rows[asked][:, block]
        true = np.argsort(-(query @ rows.T), axis=1)[:, :10]
        _, got = structures.walk(graph, query, 10, Bitmap.of(np.ones(len(rows), bool)), effort)
        found.append(float((got[:, :, None] == true[:, None]).any(axis=1).mean()))
    return found


def lowest(graph) -> np.ndarray:
    """Each row's links on the lowest level, (n, room) int32, −1 for none."""
    starts = faiss.vector_to_array(graph.hnsw.offsets).astype(np.int64)
    every = faiss.vector_to_array(graph.hnsw.neighbors)
    return every[starts[:-1, None] + np.arange(graph.hnsw.nb_neighbors(0))]


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_a_query_that_one_embedding_rules_finds_its_way(storage, tmp_path):
    rows = unrelated()
    graph = made(rows, storage)
    before = recalls(graph, rows)
    assert not edges.widened(graph, OPTIONS.hnsw_m)
    edges.widen(graph, DIMS)
    assert edges.widened(graph, OPTIONS.hnsw_m)
    after = recalls(graph, rows)
    assert max(before) < 0.85 and min(after) > 0.95
    faiss.write_index(graph, str(tmp_path / "graph"))
    again = faiss.read_index(str(tmp_path / "graph"), faiss.IO_FLAG_MMAP_IFC)
    assert recalls(again, rows) == after


def test_links_stay_what_they_were_and_are_sound():
    rows = unrelated()
    graph = made(rows)
    was, before = graph.hnsw, lowest(graph)
    top, entry, levels = was.max_level, was.entry_point, faiss.vector_to_array(was.levels).copy()
    above = [faiss.vector_to_array(was.neighbors)[was.offsets.at(i) + 16 : was.offsets.at(i + 1)].copy()
             for i in np.flatnonzero(levels > 1).tolist()]
    edges.widen(graph, DIMS)
    now, after = graph.hnsw, lowest(graph)
    assert (now.max_level, now.entry_point) == (top, entry)
    room = now.nb_neighbors(0)
    every = faiss.vector_to_array(now.neighbors)
    for i, old in zip(np.flatnonzero(levels > 1).tolist(), above):
        assert np.array_equal(every[now.offsets.at(i) + room : now.offsets.at(i + 1)], old)
    used = (before >= 0).sum(axis=1)
    for row in range(0, COUNT, 7):
        mine = after[row][after[row] >= 0]
        assert np.array_equal(mine[: used[row]], before[row][: used[row]])
        assert len(set(mine.tolist())) == len(mine) and row not in mine and mine.max() < COUNT
        assert (after[row][len(mine) :] == -1).all()  # FAISS stops at the first that is none


def test_rows_that_come_later_are_linked_too():
    rows = unrelated()
    old = 5_000
    graph = made(rows[:old])
    edges.widen(graph, DIMS)
    graph.add(rows[old:])
    asked = np.arange(old, COUNT, 10)
    before = recalls(graph, rows, asked)
    edges.extend(graph, DIMS, old)
    after = recalls(graph, rows, asked)
    assert min(after) > 0.85 and np.mean(after) > np.mean(before)


def test_rows_without_an_embedding_are_not_linked_by_it():
    rows = unrelated(1_000)
    lacking = np.arange(0, 1_000, 5)
    rows[lacking, blocks()[1]] = 0
    graph = made(rows)
    before = (lowest(graph) >= 0).sum(axis=1)
    edges.widen(graph, DIMS)
    added = (lowest(graph) >= 0).sum(axis=1) - before
    each = (graph.hnsw.nb_neighbors(0) - 2 * OPTIONS.hnsw_m) // len(DIMS)
    having = np.setdiff1d(np.arange(1_000), lacking)
    assert added[lacking].max() <= 2 * each and added[lacking].mean() < 0.8 * added[having].mean()

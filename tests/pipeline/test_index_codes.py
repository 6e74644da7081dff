"""Codes of all rows, read where a walk would have too far to go: what they find, and what they must not lose."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from pipeline import index as indexes
from pipeline.index import Filter
from pipeline.index.bitmap import Bitmap
from pipeline.index.faiss import candidates, codes, engine, reduction, structures
from pipeline.library import Library
from pipeline.settings import IndexOptions
from tests.conftest import synthetic_library, unit

DIMS = {"color": 33, "sift": 40, "efficientnet": 52}
COUNT = 3_000


def made() -> dict[str, np.ndarray]:
    """By each embedding other groups, of 30; of color few directions tell."""
    rng, found = np.random.default_rng(1), {}
    for (name, dim), directions in zip(DIMS.items(), (9, 40, 30)):
        axes, groups = rng.normal(size=(directions, dim)), rng.normal(size=(COUNT // 30, directions))
        rows = groups[rng.integers(len(groups), size=COUNT)] + 0.8 * rng.normal(size=(COUNT, directions))
        found[name] = unit(rows @ axes)
    return found


@pytest.fixture
def reading(monkeypatch):
    """Codes are read by whatever effort, also of so few images."""
    monkeypatch.setattr(structures, "EXACT_BELOW", 100)
    monkeypatch.setattr(engine, "FEW", 0)
    monkeypatch.setattr(structures, "READS", 1_000)
    monkeypatch.setattr(candidates, "RANKED", 60)
    monkeypatch.setattr(candidates, "CODED", 150)


def built(folder) -> tuple[Library, dict[str, np.ndarray]]:
    """Of what is made, the first images; the others can come later."""
    library, vectors = synthetic_library(folder, COUNT, DIMS), made()
    ids = list(range(1, COUNT + 1))
    library.store([], {name: (f"{name}/test", ids, rows) for name, rows in vectors.items()})
    indexes.build(library, options=IndexOptions(hnsw_m=4, ef_construction=8, ef_search=64))
    return library, vectors


def test_each_number_is_coded_once_strong_directions_beside_weak_ones():
    sizes = (37, 200, 3)
    learned = reduction.Reduction([np.eye(n, dtype=np.float32) for n in sizes], (1, 1, 1))
    order, ends = codes._order(learned)
    assert sorted(order[order >= 0]) == list(range(sum(sizes)))
    assert (order.shape, ends) == ((19 + 50 + 3, 4), [0, 19, 69, 72])
    assert order[0].tolist() == [0, -1, -1, -1] and order[1].tolist() == [1, 36, -1, -1]  # an odd block is filled up
    assert order[20].tolist() == [38, 37 + 98, 37 + 101, 37 + 198]
    earlier, ends = codes._order(learned, 2)
    assert (earlier.shape, ends) == ((19 + 100 + 2, 2), [0, 19, 119, 121])


def test_codes_that_several_cores_read_are_the_same_codes(monkeypatch):
    rng = np.random.default_rng(2)
    rows = rng.integers(-127, 128, (1_500, 64)).astype(np.float32)
    learned = reduction.Reduction([np.eye(64, dtype=np.float32)], (1,))
    whole = codes.Codes.learned(learned, rows[:1_000])
    whole.append(rows[:1_000])
    whole.append(rows[1_000:])
    alone = [whole.best(rows[at : at + 1], 30) for at in (3, 700, 1_499)]
    monkeypatch.setattr(codes, "_A_CORE", 500)
    for cores in (2, 3):
        monkeypatch.setenv("LIKENESS_THREADS", str(cores))
        whole._parts = {}
        shared = [whole.best(rows[at : at + 1], 30) for at in (3, 700, 1_499)]
        assert len(whole._parts[0, 32, cores]) == cores and [set(one[0]) for one in shared] == [set(one[0]) for one in alone]
    whole.append(rows[:40])  # the same once more
    assert {3, 1_503} <= set(whole.best(rows[3:4], 30)[0])


def test_by_one_embedding_only_its_codes_are_read_and_they_say_the_same(monkeypatch):
    sizes, rng = (14, 9, 36, 5), np.random.default_rng(4)
    learned = reduction.Reduction([np.eye(n, dtype=np.float32) for n in sizes], (1,) * len(sizes))
    rows = rng.integers(-127, 128, (1_500, learned.dim)).astype(np.float32)
    whole = codes.Codes.learned(learned, rows[:, : sum(sizes)])
    whole.append(rows)
    monkeypatch.setattr(codes, "_A_CORE", 100)
    monkeypatch.setenv("LIKENESS_THREADS", "3")
    for block in learned.blocks():
        queries = np.zeros((4, learned.dim), np.float32)
        queries[:, block] = rng.integers(-127, 128, (4, block.stop - block.start))
        found = [whole.best(queries, 40), np.concatenate([whole.best(query[None], 40) for query in queries])]
        _, first = whole.quantizer.search(whole._ordered(queries), 1_500)
        for one, other, all_of_them in zip(*found, first):
            assert len(set(one) & set(other)) >= 38
            assert len(np.intersect1d(one, all_of_them[:42])) >= 38  # what they say of some is equal
    assert {(first, last) for first, last, _ in whole._parts} == {(0, 14), (14, 24), (22, 42), (40, 46)}


def test_what_bytes_say_of_rows_are_their_products(tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.integers(-127, 128, (300, 64)).astype(np.float32)
    graph = structures.graph_of_bytes(64, 4, 8)
    graph.add(rows)
    queries, at = rng.integers(-127, 128, (3, 64)).astype(np.float32), rng.integers(-1, 300, (3, 50))
    expected = np.where(at < 0, -np.inf, np.einsum("qd,qcd->qc", queries, rows[at]))
    np.testing.assert_allclose(structures.products(graph, queries, at), expected, rtol=1e-5, atol=1)


def test_by_any_weights_what_is_near_is_found_by_a_graph_that_leads_nowhere(tmp_path, reading):
    library, vectors = built(tmp_path)
    for index in (indexes.load(library), indexes.load(Library(tmp_path))):
        for weights in [{name: 1.0} for name in DIMS] + [{"color": 0.3, "sift": 0.7}, dict.fromkeys(DIMS, 1.0)]:
            asked = np.arange(0, COUNT, 20)
            products = sum(weight * vectors[name][asked] @ vectors[name].T for name, weight in weights.items())
            true = 1 + np.argpartition(-products, 9, axis=1)[:, :10]
            found = index.search({name: rows[asked] for name, rows in vectors.items()}, weights, 10)
            assert (found.ids[:, :, None] == true[:, None]).any(axis=2).mean() >= 0.97, weights
            best = products[np.arange(len(asked))[:, None], found.ids - 1] / sum(weights.values())
            np.testing.assert_allclose(found.scores, best, atol=1e-5)


def test_many_queries_at_once_are_answered_as_each_by_itself(tmp_path, reading):
    library, vectors = built(tmp_path)
    index = indexes.load(library)
    for weights in ({"color": 1.0}, {"sift": 1.0, "efficientnet": 0.2}):
        asked = {name: rows[::150] for name, rows in vectors.items()}
        together = index.search(asked, weights, 12)
        for at in range(COUNT // 150):
            alone = index.search({name: rows[at] for name, rows in asked.items()}, weights, 12)
            assert np.array_equal(alone.ids, together.ids[at])
            np.testing.assert_allclose(alone.scores, together.scores[at], atol=1e-6)


def test_a_filter_that_leaves_nothing_near_is_answered_from_what_it_leaves(tmp_path, reading):
    library, vectors = built(tmp_path)
    index = indexes.load(library)
    for image in range(0, COUNT, 300):
        cosines = vectors["sift"] @ vectors["sift"][image]
        far = np.argsort(-cosines)[200:]  # none of which the codes would have named
        mask = Bitmap.at(index.rows.positions(1 + far), len(index.rows))
        assert candidates.way(index, 10, mask, index.effort_for({"sift": 1.0})).reads == "codes"
        found = index.search({"sift": vectors["sift"][image]}, {"sift": 1.0}, 10, Filter(exclude=tuple(
            (1 + np.setdiff1d(np.arange(COUNT), far)).tolist())))  # fmt: skip
        assert len(np.intersect1d(found.ids, 1 + far[:10])) >= 9


def test_codes_grow_with_the_index_and_are_checked_with_it(tmp_path, reading):
    library, vectors = built(tmp_path)
    some = list(range(1, COUNT, 9))
    others = {name: unit(rows[: len(some)] - rows[-len(some) :]) for name, rows in vectors.items()}
    library.store([], {name: (f"{name}/test", some, others[name]) for name in DIMS})
    index, done = indexes.build(library)
    assert done == "extended" and len(index.codes) == len(index.rows) == COUNT + len(some)
    whole = structures.decode(index.structure, np.arange(len(index.rows)))
    again = codes.Codes.of(faiss.clone_index(index.codes.quantizer), index.reduction)
    again.quantizer.reset()
    again.append(whole)
    assert np.array_equal(index.codes.best(whole[::50], 40), again.best(whole[::50], 40))
    for number, image in enumerate(some[:50]):
        query = {name: others[name][number] for name in DIMS}
        assert index.search(query, {"sift": 1.0}, 1).ids[0] == image
    assert indexes.damage(library) == "" and indexes.strays(library) == []
    (file,) = (tmp_path / "index").glob("*.codes")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)
    assert indexes.damage(library) == f"{file.name} has changed since it was written"


def test_more_effort_ranks_more_codes_by_bytes_and_more_rows_exactly(tmp_path, reading, monkeypatch):
    monkeypatch.setattr(structures, "RANKING", 0)  # else so few rows would soon be read instead
    library, _ = built(tmp_path)
    index, mask = indexes.load(library), Bitmap.of(np.ones(COUNT, bool))
    ways = [candidates.way(index, 10, mask, times * index.reads_from) for times in (1, 4, 16)]
    assert {way.reads for way in ways} == {"codes"}
    assert [way.coded for way in ways] == [150, 600, 2_400] and [way.wide for way in ways] == [60, 120, 240]


def test_an_index_without_codes_walks_as_it_did(tmp_path, reading):
    library, vectors = built(tmp_path)
    index = indexes.load(library)
    index.codes = None
    index.figures.pop("reads_from")
    mask = Bitmap.of(np.ones(COUNT, bool))
    assert candidates.way(index, 10, mask, 400).reads in ("", "rows")
    query = {name: rows[5] for name, rows in vectors.items()}
    assert index.search(query, dict.fromkeys(DIMS, 1.0), 5).ids[0] == 6

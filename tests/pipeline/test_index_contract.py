"""What every engine must do, against an oracle of a few lines of NumPy.

A further engine joins by one line in ENGINES: how a library gets an index of it.
"""

from __future__ import annotations

import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from pipeline import columns
from pipeline import index as indexes
from pipeline.embeddings import usual
from pipeline.errors import QueryError
from pipeline.index import Filter, Index
from pipeline.index.bitmap import Bitmap
from pipeline.index.faiss import candidates, codes, engine, reduction, structures
from pipeline.index.filters import Filters
from pipeline.index.milvus import collection
from pipeline.index.milvus import engine as milvus
from pipeline.library import Library, notes
from pipeline.settings import IndexOptions
from tests.conftest import synthetic_library, unit

DIMS = {"color": 12, "sift": 20, "efficientnet": 28}
COUNT = 400
ENGINES = {
    "faiss": lambda library: indexes.build(library)[0],
    "faiss, by the graph": lambda library: indexes.build(library, options=IndexOptions(ef_search=400))[0],
    "faiss, by a graph of shorter rows": lambda library: indexes.build(library, options=IndexOptions(ef_search=400))[0],
    "faiss, by codes": lambda library: indexes.build(library, options=IndexOptions(ef_search=400))[0],
    "faiss, flat": lambda library: indexes.build(library, options=IndexOptions("flat"))[0],
    "faiss, halves": lambda library: indexes.build(library, options=IndexOptions(storage="float16"))[0],
    "faiss, bytes": lambda library: indexes.build(library, options=IndexOptions(storage="int8"))[0],
    "milvus": lambda library: indexes.build(library, options=IndexOptions(engine="milvus"))[0],
}
WEIGHTS = [
    {"color": 1.0, "sift": 1.0, "efficientnet": 1.0},
    {"sift": 1.0},
    {"color": 0.2, "efficientnet": 3.0},
]


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.slow) if name == "milvus" else name for name in ENGINES]
)
def made(request):
    """Gives a library an index of an engine."""
    with pytest.MonkeyPatch.context() as changed:
        _however_few(request.param, changed.setattr)
        yield ENGINES[request.param]
    for uri in list(collection._clients):
        collection.close(uri)


def _however_few(name: str, change) -> None:
    """Have an engine do what it does where there are many."""
    if "graph" in name or "codes" in name:
        change(structures, "EXACT_BELOW", 10)
        change(structures, "READS", 0.01 if "graph" in name else 1_000)
        change(engine, "FEW", 0)
    if "codes" in name:
        change(codes, "FEWEST", 0)
        change(structures, "CODES_READ", np.inf)
        change(structures, "RANKING", 0)
        change(candidates, "CODED", COUNT)
    if "shorter" in name:
        change(reduction, "LADDER", (8,))
        change(reduction, "SUFFICES", 0.0)
        change(candidates, "RANKED", COUNT)
    if "milvus" in name:
        change(milvus, "FEW", 0)
        change(milvus, "ALL_PAIRS_BELOW", 0)


@pytest.fixture(autouse=True)
def _closed_again():
    """What a test has opened of Milvus' files, it keeps to itself."""
    before = set(collection._clients)
    yield
    for uri in set(collection._clients) - before:
        collection.close(uri)


@pytest.fixture(scope="module")
def made_uneven(tmp_path_factory) -> Path:
    """Data directory of the library that `library` is a copy of; open nowhere."""
    library = synthetic_library(tmp_path_factory.mktemp("uneven") / "data", COUNT, DIMS)
    drop(library, "sift", [i for i in range(1, COUNT - 9) if i % 4])
    drop(library, "efficientnet", [i for i in range(1, COUNT + 1) if i % 3 == 0])
    drop(library, "color", list(range(COUNT - 9, COUNT + 1)))
    drop(library, "color", [7]), drop(library, "efficientnet", [7])
    put(library, "sift", range(20, 25), np.zeros((5, DIMS["sift"])))
    for name in DIMS:
        ids, rows = library.vectors(name, [31])
        if len(ids):
            put(library, name, [30], rows)
    library.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    library.close()
    return library.data


@pytest.fixture
def library(made_uneven, tmp_path) -> Library:
    """Color of all images but the last ten, texture of a quarter, meaning of two thirds, to change at will.

    Images 20 to 24 have a texture that saw nothing; 30 and 31 are twins; 7 has no vector.
    """
    return Library(shutil.copytree(made_uneven, tmp_path / "uneven"))


@pytest.fixture(scope="module")
def standing(made, made_uneven, tmp_path_factory) -> tuple[Index, Library]:
    """The same library with an index, for tests that change nothing."""
    library = Library(shutil.copytree(made_uneven, tmp_path_factory.mktemp("standing") / "uneven"))
    return made(library), library


def drop(library: Library, name: str, ids: list[int]) -> None:
    marks = ",".join("?" * len(ids))
    number = library.db.execute("SELECT id FROM embeddings WHERE name = ?", [name]).fetchone()[0]
    with library.db.atomic():
        library.db.execute(f"DELETE FROM vectors WHERE embedding_id = ? AND image_id IN ({marks})", [number, *ids])
        library.db.execute(f"DELETE FROM {name}_vectors WHERE image_id IN ({marks})", ids)
        library.db.execute(f"UPDATE images SET changed = ? WHERE id IN ({marks})", [library.raise_generation(), *ids])


def put(library: Library, name: str, ids, rows: np.ndarray) -> None:
    library.store([], {name: (f"{name}/test", list(ids), np.asarray(rows, np.float32))})


class Oracle:
    """All pairs in float64, by the definition, from the library itself."""

    def __init__(self, library: Library):
        self.vectors = {
            name: dict(zip(ids.tolist(), rows.astype(np.float64)))
            for name in DIMS for ids, rows in [library.vectors(name)]
        }  # fmt: skip

    def of(self, image: int) -> dict[str, np.ndarray]:
        return {name: rows[image] for name, rows in self.vectors.items() if image in rows}

    def scores(self, query: dict, weights: dict, missing: dict | None = None) -> dict[int, float]:
        """Σ w·cos / Σ w over what both have, of images in which anything weighed saw something;
        with `missing` over all of the query, and that where the image has none."""
        found = {}
        for image in set().union(*self.vectors.values()):
            mine = self.of(image)
            both = [name for name, weight in weights.items() if weight and name in mine and name in query]
            if any(mine[name].any() for name in both):
                cosines = {name: float(mine[name] @ query[name]) for name in both}
                if missing is not None:
                    cosines = {name: missing[name] for name in query if weights.get(name)} | cosines
                total = sum(weights[name] for name in cosines)
                found[image] = sum(weights[name] * cosine for name, cosine in cosines.items()) / total
        return found


def agrees(found, expected: dict[int, float], k: int, loose: float = 0.0) -> None:
    """The k best come, in order, with their scores; which of equally near ones is open."""
    ids, scores = found.ids.tolist(), found.scores
    best = sorted(expected.values(), reverse=True)[:k]
    assert len(ids) == len(set(ids)) == len(best)
    assert set(ids) <= set(expected)
    np.testing.assert_allclose(scores, [expected[i] for i in ids], atol=1e-5 + loose)
    np.testing.assert_allclose(sorted(scores, reverse=True), best, atol=2e-5 + 2 * loose)
    assert (np.diff(scores) <= 1e-6).all()


def looseness(index: Index) -> float:
    return {"int8": 0.02, "float16": 0.001}.get(index.state.options.storage, 0.0)


def f32(query: dict) -> dict:
    return {name: vector.astype(np.float32) for name, vector in query.items()}


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_ranks_by_what_both_have(standing, weights):
    index, library = standing
    oracle = Oracle(library)
    for image in (4, 5, 8, 24, 30, 395, 120):
        query = {name: vector for name, vector in oracle.of(image).items() if weights.get(name) and vector.any()}
        if not query:
            continue
        expected = oracle.scores(query, weights)
        for k in (1, 15, COUNT):
            agrees(index.search(f32(query), weights, k), expected, k, looseness(index))
            agrees(index.search(f32(query), weights, k, exact=True), expected, k)
        missing = {name: 0.1 + 0.2 * at for at, name in enumerate(DIMS)}
        expected = oracle.scores(query, weights, missing)
        agrees(index.search(f32(query), weights, 15, missing=missing), expected, 15, looseness(index))
        agrees(index.search(f32(query), weights, COUNT, exact=True, missing=missing), expected, COUNT)
        lacked = {name for name in query if any(name not in oracle.of(one) for one in oracle.scores(query, weights))}
        assert set(index.lacking(tuple(query))) == lacked


def test_a_partly_covered_embedding_neither_lifts_nor_hides(made, tmp_path):
    """Where a quarter has it, and it says nothing that the other does not, a quarter of the matches has it."""
    library = synthetic_library(tmp_path, COUNT, {"color": 12, "sift": 12})
    put(library, "sift", range(1, COUNT + 1), library.vectors("color")[1])
    drop(library, "sift", [i for i in range(1, COUNT + 1) if i % 4])
    index, shares = made(library), []
    for image in range(4, COUNT, 16):
        query = {name: library.vectors(name, [image])[1][0] for name in ("color", "sift")}
        ids = index.search(query, {"color": 1, "sift": 1}, 20).ids
        shares.append(np.mean(ids % 4 == 0))
    assert 0.15 < np.mean(shares) < 0.4


def where(text: str, **rest) -> Filter:
    return Filter(columns.parse(text), **rest)


def test_filters_are_those_of_the_library(made, library):
    notes.collect(library, "Best", [4, 8, 12, 50])
    notes.collect(library, "Empty", [4])
    notes.uncollect(library, "Empty", [4])
    notes.tag(library, [4, 12, 50, 60], "red")
    index, oracle = made(library), Oracle(library)
    query, weights = oracle.of(8), WEIGHTS[0]
    every = oracle.scores(query, weights)
    label = {row.id: row.label for row in library.images()}
    for passing, expected in [
        (where("label=folder1,folder2"), {i for i in every if label[i] in ("folder1", "folder2")}),
        (where("folder=folder3/"), {i for i in every if label[i] == "folder3"}),
        (where("folder=."), set(every)),
        (where("collection=Best"), {4, 8, 12, 50}),
        (where("collection=best;tag=red", exclude=(12,)), {4, 50}),
        (where("collection=Empty"), set()),
        (where("tag=(none)"), set(every) - {4, 12, 50, 60}),
        (where("file~r1/"), {i for i in every if label[i] == "folder1"}),
        (where("size>=1;date<=1960"), set()),
        (Filter(ids=(1, 2, 3, 9_999)), {1, 2, 3}),
        (Filter(ids=()), set()),
        (Filter(exclude=(8, 30, 9_999)), set(every) - {8, 30}),
        (where("label=folder1", exclude=tuple(range(1, 200))), {i for i in every if i > 199 and label[i] == "folder1"}),
    ]:  # fmt: skip
        found = index.search(f32(query), weights, COUNT, passing)
        assert set(found.ids.tolist()) == expected, passing
        agrees(index.search(f32(query), weights, 5, passing), {i: every[i] for i in expected}, 5, looseness(index))


def test_a_filter_of_an_unknown_name_is_an_error_with_the_nearest(made, library):
    notes.tag(library, [1], "sunset")
    index, query = made(library), f32(Oracle(library).of(8))
    for passing, said in [
        (where("label=foldr1"), "no label “foldr1”; the nearest are: folder"),
        (where("folder=Folder1"), "no folder “Folder1”; the nearest are: folder"),
        (where("collection=Best"), "no collection “Best”; there are none"),
        (where("tag=sunsets"), "no tag “sunsets”; the nearest are: sunset"),
        (where("lable=folder1"), "no column “lable”; the nearest are: label"),
        (where("date=soon"), "“soon” is no date"),
        (where("size>=heavy"), "“heavy” is no number"),
        (where("label>=a"), "A label has no bounds"),
    ]:
        with pytest.raises(QueryError, match=said):
            index.search(query, WEIGHTS[0], 5, passing)
    notes.tag(library, [2], "sunsets")  # known from now on
    assert index.search(query, WEIGHTS[0], 5, where("tag=sunsets")).ids.tolist() == [2]


def test_only_what_is_there_is_found_at_once(made, library):
    index = made(library)
    query = f32(Oracle(library).of(8))
    for image, goes, comes in [
        (8, lambda: library.mark(8, "missing"), lambda: library.mark(8, "ok")),
        (12, lambda: library.mark(12, "unreadable", "cut off"), lambda: library.mark(12, "ok")),
        (16, lambda: library.forget_vectors([16]), None),  # its file was overwritten
    ]:
        assert image in index.search(query, WEIGHTS[0], COUNT).ids and image in index.ids()
        goes()
        assert image not in index.search(query, WEIGHTS[0], COUNT).ids and image not in index.ids()
        assert image not in index.neighbors(np.array([4]), COUNT).ids
        if comes:
            comes()
            assert image in index.search(query, WEIGHTS[0], COUNT).ids
    put(library, "color", [5], unit(np.random.default_rng(1).normal(size=(1, DIMS["color"]))))
    only = index.search(query, {"color": 1}, COUNT)  # not by the old vector, nor yet by the new one
    assert 5 not in only.ids and 5 in index.search(query, WEIGHTS[0], COUNT).ids
    library.set_embedding("color", "color/other", DIMS["color"], {})
    assert len(index.search(query, {"color": 1}, COUNT).ids) == 0
    assert len(index.search(query, WEIGHTS[0], COUNT).ids) > 200  # by the others


def test_upserts_and_deletions_are_kept(made, library):
    index = made(library)
    generator = np.random.default_rng(5)
    for turn in range(4):
        chosen = generator.choice(np.arange(1, COUNT), 30, replace=False).tolist()
        put(library, "color", chosen[:10], unit(generator.normal(size=(10, DIMS["color"]))))
        put(library, "sift", chosen[10:20], unit(generator.normal(size=(10, DIMS["sift"]))))
        library.mark(chosen[20], "missing")
        adding, going = index.pending()
        assert chosen[20] in going and set(chosen[:20]) - {chosen[20]} <= set(adding)
        index.upsert(adding)
        index.delete(going)
        if turn % 2:
            index = indexes.load(library)  # another process
        oracle = Oracle(library)
        for image in (chosen[0], chosen[10], 4):
            query = {name: vector for name, vector in oracle.of(image).items() if vector.any()}
            agrees(index.search(f32(query), WEIGHTS[0], 25), oracle.scores(query, WEIGHTS[0]), 25, looseness(index))
    index.delete([4, 8, 9_999])
    assert not {4, 8} & set(index.ids()) and {4, 8} <= set(index.pending()[0])
    assert not {4, 8} & set(indexes.load(library).ids())


def test_weights_of_any_size_are_proportions(standing):
    index, library = standing
    query = f32(Oracle(library).of(8))
    for weights, alike in [
        ({"color": 1e308, "sift": 1e308}, {"color": 1, "sift": 1}),
        ({"color": 1e-50}, {"color": 1}),
        ({"color": 5e-324, "sift": 0.0}, {"color": 7}),
        ({"color": 3e300, "efficientnet": 1e300}, {"color": 3, "efficientnet": 1}),
    ]:
        found, expected = (index.search(query, given, 30) for given in (weights, alike))
        assert found.ids.tolist() == expected.ids.tolist()
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)


def test_several_queries_at_once_are_as_each_alone(standing):
    index, library = standing
    oracle = Oracle(library)
    asked = [i for i in range(4, 120, 12) if len(oracle.of(i)) == 3][:5]
    together = {name: np.array([oracle.of(i)[name] for i in asked], np.float32) for name in DIMS}
    found = index.search(together, WEIGHTS[2], 9)
    assert found.ids.shape == found.scores.shape == (len(asked), 9)
    for row, image in enumerate(asked):
        alone = index.search(f32(oracle.of(image)), WEIGHTS[2], 9)
        np.testing.assert_allclose(found.scores[row], alone.scores, atol=1e-5)
    few = index.search(together, WEIGHTS[2], 9, Filter(ids=(1, 2)))
    assert (few.ids >= 0).sum(axis=1).max() <= 2


@pytest.mark.parametrize("weights", [None, *WEIGHTS[1:]], ids=str)
def test_neighbors_are_what_searches_find(standing, weights):
    index, library = standing
    oracle = Oracle(library)
    asked = np.array([4, 5, 8, 30, 24, 395, 7])  # the last has nothing
    asked = asked[np.isin(asked, [i for i in range(1, COUNT + 1) if oracle.of(i)])]
    among = np.arange(1, COUNT + 1, 2)
    for pool, exact in ((None, False), (among, False), (None, True)):
        found = index.neighbors(asked, 12, weights, among=pool, exact=exact)
        for row, image in enumerate(asked.tolist()):
            mine = {n: v for n, v in oracle.of(image).items()}
            given = weights or usual(list(DIMS))
            expected = oracle.scores(mine, given) if any(mine[n].any() for n in mine if given.get(n)) else {}
            expected.pop(image, None)
            expected = {i: s for i, s in expected.items() if pool is None or i in pool}
            got = found.ids[row] >= 0
            agrees(indexes.Neighbors(found.ids[row][got], found.scores[row][got]), expected, 12,
                   0 if exact else looseness(index))  # fmt: skip


def test_vectors_and_ids_are_the_library_s(standing):
    index, library = standing
    oracle = Oracle(library)
    assert index.ids().tolist() == sorted(i for i in range(1, COUNT + 1) if any(v.any() for v in oracle.of(i).values()))
    for name in DIMS:
        having = sorted(i for i, row in oracle.vectors[name].items() if row.any())
        assert index.ids(name).tolist() == having
        asked = np.array([395, 8, 20, 9_999])
        expected = [oracle.vectors[name].get(i, np.zeros(DIMS[name])) for i in asked.tolist()]
        np.testing.assert_allclose(index.vectors(asked, name), expected, atol=1e-5 + looseness(index))
        np.testing.assert_allclose(index.vectors(asked, name, exact=True), expected, atol=1e-6)
    state = index.state
    assert state.size == len(library.images()) - 1 or state.size >= len(index)
    assert state.embeddings == tuple(DIMS) and state.generation == library.generation()


def test_leaving_one_out_of_a_million_builds_no_list_of_the_others(tmp_path):
    library = synthetic_library(tmp_path, 10, DIMS)
    million = np.arange(1, 1_000_001)
    filters = Filters(library, lambda ids: np.where(ids <= 1_000_000, ids - 1, -1), len(million))
    filters.rows(Filter(exclude=(5,)))
    tracemalloc.start()
    passed = filters.rows(Filter(exclude=(5, 77)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert passed.count == 999_998 and peak < 2_000_000  # a bit a row, and one array of bytes
    assert not Bitmap.at(np.array([4, 76]), len(million)).packed[passed.packed == 255].any()

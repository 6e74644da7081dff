"""A search from within, against what FAISS does and counts, and against plain computations."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from pipeline import index as indexes
from pipeline.errors import QueryError
from pipeline.index import Filter, Index
from pipeline.index.faiss import trace
from pipeline.library import Library
from pipeline.reasons.inside import look
from pipeline.search import ImageEntry, Query, Searcher, WordsEntry
from pipeline.settings import IndexOptions
from tests.conftest import synthetic_library

DIMS = {"color": 24, "sift": 40}
WEIGHTS = {"color": 1.0, "sift": 0.5}
LACKING = 50  # images without `sift`


def built(data, kind: str) -> Library:
    library = synthetic_library(data, 1_200, DIMS)
    gone = ",".join(str(image) for image in range(1, LACKING + 1))
    library.db.execute(f"DELETE FROM sift_vectors WHERE image_id IN ({gone})")
    indexes.build(library, None, IndexOptions(type=kind, hnsw_m=4, ef_construction=20))
    return library


@pytest.fixture(scope="module")
def graph(tmp_path_factory) -> Index:
    return indexes.load(built(tmp_path_factory.mktemp("graph") / "data", "hnsw"))


def query_of(index: Index, image: int) -> dict[str, np.ndarray]:
    return {name: index.vectors(np.array([image]), name)[0] for name in DIMS}


def plain(index: Index, image: int, allowed: np.ndarray) -> np.ndarray:
    """Images that have both embeddings, by their weighted cosines with one, best first."""
    query = query_of(index, image)
    score = sum(weight * (index.vectors(allowed, name) @ query[name]) for name, weight in WEIGHTS.items())
    return allowed[np.argsort(-score, kind="stable")]


def test_a_walk_compares_what_faiss_compares_and_finds_the_same():
    """Of numbers that are all different: as many products, as many steps, and the same rows."""
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(1_500, 16)).astype(np.float32)
    made = faiss.IndexHNSWFlat(16, 6, faiss.METRIC_INNER_PRODUCT)
    made.hnsw.efConstruction = 20
    made.add(rows)
    assert made.hnsw.max_level >= 2
    for query in draw.normal(size=(12, 16)).astype(np.float32):
        for effort in (10, 40):
            faiss.cvar.hnsw_stats.reset()
            _, found = made.search(query[None], 10, params=faiss.SearchParametersHNSW(efSearch=effort))
            walk = trace.walk(made, query, effort)
            best = walk.rows[np.argsort(-(rows[walk.rows] @ query), kind="stable")[:10]]
            assert best.tolist() == found[0].tolist()
            # FAISS does not count the product with the row that it begins at.
            assert walk.computed == faiss.cvar.hnsw_stats.ndis + 1
            assert len(walk.order) + sum(len(layer.path) for layer in walk.layers) == faiss.cvar.hnsw_stats.nhops


def test_layers_and_ways_are_those_of_the_graph(graph):
    links = trace.Links(graph.structure)
    seen = graph.inside(query_of(graph, 700), WEIGHTS, 10, effort=64)
    walk, levels = seen.walk, faiss.vector_to_array(graph.structure.hnsw.levels)
    assert [layer.level for layer in walk.layers] == list(range(links.top, 0, -1)) and links.top
    for layer in walk.layers:
        assert layer.rows.tolist() == np.flatnonzero(levels > layer.level).tolist()
        for here, there in zip(layer.path, layer.path[1:]):
            assert there in links.of(here, layer.level)
    starts = [links.entry, *(int(layer.path[-1]) for layer in walk.layers)]
    assert [int(layer.path[0]) for layer in walk.layers] + [int(walk.rows[0])] == starts
    assert len(set(walk.rows.tolist())) == len(walk.rows) and set(walk.order) <= set(range(len(walk.rows)))
    for row in seen.found:
        way = walk.rows[walk.way(int(np.flatnonzero(walk.rows == row)[0]))]
        assert way[0] == walk.rows[0] and way[-1] == row
        assert all(there in links.of(here, 0) for here, there in zip(way, way[1:]))


def test_what_is_found_and_missed_is_what_a_search_and_a_plain_ranking_say(graph):
    """With images left out, and some that lack an embedding and are searched apart."""
    missed = 0
    for image in range(300, 320):
        without = Filter(exclude=(image, image + 1))
        seen = graph.inside(query_of(graph, image), WEIGHTS, 10, without, effort=32)
        allowed = np.array([one for one in range(LACKING + 1, 1_201) if one not in without.exclude])
        assert (seen.size, seen.apart) == (len(allowed), LACKING)
        true = plain(graph, image, allowed)[:10]
        assert sorted(seen.ids[seen.true].tolist()) == sorted(true.tolist())
        assert set(seen.ids[seen.missed]) == set(true) - set(seen.ids[seen.found])
        missed += len(seen.missed)
        assert set(seen.candidates) <= set(seen.walk.rows) and set(seen.found) <= set(seen.candidates)
        query = query_of(graph, image)
        exact = sum(w * (graph.vectors(seen.ids[seen.found], n) @ query[n]) for n, w in WEIGHTS.items()) / 1.5
        assert seen.scores == pytest.approx(exact, abs=1e-5)
        assert seen.computed == seen.walk.computed < seen.size and seen.reads == "vectors"
    assert missed, "a search that misses nothing shows nothing here"
    assert graph.inside(query_of(graph, 300), WEIGHTS, 10, Filter(ids=())) is None


def test_cells_and_codes_are_those_that_faiss_reads(tmp_path):
    index = indexes.load(built(tmp_path / "data", "ivfpq"))
    structure = index.structure
    middles = structure.quantizer.reconstruct_n(0, structure.nlist)
    for image in (400, 800, 1_000):
        vectors = query_of(index, image)
        query = np.concatenate([w / 1.5 * vectors[n] for n, w in WEIGHTS.items()]).astype(np.float32)
        seen = index.inside(vectors, WEIGHTS, 10, Filter(exclude=(image,)), effort=4)
        cells = seen.cells
        assert cells.order.tolist() == np.argsort(-(middles @ query), kind="stable").tolist()
        assert cells.products == pytest.approx(np.sort(middles @ query)[::-1] * np.sqrt(2), abs=1e-5)
        near = _held(structure, cells.order[: cells.probed])
        count = index.rows.positions(np.array([image]))[0]
        lacking = set(index.rows.positions(np.arange(1, LACKING + 1)).tolist())
        assert set(cells.rows.tolist()) == near - lacking - {int(count)}
        assert seen.computed == structure.nlist + len(cells.rows)
        products, rows = structure.search(query[None], 1_000, params=faiss.SearchParametersIVF(nprobe=cells.probed))
        theirs = dict(zip(rows[0].tolist(), products[0].tolist()))
        assert len(cells.codes) == len(seen.found) and cells.splits == (0, 24 // structure.pq.dsub)
        for code, row, score in zip(cells.codes, seen.found, seen.scores):
            assert code.row == row and row in near
            assert code.product == pytest.approx(theirs[row] * np.sqrt(2), abs=1e-4)  # as FAISS ranks it
            assert code.true == pytest.approx(float(score), abs=1e-5)


def _held(structure, cells) -> set[int]:
    found: set[int] = set()
    for cell in cells.tolist():
        inside = structure.invlists.get_ids(cell)
        found |= set(faiss.rev_swig_ptr(inside, structure.invlists.list_size(cell)).tolist())
    return found


def test_without_a_structure_everything_is_compared(tmp_path):
    index = indexes.load(built(tmp_path / "data", "flat"))
    seen = index.inside(query_of(index, 90), WEIGHTS, 10)
    assert (seen.walk, seen.cells, seen.computed, seen.effort) == (None, None, 1_200 - LACKING, 0)
    assert seen.found.tolist() == seen.true.tolist() and not len(seen.missed)


def test_what_has_no_inside_is_one_sentence(library: Library):
    searcher = Searcher(library)
    assert look(searcher, Query.around(3)).found.size
    assert look(searcher, Query((WordsEntry("red"),))).weights == {"color": 1.0}
    with pytest.raises(QueryError, match="one by one"):
        look(searcher, Query.around(3, metric="hamming"))
    with pytest.raises(QueryError, match="left out"):
        look(searcher, Query((ImageEntry(3),), filter=Filter(ids=())))

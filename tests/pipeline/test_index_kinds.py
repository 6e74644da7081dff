"""Every kind of index and storage: as good as it says, and changed as any other."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import index as indexes
from pipeline import maps, settings
from pipeline.errors import SettingsError
from pipeline.index import Filter
from pipeline.index.faiss import neighbors as many
from pipeline.index.faiss import structures
from pipeline.library import Library
from pipeline.maps import neighbors
from pipeline.settings import IndexOptions
from tests.conftest import synthetic_library, unit
from tests.pipeline.test_index import DIMS, WEIGHTS, query_of

KINDS = {  # the recall of the worst weighting that a kind must reach on 6,000 clustered images
    ("hnsw", "float32"): 0.95,
    ("hnsw", "float16"): 0.95,
    ("hnsw", "int8"): 0.93,
    ("ivfpq", "float32"): 0.6,
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
    accepted = {"float32": 1e-6, "float16": 1e-3, "int8": 1e-2}[kind[1]]
    every = np.arange(1, 6_001)
    assert np.abs(index.vectors(every, "sift") - vectors["sift"][1]).max() <= accepted
    share = indexes.shares(None, index.embeddings)["sift"]
    assert np.allclose(index.vectors(every)[:, 24:64], index.vectors(every, "sift") * np.sqrt(share), atol=1e-6)
    assert np.allclose(index.vectors(every, "sift", exact=True), vectors["sift"][1], atol=1e-6)


@pytest.mark.slow
def test_the_smaller_kinds_are_smaller(tmp_path):
    library = synthetic_library(tmp_path, 1_500, DIMS)
    size = {}
    for kind in KINDS:
        indexes.build(library, options=IndexOptions(*kind))
        size[kind] = indexes.measured(library)["bytes"]
        assert indexes.measured(library)["storage"] == kind[1]
    assert size["flat", "int8"] < 0.35 * size["flat", "float32"]
    assert size["hnsw", "int8"] < size["hnsw", "float16"] < size["hnsw", "float32"]


@pytest.mark.parametrize(
    "kind", [pytest.param(one, marks=pytest.mark.slow if one == ("hnsw", "float16") else ()) for one in KINDS], ids="-".join
)
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


def test_many_images_get_a_coarser_graph_which_neither_growth_nor_silence_builds_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "_MANY", 500)
    library = synthetic_library(tmp_path, 600, DIMS)
    for image_id in range(401, 601):
        library.mark(image_id, "missing")
    few = structures.graph_of(indexes.build(library)[0].structure)
    for image_id in range(401, 601):
        library.mark(image_id, "ok")
    index, done = indexes.build(library)
    assert (done, structures.graph_of(index.structure)) == ("extended", few)
    for asked in ({"hnsw_m": 20}, {}, {"ef_construction": 30}):
        index, done = indexes.build(library, options=asked)
        again = indexes.build(library, options=asked)[1]
        assert (done, again) == ("built" if asked else "current", "current")
    assert structures.graph_of(index.structure) == (20, 30)
    indexes.build(library, options=IndexOptions("flat"))
    many = structures.graph_of(indexes.build(library, options=IndexOptions())[0].structure)
    assert many[0] < few[0] and many[1] < few[1]


@pytest.mark.slow
def test_a_poor_graph_is_searched_harder_and_a_given_effort_is_obeyed(medium, monkeypatch):
    monkeypatch.setattr(structures, "READS", 4)  # else reading all 6,000 would soon take less than walking
    indexes.build(medium, options=IndexOptions(hnsw_m=12, ef_construction=60))
    good = indexes.measured(medium)
    indexes.build(medium, options=IndexOptions(hnsw_m=6, ef_construction=20))
    poor = indexes.measured(medium)
    assert max(poor["effort"].values()) > max(good["effort"].values())
    index, done = indexes.build(medium, options=IndexOptions(hnsw_m=6, ef_construction=20, ef_search=8))
    assert done == "extended" and set(index.effort.values()) == {8}
    indexes.build(medium, options=IndexOptions("flat"))  # to have it built anew
    index, done = indexes.build(medium, options=IndexOptions(hnsw_m=6, ef_construction=20, ef_search=8))
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


def test_small_indexes_are_scanned_and_have_nothing_to_measure(tmp_path):
    library = synthetic_library(tmp_path, 300, DIMS)
    indexes.build(library)
    figures = indexes.measured(library)
    assert (figures["effort"], figures["recall_at_10"], figures["query_ms"]) == ({}, {}, None)
    assert figures["bytes"] > 300 * 128 * 4
    with pytest.raises(SettingsError, match="hnsw or flat"):
        indexes.build(library, options=IndexOptions("ivfpq"))
    assert indexes.load(library).options == IndexOptions()

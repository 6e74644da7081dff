"""What the Quality page shows, against plain computations, and what is kept of it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from pipeline import index as indexes
from pipeline import maps
from pipeline.embeddings import usual
from pipeline.index.faiss import structures
from pipeline.index.weightings import text
from pipeline.library import Library
from pipeline.progress import Silent
from pipeline.quality import effort, kept, kinds, labels, retrieval, trust
from pipeline.quality.evaluate import evaluate
from pipeline.settings import IndexOptions
from tests.conftest import synthetic_library, unit


def test_votes_and_what_follows_from_them_are_those_of_a_plain_count():
    draw = np.random.default_rng(3)
    own = draw.integers(0, 4, 240)
    vectors = unit(draw.normal(size=(4, 12))[own] + 0.9 * draw.normal(size=(240, 12))).astype(np.float32)
    own[:6] = (own[:6] + 1) % 4  # labeled wrong
    near = NearestNeighbors(n_neighbors=11).fit(vectors).kneighbors(vectors, return_distance=False)
    plain = np.zeros((240, 4), int)
    for image, row in enumerate(near):
        for other in [one for one in row if one != image][:10]:
            plain[image, own[other]] += 1
    found = labels.votes(vectors, own, 4)
    assert (found.counts == plain).all()
    table = labels.confusion(found, own)
    for label in range(4):
        assert table[label] == pytest.approx(plain[own == label].sum(axis=0) / plain[own == label].sum())
    at, said, often = labels.mistakes(found, own)
    wrong = [image for image in range(240) if plain[image, own[image]] == 0]
    assert sorted(at.tolist()) == wrong and wrong
    assert (plain[at].max(axis=1) == often).all() and (np.diff(often) <= 0).all() and (plain[at, said] == often).all()


@pytest.mark.parametrize("kind", ["hnsw", "flat"])
def test_how_exact_a_search_is_and_at_which_effort_is_what_counting_gives(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(structures, "READS", 0.01)  # else so few are scanned, which misses none
    library = synthetic_library(tmp_path / "data", 1_200, {"color": 24, "sift": 40})
    index, _ = indexes.build(library, None, IndexOptions(type=kind, hnsw_m=4, ef_construction=8))
    rows = retrieval.read(library, index)
    curves = effort.curves(index, rows)
    if kind == "flat":
        assert curves == {}
        assert effort.exactness(index, {"color": 1.0, "sift": 0.5}, 10).recall == 1.0
        return
    weights = {"color": 1.0}
    least, *_, most = curves[text(weights)]
    assert [rung["effort"] for rung in curves[text(weights)]] == list(effort.EFFORTS["hnsw"])
    assert least["recall"] < most["recall"] and most["recall"] > 0.95 and least["ms"] > 0
    part = np.sort(np.random.default_rng(0).permutation(np.arange(1_200))[: effort.QUERIES])
    hits = []
    for at in part:
        true = np.argsort(-(rows.of("color") @ rows.of("color")[at]), kind="stable")
        true = set(rows.ids[true[true != at][:10]].tolist())
        near = index.approximate({n: rows.of(n)[at] for n in rows.names}, weights, 11, least["effort"])
        hits.append(len(true & set(near.ids.tolist())) / 10)
    assert least["recall"] == pytest.approx(np.mean(hits), abs=0.005)


def test_kinds_that_were_built_stand_beside_one_another(tmp_path):
    """Each with what it found, against a plain ranking, what it took, and what its files weigh."""
    library = synthetic_library(tmp_path / "data", 1_200, {"color": 24, "sift": 40})
    told: list[dict] = []
    for kind in ("hnsw", "ivfpq", "flat", "hnsw"):
        index, _ = indexes.build(library, None, IndexOptions(type=kind, hnsw_m=4, ef_construction=8))
        rows = retrieval.read(library, index)
        told = kinds.beside(indexes.load(library), rows, told)
        mine = told[0]
        folder = library.data / "index"
        assert mine["bytes"] == sum(file.stat().st_size for file in folder.iterdir())
        assert mine["build_s"] > 0 and mine["query_ms"] > 0 and mine["images"] == 1_200
        if kind != "flat":
            continue
        assert mine["recall_at_10"] == 1.0 and mine["effort"] is None
    assert [one["type"] for one in told] == ["hnsw", "flat", "ivfpq", kinds.EXACT]
    assert told[-1]["recall_at_10"] == 1.0 and told[-1]["bytes"] == 1_200 * 64 * 4
    part = np.sort(np.random.default_rng(0).permutation(1_200)[: effort.QUERIES])
    hits = []
    for at in part.tolist():
        score = sum(rows.of(name) @ rows.of(name)[at] * share for name, share in indexes.shares(None, rows.names).items())
        best = np.argsort(-score, kind="stable")
        best = set(rows.ids[best[best != at][:10]].tolist())
        near = index.approximate({n: rows.of(n)[at] for n in rows.names}, usual(rows.names), 11, told[0]["effort"])
        hits.append(len(best & set(near.ids.tolist())) / 10)
    assert told[0]["recall_at_10"] == pytest.approx(np.mean(hits), abs=0.005)
    others = [{**one, "embeddings": ["color"]} for one in told]
    assert len(kinds.beside(index, rows, others)) == 2, "those of other embeddings say nothing here"


def test_what_was_measured_is_kept_with_what_it_was_measured_on(library: Library):
    assert kept.read(library) is None
    figures = evaluate(library, Silent(), queries=4)
    measured = kept.read(library)
    assert measured.figures == figures and measured.images == 60 and not measured.stale
    said = {name: arrays.shape for name, arrays in measured.arrays.items()}
    assert said["votes:color"] == (60, 6) and said["mistakes"] == (figures["labels"]["mistakes"], 4)
    library.db.execute("UPDATE images SET label = 'else' WHERE id = 1")
    assert kept.read(library).stale == ("the labels",)
    indexes.build(library, None, IndexOptions(type="flat"))
    assert set(kept.read(library).stale) == {"the index", "the labels"}


def test_how_far_a_map_can_be_believed_is_what_sklearn_says_and_is_found_once(library: Library, monkeypatch):
    index, shown = indexes.load(library), maps.load(library, "efficientnet")
    found = trust.of(library, index, shown)
    ids, rows = library.vectors("efficientnet")
    points = shown.xy[np.searchsorted(shown.ids, ids)]
    unlike = 1 - rows @ rows.T
    np.fill_diagonal(unlike, 0)
    assert found[0] == pytest.approx(trustworthiness(unlike.clip(0), points, n_neighbors=10, metric="precomputed"), abs=1e-3)
    # Continuity is the trustworthiness of the vectors as a picture of the map.
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert found[1] == pytest.approx(trustworthiness(apart, rows, n_neighbors=10, metric="precomputed"), abs=1e-3)
    monkeypatch.setattr(trust, "quality", None)
    assert trust.of(library, index, shown) == pytest.approx(found)

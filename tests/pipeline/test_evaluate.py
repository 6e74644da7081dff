"""Quality figures against independent references, and against cases whose answer is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.manifold import trustworthiness
from sklearn.metrics import average_precision_score

from pipeline import index as indexes
from pipeline.cli import main
from pipeline.index.faiss import codes, structures
from pipeline.library import Library
from pipeline.progress import Silent
from pipeline.quality import retrieval
from pipeline.quality.evaluate import evaluate
from pipeline.quality.map_quality import quality
from pipeline.quality.retrieval import label_figures, shared
from pipeline.quality.robustness import rank1
from pipeline.settings import IndexOptions
from tests.conftest import synthetic_library, unit

DIMS = {"color": 24, "sift": 40}


class Said(Silent):
    """Keeps the sentences."""

    def __init__(self):
        self.sentences = []

    def say(self, text):
        self.sentences.append(text)


def normal(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def clustered(count: int, labels: np.ndarray, spread: float, dim: int = 16) -> np.ndarray:
    return unit(normal(labels.max() + 1, dim, seed=1)[labels] + spread * normal(count, dim, seed=2))


def test_precision_and_map_are_those_of_sklearn():
    labels = np.random.default_rng(0).integers(5, size=300)
    labels[:3] = 5, 6, 6  # one alone with its label, a pair
    vectors = clustered(300, labels, 0.8)
    cosines = vectors @ vectors.T
    averages, precisions = [], []
    for at in range(300):
        others = np.arange(300) != at
        same = labels[others] == labels[at]
        precisions.append(same[np.argsort(-cosines[at, others])[:10]].mean())
        if same.any():
            averages.append(average_precision_score(same, cosines[at, others]))
    precision, average = label_figures(vectors, labels)
    assert precision == pytest.approx(np.mean(precisions), abs=1e-6)
    assert average == pytest.approx(np.mean(averages), abs=1e-4)  # near ties count as ties
    assert 0.3 < average < 0.95


@pytest.mark.parametrize("vectors", [unit(normal(400, 16)), np.zeros((400, 16), np.float32)])
def test_what_tells_nothing_scores_by_chance(vectors):
    labels = np.arange(400) // 100  # in order of the folders: a tie broken by position would show
    precision, average = label_figures(vectors, labels)
    chance = retrieval.chance(labels)
    assert chance == pytest.approx(99 / 399)
    assert precision == pytest.approx(chance, abs=0.02) and average == pytest.approx(chance, abs=0.03)


def test_classes_far_apart_are_found_whole():
    labels = np.repeat(np.arange(4), 20)
    assert label_figures(clustered(80, labels, 0.01), labels) == (1.0, 1.0)


@pytest.mark.parametrize("count, noise", [(300, 0.1), (300, 1.0), (15, 0.5)])
def test_trustworthiness_and_continuity_are_those_of_sklearn(count, noise):
    vectors = unit(normal(count, 8))
    points = vectors[:, :2] + noise * normal(count, 2, seed=3)
    k = min(10, (count - 1) // 2)
    trust, continuity = quality(vectors, points)
    assert trust == pytest.approx(trustworthiness(vectors, points, n_neighbors=k, metric="cosine"), abs=1e-6)
    assert continuity == pytest.approx(trustworthiness(points, vectors, n_neighbors=k), abs=0.02)
    assert continuity == pytest.approx(continuity_by_hand(vectors, points, k), abs=1e-6)


def continuity_by_hand(vectors, points, k) -> float:
    """The definition, word by word: V(i) are true neighbors that are none on the map."""
    count, total = len(vectors), 0
    for at in range(count):
        true = [j for j in np.argsort(-(vectors @ vectors[at])) if j != at]
        shown = [j for j in np.argsort(np.linalg.norm(points - points[at], axis=1)) if j != at]
        total += sum(shown.index(j) + 1 - k for j in set(true[:k]) - set(shown[:k]))
    return 1 - 2 / (count * k * (2 * count - 3 * k - 1)) * total


def test_a_map_that_is_the_truth_and_one_that_is_noise():
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, 400)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert quality(circle, circle) == (1.0, 1.0)
    trust, continuity = quality(circle, normal(400, 2))
    assert trust == pytest.approx(0.5, abs=0.03) and continuity == pytest.approx(0.5, abs=0.03)
    assert quality(circle[:2], circle[:2]) is None


def test_many_are_judged_by_a_sample(monkeypatch):
    vectors, labels = unit(normal(2_000, 6)), np.arange(2_000) % 3
    points = vectors[:, :2] + 0.1 * normal(2_000, 2, seed=3)
    whole = quality(vectors, points), label_figures(vectors, labels)
    monkeypatch.setattr(retrieval, "ALL_BELOW", 1_000)
    monkeypatch.setattr(retrieval, "SAMPLE", 800)
    sampled = quality(vectors, points), label_figures(vectors, labels)
    assert sampled != whole
    assert np.allclose(sampled, whole, atol=0.01)


def test_agreement_of_the_same_of_strangers_and_of_a_half():
    vectors = unit(normal(500, 16))
    assert shared(vectors, vectors) == 1.0
    assert shared(vectors, unit(normal(500, 16, seed=9))) == pytest.approx(10 / 499, abs=0.01)
    empty = vectors.copy()
    empty[100:] = 0  # the second sees something in 100 only, and agrees there
    assert shared(vectors, empty) == 1.0
    assert shared(vectors, np.zeros_like(vectors)) is None


def test_recall_is_of_the_graph_even_where_searches_scan(tmp_path, monkeypatch):
    monkeypatch.setattr(codes, "FEWEST", 10_000)  # with codes nobody would walk it
    library = synthetic_library(tmp_path, 3_000, DIMS)
    poor, _ = indexes.build(library, None, IndexOptions(hnsw_m=4, ef_construction=8, ef_search=1))
    figures = retrieval.index_recall(poor, retrieval.read(library, poor), 100)
    assert {"color=1,sift=1", "color=1", "sift=1"} < set(figures)
    assert np.mean(list(figures.values())) < 0.8
    good, _ = indexes.build(library, None, IndexOptions())
    figures = retrieval.index_recall(good, retrieval.read(library, good), 100)
    assert min(figures.values()) > 0.95 and max(figures.values()) <= 1.0


@pytest.mark.slow
def test_recall_is_what_counting_ids_gives(tmp_path, monkeypatch):
    monkeypatch.setattr(structures, "EXACT_BELOW", 1_000)
    library = synthetic_library(tmp_path, 2_000, DIMS)  # large enough for searches to walk
    index, _ = indexes.build(library, None, IndexOptions("ivfpq", ef_search=4))
    rows = retrieval.read(library, index)
    chosen = np.sort(np.random.default_rng(0).permutation(2_000)[:60])
    shares = []
    for at in chosen:
        query = {name: rows.of(name)[at] for name in DIMS}
        weights = dict.fromkeys(DIMS, 1.0)
        true = set(index.search(query, weights, 11, exact=True).ids) - {rows.ids[at]}
        shares.append(len(true & set(index.search(query, weights, 11).ids)) / 10)
    assert retrieval.index_recall(index, rows, 60)["color=1,sift=1"] == pytest.approx(np.mean(shares), abs=1e-3)
    assert np.mean(shares) < 0.99


def test_the_original_of_a_changed_copy(made_library):
    library = Library(made_library)
    rows = retrieval.read(library, indexes.load(library))
    other = np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    changes = {"same": lambda picture: picture, "other": lambda picture: other}
    found = rank1(library, rows, 12, transforms=changes)
    assert set(found) == {"color", "sift", "efficientnet", "combined"}
    for row in found.values():
        assert row["same"] == 1.0
        assert row["other"] <= 2 / 12  # one image of the 60 may be the nearest to anything


def test_images_may_be_forgotten_while_they_are_changed_and_searched_for(library):
    rows = retrieval.read(library, indexes.load(library))
    said = Said()
    said.start = lambda stage, total: library.db.execute("DELETE FROM images WHERE id > 30")
    found = rank1(library, rows, 12, progress=said, transforms={"same": lambda picture: picture})
    assert found["color"]["same"] == 1.0 and "could not be read" in said.sentences[-1]


def test_the_whole_of_a_library(library):
    figures = evaluate(library, queries=8)
    assert set(figures) == {"embeddings", "combined", "chance", "index", "effort", "kinds", "labels", "maps", "agreement"}
    for row in [*figures["embeddings"].values(), figures["combined"]]:
        assert figures["chance"] < row["precision_at_10"] <= 1 and figures["chance"] < row["map"] <= 1
        assert set(row["rank1"]) == {"crop70", "rotate12", "half_jpeg20", "dark_mirror", "blur2"}
    assert set(figures["maps"]) == {"combined", "color", "sift", "efficientnet"}
    assert all(0.6 < x <= 1 for row in figures["maps"].values() for x in row.values())
    assert set(figures["agreement"]) == {"color|sift", "color|efficientnet", "sift|efficientnet"}
    assert len(figures["index"]["recall_at_10"]) >= 4


def test_without_labels_and_extractors_the_rest_is_told(tmp_path):
    library = synthetic_library(tmp_path, 200, DIMS)
    library.db.execute("UPDATE images SET label = NULL")
    indexes.build(library)
    said = Said()
    figures = evaluate(library, said, queries=5)
    assert len(said.sentences) == 3
    assert "folders by class" in said.sentences[0] and "another version" in said.sentences[1]
    assert figures["embeddings"] == {"color": {"rank1": {}}, "sift": {"rank1": {}}}
    assert "chance" not in figures and figures["maps"] == {}
    assert 0 <= figures["agreement"]["color|sift"] <= 1
    assert min(figures["index"]["recall_at_10"].values()) > 0.9


def test_an_embedding_in_which_nothing_is_seen_has_no_figures(tmp_path):
    """Black pictures have no points: their vectors are zeros, and a mean of nothing is no number."""
    library = synthetic_library(tmp_path, 60, DIMS)
    blind = np.zeros((60, DIMS["sift"]), np.float32)
    library.store([], {"sift": ("sift/test", list(range(1, 61)), blind)})
    indexes.build(library)
    figures = evaluate(library, queries=5)
    assert set(figures["effort"]) == {"color=0.75,sift=1", "color=1"}
    json.dumps(figures, allow_nan=False)


def test_the_command_prints_tables_or_one_document(library):
    words = ["evaluate", "--queries", "4", "--data", str(library.data)]
    tables = CliRunner().invoke(main, words)
    assert tables.exit_code == 0, tables.output
    for heading in ("Labels", "Changed copies", "Index", "Maps", "Agreement"):
        assert f"{heading}: " in tables.stdout
    assert "by chance" in tables.stdout and "color and sift" in tables.stdout
    library.db.execute("UPDATE images SET label = NULL")
    document = CliRunner().invoke(main, [*words, "--json"])
    figures = json.loads(document.stdout)
    assert "precision_at_10" not in figures["combined"] and figures["combined"]["rank1"]
    assert "folders by class" in document.stderr

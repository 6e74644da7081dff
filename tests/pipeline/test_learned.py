"""Weights learned from labels and thumbs, where it is known which are right, and where there is nothing to learn."""

from __future__ import annotations

import json
import shutil
import threading

import numpy as np
import pytest

from pipeline import index, learned
from pipeline.embeddings import usual
from pipeline.errors import QueryError
from pipeline.learned import LABELS, THUMBS, Learned, weights
from pipeline.learned.questions import Question, from_labels, from_thumbs
from pipeline.library import Library, notes
from pipeline.search import ImageEntry, PaletteEntry, Query, Searcher, WordsEntry
from tests.conftest import synthetic_library, unit

NAMES = ["color", "sift", "efficientnet"]


def question(random: np.random.Generator, told: tuple[float, ...], count: int = 60) -> Question:
    """Candidates of which each embedding says as much as told says, 0: nothing."""
    good = random.random(count) < 0.3
    good[:2] = True, False
    cosines = random.normal(size=(count, len(told))) + np.outer(good, told)
    return Question(cosines.astype(np.float32) / 10, good)


def test_figures_are_those_of_scikit_learn():
    from sklearn.metrics import average_precision_score, roc_auc_score

    random = np.random.default_rng(1)
    tried = weights.grid(3)
    for _ in range(5):
        one = question(random, (1, 0.5, 0))
        scores = tried @ one.figures.T
        assert weights._worth(LABELS, one, tried) == pytest.approx([average_precision_score(one.good, row) for row in scores])
        assert weights._worth(THUMBS, one, tried) == pytest.approx([roc_auc_score(one.good, row) for row in scores])


@pytest.mark.parametrize("count", range(2, 7))
def test_the_grid_covers_the_simplex_in_steps_of_the_sliders(count):
    tried = weights.grid(count)
    assert 20 <= len(tried) <= 126 and len(np.unique(tried, axis=0)) == len(tried)
    assert (tried.max(axis=1) == 1).all() and tried.min() == 0
    assert tried / weights.STEP == pytest.approx(np.round(tried / weights.STEP), abs=1e-4)
    for corner in np.eye(count):
        assert (tried == corner).all(axis=1).any()


@pytest.mark.parametrize("source", [LABELS, THUMBS])
def test_what_tells_is_found_with_its_gain_on_questions_that_had_no_say(source):
    random = np.random.default_rng(2)
    told = (1.5, 1.5, 0.0)  # meaning, which usually counts most, says nothing
    found = weights.learned(source, [question(random, told) for _ in range(40)], NAMES)
    assert found.weights["color"] >= 0.6 and found.weights["sift"] >= 0.6 and found.weights["efficientnet"] <= 0.2
    assert all(low <= found.weights[name] <= high for name, (low, high) in found.ranges.items())
    assert 0 < found.low < found.after - found.before < found.high
    fresh = [question(random, told) for _ in range(400)]
    learned_row, usual_row = (np.array([[given[name] for name in NAMES]], np.float32) for given in (found.weights, usual(NAMES)))
    gain = np.mean([weights._worth(source, one, learned_row) - weights._worth(source, one, usual_row) for one in fresh])
    assert found.low - 0.02 < gain < found.high + 0.02
    assert Learned.from_json(json.loads(json.dumps(found.as_json()))).weights == found.weights
    assert str(found).startswith("Learned from 2,400 thumbs: Color" if source == THUMBS else "Learned from the labels of 40 images: Color")


def test_no_question_has_a_say_in_the_weights_that_it_judges():
    """Where each question is served by weights of its own alone, those that the others choose are worth nothing to it."""
    assert weights.held_out(np.eye(40), np.random.default_rng(0)).tolist() == [0] * 40
    best = np.random.default_rng(1).random((6, 30)) / 2
    best[4] += 0.5  # best for all, whoever is left out
    assert weights.held_out(best, np.random.default_rng(0)) == pytest.approx(best[4])


def test_where_nothing_is_to_be_known_it_says_so():
    random = np.random.default_rng(3)
    for seed in range(5):
        with pytest.raises(QueryError, match="better than the usual ones for sure"):
            weights.learned(LABELS, [question(random, (0, 0, 0)) for _ in range(30)], NAMES, seed)
    right = tuple(2 * usual(NAMES)[name] for name in NAMES)  # as good as it gets
    with pytest.raises(QueryError, match="for sure"):
        weights.learned(THUMBS, [question(random, right) for _ in range(30)], NAMES)
    with pytest.raises(QueryError, match="it takes 20 images"):
        weights.learned(LABELS, [question(random, (1, 0, 0)) for _ in range(19)], NAMES)
    with pytest.raises(QueryError, match="30 on matches of 8 searches.*there are 24 on 12"):
        weights.learned(THUMBS, [question(random, (1, 0, 0), 2) for _ in range(12)], NAMES)
    with pytest.raises(QueryError, match="one embedding"):
        weights.learned(LABELS, [question(random, (1,)) for _ in range(30)], ["color"])


@pytest.fixture
def library(tmp_path) -> Library:
    """90 images whose labels their texture tells and nothing else, with thumbs that say the same."""
    library = synthetic_library(tmp_path, 90, {"color": 16, "sift": 16, "efficientnet": 24})
    random = np.random.default_rng(5)
    labels = [int(one.label[-1]) for one in library.images()]
    rows = unit(3 * np.eye(7, 16)[labels] + random.normal(size=(90, 16)))
    library.store([], {"sift": ("sift/test", list(range(1, 91)), rows)})
    index.build(library)
    for asked in range(1, 13):
        for image in random.permutation(np.arange(13, 91))[:20].tolist():
            value = 1 if labels[image - 1] == labels[asked - 1] else -1
            notes.rate(library, {"plus": [f"image:{asked}"], "minus": [], "metric": "cosine"}, image, value, 1, 0.5)
    notes.rate(library, {"plus": ["words:red"], "minus": []}, 5, 1, 1, 0.5)
    notes.rate(library, {"plus": ["image:4"], "minus": ["image:5"]}, 6, 1, 1, 0.5)
    notes.rate(library, notes.BY_ITSELF, 7, 1, 1, 1.0)
    return library


def test_labels_and_thumbs_of_a_library_become_presets(library):
    opened = Searcher(library)
    assert learned.count(library) == {LABELS: (7, 90), THUMBS: (14, 242)}
    assert learned.presets(library, opened.embeddings).keys() == {"Balanced", "Same thing", "Same colors", "Same kind"}
    for source in (LABELS, THUMBS):
        found = learned.learn(opened, source)
        assert found.weights["sift"] == 1 and max(found.weights["color"], found.weights["efficientnet"]) <= 0.5
        assert learned.presets(library, opened.embeddings)[f"Learned from {source}"] == found.weights
    assert learned.kept(Library(library.data)).keys() == {LABELS, THUMBS}
    learned.put(library, LABELS, None)
    assert learned.kept(library).keys() == {THUMBS}
    library.drop_embedding("color")
    assert not learned.kept(library)


class _Exchanged(Searcher):
    """A searcher of whose library another run builds an index of other embeddings between two looks at it."""

    def asked(self, query):
        index.build(self.library, ["sift", "color"])
        return super().asked(query)


def test_an_index_that_is_exchanged_meanwhile_changes_nothing(library):
    found = learned.learn(Searcher(library), THUMBS)
    assert learned.learn(_Exchanged(library), THUMBS) == found
    assert Searcher(library).embeddings == ("color", "sift")


def test_questions_are_what_was_said_with_the_cosines_of_the_vectors(library):
    opened = index.load(library)
    rows = {name: library.vectors(name, list(range(1, 91)))[1] for name in opened.embeddings}
    first = from_thumbs(Searcher(library))[0]
    rated = notes.ratings(library, {"plus": ["image:1"], "minus": [], "metric": "cosine"})
    assert first.good.tolist() == [one.value > 0 for one in rated]
    for at, name in enumerate(opened.embeddings):
        assert first.figures[:, at] == pytest.approx([rows[name][one.image_id - 1] @ rows[name][0] for one in rated], abs=1e-5)
    questions = from_labels(library, opened)
    assert len(questions) == 90 and all(len(one.good) == 89 and one.good.sum() in (11, 12) for one in questions)
    assert questions[3].figures[0] == pytest.approx([rows[name][3] @ rows[name][0] for name in opened.embeddings], abs=1e-5)


def test_thumbs_on_matches_of_words_say_what_the_search_ranks_by(unopened_library, tmp_path):
    """The weighted sum of a question's figures is the logarithm of the score that the search gives."""
    library = Library(shutil.copytree(unopened_library, tmp_path / "pictures"))
    searcher = Searcher(library)
    asked = {"plus": ["words:red", "palette:c8452b.60_204080.40"], "minus": ["image:7"], "metric": "cosine"}
    entries = (WordsEntry("red"), PaletteEntry(("#c8452b", "#204080"), (60, 40)), ImageEntry(7, minus=True))
    matches = searcher.search(Query(entries, top_k=8, written=False)).matches
    for rank, one in enumerate(matches[::-1], 1):
        notes.rate(library, asked, one.id, 1 if rank % 2 else -1, rank, one.score)
    (found,) = from_thumbs(searcher)
    assert found.good.tolist() == [True, False] * 4
    assert np.exp(found.figures @ found.base / found.base.sum()) == pytest.approx([one.score for one in matches[::-1]], abs=1e-5)
    notes.rate(library, {"plus": ["words:nosuchword"], "minus": []}, 3, 1, 1, 0.5)
    notes.rate(library, {"plus": ["words:nosuchword"], "minus": []}, 4, -1, 2, 0.5)
    assert len(from_thumbs(searcher)) == 1


def test_thumbs_on_matches_of_a_picture_from_outside_say_what_was_kept_with_them(library):
    asked = {"plus": ["upload:0a1b~90"], "minus": [], "metric": "cosine"}
    before = learned.count(library)[THUMBS]
    notes.rate(library, asked, 20, 1, 1, 0.9, {"color": 0.25, "sift": 0.5, "unknown": 1.0})
    notes.rate(library, asked, 21, -1, 2, 0.8, {"color": 0.75, "sift": 0.125, "efficientnet": float("nan")})
    notes.rate(library, asked, 22, 1, 3, 0.7)
    notes.rate(library, asked, 21, -1, 2, 0.8)  # again, from where nothing is known of its parts
    assert learned.count(library)[THUMBS] == (before[0] + 1, before[1] + 3)
    last = from_thumbs(Searcher(library))[-1]
    assert last.good.tolist() == [True, True, False] and last.base is None
    assert last.figures.tolist() == [[0.25, 0.5, 0], [0.5, 0.3125, 0], [0.75, 0.125, 0]]
    library.set_embedding("color", "color/other", 16, {})  # vectors are to be made anew: what is kept is of others
    assert from_thumbs(Searcher(library))[-1].figures[:, 0].tolist() == [0, 0, 0]
    mixed = {"plus": ["upload:0a1b", "words:red"], "minus": []}
    notes.rate(library, mixed, 20, 1, 1, 0.9, {"color": 0.25})
    assert learned.count(library)[THUMBS] == (before[0] + 1, before[1] + 3)


@pytest.mark.parametrize("given", [None, {}, {"weights": {"color": 1}}, "x", 3, {"source": "labels", "weights": {"color": float("nan")}}])
def test_what_is_no_learned_weights_is_refused(given):
    with pytest.raises(QueryError, match="no learned weights"):
        Learned.from_json(given)


def test_weights_of_both_sources_may_be_put_at_once(tmp_path, monkeypatch):
    library = synthetic_library(tmp_path, 10, {"color": 8, "sift": 8})
    both = [Learned(source, {"color": 1.0, "sift": 0.5}, {"color": (1, 1), "sift": (0, 1)}, 0.1, 0.2, 0.05, 0.15, 40, 80) for source in (LABELS, THUMBS)]
    other = threading.Thread(target=lambda: learned.put(Library(tmp_path), THUMBS, both[1]))
    read = library.choice

    def choice(step: str) -> dict | None:
        found = read(step)
        if other.ident is None:
            other.start()
            other.join(0.5)  # it waits for us
        return found

    monkeypatch.setattr(library, "choice", choice)
    learned.put(library, LABELS, both[0])
    other.join()
    assert set(learned.kept(library)) == {LABELS, THUMBS}

"""How an index was set is remembered; a command changes only what it names, and says what follows."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import index as indexes
from pipeline.cli import main
from pipeline.errors import EmbeddingError
from pipeline.index.faiss import structures
from pipeline.progress import Silent
from pipeline.settings import IndexOptions
from tests.conftest import synthetic_library, unit

DIMS = {"color": 12, "sift": 20}


class Said(Silent):
    def __init__(self):
        self.sentences = []

    def say(self, text):
        self.sentences.append(text)


def invoke(library, *words: str) -> str:
    result = CliRunner().invoke(main, [*words, "--data", str(library.data)])
    assert result.exit_code == 0, result.output
    return result.output


def test_one_option_leaves_the_others_as_they_were(tmp_path):
    library = synthetic_library(tmp_path, 60, DIMS)
    invoke(library, "index", "--storage", "int8")
    invoke(library, "index", "--ef-search", "64")
    assert indexes.load(library).state.options == IndexOptions(storage="int8", ef_search=64)
    assert invoke(library, "index").startswith("Index current")
    invoke(library, "index", "--type", "flat")
    invoke(library, "index", "--ef-search", "0")
    assert indexes.load(library).state.options == IndexOptions("flat", "int8")
    for file in (library.data / "index").iterdir():
        file.unlink()
    invoke(library, "index")  # made again as it was
    assert indexes.load(library).state.options == IndexOptions("flat", "int8")
    invoke(library, "index", "--storage", "float32", "--type", "hnsw")
    assert indexes.load(library).state.options == IndexOptions()


def test_chosen_embeddings_stay_until_others_are_named(tmp_path):
    library = synthetic_library(tmp_path, 60, DIMS)
    invoke(library, "index", "--embeddings", "color")
    invoke(library, "map")
    assert indexes.load(library).embeddings == ("color",) and not indexes.about(library)["stale"]
    invoke(library, "index", "--embeddings", "all")
    assert indexes.load(library).embeddings == ("color", "sift")
    library.set_embedding("efficientnet", "efficientnet/test", 8, {})
    rows = unit(np.random.default_rng(0).normal(size=(60, 8)))
    library.store([], {"efficientnet": ("efficientnet/test", list(range(1, 61)), rows)})
    assert indexes.about(library)["stale"]
    assert indexes.build(library)[0].embeddings == ("color", "sift", "efficientnet")
    with pytest.raises(EmbeddingError, match="no vectors"):
        indexes.build(library, ["dreamsim"])
    assert indexes.build(library)[1] == "current"  # what failed is not remembered


def test_what_is_built_anew_is_said_in_one_sentence(tmp_path):
    library, said = synthetic_library(tmp_path, 60, DIMS), Said()
    indexes.build(library, progress=said)
    indexes.build(library, None, {"ef_search": 9}, said)
    assert said.sentences == []  # nothing had to be
    indexes.build(library, None, {"storage": "int8"}, said)
    indexes.build(library, ["sift"], None, said)
    library.set_embedding("sift", "sift/other", 4, {})
    library.store([], {"sift": ("sift/other", list(range(1, 61)), unit(np.ones((60, 4))))})
    indexes.build(library, progress=said)
    assert said.sentences == [
        "The index is built anew: storage changes from float32 to int8.",
        "The index is built anew: it holds color + sift, and is to hold sift.",
        "The index is built anew: vectors of sift have another length.",
    ]


def test_images_that_come_do_not_count_as_gone(tmp_path):
    library = synthetic_library(tmp_path, 500, DIMS)
    for image in range(371, 501):
        library.mark(image, "missing")
    indexes.build(library)
    for image in range(371, 501):
        library.mark(image, "ok")  # a third more
    index, done = indexes.build(library)
    assert (done, len(index), len(index.rows)) == ("extended", 500, 500)
    for image in range(1, 90):
        library.mark(image, "missing")
    assert indexes.build(library)[1] == "extended"
    for image in range(90, 120):
        library.mark(image, "missing")
    index, done = indexes.build(library)
    assert (done, len(index.rows)) == ("built", 381)


@pytest.mark.slow
def test_an_effort_given_later_has_the_recall_that_was_measured_with_strangers(tmp_path, monkeypatch):
    monkeypatch.setattr(structures, "EXACT_BELOW", 800)
    library = synthetic_library(tmp_path, 1_400, DIMS)
    options = IndexOptions(hnsw_m=4, ef_construction=12)
    indexes.build(library, options=options)
    measured = indexes.measured(library)
    low = indexes.load(library).figures["ladder"]["32"]
    indexes.build(library, None, {"ef_search": 32})
    given = indexes.measured(library)
    assert set(given["effort"].values()) == {32} and given["recall_at_10"] == low
    assert min(low.values()) <= min(measured["recall_at_10"].values())
    output = invoke(library, "index", "--ef-search", "33")  # no rung: nothing is claimed
    assert indexes.measured(library)["recall_at_10"] == {} and "efSearch 33 will be measured" in output
    indexes.build(library, None, {"ef_search": 0})
    assert indexes.measured(library) == measured

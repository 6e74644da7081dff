"""The embedding of what is written: made where something is, kept in step, learned anew by its rule."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import embeddings, index, maps
from pipeline.embeddings.written import Written, tokens_of
from pipeline.extraction import plan
from pipeline.facts import text
from pipeline.library import Library, notes
from pipeline.pictures.metadata import Metadata
from pipeline.run import run
from pipeline.search import Query, Searcher
from pipeline.search.query import WordsEntry
from tests.conftest import synthetic_library
from tests.metadata_pictures import picture, texts

THEMES = ("red fox snow forest winter", "lighthouse dusk coast sea waves", "knight armor castle sword", "teapot porcelain table tea")
COUNT, WRITTEN = 240, 160


def prompt(image: int, chance: np.random.Generator) -> str:
    words = chance.permutation(THEMES[image % 4].split())[:3]
    return f"masterpiece, (best quality:1.{image % 9}), a {' '.join(words)} <lora:{image}:0.8>"


@pytest.fixture
def written(tmp_path) -> Library:
    """240 images in four themes, of which two thirds say what they were made from."""
    library = synthetic_library(tmp_path, COUNT, {"shape": 16})
    chance = np.random.default_rng(0)
    library.facts.store([(image, Metadata(prompt=prompt(image, chance))) for image in range(1, WRITTEN + 1)])
    return library


@pytest.mark.slow
def test_images_of_one_theme_are_near_and_the_others_have_no_say(written):
    assert text.has_text(written) and text.update(written) == COUNT
    assert written.coverage("text") == {"current": COUNT, "stale": 0, "missing": 0}
    ids, rows = written.vectors("text")
    assert rows.shape == (COUNT, Written.dim) and not rows[WRITTEN:].any()
    np.testing.assert_allclose(np.linalg.norm(rows[:WRITTEN], axis=1), 1, atol=1e-5)
    near = np.argsort(-(rows[:WRITTEN] @ rows[:WRITTEN].T), axis=1)[:, 1:11]
    assert (ids[near] % 4 == ids[:WRITTEN, None] % 4).mean() > 0.95
    index.build(written)
    maps.build(written, ["text"])
    assert maps.load(written, "text").ids.tolist() == list(range(1, WRITTEN + 1))
    searcher = Searcher(written)
    found = searcher.search(Query.around(3, weights={"text": 1.0}, top_k=10)).matches
    assert {match.id % 4 for match in found} == {3} and all(match.id <= WRITTEN for match in found)
    found = searcher.search(Query((WordsEntry("porcelain teapots tea"),), weights={"text": 1.0}, top_k=10)).matches
    assert {match.id % 4 for match in found} == {3}


def test_nothing_is_made_where_little_is_written_or_it_was_not_chosen(tmp_path):
    library = synthetic_library(tmp_path, 500, {"shape": 8})
    notes.tag(library, range(1, 20), "fox in the snow")
    assert not text.has_text(library) and text.update(library) == 0 and "text" not in library.embeddings()
    notes.tag(library, range(20, 40), "castle by the sea")
    assert text.has_text(library) and plan.writes(library)
    plan.choose(library, "color")
    assert not plan.writes(library)
    assert plan.choose(library, "color,text") == ["color"] and plan.writes(library)


def test_only_what_has_changed_is_described_anew_until_a_fifth_has(written):
    text.update(written)
    before = written.embeddings()["text"].extractor
    assert text.update(written) == 0
    notes.tag(written, [5, 200], "castle sword")
    assert text.update(written) == 2 and written.embeddings()["text"].extractor == before
    rows = written.vectors("text", [200, 2])[1]
    assert rows[0] @ rows[1] > 0.5  # 2 is a knight in a castle
    written.db.execute("DELETE FROM images WHERE id = 7")
    assert text.update(written) == 0
    notes.tag(written, range(100, 150), "unheard-of zeppelin")
    assert text.update(written) == COUNT - 1 and written.embeddings()["text"].extractor != before
    assert written.coverage("text")["stale"] == 0
    assert embeddings.opened(written, "text").encode_text("Zeppelins, zeppelin") is not None


def test_the_codebook_comes_back_from_plain_arrays(written):
    text.update(written)
    arrays, _ = written.fitted("text")  # which refuses pickles
    again = Written()
    again.load_arrays(arrays)
    assert again.fingerprint == written.embeddings()["text"].extractor
    assert "masterpiece" not in arrays["words"] and "fox" in arrays["words"] and "lora" not in arrays["words"]
    opened = embeddings.opened(written, "text")
    assert opened.encode_text("quixotic") is None and not opened.extract([np.zeros((4, 4, 3), np.uint8)]).any()
    assert opened.encode_text("FÖX fox") @ opened.encode_text("fox") > 0.99


def test_words_are_found_in_any_script():
    assert tokens_of("Café_Noir-12 <b>ДОМ</b> 狐の嫁 (x:1.2)") == ["cafe", "noir", "дом", "狐の嫁"]


def test_few_words_are_directions_themselves():
    small = Written()
    small.fit(["sun sea", "sun", "sea", "x", "moon and stars"])
    assert small.is_fitted and abs(small.encode_text("sun") @ small.encode_text("sea")) < 1e-6
    empty = Written()
    empty.fit(["one", "two"])
    assert not empty.is_fitted and empty.encode_text("one") is None


@pytest.mark.slow
def test_a_run_makes_it_a_part_of_the_library(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    chance = np.random.default_rng(1)
    for number in range(24):
        (folder / f"{number}.png").write_bytes(texts({"parameters": prompt(number, chance) + "\nSteps: 20, Sampler: x, Seed: 1"},
                                                     image=picture(number, 48)))
    library = Library(tmp_path / "data", create=True)
    plan.choose(library, "color,text")
    report = run(library, folder)
    assert report.embed.vectors == {"color": 24, "text": 24} and list(library.embeddings()) == ["color", "text"]
    assert "text" in maps.names(library)
    again = run(library, folder)
    assert again.did_nothing

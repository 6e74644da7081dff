"""Facts in the library: columns, the facts of an image, words, and that every index of words is in step."""

from __future__ import annotations

import os

import numpy as np
import pytest

from pipeline.errors import NoteError
from pipeline.library import Library, checks, notes
from pipeline.library.facts import KNOWN, Column, words
from pipeline.pictures.metadata import Metadata
from tests.conftest import synthetic_library

TREES = ("beach/evening sun.jpg", "beach/Café_Noir-12.png", "dresses/red.jpg", "dresses/blue/IMG_0012.JPG", "x.gif")


@pytest.fixture
def empty(tmp_path) -> Library:
    """Five images without files."""
    library = Library(tmp_path, create=True)
    root = library.add_root("/pictures")
    library.db["images"].insert_all(
        {"root_id": root, "path": path, "label": None, "size": 1, "mtime": 0.0} for path in TREES
    )
    return library


def assert_in_step(library: Library) -> None:
    """Every index holds the words of its table and no others."""
    assert not words.out_of_step(library)


def found(library: Library, text: str) -> dict[int, str]:
    return {image: where for image, _, where in library.facts.find(text)}


def test_facts_come_back_by_image_and_by_column(empty):
    one = Metadata(taken="2024-05-01T12:30:00.25+02:00", camera="Nikon D850", exposure=1 / 250, rating=4,
                   prompt="a red fox", seed="18446744073709551615", keywords=("fox", "Snow"))
    empty.facts.store([(1, one), (2, Metadata()), (4, Metadata(taken="1953-05-29T11:30:00", problem="IPTC is damaged"))])
    assert [column.name for column in empty.facts.columns()] == [
        "taken", "camera", "exposure", "rating", "prompt", "seed", "keyword"]
    assert KNOWN["taken"] in empty.facts.columns()
    facts = empty.facts.of(1)
    assert facts.values == {
        "taken": "2024-05-01T12:30:00.25+02:00", "camera": "Nikon D850", "exposure": 1 / 250, "rating": 4,
        "prompt": "a red fox", "seed": "18446744073709551615", "keyword": ["fox", "Snow"]}
    assert empty.facts.of(2).values == {} and empty.facts.of(4).problem == "IPTC is damaged"
    ids, values = empty.facts.column("taken")
    assert ids.tolist() == [1, 4] and values.dtype == "datetime64[s]"
    assert values.tolist()[0].isoformat() == "2024-05-01T12:30:00"
    ids, values = empty.facts.column("exposure")
    assert (ids.tolist(), values.tolist(), values.dtype) == ([1], [1 / 250], np.float64)
    assert [part.tolist() for part in empty.facts.column("keyword")] == [[1, 1], ["fox", "Snow"]]
    assert empty.facts.pending() == [3, 5]
    with pytest.raises(NoteError, match="no column “price”"):
        empty.facts.column("own.price")


def test_what_is_read_again_takes_the_place_of_what_was_known(empty):
    before = empty.notes_generation("facts")
    empty.facts.store([(1, Metadata(title="Old", keywords=("old",)))])
    empty.facts.store([(1, Metadata(title="New", keywords=("new",)))])
    assert empty.facts.of(1).values == {"title": "New", "keyword": ["new"]}
    assert found(empty, "old") == {} and found(empty, "new") == {1: "keyword"}
    assert empty.notes_generation("facts") > before
    empty.db.execute("UPDATE facts SET title = NULL, camera = 'Leica' WHERE image_id = 1")
    assert [column.name for column in empty.facts.columns()] == ["camera", "keyword"]  # what was cached is gone
    assert_in_step(empty)


def test_all_words_have_to_be_found_each_anywhere(empty):
    empty.facts.store([
        (1, Metadata(caption="A dress on the beach", prompt="long beach dresses, red")),
        (3, Metadata(keywords=("studio shot",))),
    ])
    notes.tag(empty, [2, 4], "Beach")
    notes.collect(empty, "Summer Dresses", [5])
    assert found(empty, "beach") == {2: "tag", 4: "tag", 1: "caption"}
    assert found(empty, "DRESS") == {1: "caption", 3: "folder", 4: "folder", 5: "collection"}
    assert found(empty, "red dress") == {3: "file name", 1: "prompt"}  # red is the rarer word
    assert found(empty, "cafe noir") == found(empty, '"Café Noir" 12') == {2: "file name"}
    assert found(empty, '"noir cafe"') == {} and found(empty, "unheard-of") == {} == found(empty, '"" ,;')
    assert found(empty, "studio") == {3: "keyword"} and found(empty, "png") == {2: "file name"}
    scores = [score for _, score, _ in empty.facts.find("beach")]
    assert scores == sorted(scores, reverse=True) and scores[0] == pytest.approx(1.0)
    assert len(empty.facts.find("beach", limit=2)) == 2


@pytest.mark.parametrize("text", ['"', '*', "name : red", "red OR blue", "NEAR(red blue)", "-red", "^red", "a'b", "\0", "(" * 99])
def test_what_means_something_to_the_index_is_only_text_to_a_person(empty, text):
    assert isinstance(empty.facts.find(text), list)


def test_words_follow_renames_and_go_with_what_is_gone(empty):
    empty.facts.store([(1, Metadata(prompt="harbor"))])
    notes.tag(empty, [3], "Harbor")
    notes.collect(empty, "Harbors", [4])
    assert found(empty, "harbor") == {1: "prompt", 3: "tag", 4: "collection"}
    notes.rename_collection(empty, "harbors", "Ports")
    notes.untag(empty, [3], "harbor")
    assert found(empty, "harbor") == {1: "prompt"} and found(empty, "port") == {4: "collection"}
    empty.db.execute("UPDATE images SET path = 'night/harbor lights.jpg' WHERE id = 2")
    assert found(empty, "harbor") == {2: "file name", 1: "prompt"} and found(empty, "noir") == {}
    empty.mark(2, "missing")
    assert found(empty, "harbor") == {1: "prompt"}
    empty.db.execute("DELETE FROM images WHERE id = 1")
    assert found(empty, "harbor") == {} and not empty.db.execute("SELECT * FROM facts").fetchall()
    notes.drop_collection(empty, "ports")
    assert found(empty, "ports") == {}
    assert_in_step(empty)


def test_indexes_are_in_step_whatever_is_done(tmp_path):
    library = synthetic_library(tmp_path, 60, {})
    generator = np.random.default_rng(3)
    library.db.execute("INSERT INTO own_columns VALUES (1, 'Note', 'text', 0)")
    some = ["red fox", "Blue hour", None, "été", "狐", "a-b_c"]
    for _ in range(300):
        image, word, other = int(generator.integers(1, 61)), *generator.choice(some, 2)
        if library.image(image) is None:
            continue
        match generator.integers(9):
            case 0: library.facts.store([(image, Metadata(title=word, prompt=other, keywords=(other,) if other else ()))])
            case 1: notes.tag(library, [image], word or "none")
            case 2: notes.untag(library, [image], word or "none")
            case 3: notes.collect(library, word or "none", [image])
            case 4: library.db.execute("UPDATE images SET path = ? WHERE id = ?", [f"{word}/{other}/{image}.jpg", image])
            case 5: library.db.execute("UPDATE images SET path = ? WHERE id = ?", [os.fsencode(f"\udce9{word}/{image}"), image])
            case 6: library.db.execute("UPDATE facts SET caption = ? WHERE image_id = ?", [word, image])
            case 7: library.db.execute("INSERT OR IGNORE INTO own_facts (column_id, image_id, value) VALUES (1, ?, ?)", [image, word or 3.5])
            case 8 if generator.random() < 0.2: library.db.execute("DELETE FROM images WHERE id = ?", [image])
            case 8: library.db.execute("UPDATE own_facts SET value = ? WHERE image_id = ? AND value = ?", [f"{word} {image}", image, other])
    assert_in_step(library)
    library.remove_root("/nowhere")
    assert_in_step(library)
    assert not library.facts.find("fox") and not library.db.execute("SELECT * FROM own_facts").fetchall()


def test_a_persons_own_columns_stand_beside_the_others(empty):
    empty.db.execute("INSERT INTO own_columns VALUES (1, 'Price', 'number', 1), (2, 'Remark', 'text', 0)")
    empty.db["own_facts"].insert_all([
        {"column_id": 1, "image_id": 2, "value": 4.5}, {"column_id": 2, "image_id": 2, "value": "from grandmother"}])
    assert empty.facts.columns() == [Column("own.Remark", "Remark", "text"), Column("own.Price", "Price", "number")]
    assert [part.tolist() for part in empty.facts.column("own.price")] == [[2], [4.5]]
    assert empty.facts.of(2).values == {"own.Remark": ["from grandmother"], "own.Price": [4.5]}
    assert found(empty, "grandmother") == {2: "Remark"}
    empty.db.execute("DELETE FROM own_columns WHERE id = 2")
    assert found(empty, "grandmother") == {} and len(empty.facts.columns()) == 1
    assert_in_step(empty)


def test_the_doctor_finds_words_that_are_out_of_step_and_makes_them_anew(empty):
    empty.facts.store([(1, Metadata(prompt="harbor"))])
    empty.db.execute("INSERT INTO fact_words (fact_words, rowid, prompt) VALUES ('delete', 1, 'harbor')")
    empty.db.execute("INSERT INTO image_words (rowid, name) VALUES (2, 'ghost')")
    assert found(empty, "harbor") == {} and found(empty, "ghost") == {2: "file name"}
    (names, prompts) = [one for one in checks.examine(empty, ()) if one.check == "words"]
    assert (names.about, prompts.about) == ("image_words", "fact_words")
    names.cure()
    prompts.cure()
    assert found(empty, "harbor") == {1: "prompt"} and found(empty, "ghost") == {}
    assert_in_step(empty)

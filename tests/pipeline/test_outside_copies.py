"""Pictures from outside: which of them the library has already, whatever has become of them."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import gallery, index
from pipeline.cli import main
from pipeline.duplicates.known import SIDE, content_of, copies_of
from pipeline.extraction.embed import embed
from pipeline.extraction.scan import scan
from pipeline.library import Library
from pipeline.pictures import decoding
from pipeline.search import Searcher
from tests.copies import CHANGES
from tests.flat_pictures import slide


@pytest.fixture(scope="module")
def searcher(made_library) -> Searcher:
    return Searcher(Library(made_library))


def seen(file: Path) -> np.ndarray:
    return decoding.decode(file.read_bytes(), SIDE)


@pytest.mark.parametrize("change", [*CHANGES])
def test_a_changed_copy_is_known_as_the_picture_that_it_was_made_from(searcher, change):
    """One picture of each folder; the changes are told by what they are."""
    found = []
    for image in (3, 14, 25, 36, 47, 58):
        changed = np.ascontiguousarray(CHANGES[change](seen(searcher.library.image(image).file)))
        copies = copies_of(searcher, decoding.decode(decoding.encode_jpeg(changed, 85), SIDE))
        assert {one.image for one in copies} <= {image}
        found += [one.reason for one in copies]
    assert len(found) >= 5  # a turned quarter circle of one color shows nothing to lay it by
    kinds = {one.kind for one in found}
    assert change not in ("turn90", "turn180", "turn270") or kinds == {"turned"}
    assert change != "half25" or kinds == {"saved again"}


def test_what_the_library_does_not_have_is_not_known_and_nothing_is_kept(searcher):
    before = searcher.library.db.execute("PRAGMA data_version").fetchone(), searcher.library.counts()
    have = {row.path for row in searcher.library.images()}
    others = [entry for entry in gallery.plan(7) if not entry.duplicate_of and entry.path not in have][::24]
    assert len(others) > 10
    for entry in others:
        data = gallery.encode(entry, gallery.render(entry))
        assert copies_of(searcher, decoding.decode(data, SIDE), content_of(data)) == [], entry.path
    assert before == (searcher.library.db.execute("PRAGMA data_version").fetchone(), searcher.library.counts())


def test_the_same_file_is_known_by_its_content_without_a_look(searcher):
    data = searcher.library.image(7).file.read_bytes()
    nothing = np.zeros((8, 8, 3), np.uint8)
    (same,) = copies_of(searcher, nothing, content_of(data))
    assert (same.image, same.reason.kind) == (7, "same file")


@pytest.mark.slow
def test_one_of_many_slides_that_a_hash_cannot_tell_apart_is_known_as_itself(tmp_path):
    folder = tmp_path / "slides"
    folder.mkdir()
    chance = random.Random(1)
    for number in range(40):
        slide(number, chance).save(folder / f"{number:02}.png")
    library = Library(tmp_path / "data", create=True)
    scan(library, folder)
    embed(library, ["color", "sift"])
    index.build(library)
    searcher = Searcher(library)
    at = {row.path: row.id for row in library.images()}
    for name in ("05.png", "21.png", "33.png"):
        smaller = cv2.resize(seen(folder / name), None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
        copies = copies_of(searcher, decoding.decode(decoding.encode_jpeg(smaller, 80), SIDE))
        assert [one.image for one in copies] == [at[name]]


def test_the_command_says_it_of_files_and_folders(made_library, tmp_path):
    library = Library(made_library)
    card = tmp_path / "card"
    (card / "below").mkdir(parents=True)
    shutil.copy(library.image(9).file, card / "same.jpg")
    smaller = decoding.resize(seen(library.image(20).file), 200)
    (card / "below" / "small.jpg").write_bytes(decoding.encode_jpeg(smaller, 70))
    (card / "below" / ".hidden.jpg").write_bytes(b"nothing")
    entry = next(one for one in gallery.plan(7) if not one.duplicate_of and one.path not in {row.path for row in library.images()})
    new = tmp_path / f"new{Path(entry.path).suffix}"
    new.write_bytes(gallery.encode(entry, gallery.render(entry)))
    (card / "broken.jpg").write_bytes(b"no picture")

    def ran(*more: str):
        result = CliRunner().invoke(main, ["known", str(card), str(new), "--data", str(made_library), *more])
        assert result.exit_code == 0, result.output
        return result

    told = {Path(one["file"]).name: one for one in json.loads(ran("--json").stdout)["pictures"]}
    assert {name: one["state"] for name, one in told.items()} == {
        "same.jpg": "known", "small.jpg": "known", new.name: "new", "broken.jpg": "unread",
    }
    assert [one["id"] for one in told["same.jpg"]["copies"]] == [9] and told["same.jpg"]["copies"][0]["kind"] == "same file"
    assert [one["id"] for one in told["small.jpg"]["copies"]] == [20]
    assert ran("--only", "new").stdout == f"{new}\n"
    assert ran("--only", "known").stdout.splitlines() == [str(card / "same.jpg"), str(card / "below" / "small.jpg")]
    assert "4 pictures: 2 known, 1 new, 1 that cannot be read." in ran().stdout
    assert len(library.images()) == 60


def test_the_command_passes_over_nothing_of_a_folder_in_silence(made_library, tmp_path):
    """Who empties a card by what it says should know of a folder that cannot be listed, and of kinds that nothing reads."""
    shutil.copy(Library(made_library).image(9).file, tmp_path / "same.jpg")
    (tmp_path / "drawing.psd").write_bytes(b"8BPS")
    before = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(20):  # a path as no system takes it
            os.mkdir("d" * 250)
            os.chdir("d" * 250)
    finally:
        os.chdir(before)
    said = CliRunner().invoke(main, ["known", str(tmp_path), "--data", str(made_library)]).stdout
    assert said.count("the folder cannot be listed (File name too long)") == 1
    assert "2 pictures: 1 known, 0 new, 1 that cannot be read; not read: 1 .psd." in said

"""Duplicates: made copies are found with their reasons, and nothing else is."""

from __future__ import annotations

import json
import shutil
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import duplicates, gallery, index
from pipeline.cli import main
from pipeline.errors import LibraryError
from pipeline.extraction.embed import embed
from pipeline.extraction.scan import scan
from pipeline.library import Library
from pipeline.pictures import decoding
from pipeline.pictures.alignment import Picture, agree, align, stretch
from pipeline.quality.transforms import TRANSFORMS
from tests.conftest import synthetic_library

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copied(pictures, tmp_path_factory) -> tuple[Library, dict[frozenset, str]]:
    """A library of `pictures` and changed copies; which pairs are copies, and of what kind."""
    folder = tmp_path_factory.mktemp("copied") / "pictures"
    shutil.copytree(pictures, folder)
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.*"))
    truth = {}
    (folder / "copies").mkdir()

    def add(kind: str, original: str, data: bytes) -> None:
        name = f"copies/{kind}-{len(truth)}{Path(original).suffix}"
        (folder / name).write_bytes(data)
        truth[frozenset((original, name))] = kind

    for number, (kind, change) in enumerate(TRANSFORMS.items()):
        for path in (files[number], files[30 + 5 * number]):
            pixels = decoding.decode((folder / path).read_bytes())
            add(kind, path, decoding.encode_jpeg(change(pixels)))
    for entry in gallery.plan(7):
        if entry.change == "recolor" and entry.duplicate_of in files:
            add("recolor", entry.duplicate_of, gallery.encode(entry, gallery.render(entry)))
    for place in (12, 13):
        add("twin", files[place], (folder / files[place]).read_bytes())
    library = Library(folder.parent / "data", create=True)
    scan(library, folder)
    embed(library, ["color", "sift"])
    index.build(library)
    return library, truth


def test_made_copies_are_found_and_nothing_else(copied):
    library, truth = copied
    groups = duplicates.find(library)
    found = {frozenset((a.path, b.path)) for g in groups for a, b in combinations(g.images, 2)}
    assert found == set(truth)
    assert set(truth.values()) == {*TRANSFORMS, "recolor", "twin"} and len(groups) == len(truth)
    said = {truth[frozenset(row.path for row in group.images)]: group.reasons for group in groups}
    assert "identical file" in said["twin"][0]
    assert "of 192 bits" in said["half_jpeg20"][0] and "of 192 bits" in said["recolor"][0]
    assert said["dark_mirror"][0].endswith("matching points, mirrored")
    assert "matching points" in said["crop70"][0] and "matching points" in said["rotate12"][0]


def test_the_command_tells_the_groups_as_one_document(copied):
    library, truth = copied
    data = str(library.data)
    result = CliRunner().invoke(main, ["duplicates", "--json", "--data", data])
    answer = json.loads(result.stdout)
    assert len(answer["groups"]) == len(truth)
    for group in answer["groups"]:
        assert set(group) == {"images", "reasons"} and len(group["images"]) == 2
        assert all(library.image(item["id"]).path == item["path"] for item in group["images"])
        assert len(group["reasons"]) == 1
    said = CliRunner().invoke(main, ["duplicates", "--data", data]).stdout
    assert f"{len(truth)} groups, {2 * len(truth)} images" in said and "identical file" in said


def test_many_identical_files_are_one_group(own_pictures, tmp_path):
    first = sorted(own_pictures.rglob("*.jpg"))[0]
    for number in range(9):
        shutil.copy(first, own_pictures / f"again-{number}.jpg")
    pixels = decoding.decode(first.read_bytes())
    (own_pictures / "smaller.jpg").write_bytes(decoding.encode_jpeg(decoding.resize(pixels, 200), quality=40))
    library = Library(tmp_path / "data", create=True)
    scan(library, own_pictures)
    embed(library, ["color"])
    index.build(library)
    (group,) = duplicates.find(library)
    assert len(group.images) == 11 and len(group.reasons) == 10
    assert sum("identical file" in reason for reason in group.reasons) == 9


def test_flat_pictures_are_copies_only_when_their_color_is(tmp_path):
    large, small = (90, 120, 3), (45, 60, 3)
    red = Picture.of(np.full(large, (200, 30, 30), np.uint8))
    same = Picture.of(np.full(small, (200, 31, 30), np.uint8))
    blue = Picture.of(np.full(large, (30, 30, 200), np.uint8))
    assert align(red, same) is None
    assert agree(red, same, stretch(red, same), colors=False)
    assert not agree(red, blue, stretch(red, blue), colors=False)


def test_a_library_without_hashes_says_what_to_do(tmp_path):
    with pytest.raises(LibraryError, match="pipeline embed"):
        duplicates.find(synthetic_library(tmp_path, 5, {"color": 4}))

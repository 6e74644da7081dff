"""Files of one content: what is known of one is not computed for the others."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.extraction.embed import embed
from pipeline.extraction.scan import scan
from pipeline.library import Library, twins
from pipeline.library import hashes as stored_hashes
from pipeline.pictures import decoding

pytestmark = pytest.mark.slow

NAMES = ["color", "sift", "efficientnet"]


def known_of(library: Library, image: int) -> tuple:
    """All that was made of an image's content."""
    vectors = tuple(library.vectors(name, [image])[1].tobytes() for name in NAMES)
    return vectors, library.thumbnail(image), stored_hashes.read(library, [image])[1].tobytes()


def by_content(library: Library) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in library.images():
        found.setdefault(row.content_hash, []).append(row.id)
    return found


def test_a_second_folder_with_the_same_files_computes_only_what_is_new(library, own_pictures):
    before = library.counts()["ok"]
    pixels = decoding.decode(next(own_pictures.rglob("*.jpg")).read_bytes())
    (own_pictures / "new.jpg").write_bytes(decoding.encode_jpeg(np.ascontiguousarray(pixels[::-1])))
    scan(library, own_pictures)
    copied = library.counts()["ok"] - before - 1
    report = embed(library, NAMES)
    assert (report.done, report.taken, report.vectors) == (1, copied, dict.fromkeys(NAMES, 1)) and copied == 20
    pairs = [ids for ids in by_content(library).values() if len(ids) == 2]
    assert len(pairs) == copied and all(known_of(library, one) == known_of(library, other) for one, other in pairs)
    assert all(library.coverage(name) == {"current": before + copied + 1, "stale": 0, "missing": 0} for name in NAMES)
    again = embed(library, NAMES)
    assert (again.done, again.taken) == (0, 0)


def test_what_has_gone_still_tells_of_its_content(own_pictures, tmp_path):
    """Also where the vectors of the embedding have been computed anew since: only current ones are taken over."""
    library = Library(tmp_path / "data", create=True)
    other = Path(shutil.copytree(own_pictures, tmp_path / "other"))
    scan(library, own_pictures)
    embed(library, ["color"])
    shutil.rmtree(own_pictures)
    own_pictures.mkdir()
    scan(library, own_pictures, gone=True)
    assert library.counts()["ok"] == 0
    (tmp_path / "twice").mkdir()
    for copy in ("a", "b"):  # one of them is the image that has gone
        shutil.copytree(other, tmp_path / "twice" / copy)
    scan(library, tmp_path / "twice")
    report = embed(library, ["color"])
    assert report.done == 0 and report.vectors == {"color": 0} and report.taken == library.counts()["ok"] // 2 == 20
    changed = embed(library, ["color"], {"color": {"bins": 8}})
    assert changed.vectors == {"color": 20} and changed.taken == 20 and library.coverage("color")["stale"] == 0


def test_of_several_new_files_with_one_content_one_is_looked_at(own_pictures, tmp_path):
    for copy in ("a", "b"):
        shutil.copytree(own_pictures / sorted(folder.name for folder in own_pictures.iterdir())[0], own_pictures / copy)
    library = Library(tmp_path / "data", create=True)
    scan(library, own_pictures)
    contents = by_content(library)
    report = embed(library, ["color", "sift"])
    assert report.done == len(contents) == 20 and report.taken == 20 and library.counts()["ok"] == 40
    assert len(library.vectors("sift")[0]) == len(library.vectors("color")[0]) == 40
    for ids in contents.values():
        rows = library.vectors("sift", ids)[1]
        assert (rows == rows[0]).all() and all(library.thumbnail(i) for i in ids)


def test_where_the_first_cannot_be_read_another_is_looked_at(own_pictures, tmp_path):
    first = sorted(own_pictures.rglob("*.jpg"))[0]
    for copy in ("x.jpg", "y.jpg"):
        shutil.copy(first, own_pictures / copy)
    library = Library(tmp_path / "data", create=True)
    scan(library, own_pictures)
    ids = next(ids for ids in by_content(library).values() if len(ids) == 3)
    assert twins.spared(library, ids) == ids[1:]
    bad = library.image(ids[0]).file
    bad.write_bytes(bad.read_bytes()[:200])  # since it was scanned
    report = embed(library, ["color"])
    assert report.failed == 1 and library.image(ids[0]).state == "unreadable"
    assert library.vectors("color", ids)[0].tolist() == ids[1:] and library.coverage("color")["missing"] == 0

"""Paths on the pages: told apart where two folders have the same, and shown whatever their bytes are."""

from __future__ import annotations

import os

import pytest

from dashboard.app import render
from dashboard.pages.compare import columns
from dashboard.pages.graph import page as graph_page
from dashboard.pages.graph.data import Settings
from dashboard.pages.map.panels import image_panel
from dashboard.reads import Reads
from pipeline.extraction.scan import scan
from pipeline.library import Library
from pipeline.search import Query
from tests.conftest import tiny_picture
from tests.dashboard.trees import parts, text_of


@pytest.fixture
def two(tmp_path) -> Library:
    """The same path under two folders, and a name that is no UTF-8."""
    for number, place in enumerate(("Spain/photos", "Italy/photos")):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(tiny_picture(number))
    with open(os.fsencode(folder) + b"/b\xff.png", "wb") as file:
        file.write(tiny_picture(2))
    library = Library(tmp_path / "data", create=True)
    scan(library, [tmp_path / "Spain/photos", tmp_path / "Italy/photos"])
    return library


def test_the_same_path_in_two_folders_is_told_apart_to_who_may_know_of_them(two):
    rows = {row.root.split("/")[-2]: row for row in two.images() if row.path == "a.png"}
    reads = Reads(two)
    for place, row in rows.items():
        content, *_ = render(reads, "/detail", f"?image={row.id}")
        assert f"{place}/photos/a.png" in text_of(content)
    visitor = Reads(two, rights={"read"})
    content, *_ = render(visitor, "/detail", f"?image={rows['Italy'].id}")
    assert "a.png" in text_of(content) and "Italy" not in text_of(content)


def test_pictures_shown_together_are_told_apart_wherever_two_would_read_alike(library, tmp_path):
    """An image and its nearest have one name, in two folders, and no label."""
    (root,) = library.roots()
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.jpg").touch()  # a folder that is away is not searched
    near = Reads(library).search(Query.around(3)).matches[0].id
    sql = "UPDATE images SET root_id = ?, path = 'a.jpg', label = NULL WHERE id = ?"
    for folder, number in ((root, 3), (str(other), near)):
        library.db.execute(sql, [library.add_root(folder), number])
    ends = [f"{os.path.basename(folder)}/a.jpg" for folder in (root, other)]
    for rights, names in ((None, ends), ({"read"}, ["a.jpg", "a.jpg"])):
        reads = Reads(library, rights=rights)
        assert [one.name for one in reads.called([3, near]).values()] == names
        assert reads.called([near])[near].name == "a.jpg"  # there is no other to be taken for
        for tree in (
            image_panel(reads, 3, "combined")[0], columns.layout(reads, {"image": "3"}, 3),
            graph_page.content(reads, {"image": 3}, Settings(count=20), 1.4)[2],
        ):
            told = [str(getattr(part, kind, None) or "")
                    for part in parts(tree) for kind in ("title", "aria-label", "alt", "data")]
            assert any("a.jpg" in text for text in told)
            assert any(ends[1] in text for text in told) == (rights is None)


def test_a_name_that_is_no_utf8_is_shown(two):
    row = next(row for row in two.images() if row.path.startswith("b"))
    content, *_ = render(Reads(two), "/detail", f"?image={row.id}")
    assert "photos/b\\xff.png" in text_of(content)
    text_of(content).encode("utf-8")

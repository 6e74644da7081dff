"""Paths on the pages: told apart where two folders have the same, and shown whatever their bytes are."""

from __future__ import annotations

import os

import pytest

from dashboard.app import render
from dashboard.reads import Reads
from pipeline.extraction.scan import scan
from pipeline.library import Library
from tests.conftest import tiny_picture
from tests.dashboard.trees import text_of


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


def test_a_name_that_is_no_utf8_is_shown(two):
    row = next(row for row in two.images() if row.path.startswith("b"))
    content, *_ = render(Reads(two), "/detail", f"?image={row.id}")
    assert "photos/b\\xff.png" in text_of(content)
    text_of(content).encode("utf-8")

"""The Library page: what it tells of a library in each state."""

from __future__ import annotations

import pytest
from dash import no_update

from dashboard import components
from dashboard.pages import library as page
from dashboard.queries import Reads
from pipeline.library import Library
from pipeline.progress import RunRecord, Silent
from pipeline.scan import scan
from tests.dashboard.trees import of_class, parts, text_of


def test_a_current_library_is_told_in_figures(made_library):
    told = text_of(page.layout(Reads(Library(made_library)), {}))
    assert "60 images" in told
    assert told.count("60 up to date") == 3
    assert "Out of date" not in told and "Could not be read" not in told
    assert "All combined" in told


def test_a_file_that_could_not_be_read_is_listed_with_its_reason(library, own_pictures):
    broken = own_pictures / "broken.jpg"
    broken.write_bytes(b"nothing")
    scan(library, own_pictures)
    reads = Reads(library)
    (row,) = reads.failures()
    told = text_of(page.body(reads))
    assert "broken.jpg" in told and row.reason in told
    assert "1 could not be read" in told


def test_what_is_behind_is_shown_with_the_command_that_mends_it(library):
    library.set_embedding("color", "color/other", library.embeddings()["color"].dim, {})
    told = text_of(page.body(Reads(library)))
    assert "60 out of date" in told
    for words in ("embed --embeddings color,sift,efficientnet", "index", "map"):
        assert components.command(words, library.data) in told
    (bar,) = of_class(page.body(Reads(library)), "coverage-stale")[:1]
    assert bar.style["width"] == "100.00%"


def test_a_run_going_on_is_shown_live_and_its_end_brings_the_whole_page(library):
    reads = Reads(library)
    with library.writing(), RunRecord(library, "embed", {}, Silent()) as record:
        record.start("embed", 200)
        record._write(done=50)
        (interval,) = [p for p in parts(page.layout(reads, {})) if getattr(p, "id", "") == "library-tick"]
        assert interval.disabled is False
        live, body, stop = page.tick(reads)
        assert "50 of 200" in text_of(live) and body is no_update and stop is False
        assert of_class(live, "live-done")[0].style["width"] == "25.0%"
    live, body, stop = page.tick(reads)
    assert live is None and "Latest runs" in text_of(body) and stop is True


def test_a_failed_run_says_why(library):
    with pytest.raises(ValueError), RunRecord(library, "map", {}, Silent()):
        raise ValueError("the disk is full")
    told = text_of(page.body(Reads(library)))
    assert "Failed" in told and "the disk is full" in told


def test_an_empty_library_says_what_to_do(tmp_path):
    reads = Reads(Library(tmp_path, create=True))
    assert "python -m pipeline run FOLDER" in text_of(page.layout(reads, {}))

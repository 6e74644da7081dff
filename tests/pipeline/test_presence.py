"""Pictures on a drive that is not there are kept and not found, and found again the moment it is back."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import index
from pipeline.cli import main
from pipeline.errors import LibraryError
from pipeline.extraction.embed import embed
from pipeline.extraction.folders import relocate
from pipeline.extraction.scan import scan
from pipeline.library import Library, notes, presence
from pipeline.quality.effort import exactness
from pipeline.search import Filter, ImageEntry, Query, Searcher
from tests.conftest import tiny_picture


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A library of two folders with five pictures each, color and an index: (searcher, one, two)."""
    monkeypatch.setattr(presence, "FRESH", 0.2)
    one, two = tmp_path / "one", tmp_path / "two"
    for number in range(10):
        file = (one if number < 5 else two) / "deep" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(tiny_picture(number))
    library = Library(tmp_path / "data", create=True)
    scan(library, [one, two])
    embed(library, ["color"])
    index.build(library)
    return Searcher(library), one, two


def found(searcher: Searcher, metric: str = "cosine", filter: Filter = Filter(), by: int = 1) -> set[int]:
    query = Query((ImageEntry(by),), top_k=50, metric=metric, filter=filter)
    return {match.id for match in searcher.search(query).matches}


def after_a_while(searcher: Searcher, wanted: set[int]) -> bool:
    """Whether a search comes to find exactly these; answers are fresh for a while."""
    until = time.monotonic() + 20
    while found(searcher) != wanted:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_how_exact_searches_are_is_not_said_while_nothing_can_be_found(places):
    searcher, one, two = places
    assert exactness(searcher.index(), {"color": 1.0}, 5).recall == 1.0
    for folder in (one, two):
        shutil.move(folder, folder.with_name(f"{folder.name}-elsewhere"))
    assert after_a_while(searcher, set())
    assert exactness(searcher.index(), {"color": 1.0}, 5) is None


def test_a_folder_may_be_forgotten_while_it_is_looked_for(places):
    searcher, one, two = places
    library, other, gone = Library(searcher.library.data), Library(searcher.library.data), []

    def forget(sql: str) -> None:
        if sql.startswith("SELECT path FROM roots WHERE") and not gone:
            gone.append(other.remove_root(str(two)))

    library.db.conn.set_trace_callback(forget)
    assert library.presence.away() == frozenset() and gone == [5]
    shutil.move(one, one.with_name("elsewhere"))
    until = time.monotonic() + 20
    while library.presence.folders() != {str(one): 5} and time.monotonic() < until:
        time.sleep(0.05)
    assert library.presence.folders() == {str(one): 5}


@pytest.mark.slow
def test_what_is_unplugged_is_not_found_by_any_metric_and_back_without_a_scan(places):
    searcher, one, two = places
    library, every = searcher.library, set(range(1, 11))
    here, gone = set(range(1, 6)), set(range(6, 11))
    notes.tag(library, [7], "mine")
    assert found(searcher) == found(searcher, "hamming") == every
    shutil.move(two, two.with_name("away"))
    assert after_a_while(searcher, here)
    two.mkdir()  # the place where it was mounted
    with pytest.raises(LibraryError, match="not mounted"):
        scan(library, two)
    for metric in ("cosine", "euclidean", "manhattan", "hamming"):
        assert found(searcher, metric) == here == found(Searcher(Library(library.data)), metric)
    assert found(searcher, by=7) == here, "what is away can still be looked for"
    assert found(searcher, filter=Filter(ids=(2, 7))) == {2} and found(searcher, filter=Filter(exclude=(2, 7))) == here - {2}
    assert library.presence.folders() == {str(two): 5}
    assert set(library.vectors("color")[0].tolist()) == every and library.thumbnail(7)
    assert notes.tagged(library, "mine") == [7] and library.counts()["ok"] == 10
    two.rmdir()
    shutil.move(two.with_name("away"), two)
    assert after_a_while(searcher, every) and library.presence.folders() == {}
    shutil.move(two, two.with_name("elsewhere"))
    assert after_a_while(searcher, here)
    relocate(library, two, two.with_name("elsewhere"))
    assert found(searcher) == every and gone <= found(searcher, "hamming"), "what is known to lie elsewhere is asked anew"


def test_the_command_line_says_what_is_away_and_a_person_can_have_it_found_all_the_same(places, monkeypatch):
    searcher, one, two = places
    data = ["--data", str(searcher.library.data)]
    outside = shutil.copy(one / "deep" / "3.png", one.with_name("outside.png"))
    shutil.move(one, one.with_name("away"))
    told = CliRunner().invoke(main, ["search", str(outside), "--top-k", "20", *data])
    assert told.stdout.count(".png") == 5 and "5 images" in told.stderr and str(one) in told.stderr, told.output
    told = CliRunner().invoke(main, ["search", str(outside), "--json", *data])
    assert json.loads(told.stdout)["away"] == {str(one): 5}
    monkeypatch.setenv("LIKENESS_FIND_AWAY", "1")
    told = CliRunner().invoke(main, ["search", str(outside), "--top-k", "20", *data])
    assert told.stdout.count(".png") == 10 and told.stderr == ""


@pytest.mark.slow
def test_of_a_drive_mounted_inside_a_folder_only_its_own_pictures_are_away(places):
    searcher, one, _ = places
    other = Path(tempfile.mkdtemp(dir="/dev/shm")) if os.path.isdir("/dev/shm") else None
    if other is None or other.stat().st_dev == one.stat().st_dev:
        pytest.skip("there is no second drive here")
    try:
        for number in range(10, 13):
            (other / f"{number}.png").write_bytes(tiny_picture(number))
        (one / "drive").symlink_to(other, target_is_directory=True)
        library, every = searcher.library, set(range(1, 14))
        scan(library, one)
        embed(library, ["color"])
        index.build(library)
        assert after_a_while(searcher, every)
        (one / "drive").unlink()
        (one / "drive").mkdir()
        assert after_a_while(searcher, set(range(1, 11)))
        assert scan(library, one).missing == 0 and found(searcher) == set(range(1, 11))
    finally:
        shutil.rmtree(other)


@pytest.mark.slow
def test_a_share_that_hangs_keeps_nobody_waiting(places, monkeypatch):
    searcher, one, two = places
    assert len(found(searcher)) == 10
    hangs, exists = threading.Event(), os.path.exists

    def slow(path):
        if str(path).startswith(str(two)):
            hangs.wait(60)
        return exists(path)

    monkeypatch.setattr(os.path, "exists", slow)
    assert after_a_while(searcher, set(range(1, 6))), "it was there, and does not answer any more"
    took = []
    for _ in range(20):
        started = time.monotonic()
        found(searcher)
        took.append(time.monotonic() - started)
    assert np.median(took) < presence.FIRST / 4, took
    assert sum(thread.name.startswith("presence") for thread in threading.enumerate()) == 1, "one question at a time"
    hangs.set()
    assert after_a_while(searcher, set(range(1, 11)))

"""The Library page: what it tells of a library in each state."""

from __future__ import annotations

import re
import signal

import pytest
from dash import html, no_update
from playwright.sync_api import expect

from dashboard import components
from dashboard.access import Access
from dashboard.app import create_app
from dashboard.jobs import Jobs
from dashboard.pages.library import page
from dashboard.pages.library.parts import FAILURES_SHOWN
from dashboard.pages.search import results
from dashboard.pages.search.entry import Entry
from dashboard.pages.search.query import Settings
from dashboard.reads import Reads
from pipeline import maps
from pipeline.errors import LibraryError
from pipeline.extraction.scan import scan
from pipeline.library import Library
from pipeline.library.runs import RunRecord
from pipeline.progress import Silent
from pipeline.search import Query
from tests.dashboard.trees import of_class, parts, text_of


def test_a_current_library_is_told_in_figures(made_library):
    told = text_of(page.layout(Reads(Library(made_library)), {}))
    assert "60 images" in told
    assert told.count("60 up to date") == 3
    assert "Out of date" not in told and "Could not be read" not in told
    assert "All combined" in told


def test_no_two_buttons_of_the_page_are_called_alike(library, own_pictures):
    scan(library, own_pictures)  # a second folder; vectors, index and maps are behind
    buttons = [part for part in parts(page.layout(Reads(library, Jobs(library)), {})) if isinstance(part, html.Button)]
    called = [getattr(one, "aria-label", None) or text_of(one) for one in buttons]
    assert len(called) >= 10 and sorted(set(called)) == sorted(called)


def test_a_damaged_map_is_one_line_of_the_page_and_of_the_map_page(library):
    file = maps.path(library, "color")
    file.write_bytes(file.read_bytes()[:500])
    reads = Reads(library)
    told = text_of(page.layout(reads, {}))
    assert "60 images" in told and told.count("Damaged") == 1 and told.count("60 up to date") == 3
    with pytest.raises(LibraryError, match="The map of color is damaged. Make it with"):
        reads.map("color")
    assert reads.map_names() == ["combined", "sift", "efficientnet"]
    server = create_app(library).server.test_client()
    for name, status in (("color", 404), ("sift", 200), ("..%5C..%5Coutside", 404), ("color.npz", 404)):
        answer = server.get(f"/map/overview/{name}?dim=2")
        assert answer.status_code == status, (name, answer.status_code, answer.data[:200])
    assert "damaged" in server.get("/map/overview/color?dim=2").get_data(as_text=True)


def test_a_file_that_could_not_be_read_is_listed_with_its_reason(library, own_pictures):
    broken = own_pictures / "broken.jpg"
    broken.write_bytes(b"nothing")
    scan(library, own_pictures)
    reads = Reads(library)
    (row,) = reads.failures()
    told = text_of(page.body(reads))
    assert "broken.jpg" in told and row.reason in told
    assert "1 could not be read" in told
    assert not of_class(page.body(reads), "row-thumb")
    library.store([(row.id, library.thumbnail(1))], {})  # as of a file that was well before
    (picture,) = of_class(page.body(reads), "row-thumb")
    assert picture.children.src == f"/thumb/{row.id}"
    library.db.conn.executemany(
        "INSERT INTO images (root_id, path, size, mtime, state, reason) VALUES (1, ?, 1, 1, 'unreadable', 'damaged')",
        [(f"{number}.jpg",) for number in range(FAILURES_SHOWN + 4)],
    )
    told = text_of(page.body(reads))
    assert f"{FAILURES_SHOWN + 5} could not be read" in told and "And 5 more" in told


def test_what_is_behind_is_shown_with_the_command_that_mends_it(library):
    library.set_embedding("color", "color/other", library.embeddings()["color"].dim, {})
    told = text_of(page.body(Reads(library)))
    assert "60 out of date" in told
    for words in ("embed", "index", "map"):
        assert components.command(words, library.data) in told
    (bar,) = of_class(page.body(Reads(library)), "coverage-stale")[:1]
    assert bar.style["width"] == "100.00%"


def test_a_run_going_on_is_shown_live_and_its_end_brings_the_whole_page(library):
    reads = Reads(library)
    with library.writing(), RunRecord(library, "embed", {}, Silent()) as record:
        record.start("embed", 200)
        record._write(done=50)
        (clock,) = [p for p in parts(page.layout(reads, {})) if getattr(p, "id", "") == "library-tick"]
        assert clock.interval == page.TICK
        seen = page.tick(reads, None)[3]
        live, body, interval, seen = page.tick(reads, seen)
        assert "50 of 200" in text_of(live) and body is no_update and interval == page.TICK
        assert of_class(live, "live-done")[0].style["width"] == "25.0%"
        record.start("neighbors of efficientnet", 1_000_000)
        assert "Finding neighbors for the map: Meaning" in text_of(page.tick(reads, seen)[0])
    live, body, interval, seen = page.tick(reads, seen)
    assert live is None and "Latest runs" in text_of(body) and interval == page.IDLE
    assert page.tick(reads, seen)[1] is no_update


def test_a_failed_run_says_why(library):
    with pytest.raises(ValueError), RunRecord(library, "map", {}, Silent()):
        raise ValueError("the disk is full")
    told = text_of(page.body(Reads(library)))
    assert "Failed" in told and "the disk is full" in told


def test_a_run_that_ended_before_it_began_took_no_time_that_is_told(library):
    """The clock was set back meanwhile."""
    with RunRecord(library, "map", {}, Silent()):
        pass
    library.db.execute("UPDATE runs SET started = '2031-05-04T03:02:01+00:00', finished = '2031-05-04T02:02:01+00:00'")
    (told, *_) = of_class(page.body(Reads(library)), "run-when")
    assert re.fullmatch(r"May 4, 2031, \d\d:\d\d", text_of(told))


def test_an_empty_library_says_what_to_do(tmp_path):
    reads = Reads(Library(tmp_path, create=True))
    assert "python -m pipeline run FOLDER" in text_of(page.layout(reads, {}))


def test_a_folder_without_files_is_gone_from_the_page_at_once_when_removed(library):
    other = library.add_root("/unplugged")
    library.db.execute("UPDATE images SET root_id = ?, state = 'missing' WHERE id > 50", [other])
    reads = Reads(library)
    seen = page.tick(reads, None)[3]
    library.remove_root("/unplugged")
    body = page.tick(reads, seen)[1]
    assert body is not no_update and "/unplugged" not in text_of(body)


def test_a_folder_whose_drive_is_not_there_says_so_on_the_page_and_above_the_matches(library, pictures):
    reads = Reads(library)
    seen = page.tick(reads, None)[3]
    place = str(pictures.resolve())
    library.db.execute("UPDATE roots SET path = '/unplugged' WHERE path = ?", [place])
    _, body, _, seen = page.tick(reads, seen)
    assert body is not no_update and "60 images on a drive that is not there now" in text_of(body)
    entry = Entry("image", "7")
    found = results.page_of(reads, Query.around(7), Settings(weights={}), {})
    assert found.matches == [] and "60 images are not searched" in text_of(results.told(found, Settings(weights={}), [entry]))
    library.db.execute("UPDATE roots SET path = ? WHERE path = '/unplugged'", [place])
    _, body, _, _ = page.tick(reads, seen)
    assert body is not no_update and "not there now" not in text_of(body)
    assert len(results.page_of(reads, Query.around(7), Settings(weights={}), {}).matches) > 0


@pytest.mark.browser
def test_a_folder_is_added_watched_stopped_relocated_and_forgotten_on_the_page(page_at, serving, tmp_path, own_pictures):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # as the server does
    library = Library(tmp_path / "data", create=True)
    tab = page_at(serving(library, Access.listening_on("127.0.0.1")), height=720)
    try:
        tab.goto("/library")
        expect(tab.locator("#page")).to_contain_text("This library is empty")
        folder = tab.get_by_label("Folder on this machine")
        folder.fill("/no/such/folder")
        tab.get_by_role("button", name="Add").click()
        expect(tab.get_by_role("alert").filter(has_text="There is no folder")).to_be_visible()
        expect(folder).to_have_value("/no/such/folder")
        folder.fill(f"{own_pictures}/")
        expect(tab.locator("#library-folders option")).to_have_count(2)
        tab.get_by_label("Compare by").select_option("color")
        tab.get_by_role("button", name="Add").click()
        expect(tab.locator(".live")).to_contain_text(str(own_pictures))
        expect(folder).to_have_value("")
        tab.reload()  # the run is the server's, not the window's
        tab.get_by_role("button", name="Stop").click()
        expect(tab.locator(".live")).to_have_count(0, timeout=60_000)
        expect(tab.locator(".error-note")).to_have_count(0)
        folder.fill(str(own_pictures))
        by = tab.get_by_label("Compare by")
        if by.locator("option[value='color']").count():  # else the run came so far that color is what there is now
            by.select_option("color")
        else:
            expect(by.locator("option:checked")).to_have_text("As now: Color")
        folder.press("Enter")
        expect(tab.locator(".runs")).to_contain_text("Done", timeout=120_000)
        expect(tab.locator(".live")).to_have_count(0)
        expect(tab.locator(".tile-figure").first).to_have_text("20")
        tab.get_by_role("link", name="Map", exact=True).click()  # without a restart
        expect(tab.locator("#map-clusters .map-cluster")).not_to_have_count(0, timeout=30_000)
        tab.get_by_role("link", name="Library", exact=True).click()
        question = tab.get_by_role("dialog")
        tab.get_by_role("button", name=re.compile("Say where .* lies now")).click()
        expect(question).to_contain_text("Nothing is read or computed")
        place = question.get_by_label("Folder on this machine")
        expect(place).to_have_value(str(own_pictures))
        place.fill(str(tmp_path / "moved"))
        place.press("Enter")
        expect(question.get_by_role("alert")).to_contain_text("There is no folder")
        own_pictures.rename(tmp_path / "moved")
        question.get_by_role("button", name="Relocate").click()
        expect(question).to_have_count(0)
        expect(tab.locator("#library-note")).to_contain_text("20 images are now looked for in")
        expect(tab.locator(".table-plain .path").first).to_have_text(str(tmp_path / "moved"))
        tab.get_by_role("button", name=re.compile("out of the library")).click()
        expect(question).to_contain_text("20 images")
        tab.keyboard.press("Escape")
        expect(question).to_have_count(0)
        tab.get_by_role("button", name=re.compile("out of the library")).click()
        question.get_by_role("button", name="Forget").click()
        expect(tab.locator("#library-note")).to_contain_text("20 images are forgotten")
        expect(tab.locator("#page")).to_contain_text("This library is empty")
    finally:
        signal.signal(signal.SIGINT, before)
    assert library.counts()["ok"] == 0 and len(list((tmp_path / "moved").rglob("*.*"))) == 20


def test_folders_of_one_name_count_together_for_those_who_are_not_told_where_they_lie():
    assert page._by_name({"/a/one": 3, "/b/one": 4, "/c/two": 5, "/": 1}) == {"one": 7, "two": 5, "/": 1}

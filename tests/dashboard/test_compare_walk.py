"""Compare: the walk through what two embeddings disagree on."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.app import create_app
from dashboard.pages.compare import disagree as compare_disagree
from dashboard.reads import Reads
from dashboard.reads.comparison import Agreements, spread, step
from pipeline import index as indexes
from pipeline.library import Library
from pipeline.maps import COMBINED
from tests.dashboard.test_browser import asks, hold
from tests.dashboard.test_compare import nearest
from tests.dashboard.trees import call, parts, text_of


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


@pytest.fixture
def unasked(library) -> Library:
    """A library in which no agreement has been found, as it may have been in the one it is a copy of."""
    shutil.rmtree(library.data / "agreement", ignore_errors=True)
    return library


def test_the_walk_goes_from_least_to_most_agreement(reads, library):
    found = Agreements(Reads(library)).of("color", "efficientnet", patience=60)
    ranking = found.ranking()
    walked, image = [], None
    for _ in range(len(found.ids)):
        here = step(found, ranking, image, 12)
        walked.append(int(found.ids[here.row]))
        assert here.at in here.around and here.around.start % 12 == 0 and len(here.around) <= 12
        assert here.previous == (walked[-2] if len(walked) > 1 else None)
        image = here.following
    assert image is None and walked == found.ids[ranking].tolist()
    assert step(found, ranking, 10**9, 12).at == 0  # an image that was not asked about
    assert spread(found).sum() == len(found.ids)
    assert (spread(found) * np.arange(11)).sum() == round(float(found.share.sum()) * 10)


def test_the_walk_shows_the_neighbors_by_both_and_marks_those_in_common(library):
    reads, agreements = Reads(library), Agreements(Reads(library))
    agreements.of("color", "efficientnet", patience=60)
    out = compare_disagree.show(reads, agreements, "color", "efficientnet", "most", None, True)
    assert out[0] is None and out[7]  # nothing to be told, the clock stands still
    own = int(re.search(r"image=(\d+)", out[8]["search"])[1])
    lists = [nearest(reads, name, own)[:10] for name in ("color", "efficientnet")]
    shared = len(set(lists[0]) & set(lists[1]))
    (told,) = (part.data for part in parts(out[3]) if getattr(part, "id", None) == "compare-walked")
    assert told["own"] == own
    for row, found in zip(told["rows"], lists, strict=True):
        assert [one["id"] for one in row["shown"]] == found and [one["rank"] for one in row["shown"]] == list(range(1, 11))
        assert {one["id"] for one in row["shown"] if one["both"]} == set(lists[0]) & set(lists[1])
        shape = reads.image(found[0])
        assert row["shown"][0]["shape"] == int(1000 * shape.width / shape.height)
    assert f"{shared} of 10 in common" in text_of(out[3])
    around = told["around"]["shown"]
    assert len(around) == 12 and around[0]["id"] == own and around[0]["shared"] == shared and out[5] and not out[6]
    assert f"image={around[1]['id']}" in around[1]["href"] and "order=most" in around[1]["href"]
    following = around[1]["id"]
    assert out[4] == {"previous": None, "next": following}
    onward = compare_disagree.show(reads, agreements, "color", "efficientnet", "most", following, True)
    assert f"image={following}" in onward[8]["search"] and onward[8]["replace"]
    jumped = compare_disagree.show(reads, agreements, "color", "sift", "most", following, False)
    assert not jumped[8]["replace"]


def test_what_takes_long_is_told_and_done_once(unasked):
    agreements = Agreements(Reads(unasked))
    kept = unasked.data / "agreement" / "color+sift.npz"
    with agreements._one:  # as when another agreement is being found
        assert agreements.of("color", "sift", patience=0) == 0
        out = compare_disagree.show(agreements._reads, agreements, "color", "sift", "least", 5, True)
        assert "0%" in text_of(out[0]) and not out[7] and "image=5" in out[8]["search"]
        assert not kept.exists()
    found = agreements.of("color", "sift", patience=60)
    written = kept.stat().st_mtime_ns
    assert agreements.of("color", "sift") is found and kept.stat().st_mtime_ns == written


def test_what_goes_wrong_is_told_and_tried_again(unasked, monkeypatch):
    agreements = Agreements(Reads(unasked))
    agreements._reads.searcher.index()
    with monkeypatch.context() as broken:
        broken.setenv("LIKENESS_THREADS", "many")
        out = compare_disagree.show(agreements._reads, agreements, "color", "sift", "least", None, True)
        assert "LIKENESS_THREADS must be a number" in text_of(out[0])
    assert len(agreements.of("color", "sift", patience=60).ids) > 50


def test_what_nobody_came_back_for_goes_with_its_index(unasked):
    agreements = Agreements(Reads(unasked))
    with agreements._one:
        assert agreements.of("color", "sift", patience=0) == 0
    (left,) = agreements._work.values()
    left.join(60)
    indexes.rebuild(unasked)
    assert len(agreements.of("color", "efficientnet", patience=60).ids) > 50
    assert not agreements._work


def test_what_was_not_foreseen_is_told_once_and_stops_the_clock(unasked):
    app = create_app(unasked)
    unasked.db.execute("DROP TABLE generations")
    answer = call(app, "compare-walk.children", {
        "compare-clock.n_intervals": 3, "compare-a.value": "color", "compare-b.value": "sift",
        "compare-order.value": "least", "compare-at.data": {"image": None, "of": "", "step": True},
    })
    beside = answer["sideUpdate"]
    assert beside["toast"]["is_open"] and beside["compare-clock"] == {"disabled": True}


# In the browser


def follows(page: Page):
    """Wait until the address names the image that the walk shows."""
    image = page.locator(".compare-large img").get_attribute("src").rsplit("/", 1)[1]
    expect(page).to_have_url(re.compile(rf"image={image}$|image={image}&"))


@pytest.mark.browser
def test_the_walk_through_disagreements(page: Page):
    page.goto("/compare?view=disagree&a=color&b=sift")
    place = page.locator("#compare-place")
    expect(place).to_contain_text("1 of ")
    page.locator("#compare-next").click()
    expect(place).to_contain_text("2 of ")
    page.keyboard.press("ArrowRight")
    expect(place).to_contain_text("3 of ")
    page.keyboard.press("ArrowLeft")
    expect(place).to_contain_text("2 of ")
    follows(page)
    page.reload()
    expect(place).to_contain_text("2 of ")
    page.get_by_text("Agree most", exact=True).click()
    expect(page).to_have_url(re.compile("order=most"))
    expect(place).to_contain_text("1 of ")
    page.locator("#compare-b").select_option(COMBINED)
    expect(page).to_have_url(re.compile(f"b={COMBINED}"))
    nearest_by_all = page.locator(".compare-row").nth(1).locator("a.picture")
    expect(nearest_by_all).to_have_count(10)
    # Whole pictures in rows; several are chosen, as in every gallery.
    nearest_by_all.first.click(modifiers=["ControlOrMeta"])
    nearest_by_all.nth(3).click(modifiers=["Shift"])
    expect(page.locator(".chosen-count")).to_have_text("4 chosen")
    nearest_by_all.first.focus()
    page.keyboard.press("Escape")
    expect(page.locator(".chosen-bar")).to_have_count(0)
    page.locator("#compare-b").select_option("color")
    expect(page.get_by_role("alert").filter(has_text="two different")).to_be_visible()
    page.locator("#compare-b").select_option("efficientnet")
    strip = page.locator("#compare-strip a.picture").nth(5)
    expect(strip).to_be_visible()
    strip.click()
    expect(place).to_contain_text("6 of ")
    follows(page)
    expect(page.locator("#compare-strip a.picture[aria-current]")).to_have_attribute("aria-label", re.compile("^Number 6,"))
    page.locator(".compare-row a").first.click()
    expect(page.locator(".compare-column")).to_have_count(4)
    page.go_back()
    expect(place).to_contain_text("6 of ")


@pytest.mark.browser
def test_a_step_that_is_late_is_not_asked_again_and_moves_no_other_view(page_at, address):
    page = page_at(address, told=["503", "Callback error updating ..compare-note"])
    page.goto("/compare?view=disagree&a=color&b=sift")
    place = page.locator("#compare-place")
    expect(place).to_contain_text("1 of ")
    follows(page)
    held = hold(page, "compare-walk.children")
    asked = []
    page.on("request", lambda request: asked.append(asks("compare-walk.children")(request)))
    with page.expect_request(asks("compare-walk.children")):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # as of a key held down
    page.wait_for_timeout(300)
    assert sum(asked) == 1
    with page.expect_response(asks("compare-walk.children")):
        held.pop().fulfill(status=503)
    expect(page.get_by_text("The server could not do that")).to_be_visible()
    with page.expect_request(asks("compare-walk.children")):  # what could not be had is asked for again, and held again
        page.keyboard.press("ArrowRight")
    page.get_by_role("link", name="One image").click()
    expect(page.locator(".compare-start .example").first).to_be_visible()
    where = page.url
    with page.expect_response(asks("compare-walk.children")):
        held[0].continue_()
    page.wait_for_timeout(300)
    assert page.url == where

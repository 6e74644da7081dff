"""Compare: columns of one image; and that every view of the page can be used by all."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.app import render
from dashboard.pages.compare.columns import ordinal
from dashboard.reads import Reads
from dashboard.reads.comparison import columns, elsewhere, overlaps, pair
from pipeline import index as indexes
from pipeline.embeddings import usual
from pipeline.library import Library
from pipeline.maps import COMBINED
from tests.conftest import synthetic_library
from tests.dashboard.accessibility import faults
from tests.dashboard.trees import of_class, text_of

NAMES = ["color", "sift", "efficientnet", COMBINED]


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


def nearest(reads: Reads, name: str, image: int) -> list[int]:
    """Ids of all others by the cosine of the stored vectors, nearest first."""
    names = reads.embeddings() if name == COMBINED else [name]
    total = 0
    for one, weight in usual(names).items():
        ids, rows = reads.library.vectors(one)
        total = total + weight * (rows @ rows[ids == image][0])
    return [i for i in ids[np.argsort(-total, kind="stable")].tolist() if i != image]


# The tables


def test_a_column_per_embedding_ranks_as_its_vectors_do(reads):
    shown = columns(reads, 7, 10)
    assert [column.name for column in shown] == NAMES
    for column in shown:
        truth = nearest(reads, column.name, 7)
        assert [match.id for match in column.matches] == truth[:10]
        assert sorted(column.places) == sorted(truth) and list(column.places.values()) == list(range(1, 60))
        assert [column.places[image] for image in truth[:20]] == list(range(1, 21))
    common = overlaps(shown)
    assert len(common) == 6
    for (one, other), number in common.items():
        assert number == len(set(nearest(reads, one, 7)[:10]) & set(nearest(reads, other, 7)[:10]))
    first, last = shown[0], shown[-1]
    shared = next(match for match in first.matches if match.id in last.shown)
    assert (COMBINED, last.places[shared.id]) in elsewhere(first, shared, shown)
    assert all(name != "color" for name, _ in elsewhere(first, shared, shown))


def test_an_image_that_one_embedding_knows_nothing_of_leaves_that_column_with_a_reason(library):
    library.db.execute("DELETE FROM sift_vectors WHERE image_id = 7")
    indexes.build(library)
    reads = Reads(library)
    shown = {column.name: column for column in columns(reads, 7, 10)}
    assert "sift" in shown["sift"].error and not shown["sift"].matches
    assert len(shown["color"].matches) == len(shown[COMBINED].matches) == 10
    common = overlaps(list(shown.values()))
    assert common["color", "sift"] is None and common["color", "efficientnet"] is not None
    page, _, _ = render(reads, "/compare", "?image=7")
    assert shown["sift"].error in text_of(page)


def test_the_page_tells_what_is_missing(reads, tmp_path):
    page, _, title = render(reads, "/compare", "")
    assert title == "Compare · Likeness" and "depends on how you look" in text_of(page)
    page, _, _ = render(reads, "/compare", "?image=999999&count=15")
    assert "not in the library any more" in text_of(page) and len(of_class(page, "example")) > 5
    alone = synthetic_library(tmp_path / "alone", 30, {"color": 8})
    assert "have not been compared yet" in text_of(render(Reads(alone), "/compare", "")[0])
    indexes.build(alone)
    for view in ("", "?view=maps", "?view=disagree"):
        assert "at least two embeddings" in text_of(render(Reads(alone), "/compare", view)[0])
    two = synthetic_library(tmp_path / "two", 30, {"color": 8, "sift": 8})
    indexes.build(two)
    assert "No two maps yet" in text_of(render(Reads(two), "/compare", "?view=maps")[0])
    none = Library(tmp_path / "none", create=True)
    assert "No images yet" in text_of(render(Reads(none), "/compare", "?image=1")[0])


def test_of_a_small_library_no_more_are_in_common_than_there_are(tmp_path):
    library = synthetic_library(tmp_path / "few", 4, {"color": 8, "sift": 8})
    indexes.build(library)
    page, _, _ = render(Reads(library), "/compare", "?image=2")
    assert [text_of(cell) for cell in of_class(page, "compare-share")] == ["3  of 3"] * 3


def test_cards_say_where_else_a_picture_is(reads):
    page, _, _ = render(reads, "/compare", "?image=7&count=20")
    cards = of_class(page, "compare-match")
    assert len(cards) == 80
    shown = columns(reads, 7, 20)
    for card, (column, match) in zip(cards, [(c, m) for c in shown for m in c.matches]):
        about = card.to_plotly_json()["props"]
        assert about["data-match"] == match.id
        known = {other.name: other.places[match.id] for other in shown if match.id in other.places}
        assert json.loads(about["data-places"]) == known
        others = elsewhere(column, match, shown)
        assert len(of_class(card, "compare-also")) == len(others)
        assert bool(of_class(card, "compare-only")) == (not others)
        assert all(ordinal(place) in text_of(card) for _, place in others)


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1st"), (2, "2nd"), (13, "13th"), (23, "23rd"), (111, "111th")]
)
def test_ordinals(number, text):
    assert ordinal(number) == text


@pytest.mark.parametrize(("asked", "given"), [
    ((None, None), ("color", "dreamsim")), (("sift", "color"), ("sift", "color")),
    (("dreamsim", None), ("dreamsim", "sift")), ((None, "color"), ("sift", "color")),
    (("sift", "sift"), ("sift", "dreamsim")), (("no", "such"), ("color", "dreamsim")),
])
def test_a_pair_is_two_different_ones(asked, given):
    assert pair(*asked, ["color", "sift", "dreamsim"]) == given


# In the browser


@pytest.mark.browser
def test_columns_link_and_lead_on(page: Page):
    page.goto("/compare")
    page.locator(".compare-start .example").first.click()
    expect(page.locator(".compare-column")).to_have_count(4)
    expect(page).to_have_url(re.compile(r"image=\d+"))
    start = page.url
    expect(page.locator(".compare-lines-thin path").first).to_be_attached()
    card = page.locator(".compare-match:has(.compare-also)").first
    image = card.get_attribute("data-match")
    card.hover()
    linked = page.locator(".compare-linked")
    expect(card).to_have_class(re.compile("compare-linked"))
    assert {one.get_attribute("data-match") for one in linked.all()} == {image}
    expect(page.locator(".compare-lines-strong path")).to_have_count(linked.count() - 1)
    places = json.loads(card.get_attribute("data-places"))
    for column in page.locator(".compare-column").all():
        place = places.get(column.get_attribute("data-column"))
        expect(column.locator(".compare-where")).to_have_text(f"No. {place} here" if place else "beyond 100")
    page.locator(".compare-share").last.hover()
    common = int(page.locator(".compare-share b").last.inner_text())
    expect(linked).to_have_count(2 * common)
    page.mouse.move(5, 400)
    expect(linked).to_have_count(0)

    picture = page.locator(".compare-picture").first
    picture.focus()
    expect(page.locator(".compare-linked").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    chosen = page.locator('[data-column="sift"] .compare-match').nth(1)
    expect(chosen.locator(".compare-picture")).to_be_focused()
    onward = chosen.get_attribute("data-match")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"image={onward}\b"))
    expect(page.locator(f".compare-subject img[src*='/thumb/{onward}']")).to_be_visible()
    page.get_by_title("Show 20 a column").click()
    expect(page.locator(".compare-match")).to_have_count(80)
    page.go_back()
    expect(page.locator(".compare-match")).to_have_count(40)
    page.go_back()
    expect(page).to_have_url(start)
    expect(page.locator(f".compare-subject img[src*='/thumb/{onward}']")).to_have_count(0)


@pytest.mark.browser
def test_a_finger_links_first_and_opens_second(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, base_url=address)
    page = context.new_page()
    page.goto("/compare?image=7")
    card = page.locator(".compare-match:has(.compare-also)").first
    card.locator(".compare-picture").tap()
    expect(page.locator(".compare-linked")).not_to_have_count(0)
    expect(page).to_have_url(re.compile("image=7$"))
    card.locator(".compare-also").first.tap()  # the same picture in another column comes in sight
    expect(page.locator(".compare-match:has(.compare-picture:focus)")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    image = card.get_attribute("data-match")
    page.locator(".compare-match:has(.compare-picture:focus) .compare-picture").tap()
    expect(page).to_have_url(re.compile(rf"image={image}$"))
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("where", "ready"), [
    ("?view=maps&image=3&color=label&group=1", "#compare-picked h2"),
    ("?view=disagree&a=sift", ".compare-row"),
])
def test_no_view_has_serious_accessibility_faults_or_overflows_a_phone(page: Page, where, ready, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"/compare{where}")
    page.locator(ready).first.wait_for()
    assert not faults(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

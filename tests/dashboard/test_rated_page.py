"""The Rated page: words on matches are found again, changed and taken back, and their searches asked again."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard import acts
from dashboard.access.rights import RightsError
from dashboard.pages.rated import page
from dashboard.pages.search import board
from dashboard.pages.search import rated as rated_searches
from dashboard.pages.search.entry import Entry
from dashboard.pages.search.query import Settings, rated_as
from dashboard.reads import Reads, galleries
from dashboard.reads.clusterings import Clusterings
from dashboard.uploads.edit import Edit
from pipeline.errors import LikenessError
from pipeline.library import notes
from tests.dashboard.trees import of_class, parts, text_of

BOARD = [Entry("image", "3"), Entry("image", "9", True, Edit(90, True, (0, 0, 500, 400))), Entry("collection", "mine: a~b")]


@pytest.fixture
def rated(library):
    """A library with words on the matches of two searches, one of them asked in two ways."""
    notes.collect(library, "mine: a~b", [1, 2])
    weights = {"color": 1.0, "sift": 0.5, "efficientnet": 0.0}
    notes.rate(library, rated_as([Entry("image", "20")], Settings(dict.fromkeys(weights, 1.0))), 21, 1, 1, 0.9)
    notes.rate(library, rated_as(BOARD, Settings(weights)), 5, 1, 2, 0.8)
    notes.rate(library, rated_as(BOARD, Settings(weights, "manhattan")), 6, -1, 3, 0.7)
    return library


def links(tree) -> list[str]:
    return [part.href for part in parts(tree) if hasattr(part, "href")]


def test_a_board_comes_back_out_of_what_its_ratings_are_kept_under(rated):
    question = notes.ratings(rated)[1].query
    assert sorted(board.from_question(question), key=str) == sorted(BOARD, key=str)
    rated.db.execute("DELETE FROM images WHERE id = 9")
    question = notes.ratings(rated)[1].query
    assert sorted(board.from_question(question), key=str) == sorted([BOARD[0], BOARD[2]], key=str)
    assert board.from_question({"plus": ["nonsense:1", "image:x", 3], "minus": None}) == []


def test_words_stand_under_their_searches_the_latest_first_with_the_way_back(rated):
    tree = page.layout(Reads(rated), {})
    sections = of_class(tree, "card-section")
    assert len(sections) == 2 and [len(of_class(one, "card-picture")) for one in sections] == [2, 1]
    cards = [[part for part in parts(one) if getattr(part, "role", None) == "gridcell"] for one in sections]
    said = [[(getattr(card, "data-image"), getattr(card, "data-word")) for card in some] for some in cards]
    assert said == [[(6, -1), (5, 1)], [(21, 1)]]
    assert [json.loads(getattr(card, "data-asked"))["question"] for card in cards[0]] == [one.query for one in notes.ratings(rated)[:0:-1]]
    # One stop of Tab for each search, and the way on from it.
    assert [[part.tabIndex for part in parts(one) if hasattr(part, "tabIndex")].count(0) for one in sections] == [1, 1]
    (again,) = [href for href in links(sections[0]) if "/search" in href]
    assert "metric=manhattan" in again and "sift=0.5" in again and "images=3%2C-9~90" in again
    assert "without" in text_of(sections[0]) and "mine: a~b" in text_of(sections[0])
    assert "All 3" in text_of(tree) and "Good 2" in text_of(tree) and "Keep the 3 rated images" in text_of(tree)
    bad = page.layout(Reads(rated), {"value": "bad"})
    assert len(of_class(bad, "card-picture")) == 1 and "/detail?image=6" in links(bad)
    pressed = [part for part in parts(bad) if getattr(part, "aria-pressed", None) == "true"]
    assert [part.title for part in pressed] == ["Bad match"]


def test_a_visitor_sees_words_and_changes_none(rated):
    tree = page.layout(Reads(rated, rights={"read"}), {})
    changing = [part for part in parts(tree) if hasattr(part, "data-act") or hasattr(part, "data-does")]
    assert text_of(tree).count("Good match") == 2 and not changing


def test_a_word_on_pictures_by_themselves_is_kept_undone_and_told(rated):
    reads = Reads(rated)
    clusterings = Clusterings(reads)
    acts.perform(clusterings, "rate-these", {"ids": [7], "value": -1})
    done = acts.perform(clusterings, "rate-these", {"ids": [5, 7, 8], "value": 1})
    assert done.said == "Rated 3 images as good." and done.changed == ("ratings",)
    words = {one["id"]: one["rated"] for one in galleries.told(reads, [5, 6, 7, 8])}
    assert words == {5: 1, 6: 0, 7: 1, 8: 1}, "a word on a match of a search is another"
    best = galleries.ordered(reads, np.array([6, 30, 21, 8]), "rating").tolist()
    assert set(best[:2]) == {21, 8} and best[2:] == [30, 6], "good ones, those without a word, bad ones"
    section = of_class(page.layout(reads, {}), "card-section")[0]
    assert "By themselves" in text_of(section) and not [href for href in links(section) if "/search" in href]
    acts.perform(clusterings, *done.undo)
    words = {one.image_id: one.value for one in notes.ratings(rated, notes.BY_ITSELF)}
    assert words == {7: -1}
    with pytest.raises(LikenessError):
        acts.perform(clusterings, "rate-these", {"ids": [10**6], "value": 1})
    with pytest.raises(RightsError):
        acts.perform(Clusterings(Reads(rated, rights={"read"})), "rate-these", {"ids": [7], "value": 1})


def test_the_history_leads_to_rated_searches_with_what_was_rated_first(rated):
    told = rated_searches.ratings_view(Reads(rated))
    (first, second) = [href for href in links(told) if "by=rating" in href]
    assert "metric=manhattan" in first and "image=20" in second
    assert [text_of(one).split()[-1] for one in parts(told) if type(one).__name__ == "Li"] == ["2", "1"]


@pytest.mark.browser
def test_history_leads_to_the_ratings_where_they_are_changed_taken_back_and_kept(page_at, serving, library):
    tab = page_at(serving(library), height=900)
    tab.goto("/search?image=3")
    good = tab.get_by_role("button", name=re.compile("^Good match")).first
    good.click()
    expect(tab.locator("#said")).to_contain_text("Rated as a good match.")
    tab.goto("/search?image=3&color=1&sift=0&efficientnet=0")  # asked in another way
    tab.reload()
    (word,) = notes.ratings(library)
    pressed = tab.locator(f"#search-list .match-tool[data-image='{word.image_id}'][data-does=up]")
    expect(pressed).to_have_attribute("aria-pressed", "true")
    tab.get_by_text("History and ratings").click()
    tab.get_by_role("link", name="1 rating").click()
    expect(tab).to_have_url(re.compile("/rated$"))
    expect(tab.locator(".rated .card-picture")).to_have_count(1)
    tab.get_by_placeholder("Name of a collection").fill("The good one")
    tab.keyboard.press("Enter")
    expect(tab.locator("#said")).to_contain_text("Kept 1 image as “The good one”.")
    tab.locator(".rated .icon-button[aria-pressed=false]").click()
    expect(tab.get_by_role("link", name="Bad 1")).to_be_visible()
    tab.locator(".rated .icon-button[aria-pressed=true]").click()
    expect(tab.locator("#page")).to_contain_text("Nothing rated yet")
    tab.keyboard.press("Control+z")
    tab.keyboard.press("Control+z")
    expect(tab.get_by_role("link", name="Good 1")).to_be_visible()
    tab.goto("/gallery?images=4,5,6")  # and outside of any search
    tab.locator(".picture").first.focus()
    tab.keyboard.press("Space")
    expect(tab.locator("dialog.viewer .viewer-name")).not_to_be_empty()
    tab.keyboard.press("g")
    expect(tab.locator("dialog.viewer [data-view=good]")).to_have_attribute("aria-pressed", "true")
    tab.keyboard.press("Escape")
    tab.goto("/rated")
    expect(tab.locator(".rated .card-section").first).to_contain_text("By themselves")
    tab.get_by_role("link", name="Search again").click()
    expect(tab).to_have_url(re.compile(r"/search\?image=3"))
    expect(pressed).to_have_attribute("aria-pressed", "true")


@pytest.mark.browser
def test_rated_pictures_are_one_gallery_whose_words_are_changed_together(page_at, serving, rated):
    """Chosen over all searches, rated and taken back as one step, looked through, asked why, dropped by key."""
    notes.rate(rated, notes.BY_ITSELF, 5, 1, 1, 1.0)  # stands twice
    tab = page_at(serving(rated), height=900)
    tab.goto("/rated")
    cards = tab.locator(".rated-match")
    expect(cards).to_have_count(4)
    words = lambda: [(one.image_id, one.value) for one in notes.ratings(rated)]  # noqa: E731
    before = words()

    # Two of three, of which one stands at two places: a word on them is one step.
    tab.locator("[data-image='5'] a.picture").first.click(modifiers=["Control"])
    expect(tab.locator(".rated-match[aria-selected=true]")).to_have_count(2)
    tab.locator("[data-image='21'] a.picture").click(modifiers=["Control"])
    expect(tab.locator(".chosen-count")).to_have_text("2 chosen")
    expect(tab.locator(".chosen-all")).to_have_text("All 3")
    tab.locator(".chosen-bar [data-chosen=bad]").click()
    expect(tab.locator("#said")).to_contain_text("Rated 3 matches as bad.")
    expect(tab.get_by_role("link", name="Bad 4")).to_be_visible()
    expect(tab.locator(".chosen-count")).to_have_text("2 chosen")
    tab.keyboard.press("Control+z")
    expect(tab.get_by_role("link", name="Good 3")).to_be_visible()
    assert sorted(words()) == sorted(before)
    tab.locator(".chosen-bar [data-chosen=none]").click()

    # Large: the keys are those of the word that stands there.
    second = tab.locator(".rated .card-section").nth(1).locator("a.picture")
    expect(second.first).to_have_attribute("tabindex", "0")
    tab.locator(".rated-match[data-image='6'] a.picture").focus()
    tab.keyboard.press("Space")
    bad = tab.locator("dialog.viewer [data-view=bad]")
    expect(bad).to_have_attribute("aria-pressed", "true")
    tab.keyboard.press("g")
    expect(tab.locator("dialog.viewer [data-view=good]")).to_have_attribute("aria-pressed", "true")
    expect(tab.get_by_role("link", name="Bad 0")).to_be_attached()
    tab.keyboard.press("Escape")
    expect(tab.locator(".rated-match[data-image='6'] a.picture")).to_be_focused()
    assert dict(words())[6] == 1

    # Taken back by a key, and again.
    tab.keyboard.press("Delete")
    expect(cards).to_have_count(3)
    tab.keyboard.press("Control+z")
    expect(cards).to_have_count(4)
    assert tab.evaluate("() => window.likeness.act('no such act', {}).then(({ error }) => error)")  # changes nothing
    tab.keyboard.press("Control+Shift+Z")
    expect(cards).to_have_count(3)
    tab.keyboard.press("Control+z")
    expect(cards).to_have_count(4)

    # Why it is a match: the way that the search itself would lead.
    tab.locator(".rated-match[data-image='21'] a.picture").click(button="right")
    tab.get_by_role("menuitem", name="Why is it a match?").click()
    expect(tab).to_have_url(re.compile(r"/why\?.*image=20\b.*match=21\b"))
    expect(tab.locator(".why-total")).to_be_visible()

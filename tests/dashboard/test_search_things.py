"""What kind of thing is wanted: kinds to begin a search with, and the query's own kind to keep to."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from dashboard.pages.image import page as image_page
from dashboard.pages.image import parts
from dashboard.pages.search import things as search_things
from dashboard.reads import Reads
from pipeline import index as indexes
from pipeline.library import Library
from pipeline.search import ImageEntry, Query, WordsEntry
from tests.dashboard.trees import text_of
from tests.pipeline.test_things import AIRLINER, BEAGLE, ORCA, PUG, library_of, rows


@pytest.fixture
def mixed(tmp_path) -> Library:
    """1 to 8 airliners, 9 to 16 beagles, 17 to 24 pugs, and two orcas."""
    classes = [AIRLINER] * 8 + [BEAGLE] * 8 + [PUG] * 8 + [ORCA] * 2
    library = library_of(tmp_path / "data", rows(*classes, noise=0.2))
    indexes.build(library)
    return library


def test_kinds_that_say_the_same_of_a_library_are_one_choice(mixed):
    reads = Reads(mixed)
    found = dict(search_things.offered(reads, ""))
    assert found["dog"] == 16 and found["airliner"] == 8 and found["beagle"] == 8 == found["pug"]
    assert not {"airplane", "vehicle", "animal", "orca"} & set(found)  # airliners all; dogs all but two; too few
    assert dict(search_things.offered(reads, "thing=pug")) == {"pug": 8}
    assert search_things.choices(reads, "thing=pug") is None  # it is chosen already
    assert "dogs  16 beagles" in text_of(search_things.choices(reads, ""))


def test_a_search_keeps_to_the_narrowest_kind_that_all_pictures_surely_are_of(mixed):
    reads = Reads(mixed)
    one = search_things.keep_to(reads, Query((ImageEntry(9),)), "")
    both = search_things.keep_to(reads, Query((ImageEntry(9), ImageEntry(17))), "")
    assert (text_of(one), text_of(both)) == ("Only beagles", "Only dogs")
    assert search_things.keep_to(reads, Query((ImageEntry(1), ImageEntry(9))), "") is None  # of no kind both
    assert text_of(search_things.keep_to(reads, Query((ImageEntry(9), ImageEntry(1, minus=True))), "")) == "Only beagles"
    assert search_things.keep_to(reads, Query((ImageEntry(9),)), "thing=dog") is None
    assert search_things.keep_to(reads, Query((WordsEntry("dog"),)), "") is None


def test_the_page_of_an_image_says_what_it_looks_like_and_who_is_not_counted(mixed):
    reads = Reads(mixed)
    told = text_of(parts.facts(reads, mixed.image(9)))
    assert re.search(r"Looks like beagle \d+%, dog \d+%, animal \d+%", told)
    mixed.db.execute("UPDATE images SET state = 'unreadable', reason = 'damaged' WHERE id = 9")
    told = text_of(image_page.layout(reads, {"image": "9"}))
    assert "Not among the 25 images" in told and "Looks like" not in told


@pytest.mark.browser
def test_a_kind_is_chosen_and_kept_to(mixed, serving, page_at):
    tab = page_at(serving(mixed), told=["/image/"])
    tab.goto("/search")
    tab.get_by_role("button", name=re.compile("^dogs")).click()
    expect(tab).to_have_url(re.compile("where=thing%3Ddog"))
    expect(tab.locator(".search-start h2")).to_have_text("16 images")
    tab.goto("/search?image=9")
    tab.get_by_role("button", name="Only beagles").click()
    expect(tab).to_have_url(re.compile("thing%3Dbeagle"))
    expect(tab.get_by_role("button", name="Only beagles")).to_have_count(0)
    expect(tab.locator(".search-status")).to_contain_text("7 matches")

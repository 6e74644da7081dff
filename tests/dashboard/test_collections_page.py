"""The Collections page: what is kept under names is looked over, renamed, described, merged, deleted, and all of it taken back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from dashboard.access import Access
from dashboard.pages.collections import page as collections_page
from dashboard.reads import Reads
from pipeline.library import Library, notes
from tests.dashboard.accessibility import faults
from tests.dashboard.on_map import drawn
from tests.dashboard.trees import of_class, parts, text_of


def test_each_collection_says_what_it_holds_and_leads_on(library):
    assert "No collections yet" in text_of(collections_page.layout(Reads(library), {}))
    notes.collect(library, "All <b>&", range(1, 60))
    notes.collect(library, "none there", [60])
    library.mark(60, "missing")
    all_, none = of_class(collections_page.layout(Reads(library), {}), "collection")
    assert "59 images" in text_of(all_) and "no images at the moment" in text_of(none)
    covers = [part.src for part in parts(all_) if hasattr(part, "src")]
    assert len(covers) == collections_page.COVERS == len(set(covers))
    links = {part.href for part in parts(all_) if hasattr(part, "href")}
    assert links == {f"{path}?collection=All+%3Cb%3E%26" for path in ("/", "/gallery", "/table", "/graph", "/search")}
    reader = Reads(library, rights=Access(rights=frozenset({"read"})).rights)
    assert not [part for part in parts(collections_page.layout(reader, {})) if getattr(part, "data-act", None)]


@pytest.mark.browser
def test_collections_are_renamed_described_and_merged_and_each_is_taken_back(page, made_library):
    library = Library(made_library)
    for kept in notes.collections(library):  # those that other visits have left
        notes.drop_collection(library, kept.name)
    notes.collect(library, "First", range(1, 9))
    notes.collect(library, "Second", range(5, 21))
    page.goto("/?collection=First")
    drawn(page)
    page.locator("#kept summary").click()
    page.get_by_role("link", name="All collections").click()
    expect(page).to_have_url(re.compile("/collections$"))
    expect(page.locator(".collection h2")).to_have_text(["First", "Second"])
    assert not faults(page)

    def change(of: str, does: str, field: str, text: str) -> None:
        part = page.locator(f".collection[data-collection='{of}']")
        part.locator("summary", has_text=does).click()
        part.get_by_label(f"{field}: {of}", exact=True).fill(text)
        page.keyboard.press("Enter")

    change("First", "Describe", "Description", "For the wall")
    expect(page.locator(".collection-said")).to_have_text(["For the wall"])
    # What another tab does shows, and takes nothing away from what is being written here.
    page.locator(".collection[data-collection=First] summary", has_text="Rename").click()
    page.get_by_label("Name: First", exact=True).fill("Half a na")
    notes.collect(library, "Third", [1, 2])
    notes.describe_collection(library, "First", "For the hall")
    expect(page.locator(".collection h2")).to_have_text(["First", "Second", "Third"])
    expect(page.locator(".collection-said")).to_have_text(["For the hall"])
    expect(page.get_by_label("Name: First", exact=True)).to_have_value("Half a na")
    expect(page.get_by_label("Name: First", exact=True)).to_be_focused()
    notes.drop_collection(library, "Third")
    notes.describe_collection(library, "First", "For the wall")
    expect(page.locator(".collection h2")).to_have_text(["First", "Second"])
    expect(page.get_by_label("Name: First", exact=True)).to_have_value("Half a na")
    page.locator(".collection[data-collection=First] summary", has_text="Rename").click()
    change("First", "Describe", "Description", "")  # nothing any more
    expect(page.locator(".collection-said")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".collection-said")).to_have_text(["For the wall"])
    change("First", "Rename", "Name", "second")  # there is one
    expect(page.locator("#toast")).to_contain_text("already a collection")
    page.get_by_label("Name: First", exact=True).fill("Best")
    page.keyboard.press("Enter")
    expect(page.locator(".collection h2")).to_have_text(["Best", "Second"])
    change("Best", "Merge into", "Name of another collection", "Second")
    expect(page.locator(".collection h2")).to_have_text(["Second"])
    expect(page.locator(".collection")).to_contain_text("20 images")
    expect(page.locator(".collection-said")).to_have_text(["For the wall"])
    page.reload()
    expect(page.locator(".collection")).to_contain_text("20 images")
    page.keyboard.press("Control+z")
    expect(page.locator(".collection h2")).to_have_text(["Best", "Second"])
    assert notes.members(library, "Second") == list(range(5, 21)) and notes.members(library, "best") == list(range(1, 9))
    page.keyboard.press("Control+z")
    expect(page.locator(".collection h2")).to_have_text(["First", "Second"])
    page.keyboard.press("Control+z")
    expect(page.locator(".collection-said")).to_have_count(0)
    page.get_by_role("button", name="Delete").first.click()
    expect(page.locator(".collection h2")).to_have_text(["Second"])
    page.locator(".collection h2 a").click()
    expect(page.locator("#gallery-count")).to_have_text("16 images")
    notes.drop_collection(library, "Second")

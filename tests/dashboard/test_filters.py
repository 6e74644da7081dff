"""Filters of a search: what is registered once is on the page, in the address and in the search."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from dashboard.pages.search import page as search_page
from dashboard.pages.search.query import Settings
from dashboard.reads import Reads
from dashboard.reads.filters import FILTERS, Choice, narrowed, within
from pipeline.columns import one_of
from pipeline.errors import QueryError
from pipeline.index import Filter
from pipeline.library import Library
from tests.dashboard.trees import parts, text_of


def parity(reads: Reads, base: Filter, values: tuple[str, ...]) -> Filter:
    """A toy: images by whether their number is even."""
    if not set(values) <= {"even", "odd"}:
        raise QueryError("A number is even or odd.")
    ids = [row.id for row in reads.library.images() if ("odd" if row.id % 2 else "even") in values]
    return within(base, ids)


@pytest.fixture
def toy(monkeypatch):
    """One registration, and nothing else."""
    monkeypatch.setitem(FILTERS, "parity", Choice("Number", lambda reads: {"even": 30, "odd": 30}, parity))


def test_a_filter_that_is_registered_is_on_the_page_and_in_the_address(toy, library):
    settings = Settings.of({"parity": "odd"}, ("color",))
    assert settings.filters == {"parity": ("odd",)} and settings.params()["parity"] == "odd"
    shown = search_page.layout(Reads(library), {"parity": "odd"})
    choice = next(part for part in parts(shown) if getattr(part, "id", None) == "search-filter-parity")
    assert choice.value == ["odd"] and [one["label"] for one in choice.options] == ["odd · 30", "even · 30"]
    assert "Number" in text_of(shown)


def test_filters_join_whether_the_index_knows_their_values_or_not(toy, library):
    reads, label = Reads(library), library.image(45).label
    made = narrowed(reads, {"label": (label,), "parity": ("odd",)}, exclude={7})
    assert made.conditions == one_of("label", [label]) and made.exclude == (7,)
    assert made.ids and all(one % 2 for one in made.ids)
    assert within(made, [1, 2, 3]).ids == (1, 3)
    assert within(made, [2]).ids == ()  # nothing passes both: not all, which None would let through
    with pytest.raises(QueryError, match="even or odd"):
        narrowed(reads, {"parity": ("prime",)}, exclude=())


@pytest.mark.browser
def test_a_filter_that_is_registered_narrows_the_search_and_is_cleared(toy, made_library, serving, browser):
    context = browser.new_context(base_url=serving(Library(made_library)), viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    tab.goto("/search?image=5")
    expect(tab.locator("#search-gallery .match").first).to_be_visible(timeout=30_000)
    tab.get_by_text("Filters", exact=True).click()
    tab.get_by_label("odd · 30").check()
    expect(tab).to_have_url(re.compile("parity=odd"))
    tab.wait_for_function(
        "likeness.search.state.shown.ids.length > 20 && likeness.search.state.shown.ids.every((id) => id % 2)")
    tab.reload()
    expect(tab.get_by_label("odd · 30")).to_be_checked(timeout=30_000)
    tab.evaluate("likeness.search.doing.unfilter()")
    tab.wait_for_function("!location.search.includes('parity')")
    tab.wait_for_function("likeness.search.state.shown.ids.some((id) => id % 2 === 0)")
    context.close()

"""Compare: two linked maps."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from dashboard.pages.compare import maps as compare_maps
from dashboard.reads import Reads
from pipeline.library import Library
from tests.dashboard.trees import parts, text_of


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


@pytest.mark.parametrize(("given", "group"), [
    ("3", 3), ("-1", -1), ("--5", None), ("-", None), ("9" * 5000, None), ("x", None),
])
def test_an_address_that_selects_nonsense_selects_nothing(reads, given, group):
    stores = {part.id: part for part in parts(compare_maps.layout(reads, {"group": given}, None))
              if isinstance(getattr(part, "id", None), str)}
    assert stores["compare-group"].data == group


def test_the_clicked_image_leads_on(reads):
    assert compare_maps.card(reads, None) is None
    assert "not in the library" in text_of(compare_maps.card(reads, 10**6))
    links = {part.href for part in parts(compare_maps.card(reads, 7)) if hasattr(part, "href")}
    assert {f"/{page}?image=7" for page in ("compare", "detail", "graph", "search", "")} == links


# In the browser


@pytest.mark.browser
def test_a_selection_on_one_map_shows_on_the_other(page: Page, reads):
    page.goto("/compare")
    page.get_by_role("link", name="Two maps").click()
    page.wait_for_function("window.likeness?.compareMaps?.ready")
    box = page.locator("#compare-graph-a").bounding_box()
    corners = [(0.02, 0.2), (0.98, 0.2), (0.98, 0.98), (0.02, 0.98), (0.02, 0.2)]
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*at[0])
    page.mouse.down()
    for x, y in at[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    expect(page.locator("#compare-picked h2")).to_contain_text("selected")
    selected = "side => Number(document.querySelector(`#compare-graph-${side}`).dataset.bright)"
    page.wait_for_function(f"() => ({selected})('b') > 5 && ({selected})('b') === ({selected})('a')")
    assert page.evaluate(selected, "a") == page.evaluate(selected, "b") > 5
    expect(page.locator(".compare-spreads").nth(1)).to_contain_text("Selected:")

    page.locator("#compare-picked button").first.hover()
    expect(page.locator(".map-pointer:visible")).to_have_count(2)  # one on each map
    page.locator("#compare-picked button").first.click()
    expect(page).to_have_url(re.compile(r"view=maps.*image=\d+"))
    expect(page.locator(".compare-graph .map-own")).to_have_count(2)
    expect(page.locator("#compare-pinned figure")).to_be_visible()
    page.get_by_text("Labels", exact=True).click()
    entry = page.locator("#compare-legend button").nth(1)
    expect(entry).to_contain_text(list(reads.library.labels())[1])
    expect(entry).to_contain_text("10")
    entry.click()
    expect(page.locator("#compare-picked h2")).to_contain_text("10 images selected")
    expect(page).to_have_url(re.compile("color=label.*group=1"))
    page.reload()
    expect(page.locator("#compare-picked h2")).to_contain_text("10 images selected")
    page.wait_for_function(f"() => ({selected})('a') === 10 && ({selected})('b') === 10")
    page.keyboard.press("Escape")
    expect(page.locator("#compare-picked")).to_contain_text("Nothing is selected")
    expect(page).not_to_have_url(re.compile("group="))
    page.wait_for_function(f"() => ({selected})('b') === 0")
    page.go_back()
    expect(page.locator("#compare-pinned figure")).to_have_count(0)

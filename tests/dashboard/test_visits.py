"""Pages come back as they were left, with the picture that was chosen last."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.on_map import standing

pytestmark = pytest.mark.browser


def to(page: Page, name: str) -> None:
    """By the bar on top."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()


def test_pages_come_back_as_they_were_left_and_the_chosen_picture_goes_along(page: Page):
    page.goto("/?color=label")
    standing(page)
    page.locator(".map-entry").first.click()  # a label is hidden
    expect(page).to_have_url(re.compile("hide=label"))
    page.locator("#map-graph").focus()
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile(r"[?&]at="))
    page.evaluate("likeness.mapPage.chosen.set(likeness.mapPage.map.ids.slice(0, 9).sort())")
    expect(page).to_have_url(re.compile("picked="))
    left = page.url

    to(page, "Search")
    page.locator(".search #words-box input").fill("red")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("red"))
    expect(page.locator("#search-gallery .pictures")).to_have_attribute("data-count", re.compile("[1-9]"))
    searched = page.url

    to(page, "Table")
    expect(page.locator("#table-count")).to_have_text("60 images")
    page.get_by_role("columnheader", name="File name").click()
    expect(page).to_have_url(re.compile("sort=file"))
    to(page, "Map")
    expect(page).to_have_url(left)
    standing(page)
    page.wait_for_function("JSON.stringify([likeness.mapPage.hidden(), likeness.mapPage.chosen.ids?.length]) === '[[0],9]'")
    expect(page.locator(".map-entry").first).to_have_attribute("aria-pressed", "false")
    page.reload()  # a reload, too
    standing(page)
    page.wait_for_function("JSON.stringify([likeness.mapPage.hidden(), likeness.mapPage.chosen.ids?.length]) === '[[0],9]'")

    # Two quick Esc close two things: the panel and the selection.
    page.evaluate("likeness.mapPage.select(7)")
    expect(page.locator("#map-panel")).to_be_visible()
    expect(page).to_have_url(re.compile("image=7"))
    page.evaluate("""() => { for (let i = 0; i < 2; i++) document.body.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true })); }""")
    expect(page.locator("#map-panel")).to_be_hidden()
    expect(page.locator("#selected")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("image=|picked="))

    # The picture chosen on one page is that of the others, which are of one picture.
    page.evaluate("likeness.mapPage.select(7)")
    expect(page).to_have_url(re.compile("image=7"))
    to(page, "Compare")
    expect(page).to_have_url(re.compile(r"/compare\?image=7"))
    expect(page.locator("#compare-columns a.picture").first).to_be_visible()
    to(page, "Graph")
    expect(page).to_have_url(re.compile(r"/graph\?.*image=7"))
    expect(page.locator("#page")).to_contain_text("Communities")
    to(page, "Search")  # of what was asked there
    expect(page).to_have_url(searched)
    page.locator("#search-gallery a.picture").first.click(button="right")
    page.get_by_role("menuitem", name="Details").click()
    expect(page).to_have_url(re.compile(r"/detail\?image=\d+"))
    image = re.search(r"image=(\d+)", page.url)[1]
    expect(page.locator(".detail-picture")).to_be_visible()
    to(page, "Map")
    expect(page).to_have_url(re.compile(rf"image={image}\b"))
    expect(page.locator("#map-panel")).to_be_visible()
    to(page, "Map")  # again: anew
    expect(page).not_to_have_url(re.compile("image="))
    page.wait_for_function("likeness.mapPage.drawn && !likeness.mapPage.hidden().length && !likeness.mapPage.params.at")


# As soon as something of a page stands, before anything else of it: the second of two quick clicks.
_QUICK = """([there, name]) => new MutationObserver((changes, observer) => {
    if (!document.querySelector(there)) return;
    observer.disconnect();
    [...document.querySelectorAll(".nav-page")].find(link => link.textContent === name).click();
}).observe(document.body, { childList: true, subtree: true })"""


def test_the_second_of_two_quick_clicks_holds_while_the_first_page_is_drawn(page: Page):
    page.goto("/?image=7")
    standing(page)
    page.evaluate(_QUICK, ["#compare-columns", "Graph"])
    to(page, "Compare")
    expect(page).to_have_url(re.compile(r"/graph\?.*image=7"))
    expect(page.locator("#page")).to_contain_text("Communities")
    expect(page.locator(".nav-page[aria-current]")).to_have_text("Graph")
    expect(page).to_have_url(re.compile(r"/graph\?.*image=7"))

    # The picture of a page that is on its way goes along already.
    page.goto("/graph")
    expect(page.locator("#page a[href*=cluster_of]").first).to_be_visible()
    page.evaluate("""() => {
        likeness.visit("/detail", "?image=9");
        [...document.querySelectorAll(".nav-page")].find(link => link.textContent === "Map").click();
    }""")
    expect(page).to_have_url(re.compile(r"/\?.*image=9\b"))
    expect(page.locator("#map-panel")).to_be_visible()

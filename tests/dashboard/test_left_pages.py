"""What comes late, or is still open, when a page has been left: it is of that page, and concerns no other."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, Request, expect

pytestmark = pytest.mark.browser

SETTLED = "fetch('/healthz').then(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))"
"""What an answer that has come does to the page is done by then."""


class Held(list):
    """Routes that are kept back. over: the requests that have come to an end, of whatever kind."""

    def __init__(self) -> None:
        self.over: list[Request] = []


def hold(page: Page, path: str) -> Held:
    """Keep back what is asked for there from now on."""
    held = Held()
    page.route(re.compile(path), lambda route: held.append(route))
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda request: held.over.append(request))
    return held


def until(page: Page, held: Held, count: int) -> None:
    """Wait until so many have been asked for."""
    _wait(page, lambda: len(held) >= count)


def release(page: Page, held: Held) -> None:
    """Let all of them go, and wait until they have come; what the page has taken back by itself does not."""
    page.unroute_all()
    for route in held:
        with suppress(Error):
            route.continue_()
    _wait(page, lambda: all(route.request in held.over for route in held))
    page.evaluate(SETTLED)


def _wait(page: Page, true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not become true")


def leave(page: Page) -> None:
    """Go on to the Library page by its link."""
    page.get_by_role("link", name="Library", exact=True).click()
    expect(page.locator("#library-body")).to_contain_text("images")


def test_rows_that_come_late_are_no_error_of_the_next_page(page: Page):
    page.goto("/table")
    expect(page.locator("#table-count")).to_contain_text("images")
    held = hold(page, "/table/rows")
    page.locator("#table-grid .ag-header-cell[col-id=file]").click()
    until(page, held, 1)
    leave(page)
    release(page, held)
    expect(page.locator("#toast")).to_have_count(0)


def test_counts_that_come_late_are_not_those_of_the_next_page(page: Page):
    page.goto("/search?image=5")
    value = page.locator("#facets [data-facet=label] li").first
    expect(value).to_be_visible()
    every = page.locator("#facets-count").text_content()
    held = hold(page, r"/facets\?")
    value.locator("input").check()
    until(page, held, 1)
    page.get_by_role("link", name="Table", exact=True).click()
    expect(page.locator("#table-count")).to_contain_text("images")
    release(page, held)
    page.locator("#facets-open").click()
    expect(page.locator(".facets-foot button")).to_have_text(f"Show {every} images")


def test_what_lies_above_a_page_goes_with_it(page: Page):
    picture = page.locator("#gallery-list a.picture").first
    above = page.locator("dialog[open], .at-pointer")
    page.goto("/library")
    expect(page.locator("#library-body")).to_contain_text("images")
    for opens in ({}, {"button": "right"}, None):
        page.evaluate("likeness.visit('/gallery', '')")
        expect(picture).to_be_visible()
        if opens is None:
            page.locator("#keys-open").click()
        else:
            picture.click(**opens)
        expect(above).to_be_visible()
        page.go_back()
        expect(page.locator("#library-body")).to_contain_text("images")
        expect(above).to_have_count(0)


def test_a_category_is_not_waited_for_once_its_maps_are_left(page: Page):
    held = hold(page, "/map/overview/")
    page.goto("/compare?view=maps&group=0")
    until(page, held, 2)
    leave(page)
    assert not page.evaluate("""async () => {
        const [own, delays] = [window.setTimeout, []];
        window.setTimeout = (work, ms, ...more) => { delays.push(ms); return own(work, ms, ...more); };
        await new Promise(done => own(done, 300));
        window.setTimeout = own;
        return delays.filter(ms => ms < 100);
    }""")

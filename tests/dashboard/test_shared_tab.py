"""The tab that browser tests share: what one leaves, the next does not find; and what must not be is noticed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pipeline.library import Library
from tests import browsing
from tests.dashboard.accessibility import faults

pytestmark = pytest.mark.browser

_KEEP = """() => {
    localStorage.setItem("a", "1");
    sessionStorage.setItem("a", "1");
    document.cookie = "a=1; path=/";
    return new Promise((done, failed) => {
        const opening = indexedDB.open("a");
        opening.onsuccess = () => { opening.result.close(); done(); };
        opening.onerror = failed;
    });
}"""
_KEPT = """async () => [localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length,
    innerWidth, matchMedia("(prefers-color-scheme: dark)").matches, matchMedia("(prefers-reduced-motion: reduce)").matches]"""


def until(page: Page, true: Callable[[], object]) -> None:
    """Wait until what the browser tells of has come."""
    for _ in range(600):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it was not told of")


def test_it_is_as_empty_as_a_new_one_and_notices_errors_and_foreign_requests(browser, address):
    tab = browsing.Tab(browser)
    page = tab.at(address)
    page.goto("/healthz")
    new = page.evaluate(_KEPT)
    assert new[:4] == [0, 0, "", 0] and new[4] == browsing.Tab.SIZE["width"]
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.evaluate(_KEEP)
    page.context.new_page().goto(f"{address}/healthz")
    assert page.evaluate(_KEPT) == [1, 1, "a=1", 1, 390, True, True]
    tab.empty()
    assert tab.at(address) is page and len(page.context.pages) == 1
    page.goto("/healthz")
    assert page.evaluate(_KEPT) == new

    page.evaluate("setTimeout(() => { throw Error('on purpose') })")
    page.evaluate("new Image().src = 'http://elsewhere.invalid/a.png'")
    page.evaluate("console.error('told', 'twice')")
    until(page, lambda: len(tab.errors) >= 2 and tab.foreign)
    assert any("on purpose" in error for error in tab.errors) and any("told twice" in error for error in tab.errors)
    assert tab.foreign == ["http://elsewhere.invalid/a.png"]
    tab.empty()
    assert tab.at(address, told=["on purpose"]) is page and not tab.errors and not tab.foreign
    page.evaluate("setTimeout(() => { throw Error('on purpose') })")
    page.evaluate("console.error('this one')")
    until(page, lambda: tab.errors)
    assert [error.split()[0] for error in tab.errors] == ["this"]

    # What cannot be taken back goes with the tab.
    page.route("**/thumb/*", lambda route: route.abort())
    tab.empty()
    assert page.is_closed() and tab.at(address) is not page
    tab.close()


def test_a_condition_is_waited_for_that_cannot_be_asked_yet(page: Page):
    page.goto("/healthz")
    page.evaluate("setTimeout(() => { window.later = { there: 7 }; }, 150)")
    assert page.wait_for_function("later.there") == 7
    with pytest.raises(AssertionError, match="did not become true: .*never"):
        page.wait_for_function("never.there", timeout=100)


def test_what_becomes_paler_during_the_look_for_faults_is_looked_at_again(page_at, serving, made_library):
    tab = page_at(serving(Library(made_library)))
    tab.goto("/library")
    expect(tab.locator("#page h1, #page h2").first).to_be_visible()
    faults(tab)  # from here on axe is there
    tab.evaluate(
        """() => {
            const pale = Object.assign(document.createElement("p"), { textContent: "on its way", className: "is-old" });
            pale.style.opacity = 0.3;
            const timer = setInterval(() => {
                if (!axe._running) return;
                clearInterval(timer);
                document.querySelector("#page").prepend(pale);
                setTimeout(() => pale.remove(), 4000);
            });
        }"""
    )
    assert not faults(tab)
    assert tab.locator("p.is-old").count() == 0

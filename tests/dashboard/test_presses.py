"""A press and a release on one thing are a click, also where it is drawn anew in between."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

_PUT = """name => {
    const old = document.getElementById("place"), place = document.createElement("div");
    place.id = "place";
    place.style = "position: fixed; z-index: 9999; left: 300px; top: 300px";
    const made = likeness.elements.make("button", { type: "button", className: old ? "button" : "button is-old", data: { name: name } }, name);
    made.addEventListener("click", (event) => clicked.push([name, event.detail, event.ctrlKey]));
    place.append(made);
    if (old) old.replaceWith(place);
    else document.body.append(place);
}"""


def test_what_is_drawn_anew_under_the_pointer_is_clicked_and_another_thing_is_not(page: Page):
    page.goto("/rated")
    expect(page.locator("#rated-body > *")).not_to_have_count(0)
    page.evaluate("window.clicked = []")
    for meanwhile, keys, expected in (
        (None, [], [["one", 1, False]]), ("one", [], [["one", 1, False]]), ("one", ["Control"], [["one", 1, True]]), ("other", [], []),
    ):
        page.evaluate(_PUT, "one")
        page.mouse.move(310, 310)
        for key in keys:
            page.keyboard.down(key)
        page.mouse.down()
        if meanwhile:
            page.evaluate(_PUT, meanwhile)
        page.mouse.up()
        for key in keys:
            page.keyboard.up(key)
        page.evaluate("new Promise((done) => setTimeout(() => setTimeout(done)))")  # after all that a release brings
        assert page.evaluate("clicked.splice(0)") == expected, meanwhile

"""A screen that is touched: what fingers do on maps, pictures, graphs and crops."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.fingers import Fingers, middle
from tests.dashboard.on_map import place, selected, standing, still

pytestmark = pytest.mark.browser

WIDTH = "(({ x }) => x[1] - x[0])(likeness.mapPage.engine.view.present())"
"""How much of the map is seen, in its units."""


@pytest.fixture
def touched(browser, address) -> Page:
    """A page on a tablet."""
    context = browser.new_context(viewport={"width": 820, "height": 1180}, has_touch=True, base_url=address)
    page = context.new_page()
    yield page
    context.close()


def test_a_map_is_zoomed_moved_drawn_on_and_asked_by_fingers(touched: Page):
    touched.goto("/")
    standing(touched)
    finger = Fingers(touched)
    stage = touched.locator("#map-graph").bounding_box()
    center = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2

    whole = touched.evaluate(WIDTH)
    finger.spread(center, 120, 240)
    still(touched)
    assert touched.evaluate(WIDTH) == pytest.approx(whole / 2, rel=0.05)
    image = touched.evaluate("likeness.mapPage.map.ids[0]")
    before = place(touched, image)
    finger.draw((center, (center[0] + 90, center[1] + 60)))
    after = place(touched, image)
    assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((90, 60), abs=1)
    assert touched.evaluate("likeness.mapPage.image") is None  # none of it was a tap

    # A finger that rests on a picture asks; lifted, it has chosen nothing.
    tile = touched.locator(".map-tile").first
    expect(tile).to_be_visible()
    box = tile.bounding_box()
    on_picture = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger.down(on_picture)
    menu = touched.locator(".at-pointer")
    expect(menu).to_be_visible()
    finger.up()
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    touched.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    assert touched.evaluate("likeness.mapPage.image") is None
    finger.tap(on_picture)
    expect(touched.locator("#map-panel")).to_be_visible()
    touched.keyboard.press("Escape")
    expect(touched.locator("#map-panel")).to_be_hidden()

    touched.locator("#map-reset").tap()
    still(touched)
    touched.locator("[data-tool=box].select-tool").tap()
    left, top = stage["x"] + 4, stage["y"] + 4
    finger.draw(((left, top), (left + stage["width"] - 8, top + stage["height"] - 8)))
    expect(touched.locator("#selected")).to_be_visible()
    assert len(selected(touched)) > 1


def test_a_picture_is_zoomed_by_two_fingers_and_a_graph_is_asked_by_one(touched: Page):
    touched.goto("/gallery")
    touched.locator("a.picture").nth(2).tap()
    expect(touched.locator(".viewer-count")).to_contain_text("3 of")
    touched.wait_for_function("document.querySelector('.viewer-picture').naturalWidth > 0")  # before, nothing is to be zoomed
    finger = Fingers(touched)
    finger.spread((400, 600), 100, 300)
    expect(touched.locator(".viewer-scale")).to_have_text(re.compile(r"\d+%"))
    finger.draw(((600, 600), (300, 600)))  # moves what is seen, and does not turn over
    expect(touched.locator(".viewer-count")).to_contain_text("3 of")
    touched.keyboard.press("Escape")

    touched.goto("/graph?image=4")
    touched.wait_for_function(
        "document.querySelector('#graph-drawing[aria-busy=false]') && "
        "document.getElementById('graph-canvas')._cyreg.cy.nodes().length === document.querySelectorAll('.graph-node').length"
    )
    other, x, y = touched.evaluate(
        """() => { const cy = document.getElementById("graph-canvas")._cyreg.cy;
        const node = cy.nodes().not(".center")[0], at = node.renderedPosition();
        const { left, top } = cy.container().getBoundingClientRect();
        return [node.id(), left + at.x, top + at.y]; }""")
    finger.down((x, y))
    menu = touched.locator(".at-pointer")
    expect(menu).to_be_visible()
    finger.up()
    expect(menu.locator(".pictures-menu-head")).not_to_be_empty()
    assert "image=4" in touched.url  # another one in the center would be a tap
    touched.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    finger.tap((x, y))
    expect(touched).to_have_url(re.compile(rf"image={other}\b"))


def test_a_crop_is_drawn_by_a_finger(touched: Page):
    touched.goto("/search?image=4")
    expect(touched.locator("#search-gallery a.picture").first).to_be_visible()
    stage = touched.locator(".stage.fitted")
    expect(stage).to_be_visible()
    touched.locator("#search-query [data-does=crop]").tap()
    expect(touched).to_have_url(re.compile("crop=100%2C100%2C800%2C800"))
    box, at = stage.bounding_box(), middle(touched.locator(".crop-se"))
    Fingers(touched).draw((at, (at[0] - 0.3 * box["width"], at[1] - 0.3 * box["height"])))
    expect(touched).to_have_url(re.compile(r"crop=100%2C100%2C(49|50|51)\d%2C(49|50|51)\d"))

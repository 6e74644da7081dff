"""The Map page in a browser: pointing, walking, zooming, and what the address holds."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import TimeoutError, expect

from dashboard.pages.map import panels as map_panels
from tests.dashboard.on_map import drawn, place, still, turn_wheel

pytestmark = pytest.mark.browser


def uncovered(tab) -> int:
    """An image whose point no picture and no name covers; from further away there is always one."""
    still(tab)
    for _ in range(12):
        image = tab.evaluate(
            """() => { const box = document.getElementById("map-stage").getBoundingClientRect();
            const map = likeness.mapPage.map;
            return [...map.ids].find(id => {
                const at = likeness.mapPage.engine.view.pixel(map.rows.get(id));
                const top = document.elementFromPoint(at.x + box.left, at.y + box.top);
                const named = likeness.mapPage.engine.names.at(at.x, at.y) !== null;
                return top && top.closest(".map-graph") && !named; }) ?? null; }""")
        if image is not None:
            return image
        turn_wheel(tab, 200)
    raise AssertionError("the wall covers every point")


def at_pointer(tab, image: int) -> int:
    """Point at an image; the id of the thumbnail that appears (points may coincide)."""
    x, y = place(tab, image)
    tab.mouse.move(x - 40, y - 40)
    tab.mouse.move(x, y)
    tab.wait_for_selector(".map-tip.is-shown img:not(.is-loading)")
    return int(tab.get_attribute(".map-tip img", "src").rsplit("/", 1)[1])


def addressed(tab, image: int) -> None:
    """Wait until the address names the image."""
    tab.wait_for_function(f"new URLSearchParams(location.search).get('image') === '{image}'")


def test_hover_click_and_walk_from_neighbor_to_neighbor(tab):
    tab.mouse.move(700, 450)
    image = uncovered(tab)
    shown = at_pointer(tab, image)
    tip = tab.locator(".map-tip").bounding_box()
    x, y = place(tab, image)
    assert not (tip["x"] <= x <= tip["x"] + tip["width"] and tip["y"] <= y <= tip["y"] + tip["height"])
    tab.mouse.click(x, y)
    tab.wait_for_selector("#map-panel .match")
    assert tab.get_attribute("#map-panel .map-picture", "src") == f"/image/{shown}"
    addressed(tab, shown)
    tab.wait_for_function(f"document.querySelectorAll('.map-ring:not(.map-nearby)').length === {map_panels.NEIGHBORS + 1}")
    onward = tab.evaluate("likeness.mapPage.found[2]")
    tab.locator("#map-panel .match-picture").nth(2).click()
    tab.wait_for_function(f"document.querySelector('.map-picture').getAttribute('src') === '/image/{onward}'")
    addressed(tab, onward)
    tab.go_back()
    tab.wait_for_selector(f".map-picture[src='/image/{shown}']")
    tab.wait_for_function("likeness.mapPage.found.length > 0")
    tab.keyboard.press("Escape")
    tab.wait_for_selector("#map-panel", state="hidden")
    tab.wait_for_function("!location.search.includes('image=')")


def at_rest(tab, button: str) -> list[float]:
    """Click, and where the map's left and right edges are once it has come to rest."""
    tab.click(button)
    still(tab)
    return tab.evaluate("likeness.mapPage.engine.view.present().x")


def test_recoloring_hides_and_zooms_without_asking_for_coordinates(tab):
    asked = []
    tab.on("request", lambda sent: "/map/overview/" in sent.url and asked.append(sent.url))
    tab.select_option("#map-color", "label")
    tab.wait_for_selector(".map-entry")
    of_first = tab.evaluate("likeness.mapPage.map.facts.labels[0][1]")
    hidden = "[...likeness.mapPage.map.rows.values()].filter(likeness.mapPage.engine.hides).length"
    tab.locator(".map-entry").first.click()
    tab.wait_for_function(f"{hidden} === {of_first}")
    tab.locator(".map-entry").first.click()
    tab.wait_for_function(f"{hidden} === 0")
    whole = at_rest(tab, "#map-reset")
    assert at_rest(tab, "[data-zoom='0']") != pytest.approx(whole, rel=1e-3)
    tab.wait_for_selector("[data-zoom='0'][aria-pressed='true']")
    assert at_rest(tab, "#map-reset") == pytest.approx(whole, rel=1e-3)
    assert asked == []


def test_a_close_look_is_a_wall_of_pictures_that_do_not_overlap(tab):
    x, y = place(tab, 7)
    tab.mouse.move(x, y)
    for _ in range(6):
        turn_wheel(tab, -200)
    tab.wait_for_selector(".map-tile")
    boxes = tab.evaluate(
        "[...document.querySelectorAll('.map-tile')].map(e => e.getBoundingClientRect().toJSON())")
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            beside = a["right"] <= b["left"] or b["right"] <= a["left"]
            assert beside or a["bottom"] <= b["top"] or b["bottom"] <= a["top"]
    tab.mouse.click(boxes[0]["x"] + 20, boxes[0]["y"] + 20)
    tab.wait_for_selector("#map-panel .match")


def test_the_address_holds_colors_place_and_what_other_parts_add(page):
    page.goto("/?map=color&color=folder")
    page.wait_for_selector(".map-entry")
    drawn(page)
    x, y = place(page, 7)
    page.mouse.move(x, y)
    for _ in range(3):
        turn_wheel(page, -200)
    page.wait_for_function(
        """() => { const at = (new URLSearchParams(location.search).get("at") || "").split(",").map(Number);
        const { x } = likeness.mapPage.engine.view.present(), near = 0.01 * (x[1] - x[0]);
        return Math.abs(at[0] - x[0]) < near && Math.abs(at[1] - x[1]) < near; }""")
    page.evaluate("likeness.mapPage.setParam('extra', 'é&1')")
    page.wait_for_function("new URLSearchParams(location.search).get('extra') === 'é&1'")
    seen = page.evaluate("likeness.mapPage.engine.view.present()")
    address = page.evaluate("location.href")
    assert "color=folder" in address and "map=color" in address
    page.goto("about:blank")
    page.goto(address)
    drawn(page)
    page.wait_for_selector(".map-entry")
    again = page.evaluate("likeness.mapPage.engine.view.present()")
    assert again["x"] == pytest.approx(seen["x"], rel=0.02, abs=0.02)
    assert again["y"] == pytest.approx(seen["y"], rel=0.02, abs=0.02)
    page.click("#map-reset")
    page.wait_for_function("!new URLSearchParams(location.search).get('at')")


def point_in_space(tab) -> tuple[float, float]:
    """Point at images until one answers with its thumbnail (others may stand before it); where."""
    for image in tab.evaluate("[...likeness.mapPage.map.ids]")[::7]:
        x, y = place(tab, image)
        tab.mouse.move(x - 3, y - 3)
        tab.mouse.move(x, y)
        try:
            tab.wait_for_selector(".map-tip.is-shown", timeout=3000)
        except TimeoutError:
            continue
        return x, y
    raise AssertionError("no point answers")


def test_space_has_the_same_hover_and_click_and_a_turn_is_no_click(tab):
    tab.click("#map-dim label:has-text('3D')")
    tab.wait_for_function("likeness.mapPage.map?.dim === 3 && likeness.mapPage.drawn")
    x, y = point_in_space(tab)
    tab.mouse.down()
    tab.mouse.move(x + 60, y, steps=3)
    tab.mouse.up()
    tab.wait_for_timeout(300)
    assert tab.evaluate("likeness.mapPage.image") is None
    x, y = point_in_space(tab)
    shown = int(tab.get_attribute(".map-tip img", "src").rsplit("/", 1)[1])
    tab.mouse.click(x, y, delay=50)
    tab.wait_for_selector(f".map-picture[src='/image/{shown}']")


def test_a_picture_on_the_map_has_the_menu_and_the_viewer_of_a_gallery(tab):
    menu, stage = tab.locator(".at-pointer"), tab.locator("#map-graph")
    image = uncovered(tab)
    tab.mouse.click(*place(tab, image), button="right")
    expect(menu.get_by_role("menuitem", name="Compare")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    assert tab.evaluate("likeness.mapPage.image") is None

    # All that is selected, where it is one of them.
    some = tab.evaluate("id => { const { chosen, map } = likeness.mapPage;"
                        "chosen.set(Int32Array.from(new Set([id, ...map.ids.slice(0, 9)])).sort()); return chosen.ids.length; }", image)
    expect(tab.locator("#selected")).to_be_visible()
    tab.mouse.click(*place(tab, image), button="right")
    expect(menu.locator(".pictures-menu-head")).to_have_text(f"{some} pictures")
    # Wherever the keyboard is, Esc is the menu's; another one, however soon, is for what lies below.
    tab.evaluate("""() => { document.getElementById("map-color").focus(); for (let i = 0; i < 2; i++) {
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
        if (!i) window.left = [document.querySelectorAll(".at-pointer").length, likeness.mapPage.chosen.ids.length]; } }""")
    assert tab.evaluate("window.left") == [0, some]
    expect(tab.locator("#selected")).to_be_hidden()

    # By keys alone.
    stage.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Space")
    count = tab.locator(".viewer-count")
    expect(count).to_have_text("1 of 60")
    tab.keyboard.press("ArrowRight")
    expect(count).to_have_text("2 of 60")
    tab.keyboard.press("Escape")
    expect(count).to_have_count(0)
    expect(stage).to_be_focused()
    tab.keyboard.press("ArrowRight")
    tab.locator("#map-color").hover()  # the mouse is elsewhere, and the keyboard where it was
    pointed = tab.evaluate("likeness.mapPage.engine.marked.pointed")
    tab.keyboard.press("Shift+F10")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    tab.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    assert tab.evaluate("likeness.mapPage.engine.marked.pointed") == pointed
    tab.keyboard.press("Shift+F10")
    menu.get_by_role("menuitem", name="Compare").click()
    expect(tab).to_have_url(re.compile(r"/compare\?image="))

"""Lasso and box on the map, what is kept of what they meet, and what outlives them."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from pipeline.library import Library, notes
from tests.dashboard.accessibility import faults
from tests.dashboard.on_map import corners, drag, drawn, selected, still

pytestmark = pytest.mark.browser


def test_lasso_keep_reload_and_clear(tab, address, made_library):
    tab.keyboard.press("l")
    half = corners(tab, 0.5)
    drag(tab, [*half, half[0]])  # closed where it began, which is no click
    expect(tab.locator("#select-chip-name")).to_have_text("30 images")
    ids = selected(tab)
    assert tab.evaluate("likeness.mapPage.image") is None
    left = tab.evaluate("ids => ids.every(id => likeness.mapPage.engine.bright[likeness.mapPage.map.rows.get(id)])", ids)
    assert len(ids) == 30 and left and tab.evaluate("likeness.mapPage.engine.bright.reduce((a, b) => a + b)") == 30
    expect(tab.locator("#selected-gallery .pictures")).to_have_attribute("data-count", "30")
    expect(tab.locator("#selected-parts")).to_contain_text("Labels")
    tab.get_by_label("Name of a collection").fill("Left half")
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile("collection=Left\\+half"))
    expect(tab.locator("#selected-title")).to_have_text("Left half")
    assert notes.collected(Library(made_library), "left half") == ids
    assert not faults(tab)
    tab.goto(tab.url)
    drawn(tab)
    expect(tab.locator("#select-chip-name")).to_have_text("Left half · 30 images")
    assert selected(tab) == ids
    tab.locator(f"#selected-gallery a.picture[data-image='{ids[0]}']").focus()
    tab.keyboard.press("Delete")  # out of the collection, which stays what it is
    expect(tab.locator("#select-chip-name")).to_have_text("Left half · 29 images")
    assert notes.collected(Library(made_library), "Left half") == ids[1:]
    tab.get_by_role("button", name="Undo").click()
    expect(tab.locator("#select-chip-name")).to_have_text("Left half · 30 images")
    with tab.expect_download() as saved:
        tab.locator(".export > summary").click()
        tab.get_by_role("button", name="JSON").click()
    exported = json.loads(saved.value.path().read_bytes())
    assert [image["id"] for image in exported["images"]] == ids
    tab.get_by_role("button", name="Delete the collection Left half").click()
    expect(tab.locator("#said")).to_contain_text("Deleted")
    tab.get_by_role("button", name="Undo").click()
    expect(tab.locator("#selected-title")).to_have_text("Left half")
    tab.get_by_role("button", name="Clear the selection").click()
    expect(tab.locator("#select-chip")).to_be_hidden()
    expect(tab).not_to_have_url(re.compile("collection"))
    assert tab.evaluate("likeness.mapPage.engine.bright") is None
    notes.drop_collection(Library(made_library), "Left half")
    tab.keyboard.press("l")
    half = corners(tab, 0.5)
    drag(tab, [*half, half[0]])
    tab.get_by_role("button", name="Search with these").click()
    expect(tab).to_have_url(re.compile("/search\\?these="))
    expect(tab.locator("#search-status")).to_contain_text("average of these")
    expect(tab.locator(".query-about")).to_contain_text("The average of 30 images")


def test_a_lasso_outlives_search_back_and_reload_and_the_map_makes_room_for_it(tab):
    rests = """([whole, moved]) => {
        const view = likeness.mapPage.engine.view, now = view.present();
        const differs = axis => whole[axis].some((end, i) => Math.abs(now[axis][i] - end) > 0.01);
        return !view.moving() && (differs("x") || differs("y")) === moved;
    }"""  # a map wider than high moves up and down alone
    still(tab)
    whole = tab.evaluate("likeness.mapPage.engine.view.present()")
    tab.keyboard.press("l")
    half = corners(tab, 0.5)
    drag(tab, [*half, (half[0][0] + 2, half[0][1] + 1)])
    ids = selected(tab)
    assert len(ids) == 30 and tab.evaluate("likeness.mapPage.image") is None
    tab.wait_for_function(rests, arg=[whole, True])
    lowest = tab.evaluate("Math.max(...Array.from(likeness.mapPage.map.ids, (_, row) => likeness.mapPage.engine.view.pixel(row).y))")
    assert lowest < tab.evaluate("document.getElementById('selected').offsetTop")
    expect(tab).to_have_url(re.compile("picked="))
    tab.get_by_role("button", name="Search with these").click()
    expect(tab).to_have_url(re.compile("/search"))
    expect(tab.locator("#search-status")).not_to_be_empty()
    tab.go_back()  # one step: what the page made of the address it was opened with is none
    drawn(tab)
    assert selected(tab) == ids
    tab.reload()
    drawn(tab)
    assert selected(tab) == ids
    tab.evaluate("likeness.mapPage.select(5)")
    expect(tab.locator("#map-panel")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.locator("#map-panel")).to_be_hidden()
    tab.keyboard.press("Escape")
    expect(tab.locator("#selected")).to_be_hidden()
    tab.wait_for_function(rests, arg=[whole, False])
    expect(tab).not_to_have_url(re.compile("picked="))


def test_box_shift_adds_alt_takes_away_escape_clears_and_a_click_still_chooses(tab):
    tab.keyboard.press("b")
    whole, half = corners(tab), corners(tab, 0.5)
    drag(tab, [half[0], half[2]])
    assert len(selected(tab)) == 30
    tab.get_by_role("button", name="Hide the gallery").click()
    still(tab)  # the map is where it was before the gallery came
    tab.keyboard.down("Shift")
    drag(tab, [whole[0], whole[2]])
    tab.keyboard.up("Shift")
    assert len(selected(tab)) == 60
    tab.get_by_role("button", name="60 images", exact=True)
    tab.keyboard.down("Alt")
    drag(tab, [half[0], half[2]])
    tab.keyboard.up("Alt")
    assert len(selected(tab)) == 30
    tab.keyboard.press("Escape")
    assert selected(tab) == []
    still(tab)
    place = tab.evaluate("""() => { const { engine, map } = likeness.mapPage;
        const bare = ({ x, y }) => x > 0 && y > 0 && engine.names.at(x, y) === null;  // a name lies over others
        return [...map.ids].map((id, row) => engine.view.pixel(row)).find(bare); }""")
    stage = tab.locator("#map-stage").bounding_box()
    tab.mouse.click(stage["x"] + place["x"], stage["y"] + place["y"], delay=40)
    expect(tab.locator("#map-panel")).to_be_visible()
    assert selected(tab) == []
    tab.get_by_text("3D", exact=True).click()
    tab.wait_for_function("likeness.mapPage.map.dim === 3 && likeness.mapPage.drawn")
    expect(tab.get_by_role("button", name="Lasso")).to_be_disabled()


def test_what_the_legend_hides_stays_out_of_the_lasso(tab):
    tab.locator('[data-toggle="0"].map-swatch').click()
    tab.wait_for_function("likeness.mapPage.map.cluster.some((c, row) => c === 0 && likeness.mapPage.engine.hides(row))")
    tab.keyboard.press("l")
    drag(tab, corners(tab))
    clusters = tab.evaluate(
        "[...likeness.mapPage.chosen.ids].map(id => likeness.mapPage.map.cluster[likeness.mapPage.map.rows.get(id)])"
    )
    assert len(clusters) > 20 and 0 not in clusters

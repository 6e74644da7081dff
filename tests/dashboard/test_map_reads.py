"""The map reads itself: names on it, colors that stay, pictures up to the full one, keys."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import expect

from pipeline.maps import COMBINED, store
from tests.dashboard.on_map import drawn, still

pytestmark = pytest.mark.browser

_ENGINE = "likeness.mapPage.engine"
_STANDS = f"!{_ENGINE}.view.moving()"
_STOPS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter(one => one.tabIndex >= 0 && !one.disabled && one.getClientRects().length).length"""


@pytest.fixture
def tab(page):
    """A browser's page with the map drawn, its clusters listed and its names on it."""
    page.goto("/")
    page.wait_for_function("window.likeness?.mapPage?.drawn && likeness.mapPage.clusters.titles")
    expect(page.locator(".map-names span")).not_to_have_count(0)
    return page


def boxes(tab, what: str) -> list[dict]:
    return tab.evaluate(
        "what => [...document.querySelectorAll(what)].map(one => one.getBoundingClientRect().toJSON())", what)


def apart(a: dict, b: dict) -> bool:
    beside = a["right"] <= b["left"] or b["right"] <= a["left"]
    return beside or a["bottom"] <= b["top"] or b["bottom"] <= a["top"]


def test_names_and_pictures_do_not_overlap_and_zooming_on_ends_at_the_full_picture(tab):
    tab.wait_for_selector(".map-tile")
    still(tab)
    names, pictures = tab.evaluate(  # at one moment
        "['.map-names span', '.map-tile'].map(what => [...document.querySelectorAll(what)].map(one => one.getBoundingClientRect().toJSON()))")
    assert names and pictures
    assert all(apart(a, b) for i, a in enumerate(names) for b in [*names[:i], *pictures])
    tab.keyboard.press("n")
    expect(tab.locator(".map-names span")).to_have_count(0)
    expect(tab).to_have_url(re.compile("names=0"))
    expect(tab.locator("#map-names")).to_have_attribute("aria-pressed", "false")
    tab.keyboard.press("n")
    expect(tab.locator(".map-names span")).not_to_have_count(0)
    wide = f"{_ENGINE}.view.present().x[1] - {_ENGINE}.view.present().x[0]"
    before = tab.evaluate(wide)
    tab.get_by_role("button", name="Closer").click()
    tab.wait_for_function(f"{_STANDS} && Math.abs(({wide}) * 1.5 - {before}) < 0.01 * {before}")
    tab.keyboard.press("0")
    tab.wait_for_function(f"{_STANDS} && Math.abs(({wide}) - {before}) < 0.01 * {before}")
    tile = tab.locator(".map-tile").first.bounding_box()
    tab.mouse.move(tile["x"] + tile["width"] / 2, tile["y"] + tile["height"] / 2)
    for _ in range(80):
        if tab.evaluate(f"{_ENGINE}.wall.full()"):
            break
        tab.mouse.wheel(0, -300)
        tab.wait_for_function(_STANDS)
    expect(tab.locator(".map-tile img")).to_have_attribute("src", re.compile("/image/"))
    stage, full = tab.locator("#map-stage").bounding_box(), boxes(tab, ".map-tile")[0]
    assert full["height"] > 0.9 * min(stage["width"], stage["height"])
    assert full["left"] >= stage["x"] and full["bottom"] <= stage["y"] + stage["height"] + 1
    tab.mouse.dblclick(stage["x"] + 40, stage["y"] + 40)  # there is nothing closer
    assert tab.evaluate(f"{_ENGINE}.wall.full()")


def test_a_cluster_keeps_its_color_and_a_click_on_it_ends_with_its_pictures(tab):
    row = "likeness.mapPage.map.cluster.findIndex(one => one === 0)"
    color = f"{_ENGINE}.colorOf({row})"
    before = tab.evaluate(color)
    shades = tab.evaluate("[...document.querySelectorAll('.map-swatch')].map(one => one.style.getPropertyValue('--swatch'))")
    assert len(set(shades)) == len(shades)
    tab.select_option("#map-color", "label")
    tab.wait_for_selector(".map-entry")
    tab.select_option("#map-color", "cluster")
    tab.wait_for_function(f"{color} === '{before}'")
    tab.locator("#map-grain").fill("2")
    expect(tab).to_have_url(re.compile("grain=2"))
    tab.locator("#map-grain").fill("0")
    expect(tab).not_to_have_url(re.compile("grain="))
    tab.wait_for_function(f"likeness.mapPage.clusters.of.grain === 0 && {color} === '{before}'")
    tab.locator("[data-zoom='0']").click()
    tab.wait_for_function(_STANDS)
    inside = """number => { const { map } = likeness.mapPage;
        const ids = [...document.querySelectorAll(".map-tile img")].map(one => Number(one.src.split("/").pop()));
        return ids.length > 1 && ids.every(id => map.cluster[map.rows.get(id)] === number); }"""
    tab.wait_for_function(inside, arg=0)

    # A double click on a name is one click: the second press does not lead back.
    tab.locator("#map-reset").click()
    still(tab)
    number, x, y = tab.evaluate(f"""() => {{ const {{ left, top }} = document.getElementById("map-stage").getBoundingClientRect();
        const name = {_ENGINE}.names.boxes().find(one => !one.part);
        return [name.name.cluster, left + name.left + name.width / 2, top + name.top + name.height / 2]; }}""")
    tab.mouse.dblclick(x, y)
    tab.wait_for_function(f"likeness.mapPage.focus() === {number}")
    still(tab)
    assert tab.evaluate("likeness.mapPage.focus()") == number
    tab.wait_for_function(inside, arg=number)


def test_by_keys_from_image_to_image_and_what_the_panel_says(tab):
    tab.locator("#map-graph").focus()
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    pointed = tab.evaluate(f"{_ENGINE}.marked.pointed")
    expect(tab.locator("#map-said")).not_to_be_empty()
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile(f"image={pointed}"))
    expect(tab.locator("#map-why")).to_contain_text("by")
    expect(tab.locator("#map-in")).to_contain_text(re.compile("In "))
    expect(tab.locator("#map-here")).to_contain_text("of 12 are both")
    expect(tab.locator(".map-nearby")).to_have_count(12)
    near = tab.locator(".map-tile.is-neighbor")
    expect(near).to_have_count(12)  # all of them, wherever on the map they are
    assert sorted(int(one) for one in near.evaluate_all("all => all.map(one => one.dataset.rank)")) == [*range(1, 13)]
    assert not tab.get_attribute(".map-lines", "d")
    tab.get_by_role("button", name="Lines").click()
    expect(tab.locator(".map-lines")).to_have_attribute("d", re.compile("^M.*(L.*){12}$"))
    assert tab.evaluate(_STOPS) < 60
    rows = tab.locator(".map-cluster .map-zoom")
    rows.first.focus()
    tab.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    onward = tab.evaluate("likeness.mapPage.found[0]")
    tab.evaluate("id => likeness.mapPage.select(id)", onward)  # the view stays where it is
    expect(tab.locator(".map-tile.is-chosen img")).to_have_attribute("src", f"/thumb/{onward}")
    expect(near).to_have_count(12)


def test_the_list_of_clusters_is_dense_filtered_and_sorted(tab):
    rows = boxes(tab, ".map-cluster")
    assert all(24 <= row["height"] <= 25 for row in rows)
    names = tab.locator(".map-name")
    given = names.all_inner_texts()
    tab.select_option("#cluster-sort", "name")
    expect(names.first).to_have_text(sorted(given, key=str.lower)[0])
    expect(tab).to_have_url(re.compile("sort=name"))
    count, held = tab.locator("#map-summary").inner_text(), []
    tab.route(re.compile("/map/coloring/.*by=agreement"), lambda route: held.append(route))
    with tab.expect_request(re.compile("by=agreement")):
        tab.select_option("#cluster-sort", "disagreement")
    expect(tab.locator("#map-summary")).to_have_text("Comparing embeddings …")  # the first time it takes seconds
    expect(tab.locator("#map-clusters")).to_have_attribute("aria-busy", "true")
    held[0].continue_()
    expect(tab.locator(".map-figure").first).to_contain_text("%")
    expect(tab.locator("#map-summary")).to_have_text(count)
    expect(tab.locator("#map-clusters")).to_have_attribute("aria-busy", "false")
    tab.get_by_label("Find a cluster").fill(given[0])
    expect(names.first).to_be_visible()
    assert all(given[0].lower() in name.lower() for name in names.all_inner_texts())
    tab.get_by_role("button", name="Pictures of each cluster").click()
    expect(tab.locator(".map-exemplars").first).to_be_visible()


def test_a_link_hides_and_shows_the_same_clusters_after_the_map_was_made_anew(page_at, library, serving):
    tab = page_at(serving(library))
    hidden = "[...likeness.mapPage.map.rows].filter(([, row]) => likeness.mapPage.engine.hides(row)).map(([id]) => id).sort()"
    focused = """[...likeness.mapPage.map.rows].filter(([, row]) => likeness.mapPage.map.cluster[row] === likeness.mapPage.focus())
        .map(([id]) => id).sort()"""
    tab.goto("/")
    drawn(tab)
    tab.locator("[data-toggle='1']").click()
    tab.locator("[data-zoom='0']").click()
    tab.wait_for_function("/hide=cluster.*focus=cluster/.test(location.search)")
    address, out, shown = tab.url, tab.evaluate(hidden), tab.evaluate(focused)
    assert out and shown and not set(out) & set(shown)
    saved = store.load(library, COMBINED)
    turned = np.roll(np.arange(saved.clusters), 1)  # the same clusters by other numbers
    renamed = np.where(saved.cluster < 0, -1, np.argsort(turned)[saved.cluster]).astype(saved.cluster.dtype)
    store.save(library, replace(saved, cluster=renamed, exemplars=saved.exemplars[turned][:, ::-1].copy()))
    tab.goto("about:blank")
    tab.goto(address)
    drawn(tab)
    tab.wait_for_function(f"JSON.stringify({hidden}) === '{json.dumps(out, separators=(',', ':'))}'")
    tab.wait_for_function(f"JSON.stringify({focused}) === '{json.dumps(shown, separators=(',', ':'))}'")
    tab.goto("/?hide=1&focus=0")  # as addresses were once
    drawn(tab)
    tab.get_by_text("This link is of an earlier version").wait_for()
    assert tab.evaluate(hidden) == [] and tab.evaluate("likeness.mapPage.focus()") is None
    tab.goto("/?focus=cluster%3D999")
    drawn(tab)
    tab.get_by_text("is not on this map; all is shown").wait_for()
    tab.wait_for_function("!location.search.includes('focus')")

"""The map in a browser: colors are drawn without coordinates, and a very large map is refined."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import expect

from dashboard.reads import map_data
from pipeline import maps
from pipeline.library import Library
from pipeline.maps import COMBINED
from tests.dashboard.conftest import LARGE
from tests.dashboard.on_map import drawn, turn_wheel

pytestmark = pytest.mark.browser


PIXELS = """() => {
    const canvas = document.querySelector("#map-graph canvas");
    likeness.mapPage.engine.draw(); // what was drawn before has gone to the screen
    const gl = canvas.getContext("webgl"), all = new Uint8Array(4 * canvas.width * canvas.height);
    gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, all);
    const found = new Map();
    for (let i = 0; i < all.length; i += 4) {
        if (all[i + 3] < 200) continue; // the edges of points
        const color = [all[i] >> 3, all[i + 1] >> 3, all[i + 2] >> 3].join();
        found.set(color, (found.get(color) || 0) + 1);
    }
    return Object.fromEntries(found);
}"""


def keeps(tab, colors: dict[str, int]) -> None:
    """Wait until more than half of the colors are on the canvas, in another size or theme."""
    for _ in range(100):
        if len(painted(tab).keys() & colors.keys()) > len(colors) / 2:
            return
        tab.wait_for_timeout(100)
    raise AssertionError("other colors are drawn")


def painted(tab) -> dict[str, int]:
    """Pixels of each color on the canvas of the points, after the next frame."""
    tab.wait_for_function("!likeness.mapPage.engine.view.moving() && likeness.mapPage.engine.coloring.kind !== 'waiting'")
    tab.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    return tab.evaluate(PIXELS)


def test_other_colors_are_drawn_without_the_coordinates_coming_again(tab):
    asked = []
    tab.on("request", lambda sent: asked.append(sent.url))
    by_cluster = painted(tab)
    assert len(by_cluster) > 1
    tab.select_option("#map-color", "distortion")
    tab.wait_for_selector(".map-scale")
    by_figure = painted(tab)
    assert by_figure.keys() != by_cluster.keys()
    assert any(f"/map/coloring/{COMBINED}?by=distortion" in url for url in asked)
    assert not any("/map/overview/" in url for url in asked)
    # A new plot, another window and the other theme keep them.
    tab.set_viewport_size({"width": 1000, "height": 700})
    tab.wait_for_function("document.querySelector('#map-graph canvas').getBoundingClientRect().right <= 1000")
    keeps(tab, by_figure)
    tab.click("#theme-switch")
    expect(tab.locator("html")).to_have_attribute("data-bs-theme", "dark")
    keeps(tab, by_figure)
    tab.select_option("#map-color", "cluster")
    tab.wait_for_selector(".map-scale", state="detached")
    again = painted(tab)
    assert len(again.keys() & by_cluster.keys()) >= len(by_cluster) / 2
    assert not again.keys() & by_figure.keys()


def test_a_mask_fades_the_others_and_survives_other_colors(tab):
    before = painted(tab)
    full = sum(before.values())
    tab.evaluate("likeness.mapPage.engine.emphasize([likeness.mapPage.map.ids[0]])")

    def bright() -> int:
        return sum(count for color, count in painted(tab).items() if color in before)

    assert 0 < bright() < full / 10
    tab.select_option("#map-color", "label")
    tab.wait_for_selector(".map-entry")
    tab.select_option("#map-color", "cluster")
    tab.wait_for_selector(".map-entry", state="detached")
    assert 0 < bright() < full / 10
    tab.evaluate("likeness.mapPage.engine.emphasize(null)")
    assert bright() > full / 2


@pytest.fixture(scope="module")
def large(unopened_large, tmp_path_factory) -> Library:
    """A library whose map `large_address` treats as very large."""
    return Library(shutil.copytree(unopened_large, tmp_path_factory.mktemp("large") / "library"))


@pytest.fixture
def large_address(large, serving, monkeypatch):
    """A dashboard whose map is treated as very large."""
    for name, value in {"WHOLE_UP_TO": 1_000, "SAMPLE": 700, "LEAST": 5}.items():
        monkeypatch.setattr(map_data, name, value)
    return serving(Library(large.data))


def test_a_very_large_map_is_refined_where_one_looks(page_at, large_address):
    tab = page_at(large_address, told=["/image/"])  # it has no files
    tab.goto(f"{large_address}/?color=date")
    drawn(tab)
    tab.wait_for_selector(".map-density img")
    told = "likeness.mapPage.onMap(map => { window.told = map; }); likeness.mapPage.map.ids.length"
    assert tab.evaluate(told) < 2_000
    tab.mouse.move(760, 450)
    inside = """() => { const { x, y } = likeness.mapPage.engine.view.present(), map = likeness.mapPage.map;
        return [...map.ids].filter((id, i) =>
            map.x[i] > x[0] && map.x[i] < x[1] && map.y[i] > y[0] && map.y[i] < y[1]).length; }"""
    for _ in range(80):
        turn_wheel(tab, -400)
        tab.wait_for_function("likeness.mapPage.engine.refine.enough() && likeness.mapPage.drawn")
        if not tab.locator(".map-density img").count():
            break
    # Every point of the view is here, and the listeners know.
    tab.wait_for_function(
        "window.told && window.told.base && window.told === likeness.mapPage.map && likeness.mapPage.drawn")
    assert 20 < tab.evaluate(inside) < 700
    same = """() => { const map = likeness.mapPage.map, all = likeness.mapPage.engine.coloring.codes;
        return all.length === map.total && map.ids.every((id, row) => map.rows.get(id) === row)
            && map.at.every((n, row) => !row || map.at[row - 1] < n); }"""
    assert tab.evaluate(same)
    # An image that is not here comes along when it is chosen.
    far = next(i for i in range(1, LARGE) if not tab.evaluate("id => likeness.mapPage.map.rows.has(id)", i))
    tab.evaluate("id => dash_clientside.set_props('map-image', { data: id })", far)
    tab.wait_for_function("id => likeness.mapPage.map.rows.has(id)", arg=far)
    tab.click("#map-reset")


CORNERS = """() => {
    const stage = document.getElementById("map-stage").getBoundingClientRect();
    const px = [0.25, 0.6].map(share => [share * stage.width, share * stage.height]);
    const units = px.map(([x, y]) => likeness.mapPage.engine.view.unit(x, y));
    return [px.map(([x, y]) => [x + stage.left, y + stage.top]), units.map(at => [at.x, at.y])];
}"""


def test_a_selection_on_a_very_large_map_holds_what_is_not_here_too(page_at, large, large_address):
    tab = page_at(large_address, told=["/image/"])  # it has no files
    tab.goto(large_address)
    drawn(tab)
    made = maps.load(large, COMBINED)
    (start, end), ((left, top), (right, bottom)) = tab.evaluate(CORNERS)
    tab.keyboard.press("b")
    tab.mouse.move(*start)
    tab.mouse.down()
    tab.mouse.move(*end, steps=6)
    tab.mouse.up()
    tab.wait_for_function("likeness.mapPage.chosen.ids")
    x, y = made.xy.T
    within = made.ids[(x > left) & (x < right) & (y < top) & (y > bottom)]
    assert tab.evaluate("[...likeness.mapPage.chosen.ids]") == within.tolist()
    assert len(within) > tab.evaluate("likeness.mapPage.map.ids.length")  # more than the browser has at all
    first = tab.locator('.map-cluster[data-cluster="0"]')
    first.hover()
    first.get_by_role("button", name="Select all").click()
    size = int((made.cluster == 0).sum())
    tab.wait_for_function("size => likeness.mapPage.chosen.ids.length === size", arg=size)

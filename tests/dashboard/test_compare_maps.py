"""Compare: two linked maps."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.pages.compare import maps as compare_maps
from dashboard.reads import Reads, map_data
from pipeline import maps
from pipeline.library import Library
from pipeline.maps import COMBINED, store
from tests.dashboard.on_map import drawn
from tests.dashboard.test_left_pages import hold, release, until
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

    page.locator("#compare-picked a.picture").first.hover()
    expect(page.locator(".map-pointer:visible")).to_have_count(2)  # one on each map
    page.locator("#compare-picked a.picture").first.click()
    expect(page).to_have_url(re.compile(r"view=maps.*image=\d+"))
    expect(page.locator(".compare-graph .map-own")).to_have_count(2)
    expect(page.locator("#compare-pinned figure")).to_be_visible()
    count = page.evaluate(selected, "a")
    expect(page.locator("#compare-picked .pictures")).to_have_attribute("data-count", str(count))
    drawer = page.locator("#compare-picked")  # the same as on the Map: parts that narrow, sorting, acts
    part = drawer.locator("button.selected-part").first
    name, share = part.locator(".selected-name").inner_text(), int(part.locator(".num").inner_text())
    part.click()
    expect(drawer.locator("h2")).to_contain_text(f"{share} images selected")
    page.wait_for_function(f"share => ({selected})('b') === share && ({selected})('a') === share", arg=share)
    drawer.get_by_role("button", name=f"No longer only {name}").click()
    expect(drawer.locator("h2")).to_contain_text(f"{count} images selected")
    drawer.get_by_label("Sort", exact=True).select_option("unusual")
    first = drawer.locator("[data-index='0']")
    farthest = page.evaluate("async ids => (await likeness.gallery.order(ids, { by: 'unusual' })).ids[0]",
                             page.evaluate("[...likeness.compareMaps.picked]"))
    expect(first).to_have_attribute("data-image", str(farthest))
    drawer.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("dialog", name="Keep as a collection")).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer.locator("h2")).to_contain_text(f"{count} images selected")
    page.locator(".compare-tools").get_by_text("Labels", exact=True).click()
    entry = page.locator("#compare-legend button").nth(1)
    expect(entry).to_contain_text(list(reads.library.labels())[1])
    expect(entry).to_contain_text("10")
    entry.click()
    expect(page.locator("#compare-picked h2")).to_contain_text("10 images selected")
    expect(page).to_have_url(re.compile("color=label.*group=1"))
    page.reload()
    expect(page.locator("#compare-picked h2")).to_contain_text("10 images selected")
    page.wait_for_function(f"() => ({selected})('a') === 10 && ({selected})('b') === 10")
    ids = page.evaluate("[...likeness.compareMaps.picked]")
    page.get_by_role("link", name="On the Map").click()
    drawn(page)
    assert page.evaluate("[...likeness.mapPage.chosen.ids]") == ids
    expect(page.locator("#selected")).to_be_visible()
    page.go_back()
    page.wait_for_function("window.likeness?.compareMaps?.ready")
    page.wait_for_function(f"() => ({selected})('a') === 10")
    page.keyboard.press("Escape")
    expect(page.locator("#compare-picked")).to_contain_text("Nothing is selected")
    expect(page).not_to_have_url(re.compile("group="))
    page.wait_for_function(f"() => ({selected})('b') === 0")
    page.go_back()
    expect(page.locator("#compare-pinned figure")).to_have_count(0)


@pytest.mark.browser
def test_a_refusal_is_a_sentence_and_never_the_page_of_an_error(browser, address):
    page = browser.new_page(base_url=address)
    page.goto("/compare?view=maps")
    page.wait_for_function("window.likeness?.compareMaps?.ready")
    said = "() => likeness.map.ask('clusters', 'color').then(() => null, said => said)"
    page.route("**/map/clusters/color*", lambda route: route.fulfill(
        status=500, content_type="text/html", body="<!doctype html><title>500</title><p>Internal Server Error"))
    assert page.evaluate(said) == "Something went wrong inside Likeness; its log says what."
    page.unroute("**/map/clusters/color*")
    assert page.evaluate(said.replace("'color'", "'nowhere'")) == "That map has not been made."
    page.close()


@pytest.fixture
def large(unopened_large, tmp_path, serving, monkeypatch):
    """A library with two maps that are treated as very large, and where it is served."""
    for name, value in {"WHOLE_UP_TO": 1_000, "SAMPLE": 700, "LEAST": 5}.items():
        monkeypatch.setattr(map_data, name, value)
    library = Library(shutil.copytree(unopened_large, tmp_path / "library"))
    made = maps.load(library, COMBINED)
    cluster = np.where(made.cluster < 2, made.cluster, 2).astype(np.int32)
    store.save(library, replace(
        made, name="color", xy=np.ascontiguousarray(made.xy[:, ::-1]), cluster=cluster, exemplars=made.exemplars[:3],
    ))
    return library, serving(library)


@pytest.mark.browser
def test_two_very_large_maps_are_sampled_and_linked_as_a_whole(page_at, large):
    library, address = large
    tab = page_at(address, height=900)
    tab.goto(f"{address}/compare?view=maps&a=combined&b=color&color=b")
    tab.wait_for_function("window.likeness?.compareMaps?.ready")
    expect(tab.locator(".map-density img")).to_have_count(2)
    engine = "likeness.compareMaps.sides.{}.engine"
    here = {side: tab.evaluate(f"[...{engine.format(side)}.data.ids]") for side in "ab"}
    assert all(0 < len(ids) < 2_000 for ids in here.values())
    # A box on the left map holds images that neither map has here.
    tab.get_by_text("Box", exact=True).click()
    box = tab.locator("#compare-graph-a").bounding_box()
    corners = [(0.3, 0.3), (0.6, 0.7)]
    tab.mouse.move(*(box[k] + corners[0][i] * box[s] for i, (k, s) in enumerate((("x", "width"), ("y", "height")))))
    tab.mouse.down()
    tab.mouse.move(
        *(box[k] + corners[1][i] * box[s] for i, (k, s) in enumerate((("x", "width"), ("y", "height")))), steps=5
    )
    tab.mouse.up()
    tab.wait_for_function("likeness.compareMaps.picked")
    ends = tab.evaluate(f"""corners => corners.map(([x, y]) => {{
        const map = {engine.format("a")}, {{ width, height }} = map.frame();
        const at = map.view.unit(x * width, y * height); return [at.x, at.y]; }})""", corners)
    made = maps.load(library, COMBINED)
    (left, top), (right, bottom) = ends
    x, y = made.xy.T
    within = made.ids[(x > left) & (x < right) & (y < top) & (y > bottom)].tolist()
    assert tab.evaluate("[...likeness.compareMaps.picked]") == within
    assert len(within) > len(set(within) & set(here["a"]))
    bright = "#compare-graph-{}"
    for side in "ab":
        expect(tab.locator(bright.format(side))).to_have_attribute("data-bright", str(len(set(within) & set(here[side]))))
    expect(tab.locator("#compare-picked h2")).to_contain_text(f"{len(within):,} images selected")
    # Closer, the right map has more of them.
    tab.mouse.move(*tab.evaluate(f"""ids => {{
        const map = {engine.format("b")}, stage = map.root.getBoundingClientRect();
        const at = map.view.pixel(map.data.rows.get(ids.find(id => map.data.rows.has(id))));
        return [at.x + stage.left, at.y + stage.top]; }}""", within))
    for _ in range(3):
        tab.mouse.wheel(0, -300)
    tab.wait_for_function(f"() => {engine.format('b')}.data.base && {engine.format('b')}.refine.enough()")
    now = tab.evaluate(f"[...{engine.format('b')}.data.ids]")
    tab.wait_for_function(
        "count => Number(document.querySelector('#compare-graph-b').dataset.bright) === count",
        arg=len(set(within) & set(now)),
    )
    assert len(set(within) & set(now)) > len(set(within) & set(here["b"]))
    # An image that the left map does not have here shows its place there when it is pointed at.
    far = next(image for image in now if image not in here["a"])
    tab.evaluate(f"id => {engine.format('b')}.tell('hover', id)", far)
    expect(tab.locator("#compare-graph-a .map-pointer")).to_be_visible()
    # All images of a category of the right map, on both.
    tab.locator("#compare-legend button").first.click()
    count = int((maps.load(library, "color").cluster == 0).sum())
    expect(tab.locator("#compare-picked h2")).to_contain_text(f"{count:,} images selected")
    # Of two questions the answers come in their order, whichever the server has first.
    held = hold(tab, "/map/find/")
    tab.evaluate(f"window.came = []; [0, 1].forEach(one => {engine.format('a')}.find({{ by: 'cluster', only: [one] }}).then(() => came.push(one)))")
    until(tab, held, 2)
    with tab.expect_response(re.compile("/map/find/")):
        held.pop().continue_()
    release(tab, held)
    tab.wait_for_function("came.length === 2")
    assert tab.evaluate("came") == [0, 1]

"""The main paths of every page, in a real browser against a real library."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.figures import drawing_order
from pipeline import images, maps
from pipeline.library import Library

pytestmark = pytest.mark.browser

# Where the points of the 2-D map are on the screen, in the order they are drawn in.
_PLACES = """() => {
  const graph = document.querySelector('#map-graph .js-plotly-plot');
  const trace = graph && graph._fullData && graph._fullData.find(t => t.type === 'scattergl' && t.x.length > 20);
  if (!trace) return null;
  const {xaxis, yaxis} = graph._fullLayout, box = graph.getBoundingClientRect();
  return Array.from(trace.x, (x, at) => [
    box.x + xaxis._offset + xaxis.d2p(x), box.y + yaxis._offset + yaxis.d2p(trace.y[at])]);
}"""


def open_map(page: Page, name: str) -> None:
    page.goto(f"/?map={name}")
    page.wait_for_function(f"({_PLACES})() !== null")
    expect(page.locator("#map-busy")).to_be_hidden()
    page.wait_for_timeout(500)  # the first drawing of WebGL


def clear_point(page: Page, library: Library, name: str) -> tuple[int, list[float]]:
    """A point that no other lies close to: its image and where it is."""
    shown = maps.load(library, name)
    ids = shown.ids[drawing_order(shown.cluster)]
    places = np.array(page.evaluate(_PLACES))
    assert len(places) == len(ids) == 60
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e6 * np.eye(len(ids))
    best = int(gaps.min(axis=1).argmax())
    return int(ids[best]), places[best].tolist()


def test_map_hover_click_neighbors_and_onward(page: Page, made_library):
    open_map(page, "color")
    image, place = clear_point(page, Library(made_library), "color")
    page.mouse.move(place[0] + 60, place[1] + 60)
    page.mouse.move(*place)
    expect(page.locator(f"#map-tip img[src*='/thumb/{image}']")).to_be_visible()
    page.mouse.click(*place)
    panel = page.locator("#map-panel")
    expect(panel.locator(f"img[src^='/image/{image}']")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"image={image}\b"))
    cards = panel.locator(".match")
    expect(cards).to_have_count(12)
    scores = [float(text) for text in panel.locator(".match-score").all_inner_texts()]
    assert scores == sorted(scores, reverse=True) and scores[0] <= 1
    following = cards.first.locator("img").get_attribute("src")
    cards.first.locator("button").first.click()
    second = following.rsplit("/", 1)[1].split("?")[0]
    expect(panel.locator(f"img[src^='/image/{second}']")).to_be_visible()
    page.go_back()
    expect(panel.locator(f"img[src^='/image/{image}']")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_map_selectors_and_clusters(page: Page):
    open_map(page, "efficientnet")
    clusters = page.locator("#map-clusters button")
    assert clusters.count() >= 2
    before = page.evaluate("document.querySelector('#map-graph .js-plotly-plot')._fullLayout.xaxis.range")
    clusters.first.click()
    page.wait_for_function(
        "before => { const now = document.querySelector('#map-graph .js-plotly-plot')._fullLayout.xaxis.range;"
        " return Math.abs(now[1] - now[0]) < 0.9 * Math.abs(before[1] - before[0]) }",
        arg=before,
    )
    page.get_by_text("3D", exact=True).click()
    page.wait_for_function(
        "() => document.querySelector('#map-graph .js-plotly-plot')._fullData.some(t => t.type === 'scatter3d')"
    )
    expect(page).to_have_url(re.compile("dim=3"))
    page.get_by_text("2D", exact=True).click()
    page.wait_for_function(f"({_PLACES})() !== null")
    page.get_by_text("Label", exact=True).click()
    expect(page.locator("#map-legend")).to_contain_text("brick-wall")


def test_search_upload_slider_and_onward_click(page: Page, pictures, tmp_path):
    file = sorted(pictures.rglob("*.jpg"))[4]
    pixels = images.decode(file.read_bytes())
    crop = tmp_path / "my crop.jpg"
    crop.write_bytes(images.encode_jpeg(np.ascontiguousarray(pixels[30:-20, 25:-25]), quality=70))
    page.goto("/search")
    upload = page.locator("#search-file input[type=file]")
    upload.wait_for(state="attached")
    page.wait_for_function("() => !document.querySelector('#search-file input').disabled")
    upload.set_input_files(str(crop))
    cards = page.locator("#search-gallery .match")
    expect(cards).not_to_have_count(0)
    expect(page.locator("#search-query")).to_contain_text("my crop.jpg")
    expect(page.locator("#search-status")).to_contain_text("matches in")
    expect(cards.first.locator(".match-label")).to_have_attribute("title", re.compile(re.escape(file.name)))
    before = page.locator("#search-gallery .match-score").all_inner_texts()
    page.get_by_role("button", name="Color", exact=True).click()
    expect(page).to_have_url(re.compile("sift=0"))
    page.wait_for_function(
        "before => document.querySelector('#search-gallery .match-score').innerText !== before", arg=before[0]
    )
    onward = cards.nth(1).locator("img").get_attribute("src").rsplit("/", 1)[1]
    cards.nth(1).get_by_text("Use as query").click()
    expect(page).to_have_url(re.compile(rf"image={onward}\b"))
    expect(page.locator(f"#search-query img[src^='/image/{onward}']")).to_be_visible()
    state = page.url
    shown = page.locator("#search-gallery .match-score").all_inner_texts()
    page.goto(state)
    expect(page.locator("#search-gallery .match-score")).to_have_text(shown)


def test_a_bad_upload_says_why_and_loses_nothing(page: Page, tmp_path):
    page.goto("/search?image=7")
    cards = page.locator("#search-gallery .match")
    expect(cards).not_to_have_count(0)
    count = cards.count()
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture at all")
    page.wait_for_function("() => !document.querySelector('#search-file input').disabled")
    page.locator("#search-file input[type=file]").set_input_files(str(text))
    expect(page.locator("#search-note")).to_contain_text("notes.jpg")
    expect(cards).to_have_count(count)
    expect(page.locator("#search-query img[src^='/image/7']")).to_be_visible()


def test_library_page_tells_what_is_there(page: Page):
    page.goto("/library")
    for text in ("60", "Color", "Texture & shape", "Meaning"):
        expect(page.locator("#page")).to_contain_text(text)


@pytest.mark.parametrize("where", ["/", "/?image=3", "/search", "/search?image=3", "/library", "/nowhere"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_serious_accessibility_faults_or_overflows_a_phone(page: Page, where, scheme):
    from axe_core_python.sync_playwright import Axe

    page.emulate_media(color_scheme=scheme)
    page.goto(where)
    page.wait_for_selector("#page h1, #page h2, #page .map-toolbar, #page .search")
    page.wait_for_timeout(1500)
    faults = [
        (fault["id"], fault["nodes"][0]["html"][:200])
        for fault in Axe().run(page)["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
    assert not faults
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

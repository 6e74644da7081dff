"""What concerns several pages, and the main paths of Search, in a real browser.

The Map page is driven in test_map.py.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.app import PAGES
from pipeline import images
from tests.dashboard.accessibility import faults

pytestmark = pytest.mark.browser

def test_the_address_of_the_map_says_what_is_shown_and_back_leaves_it(page: Page):
    page.goto("/library")
    page.get_by_role("link", name="Map", exact=True).click()
    page.locator("#map-name").select_option("efficientnet")
    expect(page).to_have_url(re.compile("map=efficientnet"))
    page.get_by_text("3D", exact=True).click()
    expect(page).to_have_url(re.compile("map=efficientnet.*dim=3"))
    page.locator("#map-color").select_option("label")
    expect(page.locator("#map-legend")).to_contain_text("brick-wall")
    expect(page).to_have_url(re.compile("color=label"))
    state = page.url
    page.go_back()
    expect(page).to_have_url(re.compile("/library$"))
    page.goto(state)
    expect(page.locator("#map-name")).to_have_value("efficientnet")
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


@pytest.mark.parametrize("where", [
    *(page.PATH for page in PAGES), *(f"{page.PATH}?image=3" for page in PAGES),
    "/detail?image=999", "/nowhere",
])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_serious_accessibility_faults_or_overflows_a_phone(page: Page, where, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(where)
    page.wait_for_selector("#page :is(h1, h2, .map-toolbar, .search)", state="attached")
    page.wait_for_timeout(1500)
    assert not faults(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

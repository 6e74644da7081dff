"""What concerns several pages, and the main paths of Search, in a real browser.

The Map page is driven in test_map.py.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.app import PAGES
from pipeline.pictures import decoding
from tests.dashboard.accessibility import faults_of_all

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


def asks(text: str):
    """Whether a request or response is of a callback with this text in what is asked."""
    return lambda one: text in (getattr(one, "request", one).post_data or "")


def hold(page: Page, text: str) -> list:
    """Keep back the first question to the server with this text in it; its route will be in the list."""
    held = []

    def keep(route):
        if not held and asks(text)(route.request):
            held.append(route)
        else:
            route.continue_()

    page.route(re.compile("/_dash-update-component"), keep)  # Dash adds a query to it
    return held


def test_back_while_a_page_is_on_its_way_stays_back(page: Page):
    page.goto("/detail?image=7")
    picture = page.locator(".detail-picture")
    expect(picture).to_have_attribute("src", "/image/7")
    held = hold(page, "image=8")
    with page.expect_request(asks("image=8")):
        page.locator(".detail-right").click()
    expect(page).to_have_url(re.compile("image=8$"))
    with page.expect_response(asks("image=7")):
        page.go_back()
    expect(page).to_have_url(re.compile("image=7$"))
    with page.expect_response(asks("image=8")):
        held[0].continue_()
    page.wait_for_timeout(500)
    expect(page).to_have_url(re.compile("image=7$"))
    expect(picture).to_have_attribute("src", "/image/7")
    page.locator(".detail-right").click()  # and the address still leads on
    expect(picture).to_have_attribute("src", "/image/8")
    expect(page).to_have_url(re.compile("image=8$"))


def test_what_a_page_says_after_one_has_left_it_moves_nothing(page: Page):
    held = hold(page, "search-gallery.children")
    page.goto("/search?image=3")
    expect(page.locator("#search-query img[src^='/image/3']")).to_be_visible()
    bar = page.locator(".nav-page[aria-current]")
    expect(bar).to_have_text("Search")  # before the matches are there
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.locator("#map-clusters .map-name")).not_to_have_count(0)
    with page.expect_response(asks("search-gallery.children")):
        held[0].continue_()
    page.wait_for_timeout(500)
    expect(bar).to_have_text("Map")
    page.get_by_text("3D", exact=True).click()
    expect(page).to_have_url(re.compile(r"/\?map=.*dim=3"))
    page.go_back()
    expect(page.locator("#search-gallery .match")).not_to_have_count(0)
    expect(page).to_have_url(re.compile(r"/search\?image=3$"))


def test_after_a_page_that_could_not_be_had_the_address_follows_again(browser, address):
    """On a tab of its own: the console tells of what the server did not answer."""
    context = browser.new_context(base_url=address)
    tab = context.new_page()
    tab.set_default_timeout(30_000)
    tab.goto("/search?image=3")
    expect(tab.locator("#search-gallery .match")).not_to_have_count(0)
    tab.route(re.compile("/_dash-update-component"), lambda route: route.abort())
    tab.locator(".query-about .image-link[title=Graph]").dispatch_event("click")
    expect(tab.get_by_text("The server does not answer")).to_be_visible()
    tab.go_back()
    expect(tab).to_have_url(re.compile(r"/search\?image=3$"))
    tab.wait_for_timeout(500)  # the page stands there still: nothing is to be asked
    tab.unroute_all()
    tab.get_by_role("button", name="Same colors").click()
    expect(tab).to_have_url(re.compile("sift=0"))
    context.close()


def test_a_link_to_what_is_shown_is_no_step_of_the_history(page: Page):
    page.goto("/search?image=3")
    expect(page.locator("#search-gallery .match")).not_to_have_count(0)
    link = page.get_by_role("link", name="Library", exact=True)
    link.click()
    expect(page.locator("#page")).to_contain_text("images")
    steps = page.evaluate("history.length")
    link.click()
    link.click()
    assert page.evaluate("history.length") == steps
    page.go_back()
    expect(page).to_have_url(re.compile(r"/search\?image=3$"))
    expect(page.locator("#search-gallery .match")).not_to_have_count(0)


def test_the_same_link_asks_again_for_a_page_that_could_not_be_had(browser, address):
    """On a tab of its own: the console tells of what the server did not answer."""
    context = browser.new_context(base_url=address)
    tab = context.new_page()
    tab.set_default_timeout(30_000)
    tab.goto("/search?image=3")
    expect(tab.locator("#search-gallery .match")).not_to_have_count(0)
    tab.route(re.compile("/_dash-update-component"), lambda route: route.fulfill(status=503))
    link = tab.get_by_role("link", name="Library", exact=True)
    link.click()
    expect(tab.get_by_text("The server could not do that")).to_be_visible()
    steps = tab.evaluate("history.length")
    tab.unroute_all()
    link.click()
    expect(tab).to_have_title("Library · Likeness")
    assert tab.evaluate("history.length") == steps
    context.close()


def test_links_that_lead_elsewhere_or_to_another_tab_are_the_browsers(page: Page):
    page.goto("/detail?image=3")
    expect(page.locator(".detail-name")).to_be_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Library", exact=True).click(modifiers=["ControlOrMeta"])
    expect(opened.value).to_have_title("Library · Likeness")
    expect(page).to_have_url(re.compile("/detail"))


def test_search_upload_slider_and_onward_click(page: Page, pictures, tmp_path):
    file = sorted(pictures.rglob("*.jpg"))[4]
    pixels = decoding.decode(file.read_bytes())
    crop = tmp_path / "my crop.jpg"
    crop.write_bytes(decoding.encode_jpeg(np.ascontiguousarray(pixels[30:-20, 25:-25]), quality=70))
    page.goto("/search?count=96")  # all at once: nothing comes later by scrolling
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
    page.get_by_role("button", name="Same colors").click()
    expect(page).to_have_url(re.compile("sift=0"))
    page.wait_for_function(
        "before => document.querySelector('#search-gallery .match-score').innerText !== before", arg=before[0]
    )
    onward = cards.nth(1).locator("img").get_attribute("src").rsplit("/", 1)[1]
    cards.nth(1).locator(".match-picture").click()
    expect(page).to_have_url(re.compile(rf"image={onward}\b"))
    expect(page.locator(f"#search-query img[src^='/image/{onward}']")).to_be_visible()
    expect(page.locator("#search-gallery .pictures")).to_have_attribute("data-count", "59")
    state = page.url
    scores = page.locator("#search-gallery .match-score")
    expect(scores.nth(9)).to_be_visible()
    shown = scores.all_inner_texts()[:10]  # how many rows are drawn below what is seen depends on the moment
    page.goto(state)
    for place, score in enumerate(shown):
        expect(scores.nth(place)).to_have_text(score)


def test_a_bad_upload_says_why_and_loses_nothing(page: Page, tmp_path):
    page.goto("/search?image=7&count=96")
    expect(page.locator("#search-gallery .pictures")).to_have_attribute("data-count", "59")
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture at all")
    page.wait_for_function("() => !document.querySelector('#search-file input').disabled")
    page.locator("#search-file input[type=file]").set_input_files(str(text))
    expect(page.locator("#search-note")).to_contain_text("notes.jpg")
    expect(page.locator("#search-gallery .pictures")).to_have_attribute("data-count", "59")
    expect(page.locator("#search-query img[src^='/image/7']")).to_be_visible()


def test_library_page_tells_what_is_there(page: Page):
    page.goto("/library")
    for text in ("60", "Color", "Texture & shape", "Meaning"):
        expect(page.locator("#page")).to_contain_text(text)
    for width in (641, 768, 960, 1081):  # all pages stand whole in the bar
        page.set_viewport_size({"width": width, "height": 600})
        page.wait_for_function("() => { const bar = document.querySelector('.nav-pages'); return bar.scrollWidth <= bar.clientWidth; }")


OF_NO_IMAGE = {"/library", "/table", "/rated", "/gallery", "/collections", "/quality"}
ADDRESSES = [[page.PATH, f"{page.PATH}?image=3"][: 2 - (page.PATH in OF_NO_IMAGE)] for page in PAGES]
ADDRESSES += [["/detail?image=999", "/nowhere"], ["/why?image=3&match=4"]]


@pytest.mark.parametrize("addresses", ADDRESSES, ids=lambda given: given[0])
def test_no_page_has_serious_accessibility_faults_or_overflows_a_phone(page: Page, addresses):
    found = []
    for where in addresses:
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(where)
        page.wait_for_selector("#page :is(h1, h2, .map-toolbar, .search)", state="attached")
        page.wait_for_load_state("networkidle")
        found += [(where, *fault) for fault in faults_of_all(page)]
    assert not found


def test_what_draws_graphs_is_loaded_with_the_graph_alone(page: Page):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "cytoscape" in request.url else None)
    page.goto("/library")
    expect(page.locator(".tile-figure").first).to_have_text("60")
    assert not asked
    page.get_by_role("link", name="Graph", exact=True).click()
    expect(page.locator(".graph-start, #page h2").first).to_be_visible()
    page.get_by_role("link", name="Library", exact=True).click()
    page.get_by_role("link", name="Graph", exact=True).click()
    page.locator("#page a[href*='/graph?image=']").first.click()
    expect(page.locator("#graph-side .match, #graph-side button").first).to_be_visible()
    assert len(asked) == 1
    page.reload()
    expect(page.locator("#graph-side .match, #graph-side button").first).to_be_visible()


def test_an_address_that_names_what_has_been_dropped_says_so_in_one_sentence(page: Page):
    """And the console says nothing: see the fixture."""
    for path in ("/?collection=gone", "/?tag=gone", "/search?collection=gone", "/graph?collection=gone",
                 "/detail?image=3&collection=gone"):
        page.goto(path)
        said = page.locator("#page, #said, #toast").get_by_text("gone”", exact=False)
        expect(said.first).to_be_visible()
        assert said.count() == 1, path

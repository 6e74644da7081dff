"""The keyboard alone, and several windows on one server."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_the_way_from_anywhere_to_a_match_by_keys(page: Page):
    page.goto("/library")
    expect(page.locator("#library-body section").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#page")).to_be_focused()
    assert page.url.endswith("/library")
    page.keyboard.press("/")
    expect(page).to_have_url(re.compile("/search$"))
    expect(page.locator("#words-box input")).to_be_focused()

    page.goto("/search?image=3&count=96")  # all at once: nothing comes later by scrolling
    cards = page.locator("#search-gallery .match-picture")
    expect(page.locator("#search-gallery .pictures")).to_have_attribute("data-count", "59")
    sources = [f"/thumb/{image}" for image in page.evaluate("likeness.search.matches().map(one => one.id)")]
    tops = cards.evaluate_all("all => all.map(one => Math.round(one.getBoundingClientRect().top))")
    below = [at for at, top in enumerate(tops) if top == sorted(set(tops))[1]]
    assert below[0] > 1
    page.keyboard.press("p")
    expect(cards.first).to_be_focused()
    for key, wanted in (
        ("ArrowRight", [1]), ("ArrowDown", below), ("ArrowUp", range(below[0])), ("Home", [0]), ("ArrowUp", [0]),
        ("ArrowLeft", [0]), ("End", [58]), ("ArrowRight", [58]), ("PageUp", range(58)), ("Home", [0]), ("ArrowRight", [1]),
    ):
        page.keyboard.press(key)
        # Only rows in sight are drawn: the one that is gone to may come a moment later.
        page.wait_for_function(
            "among => among.includes(document.activeElement.querySelector('img')?.getAttribute('src'))",
            arg=[sources[at] for at in wanted],
        )
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"image={sources[1].rsplit('/', 1)[1]}\b"))


def test_two_tabs_lead_past_filters_and_settings_to_the_first_match(page: Page):
    """Where there are pictures; elsewhere nothing says that it leads to some."""
    page.goto("/search?image=3&count=12")
    expect(page.locator("#search-gallery .match-picture").first).to_be_visible()
    skip = page.get_by_text("Skip to the pictures")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    assert skip.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    expect(page.locator("#search-gallery .match-picture").first).to_be_focused()
    assert page.url.endswith("/search?image=3&count=12")
    page.goto("/quality")
    expect(page.locator(".quality-none, .quality-parts")).to_be_visible()
    assert page.locator("#page a.picture").count() == 0
    expect(skip).to_be_hidden()


def test_the_list_of_keys_opens_traps_the_focus_and_closes(page: Page):
    page.goto("/library")
    expect(page.locator("#library-body section").first).to_be_visible()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('body, #keys, #keys *')")
    page.keyboard.press("/")
    expect(page).to_have_url(re.compile("/library$"))
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.get_by_role("button", name="Keys").click()
    expect(keys).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(keys).to_be_hidden()


def test_keys_of_a_single_character_can_be_switched_off(page: Page):
    page.goto("/detail?image=7")
    picture = page.locator(".detail-picture")
    expect(picture).to_have_attribute("src", "/image/7")
    full = page.locator("[data-zoom-to=full]")
    page.keyboard.press("1")
    expect(full).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("0")
    expect(full).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Keys of a single character").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("?")
    page.keyboard.press("/")
    page.keyboard.press("ArrowRight")  # no character: it still leads on
    expect(picture).to_have_attribute("src", "/image/8")
    expect(full).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Keys of a single character").check()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page).to_have_url(re.compile("/search"))


def test_keys_stay_letters_while_one_types(page: Page):
    page.goto("/detail?image=5")
    field = page.get_by_label("Add a tag")
    field.click()
    page.keyboard.type("a/b?0+")
    page.keyboard.press("ArrowLeft")
    expect(field).to_have_value("a/b?0+")
    expect(page).to_have_url(re.compile(r"/detail\?image=5$"))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_arrows_walk_the_neighbors_of_an_image_row_by_row(page: Page):
    page.goto("/detail?image=5")
    rows = page.locator(".detail-row .justified")
    expect(rows).to_have_count(4)
    rows.nth(0).locator("a").nth(2).focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("[...document.querySelectorAll('.detail-row .justified')].findIndex("
                         "row => row.contains(document.activeElement))") == 1
    # Of that row the one that stands below.
    middles = rows.nth(1).locator("a").evaluate_all("all => all.map(one => one.getBoundingClientRect()).map(box => box.left + box.width / 2)")
    above = rows.nth(0).locator("a").nth(2).bounding_box()
    below = min(range(len(middles)), key=lambda at: abs(middles[at] - above["x"] - above["width"] / 2))
    expect(rows.nth(1).locator("a").nth(below)).to_be_focused()
    target = rows.nth(1).locator("a").nth(below).get_attribute("href")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(target) + "$"))


def test_a_card_is_one_link_and_its_menu_has_all_else(page: Page):
    page.goto("/search?image=3")
    card = page.locator("#search-gallery .match").nth(1)
    expect(card.get_by_role("link")).to_have_count(1)
    expect(card.locator(".match-tool").first).to_have_css("opacity", "0")
    card.locator(".match-picture").hover()
    expect(card.locator(".match-tool").first).to_have_css("opacity", "1")
    image = card.get_attribute("data-image")
    card.locator(".match-picture").click(button="right")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    menu.get_by_role("menuitem", name="Details").click()
    expect(page).to_have_url(re.compile(rf"/detail\?image={image}$"))
    expect(page.locator(".detail-picture")).to_have_attribute("src", f"/image/{image}")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/search\?image=3"))


def test_the_focus_stays_near_when_what_had_it_is_gone(page: Page):
    page.goto("/search?image=3")
    matches = page.locator("#search-gallery .match-picture")
    expect(matches).not_to_have_count(0)
    source = matches.nth(2).locator("img").get_attribute("src").replace("thumb", "image")
    matches.nth(2).focus()
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("image=3$"))
    expect(page.locator(f"#search-query img[src^='{source}']")).to_be_visible()
    page.wait_for_function("document.activeElement.matches('#search-gallery .match-picture')")
    turn = page.get_by_role("button", name="Turn right")
    turn.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("turn=90"))
    page.wait_for_function("document.activeElement.getAttribute('aria-label') === 'Turn right'")

    page.goto("/graph?image=3")
    page.locator(".graph-node").nth(2).focus()
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("image=3$"))
    page.wait_for_function("document.activeElement.matches('.graph-node')")
    page.goto("/graph")
    page.locator(".graph-begin a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".graph-about")).to_be_visible()
    page.wait_for_function("document.activeElement.closest('.graph-page, #page')")


def test_every_page_offers_the_others_for_the_image_at_hand_in_the_same_words(page: Page):
    words = ["On the map", "Use as query", "Compare", "Graph", "Details"]
    for path, place, own in (
        ("/search?image=3", ".query-about", "Use as query"),
        ("/compare?image=3", ".compare-query", "Compare"),
        ("/compare?view=disagree&image=3", ".compare-walked", None),
        ("/graph?image=3", ".graph-about", "Graph"),
        ("/detail?image=3", ".detail-side", "Details"),
    ):
        page.goto(path)
        links = page.locator(f"{place} .image-words a")
        expect(links).to_have_count(5 if own is None else 4)
        told = links.evaluate_all("all => all.map(one => one.title)")
        assert told == [word for word in words if word != own], path


def test_two_windows_on_one_server_do_not_disturb_each_other(browser, address):
    windows = [browser.new_context(base_url=address).new_page() for _ in range(2)]
    one, other = windows
    one.goto("/search?image=3&count=96")
    other.goto("/search?image=9&count=96")
    for window, image in ((one, 3), (other, 9)):
        expect(window.locator(f"#search-query img[src^='/image/{image}']")).to_be_visible()
        expect(window.locator("#search-gallery .pictures")).to_have_attribute("data-count", "59")
    scores = one.locator("#search-gallery .match-score")
    expect(scores.nth(9)).to_be_visible()
    before = scores.all_inner_texts()[:10]  # how many rows are drawn below what is seen depends on the moment
    other.get_by_role("button", name="Same colors").click()
    expect(other).to_have_url(re.compile("sift=0"))
    other.goto("/?map=color")
    expect(other.locator("#map-clusters .map-cluster")).not_to_have_count(0)
    one.reload()
    expect(one.locator("#search-query img[src^='/image/3']")).to_be_visible()
    for place, score in enumerate(before):
        expect(scores.nth(place)).to_have_text(score)
    assert "color" not in one.url
    for window in windows:
        window.context.close()

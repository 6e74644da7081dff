"""What people come for, from the first step to the last, with the steps counted: clicks, keys, names typed."""

from __future__ import annotations

import csv
import re
import shutil

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from dashboard.reads import Reads, galleries
from pipeline.library import Library, notes
from tests.dashboard.fingers import Fingers, middle
from tests.dashboard.on_map import standing, still
from tests.dashboard.on_search import found, ready
from tests.dashboard.steps import Steps

pytestmark = pytest.mark.browser


def pictures(page: Page, count: int | str) -> Locator:
    expect(page.locator(".pictures")).to_have_attribute("data-count", str(count))
    return page.locator("a.picture")


def chosen(page: Page, count: int) -> None:
    expect(page.locator(".chosen-count")).to_have_text(f"{count} chosen")


def to_the_pictures(page: Page) -> None:
    """By Tab alone, once nothing is on its way: what is drawn anew may take the keyboard's place with it, and filters that
    come later are further stops."""
    expect(page.locator(".search-results.working, .search-end.waiting, #facets[aria-busy]")).to_have_count(0)
    expect(page.locator("#facets-list input").first).to_be_attached()
    at = "document.activeElement.matches('#search-gallery a.picture')"
    stops = page.evaluate(_BEFORE)
    for _ in range(stops + 1):
        page.keyboard.press("Tab")
        if page.evaluate(at):
            return
    raise AssertionError(f"no picture after {stops} stops")


# All that Tab may stop at before the first picture, and what may be hidden in between.
_BEFORE = """() => {
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter(one => one.tabIndex >= 0);
    return all.findIndex(one => one.matches("#search-gallery a.picture"));
}"""


def test_the_odd_ones_of_a_cluster_in_two_clicks(page: Page, made_library):
    page.goto("/")
    standing(page)
    steps = Steps(page)
    page.locator(".map-cluster").first.hover()
    steps.click(page.locator(".map-cluster [data-select]").first)
    expect(page.locator("#selected-gallery a.picture").first).to_be_visible()
    ids = page.evaluate("[...likeness.mapPage.chosen.ids]")
    steps.choose(page.locator("#selected-view select"), "unusual")
    wanted = galleries.ordered(Reads(Library(made_library)), np.array(ids), "unusual").tolist()
    assert wanted != ids
    for at, image in enumerate(wanted[:3]):
        card = page.locator(f"#selected-gallery .picture-card[data-index='{at}'] a.picture")
        expect(card).to_have_attribute("data-image", str(image))
    assert steps.count == 2


def test_many_are_chosen_tagged_one_is_taken_back_and_all_are_found_again_after_a_restart(
    page_at, serving, unopened_library, tmp_path,
):
    data = tmp_path / "data"
    shutil.copytree(unopened_library, data)
    library = Library(data)
    page = page_at(serving(library))
    page.goto("/gallery")
    steps = Steps(page)
    cards = pictures(page, 60)
    steps.click(cards.first, modifiers=["ControlOrMeta"])
    steps.press("End")
    steps.press("Shift+ArrowLeft")  # all but the last
    chosen(page, 59)
    steps.click(page.locator(".chosen-bar [data-chosen=tag]"))
    steps.type("wall")
    steps.press("Enter")
    expect(page.locator("#said")).to_contain_text("Tagged 59 images")
    ids = sorted(notes.tagged(library, "wall"))
    assert len(ids) == 59

    page.goto(page.url.split("?")[0] + "?tag=wall")
    one = pictures(page, 59).nth(2)
    image = int(one.get_attribute("data-image"))
    steps.click(one, button="right")
    steps.click(page.get_by_role("menuitem", name="Remove from wall"))
    pictures(page, 58)
    expect(page.locator("#said")).to_contain_text("off 1 image")
    page.locator("a.picture").first.focus()
    steps.press("Control+a")
    chosen(page, 58)
    steps.click(page.locator(".chosen-export summary"))
    with page.expect_download() as saved:
        steps.click(page.locator(".chosen-export [data-chosen=csv]"))
    rows = list(csv.DictReader(saved.value.path().read_text().splitlines()))
    assert sorted(int(row["id"]) for row in rows) == [one for one in ids if one != image]
    assert {row["tags"] for row in rows} == {"wall"}
    assert steps.count == 11

    page = page_at(serving(Library(data)))  # another server on the same directory
    page.goto("/")
    standing(page)
    steps.click(page.locator("#kept summary"))
    steps.click(page.locator("#map-kept [data-name=wall]"))
    expect(page.locator("#select-chip-name")).to_have_text("wall · 58 images")
    steps.choose(page.locator("#map-color"), "column-tag")
    expect(page.locator("#map-legend")).to_contain_text("wall")
    assert steps.count == 14


def test_ten_are_rated_by_keys_and_found_again_and_varied_ones_are_kept(page: Page, made_library):
    library = Library(made_library)
    page.goto("/search?image=3")
    ready(page, 12)
    ids = found(page)
    page.locator("a.picture").first.focus()
    steps = Steps(page)
    steps.press(" ")
    for at in range(10):
        expect(page.locator(".viewer-count")).to_contain_text(re.compile(f"^{at + 1} of"))
        steps.press("g" if at % 2 == 0 else "b")
        thumb = page.locator(f".viewer-tool[data-view={'bad' if at % 2 else 'good'}]")
        expect(thumb).to_have_attribute("aria-pressed", "true")
        steps.press("ArrowRight")
    steps.press("Escape")
    assert steps.count == 22
    page.goto("/rated")
    expect(page.locator(".rated-match")).to_have_count(10)
    page.get_by_role("link", name="Search again").click()
    expect(page.locator(f".match-tool[data-image='{ids[0]}'][data-does=up]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f".match-tool[data-image='{ids[1]}'][data-does=down]")).to_have_attribute("aria-pressed", "true")
    mine = {one.image_id: one.value for one in notes.ratings(library)}
    assert mine == {image: -1 if at % 2 else 1 for at, image in enumerate(ids[:10])}
    for rated in notes.ratings(library):
        notes.rate(library, rated.query, rated.image_id, 0, rated.rank, rated.score)

    # Varied ones: the mode Discover, all of them, a name.
    page.goto("/search?image=3&mode=discover")
    ready(page, 8)
    varied = found(page)
    page.locator("a.picture").first.focus()
    steps = Steps(page)
    steps.press("Control+a")
    steps.click(page.locator(".chosen-bar [data-chosen=keep]"))
    steps.type("Varied")
    steps.press("Enter")
    expect(page.locator("#said")).to_contain_text("Kept")
    assert steps.count == 4 and set(varied) <= set(notes.collected(library, "Varied"))
    notes.drop_collection(library, "Varied")


def test_from_a_picture_of_ones_own_to_its_place_on_the_map_and_all_by_keys(page: Page, made_library):
    library = Library(made_library)
    page.goto("/search")
    page.wait_for_selector(".search-start")
    steps = Steps(page)
    steps.count += 1
    page.locator("#search-upload input[type=file], input[type=file]").first.set_input_files(str(library.image(4).file))
    place = page.get_by_role("button", name="Its place on the map")
    expect(place).to_be_visible()
    ready(page, 12)
    ids = found(page)[:12]
    assert ids[0] == 4
    steps.click(place)
    standing(page)
    assert steps.count == 2
    page.wait_for_function("ids => [...(likeness.mapPage.chosen.ids || [])].join() === ids", arg=",".join(map(str, sorted(ids))))
    page.wait_for_function("likeness.mapPage.engine.bright?.reduce((a, b) => a + b) === 12")

    # By keys alone: an image of the map, its panel, away with it and the selection; words; two matches, kept.
    page.locator("#map-graph").focus()
    steps = Steps(page)
    steps.press("ArrowRight", "Enter")
    expect(page.locator("#map-panel")).to_be_visible()
    expect(page).to_have_url(re.compile("image="))
    steps.press("Escape", "Escape")
    expect(page.locator("#selected")).to_be_hidden()
    steps.press("/")
    expect(page.locator("#words-box input")).to_be_focused()
    steps.type("red")
    steps.press("Enter")
    expect(page).to_have_url(re.compile("/search\\?words=red"))
    first = page.locator("#search-gallery a.picture").first
    expect(first).to_be_visible()
    to_the_pictures(page)
    steps.press("Control+ ", "Shift+ArrowRight", "Shift+F10")
    chosen(page, 2)
    expect(page.locator(".pictures-menu [data-chosen=keep]")).to_be_visible()
    steps.press(*["ArrowDown"] * page.evaluate(
        "[...document.querySelectorAll('.at-pointer [role=menuitem]')].findIndex(one => one.dataset.chosen === 'keep')"))
    steps.press("Enter")
    expect(page.get_by_label("Name of a collection")).to_be_focused()
    steps.type("By keys")
    steps.press("Enter")
    expect(page.locator("#said")).to_contain_text("Kept 2 images as “By keys”")
    notes.drop_collection(library, "By keys")


def test_on_a_phone_pictures_come_first_and_fingers_choose_and_turn(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, base_url=address)
    page = context.new_page()
    finger = Fingers(page)

    page.goto("/")
    standing(page)
    page.evaluate("likeness.mapPage.chosen.set(likeness.mapPage.map.ids.slice(0, 40).sort())")
    cards = page.locator("#selected-gallery a.picture")
    expect(page).to_have_url(re.compile("picked="))
    expect(cards.nth(1)).to_be_visible()
    still(page)
    assert cards.first.bounding_box()["y"] < 620  # on the first screen
    expect(page.get_by_label("Name of a collection")).to_be_hidden()
    page.get_by_role("button", name="Keep, tag, parts").tap()
    expect(page.get_by_label("Name of a collection")).to_be_visible()
    page.get_by_role("button", name="Keep, tag, parts").tap()
    expect(page.get_by_label("Name of a collection")).to_be_hidden()

    finger.down(middle(cards.first))  # and it rests there
    expect(page.locator(".at-pointer")).to_be_visible()
    finger.up()
    expect(page.locator(".at-pointer [role=menuitem]").first).to_be_focused()  # for whoever has keys as well, and screen readers
    chosen(page, 1)
    page.keyboard.press("Escape")  # closes the menu and not what is selected below
    expect(page.locator(".at-pointer")).to_have_count(0)
    finger.down(middle(cards.first))
    expect(page.locator(".at-pointer")).to_be_visible()
    finger.up()
    page.touchscreen.tap(*middle(page.get_by_role("link", name="Search", exact=True)))  # beside it: away with it, and no more
    expect(page.locator(".at-pointer")).to_have_count(0)
    expect(page.locator("#map-stage")).to_be_visible()
    chosen(page, 1)
    cards.nth(1).tap()
    chosen(page, 2)

    page.goto("/gallery")
    pictures(page, 60)
    page.locator("a.picture").first.tap()
    count = page.locator(".viewer-count")
    expect(count).to_have_text("1 of 60")
    assert count.bounding_box()["x"] >= 0 and page.get_by_role("button", name="Close (Esc)").bounding_box()["x"] < 360
    for along, now in ((-200, "2 of 60"), (200, "1 of 60")):
        finger.draw(((195 - along / 2, 400), (195 + along / 2, 400)))
        expect(count).to_have_text(now)
    context.close()

"""Clusters and notes on the map: regrouped, named, tagged, kept, narrowed, undone, and by whom."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.sync_api import expect

from dashboard.access import Access
from pipeline.library import Library, notes
from tests.dashboard.accessibility import faults
from tests.dashboard.on_map import corners, drag, drawn, selected
from tests.dashboard.test_browser import asks, hold

pytestmark = pytest.mark.browser


def test_bars_narrow_a_selection_and_chips_widen_it_again(tab, made_library):
    library = Library(made_library)
    notes.collect(library, "Mine", [row.id for row in library.images()])
    tab.evaluate("likeness.mapPage.open({collection: 'Mine'})")
    expect(tab.locator("#select-chip-name")).to_have_text("Mine · 60 images")
    bar = tab.locator("button.selected-part[data-kind=label]").first
    label = bar.locator(".selected-name").inner_text()
    # While the server is asked what the bar leaves, the collection is asked for anew: a press is never lost.
    elsewhere = "document.dispatchEvent(new CustomEvent('likeness:acted', { detail: { act: 'elsewhere', changed: ['collections'] } }))"
    pressed = []
    tab.route(re.compile("/gallery/order.*where="), lambda route: pressed.append(route))
    with tab.expect_request(re.compile("/gallery/order.*where=")):
        bar.click()
    tab.evaluate("() => { window.before = likeness.mapPage.chosen.ids; }")
    tab.evaluate(elsewhere)
    tab.wait_for_function("likeness.mapPage.chosen.ids !== window.before")
    pressed[0].continue_()
    expect(tab.locator("#selected-narrowed .chip")).to_have_text([label])
    expect(tab.locator("#selected-title")).to_have_text("Mine · narrowed")
    narrowed = selected(tab)
    assert narrowed == [row.id for row in library.images() if row.label == label]
    tab.locator("#selected-view select").select_option("unusual")
    grid = tab.locator("#selected-gallery .pictures")
    expect(grid).to_have_attribute("data-count", str(len(narrowed)))
    assert not faults(tab)
    # Another tab's change is asked about and answered late: what is narrowed stays so, with what it has by then.
    tab.unroute_all()
    tab.get_by_role("button", name=f"No longer only {label}").click()
    expect(tab.locator("#select-chip-name")).to_have_text("Mine · 60 images")
    held, over = [], []
    tab.route(re.compile("/map/open/"), lambda route: route.continue_() if over else held.append(route))
    with tab.expect_request(re.compile("/map/open/")):
        tab.evaluate(elsewhere)
    bar.click()
    expect(tab.locator("#selected-title")).to_have_text("Mine · narrowed")
    notes.uncollect(library, "Mine", narrowed[:2])
    over.append(True)
    for route in held:  # the page may have noticed the other change by itself meanwhile
        route.continue_()
    expect(grid).to_have_attribute("data-count", str(len(narrowed) - 2))
    expect(tab.locator("#selected-title")).to_have_text("Mine · narrowed")
    notes.collect(library, "Mine", narrowed[:2])
    tab.evaluate(elsewhere)
    expect(grid).to_have_attribute("data-count", str(len(narrowed)))
    assert selected(tab) == narrowed
    # Out of the collection, though only a part of it is shown.
    tab.locator("#selected-gallery a.picture").first.click(button="right")
    tab.get_by_role("menuitem", name="Remove from Mine").click()
    expect(grid).to_have_attribute("data-count", str(len(narrowed) - 1))
    assert len(notes.collected(library, "Mine")) == 59
    tab.get_by_role("button", name=f"No longer only {label}").click()
    expect(tab.locator("#select-chip-name")).to_have_text("Mine · 59 images")
    cluster = tab.locator("button.selected-part[data-kind=cluster]").first
    count = cluster.locator(".num").inner_text()
    cluster.click()
    expect(tab.locator("#select-chip-name")).to_have_text(f"{count} images")
    notes.drop_collection(library, "Mine")


def test_two_tabs_agree_and_ctrl_z_takes_back_what_was_done_last(tab, made_library, address):
    other = tab.context.new_page()
    other.set_default_timeout(30_000)
    other.goto(f"{address}/detail?image=3")
    other.get_by_placeholder(re.compile("tag")).first.fill("two tabs")
    other.keyboard.press("Enter")
    expect(other.locator("#said")).to_contain_text("Tagged 1 image “two tabs”.")
    entry = tab.locator("#map-kept [data-kind=tag][data-name='two tabs']")
    expect(entry).to_have_count(1)
    tab.evaluate("likeness.mapPage.open({tag: 'two tabs'})")
    expect(tab.locator("#select-chip-name")).to_have_text("two tabs · 1 image")
    other.evaluate("likeness.act('tag', {name: 'two tabs', ids: [4, 5]})")
    expect(tab.locator("#select-chip-name")).to_have_text("two tabs · 3 images")
    other.reload()
    expect(other.locator(".chip").get_by_text("two tabs")).to_be_visible()
    for left in (1, 0):
        other.locator("h1").first.click()
        other.keyboard.press("Control+z")
        expect(other.locator("#said")).to_contain_text("Took the tag “two tabs” off")
        assert len(notes.tagged(Library(made_library), "two tabs")) == left
        expect(other.locator("#said button")).to_have_text("Redo")
        other.locator("#said").evaluate("box => box.replaceChildren()")
    expect(other.locator(".chip").get_by_text("two tabs")).to_have_count(0)
    expect(entry).to_have_count(0)
    other.close()


def test_what_has_been_done_is_not_done_again_for_the_next_image(tab, made_library):
    tab.keyboard.press("b")
    whole = corners(tab)
    drag(tab, [whole[0], whole[2]])
    tab.get_by_label("Name of a collection").fill("Once")
    tab.keyboard.press("Enter")
    expect(tab.locator("#selected-title")).to_have_text("Once")
    tab.get_by_role("button", name="Clear the selection").click()
    notes.drop_collection(Library(made_library), "Once")
    tab.evaluate("likeness.mapPage.select(5)")
    expect(tab.locator("#map-panel .chip-more")).to_be_visible()
    tab.wait_for_timeout(500)
    assert selected(tab) == [] and "Once" not in [one.name for one in notes.collections(Library(made_library))]


def test_a_tag_shows_though_a_cluster_was_named_before_its_answer_came(page_at, serving, library):
    tab = page_at(serving(library))
    tab.goto("/?image=3")
    drawn(tab)
    panel = tab.locator("#map-panel")
    expect(panel.get_by_role("button", name="Tag", exact=True)).to_be_visible()
    held = hold(tab, "map-kept")
    with tab.expect_request(asks("map-kept")):
        tab.evaluate("likeness.act('tag', {name: 'quick', ids: [3]})")
    tab.evaluate("likeness.act('name-cluster', {cluster: 0, name: 'Second', ...likeness.mapPage.clusters.of})")
    expect(tab.locator('.map-cluster[data-cluster="0"] .map-name')).to_have_text("Second")
    held[0].continue_()
    expect(panel.get_by_role("button", name="quick", exact=True)).to_be_visible()
    expect(tab.locator("#map-kept [data-kind=tag][data-name=quick]")).to_have_count(1)
    # A name that is being typed stays, whatever else is named meanwhile.
    row = tab.locator('.map-cluster[data-cluster="0"]')
    row.hover()
    row.get_by_role("button", name="Rename").click()
    tab.keyboard.type("Thi")
    with tab.expect_response(asks("map-titles")):
        tab.evaluate("likeness.act('name-cluster', {cluster: 1, name: 'Another', ...likeness.mapPage.clusters.of})")
    tab.wait_for_function("likeness.mapPage.clusters.titles[1] === 'Another'")
    tab.keyboard.type("rd")
    expect(row.get_by_role("textbox")).to_have_value("Third")
    tab.keyboard.press("Escape")
    expect(tab.locator('.map-cluster[data-cluster="1"] .map-name')).to_have_text("Another")
    expect(row.locator(".map-name")).to_have_text("Second")


def test_granularity_reclusters_and_is_in_the_address(tab):
    before = tab.locator(".map-zoom").count()
    tab.locator("#map-grain").focus()
    for _ in range(4):
        tab.keyboard.press("ArrowLeft")
    expect(tab).to_have_url(re.compile("grain=-4"))
    tab.wait_for_function(  # not those of a step on the way
        """() => likeness.mapPage.map.regrouped && likeness.mapPage.map.regrouped.granularity === -4
        && document.querySelectorAll(".map-zoom").length === Math.max(...likeness.mapPage.map.cluster) + 1""")
    coarse = tab.locator(".map-zoom").count()
    assert coarse < before
    tab.goto(tab.url)
    drawn(tab)
    expect(tab.locator(".map-zoom")).to_have_count(coarse)
    expect(tab.locator("#map-grain")).to_have_value("-4")


def test_a_cluster_is_named_in_place_selected_whole_and_an_image_tagged(tab, made_library):
    first = tab.locator('.map-cluster[data-cluster="0"]')
    given = first.locator(".map-name").inner_text()
    first.hover()
    first.get_by_role("button", name="Rename").click()
    tab.keyboard.type("Not this")
    tab.keyboard.press("Escape")
    expect(first.locator(".map-name")).to_have_text(given)
    first.get_by_role("button", name="Rename").click()
    tab.keyboard.type("<u>Fine</u> ones")
    tab.keyboard.press("Enter")
    expect(first.locator(".map-name")).to_have_text("<u>Fine</u> ones")
    expect(first.get_by_role("button", name="Rename")).to_be_focused()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Delete")
    tab.keyboard.press("Enter")
    expect(first.locator(".map-name")).to_have_text(given)
    first.get_by_role("button", name="Select all").click()
    count = int(first.locator(".map-count").inner_text())
    expect(tab.locator("#select-chip-name")).to_have_text(f"{count} images")
    tab.locator("#selected-gallery a.picture").nth(1).click()
    panel = tab.locator("#map-panel")
    panel.get_by_role("button", name="Tag", exact=True).click()
    tab.keyboard.type("to print")
    tab.keyboard.press("Enter")
    expect(panel.get_by_role("button", name="to print", exact=True)).to_be_visible()
    image = selected(tab)[1]
    assert notes.tagged(Library(made_library), "to print") == [image]
    panel.get_by_role("button", name="to print", exact=True).click()
    expect(tab.locator("#select-chip-name")).to_have_text("to print · 1 image")
    panel.get_by_role("button", name="Take off the tag to print").click()
    expect(panel.get_by_role("button", name="to print", exact=True)).to_have_count(0)
    expect(tab.locator("#select-chip-name")).to_have_text("1 image")  # what carried it stays selected
    assert "to print" not in notes.tags(Library(made_library))


@pytest.mark.parametrize("rights", [{"read"}, {"read", "annotate"}])
def test_who_may_not_annotate_is_shown_tags_and_collections_without_what_changes_them(
    unopened_library, tmp_path, serving, page_at, rights,
):
    shutil.copytree(unopened_library, tmp_path / "data")
    library = Library(tmp_path / "data")
    notes.tag(library, [5, 6], "blue")
    notes.collect(library, "Kept", [5])
    served = serving(library, Access(rights=frozenset(rights)))
    tab = page_at(served)
    tab.goto("/?collection=Kept&image=5")
    drawn(tab)
    expect(tab.locator("#selected-title")).to_have_text("Kept")
    expect(tab.locator("#map-panel .chip-name")).to_have_text(["blue", "Kept"])
    expect(tab.locator("#selected-tags .chip-name")).to_have_text(["blue"])
    changing = ".chip-drop, .chip-more, [data-does=rename-cluster], [data-does=rename-collection], [data-does=drop]"
    found = {one.get_attribute("class") or "" for one in tab.locator(changing).all()}
    assert bool(found) == ("annotate" in rights)
    tab.locator("#selected-tags .chip-name").click()  # reading is for all
    expect(tab.locator("#selected-title")).to_have_text("blue")
    assert selected(tab) == [5, 6]
    expect(tab.locator("#keep-name")).to_be_visible(visible="annotate" in rights)

"""Selecting on the map: what the server answers, and lasso, box, collections and names in a browser."""

from __future__ import annotations

import json
import re
import shutil

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard import acts
from dashboard.access import Access
from dashboard.pages.map import selection as map_selection
from dashboard.reads import Reads, selections
from dashboard.reads.clusterings import Clusterings
from pipeline.errors import LikenessError, NoteError
from pipeline.library import Library, notes
from pipeline.maps import COMBINED
from tests.dashboard.accessibility import faults
from tests.dashboard.test_marks import decoded
from tests.dashboard.trees import of_class, text_of


@pytest.fixture
def reads(library) -> Reads:
    return Reads(library)


@pytest.fixture
def clusterings(reads) -> Clusterings:
    return Clusterings(reads)


def test_points_within_a_line_by_the_even_odd_rule():
    random = np.random.default_rng(3)
    points = random.uniform(-1, 1, (4_000, 2)).astype(np.float32)
    turn = np.linspace(0, 2 * np.pi, 40)[:-1]
    star = np.c_[np.cos(turn), np.sin(turn)] * np.where(np.arange(39) % 2, 0.4, 0.9)[:, None]
    found = selections.inside(points, star)
    assert 0.1 < found.mean() < 0.5
    line = star.astype(np.float32)
    assert found.tolist() == [cv2.pointPolygonTest(line, point.tolist(), False) > 0 for point in points]
    crossed = np.array([[-0.8, -0.5], [0.8, 0.5], [0.8, -0.5], [-0.8, 0.5]])  # an hourglass lying down
    found = selections.inside(points, crossed)
    across, up = np.abs(points).T
    expected = (across < 0.8) & (up < 0.5 / 0.8 * across)
    assert np.array_equal(found, expected)
    assert not selections.inside(points, crossed[:2]).any()
    assert not selections.inside(points[:0], crossed).any()


def test_a_selection_says_what_it_is_made_of(reads):
    made = reads.map(COMBINED)
    ids = made.ids[made.cluster == 0][:5].tolist() + made.ids[made.cluster == -1][:2].tolist()
    notes.tag(reads.library, ids[:2], "wall")
    clusterings = Clusterings(reads)
    given = np.array(sorted([*ids, 99_999]))
    said = selections.describe(reads, clusterings, clusterings.at(COMBINED, 0), given)
    assert said["count"] == len(ids) + 1 and said["placed"] == len(ids)
    assert said["tags"] == [["wall", 2]]
    assert sum(count for _, count, *_ in said["labels"]) == len(ids)
    own = {name: count for name, count, *_ in said["clusters"]}
    assert own.pop("in no cluster", 0) == len(ids) - 5 and list(own.values()) == [5]


def test_a_collection_and_a_tag_are_opened_by_name_however_it_is_written(reads, clusterings):
    made = reads.map(COMBINED)
    ids = made.ids[:4].tolist()
    notes.collect(reads.library, "Very best", ids[::-1])
    notes.tag(reads.library, ids[:2], "blue")
    shown = clusterings.at(COMBINED, 0)
    kept = selections.opened(reads, clusterings, shown, "collection", "very BEST ")
    assert kept["collection"] == "Very best" and decoded(kept["ids"]).tolist() == ids and kept["placed"] == 4
    assert kept["tags"] == [["blue", 2]]
    tagged = selections.opened(reads, clusterings, shown, "tag", "Blue")
    assert decoded(tagged["ids"]).tolist() == ids[:2]
    for kind, name in (("collection", "Best"), ("tag", "red"), ("tag", "")):
        with pytest.raises(NoteError):
            selections.opened(reads, clusterings, shown, kind, name)


def test_a_cluster_gets_a_name_at_any_granularity_and_gives_it_back(clusterings):
    def perform(**args):
        acts.perform(clusterings, "name-cluster", {"map": COMBINED, "grain": 4, **args})

    fine = clusterings.at(COMBINED, 4)
    found = clusterings.titles(fine)
    perform(cluster=0, name="<b>Mine</b>")
    assert clusterings.titles(fine)[0] == "<b>Mine</b>"
    listed = clusterings.listed(fine)
    assert listed["clusters"][0]["name"] == "<b>Mine</b>"
    assert fine.packed()["map"] == COMBINED and clusterings.at(COMBINED, 0).packed() is None
    perform(cluster=0, name="")
    assert clusterings.titles(fine) == found
    with pytest.raises(LikenessError, match="no such cluster"):
        perform(cluster=99, name="x")


def test_clusters_of_one_label_are_numbered_and_lead_to_their_graph(reads):
    clusterings = Clusterings(reads)
    saved = clusterings.at(COMBINED, 0)
    titles = clusterings.titles(saved)
    assert len(set(titles)) == len(titles)
    links = [cluster["graph"] for cluster in clusterings.listed(saved)["clusters"]]
    typical = saved.map.exemplars[:2, 0]
    assert links[:2] == [f"/graph?cluster_of={image}&map={COMBINED}" for image in typical]


def test_parts_of_clusters_are_called_otherwise_and_lie_in_them(clusterings):
    own = clusterings.at(COMBINED, -3)
    parts = clusterings.parts(own)
    above = clusterings.listed(own)["clusters"]
    finer = {tuple(one["at"]): one for one in clusterings.listed(clusterings.at(COMBINED, -1))["clusters"]}
    assert parts
    for part in parts:
        assert finer[tuple(part["at"])]["short"] == part["text"]
        assert part["parent"] < 0 or above[part["parent"]]["short"] != part["text"]
    assert clusterings.parts(clusterings.at(COMBINED, 4)) == []


def test_the_clusters_of_a_granularity_travel_in_the_order_of_the_saved_map(reads):
    from dashboard.marks import drawing_order

    clusterings = Clusterings(reads)
    for step in (0, 2, 4, -1, 4):  # back and forth, as a slider goes
        packed, listed = map_selection.clustered(clusterings, COMBINED, step)
    saved = reads.map(COMBINED)
    shown = clusterings.at(COMBINED, 4).map
    assert np.array_equal(decoded(packed["cluster"]), shown.cluster[drawing_order(saved.cluster)])
    assert len(listed["clusters"]) == shown.clusters and listed["grain"] == 4


def test_what_has_been_kept_is_listed_and_an_empty_menu_says_how(reads):
    assert "Select images" in text_of(selections.kept_list(reads))
    notes.collect(reads.library, "A <i>wall</i>", [1, 2])
    notes.tag(reads.library, [1], "blue")
    entries = of_class(selections.kept_list(reads), "kept-entry")
    assert [text_of(entry) for entry in entries] == ["A <i>wall</i> 2", "blue 1"]


# In a browser


@pytest.fixture
def tab(page):
    """A browser's page with the map drawn."""
    page.goto("/")
    drawn(page)
    return page


def drawn(page) -> None:
    page.wait_for_function("window.likeness?.mapPage?.drawn")
    page.wait_for_function("likeness.mapPage.clusters.titles !== null")


def corners(tab, share: float = 1.0) -> list[tuple[float, float]]:
    """A box, in px of the window, around the left `share` of the points on the map, which stands."""
    return tab.evaluate(
        """async share => {
          const next_frame = () => new Promise(requestAnimationFrame);
          do { await next_frame(); await next_frame(); } while (likeness.mapPage.engine.view.moving());
          const stage = document.getElementById("map-stage").getBoundingClientRect();
          const at = Array.from(likeness.mapPage.map.ids, (_, row) => likeness.mapPage.engine.view.pixel(row));
          const x = at.map(p => p.x).sort((a, b) => a - b), y = at.map(p => p.y);
          const next = Math.floor(share * x.length);
          const right = share < 1 ? (x[next] + x[next - 1]) / 2 : x[x.length - 1] + 6;
          const [l, r] = [stage.left + x[0] - 6, stage.left + right];
          const [t, b] = [stage.top + Math.min(...y) - 6, stage.top + Math.max(...y) + 6];
          return [[l, t], [r, t], [r, b], [l, b]];
        }""", share,
    )


def drag(tab, path) -> None:
    tab.mouse.move(*path[0])
    tab.mouse.down()
    for point in path[1:]:
        tab.mouse.move(*point, steps=8)
    tab.mouse.up()


def selected(tab) -> list[int]:
    return tab.evaluate("likeness.mapPage.chosen.ids ? [...likeness.mapPage.chosen.ids] : []")


@pytest.mark.browser
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
        tab.get_by_text("Export").click()
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
    tab.wait_for_function("!likeness.mapPage.engine.view.moving()")
    half = corners(tab, 0.5)
    drag(tab, [*half, half[0]])
    tab.get_by_role("button", name="Search with these").click()
    expect(tab).to_have_url(re.compile("/search\\?these="))
    expect(tab.locator("#search-status")).to_contain_text("average of these")
    expect(tab.locator(".query-about")).to_contain_text("The average of 30 images")


@pytest.mark.browser
def test_a_lasso_outlives_search_back_and_reload_and_the_map_makes_room_for_it(tab):
    ranges = "likeness.mapPage.engine.view.present().x"
    standing = "!likeness.mapPage.engine.view.moving()"
    whole = tab.evaluate(ranges)
    tab.keyboard.press("l")
    half = corners(tab, 0.5)
    drag(tab, [*half, (half[0][0] + 2, half[0][1] + 1)])
    ids = selected(tab)
    assert len(ids) == 30 and tab.evaluate("likeness.mapPage.image") is None
    tab.wait_for_function(f"{ranges}[0] < {whole[0]} - 0.01 && {standing}")
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
    tab.wait_for_function(f"Math.abs({ranges}[0] - {whole[0]}) < 0.01 && {standing}")
    expect(tab).not_to_have_url(re.compile("picked="))


@pytest.mark.browser
def test_bars_narrow_a_selection_and_chips_widen_it_again(tab, made_library):
    library = Library(made_library)
    notes.collect(library, "Mine", [row.id for row in library.images()])
    tab.evaluate("likeness.mapPage.open({collection: 'Mine'})")
    expect(tab.locator("#select-chip-name")).to_have_text("Mine · 60 images")
    bar = tab.locator("button.selected-part[data-kind=label]").first
    label = bar.locator(".selected-name").inner_text()
    bar.click()
    expect(tab.locator("#selected-narrowed .chip")).to_have_text([label])
    expect(tab.locator("#selected-title")).to_have_text("Mine · narrowed")
    narrowed = selected(tab)
    assert narrowed == [row.id for row in library.images() if row.label == label]
    tab.locator("#selected-view select").select_option("unusual")
    grid = tab.locator("#selected-gallery .pictures")
    expect(grid).to_have_attribute("data-count", str(len(narrowed)))
    assert not faults(tab)
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


@pytest.mark.browser
def test_box_shift_adds_alt_takes_away_escape_clears_and_a_click_still_chooses(tab):
    tab.keyboard.press("b")
    whole, half = corners(tab), corners(tab, 0.5)
    drag(tab, [half[0], half[2]])
    assert len(selected(tab)) == 30
    tab.get_by_role("button", name="Hide the gallery").click()
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
    place = tab.evaluate("likeness.mapPage.engine.view.pixel(likeness.mapPage.map.rows.get(7))")
    stage = tab.locator("#map-stage").bounding_box()
    tab.mouse.click(stage["x"] + place["x"], stage["y"] + place["y"], delay=40)
    expect(tab.locator("#map-panel")).to_be_visible()
    assert selected(tab) == []
    tab.get_by_text("3D", exact=True).click()
    tab.wait_for_function("likeness.mapPage.map.dim === 3 && likeness.mapPage.drawn")
    expect(tab.get_by_role("button", name="Lasso")).to_be_disabled()


@pytest.mark.browser
def test_two_tabs_agree_and_ctrl_z_takes_back_what_was_done_last(tab, made_library):
    other = tab.context.new_page()
    other.set_default_timeout(30_000)
    other.goto("/detail?image=3")
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


@pytest.mark.browser
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
    assert selected(tab) == [] and notes.collections(Library(made_library)) == []


@pytest.mark.browser
def test_what_the_legend_hides_stays_out_of_the_lasso(tab):
    tab.locator('[data-toggle="0"].map-swatch').click()
    tab.wait_for_function("likeness.mapPage.map.cluster.some((c, row) => c === 0 && likeness.mapPage.engine.hides(row))")
    tab.keyboard.press("l")
    drag(tab, corners(tab))
    clusters = tab.evaluate(
        "[...likeness.mapPage.chosen.ids].map(id => likeness.mapPage.map.cluster[likeness.mapPage.map.rows.get(id)])"
    )
    assert len(clusters) > 20 and 0 not in clusters


@pytest.mark.browser
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


@pytest.mark.browser
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
    assert notes.tags(Library(made_library)) == {}


@pytest.mark.browser
@pytest.mark.parametrize("rights", [{"read"}, {"read", "annotate"}])
def test_who_may_not_annotate_is_shown_tags_and_collections_without_what_changes_them(
    unopened_library, tmp_path, serving, browser, rights,
):
    shutil.copytree(unopened_library, tmp_path / "data")
    library = Library(tmp_path / "data")
    notes.tag(library, [5, 6], "blue")
    notes.collect(library, "Kept", [5])
    served = serving(library, Access(rights=frozenset(rights)))
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=served)
    tab = context.new_page()
    tab.set_default_timeout(30_000)
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
    context.close()

"""The gallery: what the server says of pictures, and choosing, looking and coming back in a browser."""

from __future__ import annotations

import importlib
import json
import re
import shutil

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.app import create_app
from dashboard.reads import Reads, galleries, id_list
from dashboard.reads.packing import unpack
from pipeline import outliers
from pipeline.errors import QueryError
from pipeline.library import Library, notes
from pipeline.outliers import distances
from tests.dashboard.accessibility import faults
from tests.dashboard.on_search import found, ready


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


@pytest.fixture(scope="module")
def ids(reads) -> np.ndarray:
    return np.array([row.id for row in reads.library.images()])


def test_pictures_are_sorted_by_what_is_known_and_the_rest_comes_last(library):
    reads = Reads(library)
    ids = np.array([row.id for row in library.images()])[::-1].copy()
    library.db.execute("UPDATE images SET mtime = 1e9 + id * 7 % 60, size = 1000 + id % 3")
    library.db.execute("UPDATE images SET path = 'b/Img ' || (1000 - id) || '.jpg'")
    library.db.execute("UPDATE images SET mtime = -1 WHERE id IN (7, 9)")  # no date that a calendar has
    dates = {row.id: row.mtime for row in library.images()}
    newest = galleries.ordered(reads, ids, "date").tolist()
    assert sorted(newest) == sorted(ids) and newest[-2:] == [9, 7]  # as they stood
    known = [dates[one] for one in newest[:-2]]
    assert known == sorted(known, reverse=True)
    oldest = galleries.ordered(reads, ids, "oldest").tolist()
    assert oldest[-2:] == [9, 7] and [dates[one] for one in oldest[:-2]] == sorted(known)
    sizes = [library.image(one).size for one in galleries.ordered(reads, ids, "size").tolist()]
    assert sizes == sorted(sizes, reverse=True)
    names = galleries.ordered(reads, ids, "name").tolist()
    assert names == sorted(ids.tolist(), reverse=True)  # Img 940 before Img 999, and so by number
    library.db.execute("UPDATE images SET path = 'b/Img ' || id || '.jpg'")
    library.db.execute("UPDATE images SET mtime = mtime + 1")
    assert galleries.ordered(reads, ids, "rating").tolist() == ids.tolist()
    assert galleries.ordered(reads, ids, "given") is ids
    with pytest.raises(QueryError, match="not sorted by"):
        galleries.ordered(reads, ids, "beauty")


@pytest.mark.parametrize("by", ["size", "date", "oldest", "name", "rating", "dark"])
def test_what_was_forgotten_meanwhile_is_sorted_as_what_nothing_is_known_of(reads, ids, by):
    """The ids were read a moment ago; the table of what is known of them is read now."""
    given = np.concatenate([[99_999], ids, [88_888]])
    found = galleries.ordered(reads, given, by)
    assert sorted(found) == sorted(given)
    there = found[np.isin(found, ids)]
    assert there.tolist() == galleries.ordered(reads, ids, by).tolist()
    if by in ("size", "date", "oldest", "dark"):
        assert found[-2:].tolist() == [99_999, 88_888]


def test_the_least_typical_of_a_set_is_what_does_not_belong(reads, ids):
    labels = {row.id: row.label for row in reads.library.images()}
    label = labels[ids[0]]
    alike = [one for one in ids if labels[one] == label]
    stranger = next(one for one in ids if labels[one] != label)
    given = np.array([*alike[:4], stranger, *alike[4:]])
    unusual = galleries.ordered(reads, given, "unusual")
    assert unusual[0] == stranger
    assert galleries.ordered(reads, given, "typical").tolist() == unusual[::-1].tolist()


def test_the_most_varied_of_a_set_come_first_and_nothing_is_lost(reads, ids):
    labels = {row.id: row.label for row in reads.library.images()}
    varied = galleries.ordered(reads, ids, "varied").tolist()
    assert sorted(varied) == sorted(ids)
    kinds = len(set(labels.values()))
    assert len({labels[one] for one in varied[:kinds]}) > len({labels[one] for one in ids[:kinds]})
    with_unknown = np.array([10**6, *ids[:5]])  # of which the index has nothing
    assert sorted(galleries.ordered(reads, with_unknown, "varied", {"color": 1.0})[-1:]) == [10**6]


def test_outliers_of_one_kind_stand_by_their_distance_to_the_ten_nearest_by_it(reads, ids):
    for one in outliers.kept(reads.library):
        having, rows = reads.library.vectors(one.name, sorted(one.ids.tolist()))
        apart = 1 - rows @ rows.T
        np.fill_diagonal(apart, np.inf)
        mean = dict(zip(having.tolist(), np.sort(apart, axis=1)[:, :10].mean(axis=1).tolist()))
        shown = galleries.ordered(reads, ids, f"outliers:{one.title}").tolist()
        assert [mean[image] for image in shown if image in mean] == pytest.approx(sorted(mean.values(), reverse=True), abs=1e-4)
    for none in ("outliers:Nothing", "name:Color"):
        with pytest.raises(QueryError, match="not sorted by"):
            galleries.ordered(reads, ids, none)


def test_an_order_that_nobody_has_looked_for_says_so(library, monkeypatch):
    """Outliers where no map was made, how sharp pictures are where there are more than a page looks at itself."""
    shutil.rmtree(library.data / "outliers")
    shutil.rmtree(library.data / "appearance", ignore_errors=True)
    monkeypatch.setattr(importlib.import_module("pipeline.appearance.measured"), "FEW", 0)
    reads = Reads(library)
    client = create_app(library).server.test_client()
    ids = np.array([row.id for row in library.images()])
    for by, does in (("outliers", "map"), ("blurred", "embed"), ("dark", "embed")):
        with pytest.raises(QueryError, match=f"not known yet.*pipeline {does}"):
            galleries.ordered(reads, ids, by)
        refused = client.get(f"/api/images?by={by}")
        assert refused.status_code == 400 and f"pipeline {does}" in refused.json["detail"]
        assert galleries.ordered(reads, ids[:0], by).size == 0
    distances.keep(library, "color", ids[:20], np.linspace(0, 1, 20), np.zeros(20, np.int64))
    with pytest.raises(QueryError, match="fewer than 30"):
        galleries.ordered(reads, ids, "outliers")


def test_the_routes_order_describe_and_name(library):
    reads = Reads(library)
    client = create_app(library).server.test_client()
    notes.collect(library, "Some", [5, 3])
    notes.tag(library, [3], "blue")
    sent = client.post("/gallery/order?by=given", data=np.array([9, 3, 10**6, 5], "<i4").tobytes())
    head, arrays = unpack(sent.data)
    assert head["by"] == "given" and arrays["ids"].tolist() == [9, 3, 5]
    for one, shape in zip(arrays["ids"].tolist(), arrays["shapes"].tolist()):
        row = reads.image(one)
        assert shape == int(1000 * row.width / row.height)
    for some in ("where=collection%3DSome", "collection=some", "images=5,3&by=name", "these=" + id_list.pack([3, 5])):
        _, arrays = unpack(client.post(f"/gallery/order?{some}").data)
        assert sorted(arrays["ids"].tolist()) == [3, 5]
    assert len(unpack(client.post("/gallery/order").data)[1]["ids"]) == 60
    assert client.post("/gallery/order", data=b"123").status_code == 400
    refused = client.post("/gallery/order?where=collection%3DNone")
    assert refused.status_code == 404 and "no collection" in refused.text
    (one, other) = client.get("/gallery/facts?ids=3,999999,x,5").json
    assert (one["id"], one["tags"], one["collections"]) == (3, ["blue"], ["Some"])
    assert one["pixels"] == [reads.image(3).width, reads.image(3).height] and other["id"] == 5
    names = client.get("/gallery/names").json
    assert names == {"collections": [["Some", 2]], "tags": [["blue", 1]]}
    assert len(client.get("/gallery/facts?ids=" + ",".join(map(str, range(1, 400)))).json) == 60


# In a browser


def top_of(page: Page, image: int) -> float:
    link = page.locator(f"a.picture[data-image='{image}']")
    expect(link).to_be_visible()
    return link.bounding_box()["y"]


def stands(page: Page, image: int, top: float) -> None:
    """The picture comes to stand there, and stays there through three quarters of a second of what comes late."""
    page.wait_for_function(
        "([image, top]) => { const link = document.querySelector(`a.picture[data-image='${image}']`);"
        " const there = link && Math.abs(link.getBoundingClientRect().top - top) < 3;"
        " if (!there) { window.since = null; return false; }"
        " window.since ??= performance.now(); return performance.now() - window.since > 750; }", arg=[image, top])


NOTED = """() => {
    const place = (JSON.parse(sessionStorage.getItem("likeness-places")) || {})[location.pathname + location.search];
    const link = place && place.id && document.querySelector(`a.picture[data-image='${place.id}']`);
    return Boolean(link) && Math.abs(link.getBoundingClientRect().top - place.offset) < 1; }"""
"""Whether the place in the list is kept that one sees, for when one comes back."""


@pytest.mark.browser
def test_a_list_is_left_and_found_again_where_it_was(page: Page):
    page.goto("/search?image=3&count=12")
    page.wait_for_function(
        "() => { scrollTo({ top: document.body.scrollHeight, behavior: 'instant' }); return likeness.search?.matches?.().length === 59 }")
    image = found(page)[50]
    page.evaluate("image => likeness.gallery.of(document.querySelector('.pictures')).focus("
                  "likeness.search.matches().findIndex(one => one.id === image))", image)
    before = top_of(page, image)
    page.wait_for_function(NOTED)  # after the list has come to rest
    assert top_of(page, image) == before
    assert page.evaluate("scrollY") > 300

    def again() -> None:
        ready(page, 59)
        page.wait_for_function("() => scrollY > 300")
        stands(page, image, before)

    page.locator(f"a.picture[data-image='{image}']").click(button="right")
    page.get_by_role("menuitem", name="Details").click()
    expect(page.locator(".detail-picture")).to_be_visible()
    page.go_back()
    again()
    page.evaluate("""() => {
        document.documentElement.style.overflowAnchor = "none"; // as in browsers that hold no place by themselves
        const late = Object.assign(document.createElement("p"), { id: "late", style: "height: 55px" });
        document.querySelector("#search-list").before(late);
    }""")
    stands(page, image, before)
    page.evaluate("document.getElementById('late').remove()")
    stands(page, image, before)
    page.reload()
    again()
    page.locator(f"a.picture[data-image='{image}']").click(button="right")
    page.get_by_role("menuitem", name="Details").click()
    expect(page.locator(".detail-picture")).to_be_visible()
    page.keyboard.press("Escape")
    again()
    # Another width, and the picture that has the keyboard stays where it is.
    page.locator(f"a.picture[data-image='{image}']").focus()
    page.set_viewport_size({"width": 1000, "height": 800})
    page.wait_for_function("() => document.querySelector('.pictures').clientWidth < 700")
    stands(page, image, before)
    # A link to the same search begins at its beginning.
    page.get_by_role("link", name="Library", exact=True).click()
    expect(page.locator("#library-body section").first).to_be_visible()
    page.evaluate("likeness.visit('/search', '?image=3&count=12')")
    ready(page)
    assert page.evaluate("scrollY") == 0


@pytest.mark.browser
def test_a_list_that_is_left_as_it_is_scrolled_is_found_again_there(page: Page):
    """A link is pressed in the frame after that in which the list was scrolled: sooner than any hand."""
    page.goto("/gallery")
    expect(page.locator("#gallery-list")).to_be_visible()
    page.wait_for_function("() => document.querySelectorAll('#gallery-list a.picture').length > 20")
    page.wait_for_function("() => document.body.scrollHeight > innerHeight + 500")
    image, top = page.evaluate("""async () => {
        const frame = () => new Promise((done) => requestAnimationFrame(done));
        scrollTo({ top: 400, behavior: "instant" });
        await frame();
        await frame();
        const link = [...document.querySelectorAll("#gallery-list a.picture")].find((one) => one.getBoundingClientRect().top > 80);
        const found = [Number(link.dataset.image), link.getBoundingClientRect().top];
        document.querySelector(".nav-page[href$='/library']").click();
        return found;
    }""")
    expect(page.locator("#library-body section").first).to_be_visible()
    page.go_back()
    stands(page, image, top)


@pytest.mark.browser
def test_several_are_chosen_as_files_are_and_acted_on_with_a_way_back(page: Page, made_library):
    page.goto("/search?image=3&count=96")
    ready(page, 59)
    pictures = page.locator("#search-gallery a.picture")
    bar = page.get_by_role("toolbar", name="What is chosen")
    address = page.url
    pictures.nth(1).click(modifiers=["Control"])
    pictures.nth(4).click(modifiers=["Shift"])
    pictures.nth(2).click(modifiers=["Control"])
    expect(bar).to_contain_text("3 chosen")
    assert page.url == address  # the search stays what it is
    chosen = [found(page)[at] for at in (1, 3, 4)]
    expect(page.locator("[role=gridcell][aria-selected=true]")).to_have_count(3)
    assert not faults(page)
    bar.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Name of a tag").fill("to print")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("to print")
    assert notes.tagged(Library(made_library), "to print") == sorted(chosen)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#said")).not_to_contain_text("Tagged")
    page.wait_for_function("() => fetch('/gallery/names').then(a => a.json()).then(n => n.tags.length === 0)")
    # Dragged onto the collections in the bar, all that are chosen go along.
    pictures.nth(1).drag_to(page.locator("#collections-open"))
    page.get_by_label("Name of a collection").fill("On the wall")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("On the wall")
    assert notes.collected(Library(made_library), "On the wall") == sorted(chosen)
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("() => fetch('/gallery/names').then(a => a.json()).then(n => n.collections.length === 0)")
    with page.expect_download() as saved:
        bar.get_by_text("Export").click()
        bar.get_by_role("menuitem", name="JSON").click()
    assert [one["id"] for one in json.loads(saved.value.path().read_bytes())["images"]] == sorted(chosen)
    # By keys: Shift with arrows, all, none.
    pictures.nth(0).focus()
    page.keyboard.press("Control+Space")
    expect(bar).to_contain_text("4 chosen")
    page.keyboard.press("Shift+ArrowRight")
    expect(bar).to_contain_text("2 chosen")
    page.keyboard.press("Control+a")
    expect(bar).to_contain_text("59 chosen")
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    # A rubber band from beside the pictures: the first row.
    row = page.locator(".pictures-row").first.bounding_box()
    first = pictures.first.bounding_box()
    page.mouse.move(first["x"] + 2, first["y"] + first["height"] + 3)
    page.mouse.down()
    page.mouse.move(first["x"] + row["width"] - 2, first["y"] + 4, steps=5)
    page.mouse.up()
    in_row = page.locator(".pictures-row").first.locator("a.picture").count()
    expect(bar).to_contain_text(f"{in_row} chosen")
    bar.get_by_text("Export").click()
    expect(bar.get_by_role("menuitem", name="JSON")).to_be_visible()
    pictures.nth(0).focus()
    page.keyboard.press("Escape")  # the menu's, wherever the keyboard is
    expect(bar.get_by_role("menuitem", name="JSON")).to_be_hidden()
    expect(bar).to_contain_text(f"{in_row} chosen")
    bar.get_by_role("button", name="Search with these").click()
    expect(page).to_have_url(re.compile("images="))
    expect(page.locator(".board-tile")).to_have_count(in_row)
    expect(bar).to_have_count(0)


@pytest.mark.browser
def test_the_viewer_walks_the_list_and_closes_on_the_picture_it_showed(page: Page):
    page.goto("/search?image=3&count=12")
    ready(page, 12)
    ids = found(page)
    page.locator("#search-gallery a.picture").nth(2).focus()
    page.keyboard.press("Space")
    viewer = page.locator("dialog.viewer")
    expect(viewer.locator(".viewer-picture")).to_have_attribute("src", f"/image/{ids[2]}")
    page.wait_for_function("() => likeness.search.matches().length > 12")  # more are asked for, as by scrolling
    expect(viewer.locator(".viewer-facts")).to_contain_text("Pixels")
    assert not faults(page, "dialog.viewer")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(viewer.locator(".viewer-picture")).to_have_attribute("src", f"/image/{ids[3]}")
    page.wait_for_function("document.querySelector('.viewer-picture').naturalWidth > 0")  # before, its size is not known
    page.keyboard.press("1")
    expect(viewer.locator(".viewer-scale")).to_have_text("100%")
    page.keyboard.press("0")
    expect(viewer.locator(".viewer-scale")).to_have_text("")
    page.keyboard.press("g")
    expect(viewer.get_by_role("button", name="Good match")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("g")
    expect(viewer.get_by_role("button", name="Good match")).to_have_attribute("aria-pressed", "false")
    # What is done in it is said in it, with the way back.
    page.keyboard.press("t")
    page.keyboard.type("looked at")
    page.keyboard.press("Enter")
    expect(viewer.locator(".viewer-facts")).to_contain_text("looked at")
    expect(viewer.get_by_role("button", name="Undo")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(viewer.locator(".viewer-facts")).not_to_contain_text("looked at")
    page.keyboard.press("c")
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(page.locator(f"#search-gallery a.picture[data-image='{ids[3]}']")).to_be_focused()
    expect(page.locator("[role=gridcell][aria-selected=true]")).to_have_attribute("data-image", str(ids[3]))


@pytest.mark.browser
def test_a_page_of_a_collection_is_narrowed_sorted_and_thinned_out_with_a_way_back(page: Page, made_library):
    library = Library(made_library)
    notes.collect(library, "Thin", [row.id for row in library.images()])
    page.goto("/gallery?collection=Thin")
    grid = page.locator("#gallery-list .pictures")
    expect(grid).to_have_attribute("data-count", "60")
    expect(page.locator("h1")).to_have_text("Thin")
    page.get_by_label("Sort").select_option("unusual")
    expect(page).to_have_url(re.compile("by=unusual"))
    reads = Reads(library)
    image = int(galleries.ordered(reads, galleries.among(reads, None, {"collection": "Thin"}), "unusual")[0])
    last = page.locator(f"#gallery-list a.picture[data-image='{image}']")
    page.wait_for_function("image => likeness.gallery.of(document.querySelector('.pictures')).ids[0] === image", arg=image)
    assert not faults(page)
    last.focus()
    page.keyboard.press("Delete")
    expect(grid).to_have_attribute("data-count", "59")
    page.keyboard.press("Control+z")
    expect(grid).to_have_attribute("data-count", "60")
    assert len(notes.collected(library, "Thin")) == 60
    label = library.image(1).label
    page.evaluate("label => likeness.facets.set([{ column: 'label', values: [label] }])", label)
    expect(grid).to_have_attribute("data-count", "10")
    expect(page).to_have_url(re.compile("where=label"))
    expect(page.locator("#gallery-table")).to_have_attribute("href", re.compile("collection=Thin.*where=label"))
    page.reload()
    expect(grid).to_have_attribute("data-count", "10")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    notes.drop_collection(library, "Thin")


@pytest.mark.browser
def test_sorting_keeps_what_is_chosen_and_a_list_that_is_looked_through_keeps_its_order(page: Page, made_library):
    library = Library(made_library)
    library.db.execute("DELETE FROM ratings")  # those that other visits have left
    notes.collect(library, "Kept", [row.id for row in library.images()])
    page.goto("/gallery?collection=Kept")
    ids = "[...likeness.gallery.of(document.querySelector('.pictures')).ids]"
    pictures = page.locator("#gallery-list a.picture")
    expect(pictures.first).to_be_visible()
    given = page.evaluate(ids)
    held = []
    page.route(re.compile("/gallery/order"), lambda route: held.append(route))
    pictures.nth(1).click(modifiers=["Control"])
    page.get_by_label("Sort").select_option("size")
    pictures.nth(2).click(modifiers=["Control"])  # while the order is on its way
    expect(page.locator(".chosen-count")).to_have_text("2 chosen")
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    page.unroute(re.compile("/gallery/order"))
    page.wait_for_function(f"given => {ids}.join() !== given.join()", arg=given)
    assert page.evaluate("document.querySelector('.chosen-count').textContent") == "2 chosen"
    assert page.evaluate("[...likeness.gallery.of(document.querySelector('.pictures')).chosen.ids]") == given[1:3]
    page.locator(".chosen-bar [data-chosen=none]").click()

    # The third gets a good word: it belongs at the top now, but the arrows go on to the fourth.
    page.get_by_label("Sort").select_option("rating")
    page.wait_for_function(f"given => {ids}.join() === given.join()", arg=given)
    pictures.nth(2).click()
    viewer = page.locator("dialog.viewer")
    page.keyboard.press("g")
    expect(viewer.get_by_role("button", name="Good (G)")).to_have_attribute("aria-pressed", "true")
    with page.expect_response(re.compile("/gallery/order")):  # a word of another tab
        notes.rate(library, notes.BY_ITSELF, given[9], 1, 1, 1.0)
    expect(viewer.locator(".viewer-picture")).to_have_attribute("src", f"/image/{given[2]}")
    page.keyboard.press("ArrowRight")
    expect(viewer.locator(".viewer-count")).to_have_text("4 of 60")
    expect(viewer.locator(".viewer-picture")).to_have_attribute("src", f"/image/{given[3]}")
    page.keyboard.press("Delete")  # what leaves the list is not looked at any more
    expect(viewer.locator(".viewer-count")).to_have_text("4 of 59")
    expect(viewer.locator(".viewer-picture")).to_have_attribute("src", f"/image/{given[4]}")
    page.keyboard.press("Escape")
    expect(page.locator(f"#gallery-list a.picture[data-image='{given[4]}']")).to_be_focused()
    assert page.evaluate(ids) == [given[2], given[9], *[one for one in given if one not in (given[2], given[3], given[9])]]
    for one in (given[2], given[9]):
        notes.rate(library, notes.BY_ITSELF, one, 0, 1, 1.0)
    notes.drop_collection(library, "Kept")


@pytest.mark.browser
def test_pictures_that_a_page_lays_out_itself_have_the_same_menu_and_viewer(page: Page):
    page.goto("/detail?image=3")
    pictures = page.locator(".detail-row").nth(1).locator(".card-picture")
    pictures.nth(2).focus()
    page.keyboard.press("Space")
    viewer = page.locator("dialog.viewer")
    expect(viewer.locator(".viewer-count")).to_have_text(f"3 of {pictures.count()}")  # this column's
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(pictures.nth(3)).to_be_focused()
    image = pictures.nth(3).locator("img").get_attribute("src").rsplit("/", 1)[1]
    pictures.nth(3).click(button="right")
    page.get_by_role("menuitem", name="Search with it").click()
    expect(page).to_have_url(re.compile(rf"/search\?image={image}$"))

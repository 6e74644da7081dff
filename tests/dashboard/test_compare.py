"""Compare: columns of one image; and that every view of the page can be used by all."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.app import render
from dashboard.reads import Reads
from dashboard.reads.comparison import columns, overlaps, pair
from pipeline import index as indexes
from pipeline.embeddings import usual
from pipeline.library import Library
from pipeline.maps import COMBINED
from pipeline.search import VectorsEntry
from tests.conftest import synthetic_library
from tests.dashboard.accessibility import faults_of_all
from tests.dashboard.trees import of_class, parts, text_of

NAMES = ["color", "sift", "efficientnet", COMBINED]


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


def nearest(reads: Reads, name: str, image: int) -> list[int]:
    """Ids of all others by the cosine of the stored vectors, nearest first."""
    names = reads.embeddings() if name == COMBINED else [name]
    total = 0
    for one, weight in usual(names).items():
        ids, rows = reads.library.vectors(one)
        total = total + weight * (rows @ rows[ids == image][0])
    return [i for i in ids[np.argsort(-total, kind="stable")].tolist() if i != image]


# The tables


def test_a_column_per_embedding_ranks_as_its_vectors_do(reads):
    shown = columns(reads, 7, 10)
    assert [column.name for column in shown] == NAMES
    for column in shown:
        truth = nearest(reads, column.name, 7)
        assert [match.id for match in column.matches] == truth[:10]
        assert sorted(column.places) == sorted(truth) and list(column.places.values()) == list(range(1, 60))
        assert [column.places[image] for image in truth[:20]] == list(range(1, 21))
    common = overlaps(shown)
    assert len(common) == 6
    for (one, other), number in common.items():
        assert number == len(set(nearest(reads, one, 7)[:10]) & set(nearest(reads, other, 7)[:10]))


def test_an_image_that_one_embedding_knows_nothing_of_leaves_that_column_with_a_reason(library):
    library.db.execute("DELETE FROM sift_vectors WHERE image_id = 7")
    indexes.build(library)
    reads = Reads(library)
    shown = {column.name: column for column in columns(reads, 7, 10)}
    assert "sift" in shown["sift"].error and not shown["sift"].matches
    assert len(shown["color"].matches) == len(shown[COMBINED].matches) == 10
    common = overlaps(list(shown.values()))
    assert common["color", "sift"] is None and common["color", "efficientnet"] is not None
    page, _, _ = render(reads, "/compare", "?image=7")
    assert shown["sift"].error in text_of(page)


def test_the_page_tells_what_is_missing(reads, tmp_path):
    page, _, title = render(reads, "/compare", "")
    assert title == "Compare · Likeness" and "depends on how you look" in text_of(page)
    page, _, _ = render(reads, "/compare", "?image=999999&count=15")
    assert "not in the library any more" in text_of(page) and len(of_class(page, "example")) > 5
    alone = synthetic_library(tmp_path / "alone", 30, {"color": 8})
    assert "have not been compared yet" in text_of(render(Reads(alone), "/compare", "")[0])
    indexes.build(alone)
    for view in ("", "?view=maps", "?view=disagree"):
        assert "at least two embeddings" in text_of(render(Reads(alone), "/compare", view)[0])
    two = synthetic_library(tmp_path / "two", 30, {"color": 8, "sift": 8})
    indexes.build(two)
    assert "No two maps yet" in text_of(render(Reads(two), "/compare", "?view=maps")[0])
    none = Library(tmp_path / "none", create=True)
    assert "No images yet" in text_of(render(Reads(none), "/compare", "?image=1")[0])


def test_of_a_small_library_no_more_are_in_common_than_there_are(tmp_path):
    library = synthetic_library(tmp_path / "few", 4, {"color": 8, "sift": 8})
    indexes.build(library)
    page, _, _ = render(Reads(library), "/compare", "?image=2")
    assert [text_of(cell) for cell in of_class(page, "compare-share")] == ["3  of 3"] * 3


def test_the_browser_is_told_where_else_a_picture_is(reads):
    page, _, _ = render(reads, "/compare", "?image=7&count=20")
    (told,) = [part.data for part in parts(page) if getattr(part, "id", None) == "compare-matches"]
    shown = columns(reads, 7, 20)
    assert [one["name"] for one in told["columns"]] == NAMES and told["depth"] == 100
    everywhere = {match.id for column in shown for match in column.matches}
    for one, column in zip(told["columns"], shown):
        assert [(match["id"], match["rank"]) for match in one["matches"]] == [
            (match.id, rank) for rank, match in enumerate(column.matches, 1)]
        assert told["places"][column.name] == {str(image): column.places[image] for image in sorted(everywhere)}
        for match in one["matches"]:
            row = reads.image(match["id"])
            assert match["shape"] == 1000 * row.width // row.height and match["label"] == row.label


def test_a_picture_from_outside_has_the_columns_of_its_vectors(reads):
    """Of a stored image's own vectors: as its columns are, with itself at the head."""
    vectors = {name: rows[ids == 7][0] for name in reads.embeddings() for ids, rows in [reads.library.vectors(name)]}
    inside, outside = columns(reads, 7, 10), columns(reads, VectorsEntry(vectors), 11)
    for one, other in zip(inside, outside):
        assert [match.id for match in other.matches] == [7, *(match.id for match in one.matches)]
    page, _, _ = render(reads, "/compare", "?upload=0f0f")
    assert [part.data["key"] for part in parts(page) if getattr(part, "id", None) == "compare-upload"] == ["0f0f"]


@pytest.mark.parametrize(("asked", "given"), [
    ((None, None), ("color", "dreamsim")), (("sift", "color"), ("sift", "color")),
    (("dreamsim", None), ("dreamsim", "sift")), ((None, "color"), ("sift", "color")),
    (("sift", "sift"), ("sift", "dreamsim")), (("no", "such"), ("color", "dreamsim")),
])
def test_a_pair_is_two_different_ones(asked, given):
    assert pair(*asked, ["color", "sift", "dreamsim"]) == given


# In the browser


# Whether a point of a line lies within a picture or the words below it; all lines, point by point.
CROSSING = """() => {
    const boxes = [...document.querySelectorAll('.compare-match')].flatMap(card => ['.compare-picture', '.compare-foot']
        .map(part => card.querySelector(part).getBoundingClientRect()));
    return [...document.querySelectorAll('.compare-lines-thin path')].filter(path => {
        const frame = path.ownerSVGElement.getBoundingClientRect();
        for (let at = 0; at <= path.getTotalLength(); at += 2) {
            const { x, y } = path.getPointAtLength(at);
            const within = box => x + frame.left > box.left + 1 && x + frame.left < box.right - 1
                && y + frame.top > box.top + 1 && y + frame.top < box.bottom - 5;
            if (boxes.some(within)) return true;
        }
        return false;
    }).length;
}"""
PLACES = """id => Object.fromEntries([...document.querySelectorAll('.compare-column')].map(column =>
    [column.dataset.column, column.querySelector('.compare-where').textContent]))"""


@pytest.mark.browser
def test_columns_link_and_lead_on(page: Page):
    page.goto("/compare")
    page.locator("#compare-shuffle").click()
    page.locator(".compare-start .example").first.click()
    expect(page.locator(".compare-column")).to_have_count(4)
    expect(page).to_have_url(re.compile(r"image=\d+"))
    page.goto("/compare?image=7")
    expect(page.locator(".compare-lines-thin path").first).to_be_attached()
    expect(page.locator(".compare-match")).to_have_count(40)
    page.wait_for_function(f"({CROSSING})() === 0")  # lines pass beside pictures and words, once all is laid out
    heights = page.locator("[data-column=color] .compare-picture").evaluate_all(
        "all => all.map(one => [Math.round(one.getBoundingClientRect().top), Math.round(one.getBoundingClientRect().height)])")
    assert len({top for top, _ in heights}) == len(set(map(tuple, heights))) < 10, "rows of one height"

    card = page.locator(".compare-match:has(.compare-also)").first
    image = card.get_attribute("data-image")
    card.hover()
    linked = page.locator(".compare-linked")
    expect(card).to_have_class(re.compile("compare-linked"))
    assert {one.get_attribute("data-image") for one in linked.all()} == {image}
    expect(page.locator(".compare-lines-strong path")).to_have_count(linked.count() - 1)
    said = page.evaluate(PLACES, image)
    assert sum(text.startswith("No. ") for text in said.values()) >= linked.count() and len(said) == 4
    page.locator(".compare-share").last.hover()
    common = int(page.locator(".compare-share b").last.inner_text())
    expect(linked).to_have_count(2 * common)
    page.mouse.move(5, 300)
    expect(linked).to_have_count(0)

    page.locator("[data-column=sift] .compare-picture").first.focus()
    page.keyboard.press("ArrowRight")
    chosen = page.locator("[data-column=sift] .compare-match").nth(1)
    expect(chosen.locator(".compare-picture")).to_be_focused()
    expect(page.locator(".compare-linked").first).to_be_visible()
    onward = chosen.get_attribute("data-image")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"image={onward}\b"))
    expect(page.locator(f".compare-subject img[src*='/thumb/{onward}']")).to_be_visible()
    page.get_by_title("Show 20 a column").click()
    expect(page.locator("[data-column=color] [role=grid]")).to_have_attribute("data-count", "20")
    page.go_back()
    expect(page.locator("[data-column=color] [role=grid]")).to_have_attribute("data-count", "10")
    page.go_back()
    expect(page).to_have_url(re.compile("image=7$"))


@pytest.mark.browser
def test_a_picture_of_ones_own_is_compared_and_stays_in_the_tab(page: Page, pictures):
    page.goto("/compare")
    own = next(iter(sorted(pictures.rglob("ember-3.jpg"))))
    page.locator(".compare-others").hover()
    page.locator(".compare-file input").set_input_files(own)
    expect(page).to_have_url(re.compile(r"/compare\?upload=[0-9a-f]+$"))
    first = page.locator("[data-column=sift] .compare-match").first
    expect(first).to_contain_text(own.parent.name)
    expect(first.locator(".match-score")).to_have_text(re.compile("^(1.000|0.99)"))  # itself
    page.reload()
    expect(first).to_contain_text(own.parent.name)
    expect(page.locator(".compare-subject img")).to_have_attribute("src", re.compile("^data:image/jpeg"))
    page.get_by_role("link", name="Use as query").click()
    expect(page).to_have_url(re.compile(r"/search\?upload="))
    expect(page.locator("#search-list .match").first).to_be_visible()
    page.goto("/compare?upload=abcdef")
    expect(page.get_by_role("alert").first).to_contain_text("another browser tab")


@pytest.mark.browser
def test_a_finger_links_first_and_opens_second(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, base_url=address)
    page = context.new_page()
    page.goto("/compare?image=7")
    card = page.locator(".compare-match:has(.compare-also)").first
    card.locator(".compare-picture").tap()
    expect(page.locator(".compare-linked")).not_to_have_count(0)
    expect(page).to_have_url(re.compile("image=7$"))
    card.locator(".compare-also").first.tap()  # the same picture in another column comes in sight
    expect(page.locator(".compare-match:has(.compare-picture:focus)")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    image = card.get_attribute("data-image")
    page.locator(".compare-match:has(.compare-picture:focus) .compare-picture").tap()
    expect(page).to_have_url(re.compile(rf"image={image}$"))
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize(("where", "ready"), [
    ("?view=maps&image=3&color=label&group=1", "#compare-picked h2"),
    ("?view=disagree&a=sift", ".compare-row"),
])
def test_no_view_has_serious_accessibility_faults_or_overflows_a_phone(page: Page, where, ready):
    page.goto(f"/compare{where}")
    page.locator(ready).first.wait_for()
    assert not faults_of_all(page)

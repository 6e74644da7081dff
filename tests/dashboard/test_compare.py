"""Compare: columns of one image, two linked maps, and the walk through disagreements."""

from __future__ import annotations

import base64
import json
import re
import shutil
import threading

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.app import render
from dashboard.comparison import Agreements, columns, elsewhere, overlaps, pair, spread, step
from dashboard.pages import compare_disagree, compare_maps
from dashboard.pages.compare_columns import ordinal
from dashboard.queries import Reads
from pipeline import agreement
from pipeline import index as combined
from pipeline.errors import EmbeddingError
from pipeline.library import Library
from pipeline.maps import COMBINED
from tests.conftest import synthetic_library
from tests.dashboard.accessibility import faults
from tests.dashboard.trees import of_class, of_kind, parts, text_of

NAMES = ["color", "sift", "efficientnet", COMBINED]


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


def nearest(reads: Reads, name: str, image: int) -> list[int]:
    """Ids of all others by the cosine of the stored vectors, nearest first."""
    names = reads.embeddings() if name == COMBINED else [name]
    total = 0
    for one in names:
        ids, rows = reads.library.vectors(one)
        total = total + rows @ rows[ids == image][0]
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
    first, last = shown[0], shown[-1]
    shared = next(match for match in first.matches if match.id in last.shown)
    assert (COMBINED, last.places[shared.id]) in elsewhere(first, shared, shown)
    assert all(name != "color" for name, _ in elsewhere(first, shared, shown))


def test_an_image_that_one_embedding_knows_nothing_of_leaves_that_column_with_a_reason(library):
    library.db.execute("DELETE FROM sift_vectors WHERE image_id = 7")
    combined.build(library)
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
    combined.build(alone)
    for view in ("", "?view=maps", "?view=disagree"):
        assert "at least two embeddings" in text_of(render(Reads(alone), "/compare", view)[0])
    two = synthetic_library(tmp_path / "two", 30, {"color": 8, "sift": 8})
    combined.build(two)
    assert "No two maps yet" in text_of(render(Reads(two), "/compare", "?view=maps")[0])
    none = Library(tmp_path / "none", create=True)
    assert "No images yet" in text_of(render(Reads(none), "/compare", "?image=1")[0])


def test_cards_say_where_else_a_picture_is(reads):
    page, _, _ = render(reads, "/compare", "?image=7&count=20")
    cards = of_class(page, "compare-match")
    assert len(cards) == 80
    shown = columns(reads, 7, 20)
    for card, (column, match) in zip(cards, [(c, m) for c in shown for m in c.matches]):
        about = card.to_plotly_json()["props"]
        assert about["data-match"] == match.id
        known = {other.name: other.places[match.id] for other in shown if match.id in other.places}
        assert json.loads(about["data-places"]) == known
        others = elsewhere(column, match, shown)
        assert len(of_class(card, "compare-also")) == len(others)
        assert bool(of_class(card, "compare-only")) == (not others)
        assert all(ordinal(place) in text_of(card) for _, place in others)


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1st"), (2, "2nd"), (13, "13th"), (23, "23rd"), (111, "111th")]
)
def test_ordinals(number, text):
    assert ordinal(number) == text


@pytest.mark.parametrize(("asked", "given"), [
    ((None, None), ("color", "dreamsim")), (("sift", "color"), ("sift", "color")),
    (("dreamsim", None), ("dreamsim", "sift")), ((None, "color"), ("sift", "color")),
    (("sift", "sift"), ("sift", "dreamsim")), (("no", "such"), ("color", "dreamsim")),
])
def test_a_pair_is_two_different_ones(asked, given):
    assert pair(*asked, ["color", "sift", "dreamsim"]) == given


# The walk


@pytest.fixture
def unasked(library) -> Library:
    """A library in which no agreement has been found, as it may have been in the one it is a copy of."""
    shutil.rmtree(library.data / "agreement", ignore_errors=True)
    return library


def test_the_walk_goes_from_least_to_most_agreement(reads, library):
    found = Agreements(Reads(library)).of("color", "efficientnet", patience=60)
    ranking = found.ranking()
    walked, image = [], None
    for _ in range(len(found.ids)):
        here = step(found, ranking, image, 12)
        walked.append(int(found.ids[here.row]))
        assert here.at in here.around and here.around.start % 12 == 0 and len(here.around) <= 12
        assert here.previous == (walked[-2] if len(walked) > 1 else None)
        image = here.following
    assert image is None and walked == found.ids[ranking].tolist()
    assert step(found, ranking, 10**9, 12).at == 0  # an image that was not asked about
    assert spread(found).sum() == len(found.ids)
    assert (spread(found) * np.arange(11)).sum() == round(float(found.share.sum()) * 10)


def test_the_walk_shows_the_neighbors_by_both_and_marks_those_in_common(library):
    reads, agreements = Reads(library), Agreements(Reads(library))
    agreements.of("color", "efficientnet", patience=60)
    out = compare_disagree.show(reads, agreements, "color", "efficientnet", "most", None, True)
    assert out[0] is None and out[8]  # nothing to be told, the clock stands still
    own = int(re.search(r"image=(\d+)", out[9]["search"])[1])
    lists = [nearest(reads, name, own)[:10] for name in ("color", "efficientnet")]
    shared = len(set(lists[0]) & set(lists[1]))
    pictures = [int(part.src.rsplit("/", 1)[1].split("?")[0]) for row in of_class(out[4], "compare-row")
                for part in parts(row) if hasattr(part, "src")]
    assert pictures == lists[0] + lists[1]
    assert len(of_class(out[4], "compare-common")) == 2 * shared > 0
    assert f"{shared} of 10 in common" in text_of(out[4])
    strip = of_kind(out[3], compare_disagree.GOTO)
    assert len(strip) == 12 and strip[0].id["image"] == own and out[6] and not out[7]
    following = strip[1].id["image"]
    assert out[5] == {"previous": None, "next": following}
    onward = compare_disagree.show(reads, agreements, "color", "efficientnet", "most", following, True)
    assert f"image={following}" in onward[9]["search"] and onward[9]["replace"]
    jumped = compare_disagree.show(reads, agreements, "color", "sift", "most", following, False)
    assert not jumped[9]["replace"]


def test_what_takes_long_is_told_and_done_once(unasked, monkeypatch):
    agreements, gate, calls = Agreements(Reads(unasked)), threading.Event(), []
    find = agreement._find

    def slowly(index, first, second, progress):
        calls.append((first, second))
        progress.start("agreement", 10)
        progress.advance(4)
        gate.wait(30)
        return find(index, first, second, progress)

    monkeypatch.setattr(agreement, "_find", slowly)
    assert agreements.of("color", "sift", patience=0) in (0, 0.4)
    out = compare_disagree.show(agreements._reads, agreements, "color", "sift", "least", 5, True)
    assert "40%" in text_of(out[0]) and not out[8] and "image=5" in out[9]["search"]
    gate.set()
    found = agreements.of("color", "sift", patience=60)
    assert agreements.of("color", "sift") is found and calls == [("color", "sift")]


def test_what_goes_wrong_is_told_and_tried_again(unasked, monkeypatch):
    agreements = Agreements(Reads(unasked))

    def fail(*_):
        raise EmbeddingError("The vectors are gone.")

    with monkeypatch.context() as broken:
        broken.setattr(agreement, "_find", fail)
        out = compare_disagree.show(agreements._reads, agreements, "color", "sift", "least", None, True)
        assert "The vectors are gone." in text_of(out[0])
    assert len(agreements.of("color", "sift", patience=60).ids) > 50


# Two maps


def test_both_maps_travel_with_one_numbering_of_labels(reads):
    data = compare_maps.content(reads, "color", "efficientnet")
    labels = list(reads.library.labels())
    assert [name for name, _ in data["labels"]] == labels
    for side, name in (("a", "color"), ("b", "efficientnet")):
        saved = reads.map(name)
        trace = data[side]["figure"]["data"][0]
        ids = np.frombuffer(_bytes(trace["customdata"]), trace["customdata"]["dtype"]).tolist()
        assert sorted(ids) == saved.ids.tolist()
        codes = np.frombuffer(_bytes(data[side]["label"]), "<i2").tolist()
        assert [labels[code] for code in codes] == reads.labels_of(ids)
        clusters = np.frombuffer(_bytes(data[side]["cluster"]), "<i2")
        at = np.searchsorted(saved.ids, ids)
        assert (clusters == saved.cluster[at]).all()
        assert [size for _, size in data[side]["clusters"]] == np.bincount(clusters[clusters >= 0]).tolist()


def _bytes(typed: dict) -> bytes:
    return base64.b64decode(typed["bdata"])


def test_the_clicked_image_leads_on(reads):
    assert compare_maps.card(reads, None) is None
    assert "not in the library" in text_of(compare_maps.card(reads, 10**6))
    links = {part.href for part in parts(compare_maps.card(reads, 7)) if hasattr(part, "href")}
    assert {f"/{page}?image=7" for page in ("compare", "detail", "graph", "search", "")} == links


# In the browser


@pytest.mark.browser
def test_columns_link_and_lead_on(page: Page):
    page.goto("/compare")
    page.locator(".compare-start .example").first.click()
    expect(page.locator(".compare-column")).to_have_count(4)
    expect(page).to_have_url(re.compile(r"image=\d+"))
    start = page.url
    expect(page.locator(".compare-lines-thin path").first).to_be_attached()
    card = page.locator(".compare-match:has(.compare-also)").first
    image = card.get_attribute("data-match")
    card.hover()
    linked = page.locator(".compare-linked")
    expect(linked).not_to_have_count(1)
    assert {one.get_attribute("data-match") for one in linked.all()} == {image}
    expect(page.locator(".compare-lines-strong path")).to_have_count(linked.count() - 1)
    places = json.loads(card.get_attribute("data-places"))
    for column in page.locator(".compare-column").all():
        place = places.get(column.get_attribute("data-column"))
        expect(column.locator(".compare-where")).to_have_text(f"No. {place} here" if place else "beyond 100")
    page.locator(".compare-share").last.hover()
    common = int(page.locator(".compare-share b").last.inner_text())
    expect(linked).to_have_count(2 * common)
    page.mouse.move(5, 400)
    expect(linked).to_have_count(0)

    picture = page.locator(".compare-picture").first
    picture.focus()
    expect(page.locator(".compare-linked").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    chosen = page.locator('[data-column="sift"] .compare-match').nth(1)
    expect(chosen.locator(".compare-picture")).to_be_focused()
    onward = chosen.get_attribute("data-match")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"image={onward}\b"))
    expect(page.locator(f".compare-subject img[src*='/thumb/{onward}']")).to_be_visible()
    page.get_by_title("Show 20 a column").click()
    expect(page.locator(".compare-match")).to_have_count(80)
    page.go_back()
    expect(page.locator(".compare-match")).to_have_count(40)
    page.go_back()
    expect(page).to_have_url(start)
    expect(page.locator(f".compare-subject img[src*='/thumb/{onward}']")).to_have_count(0)


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
    page.locator(".compare-match:has(.compare-picture:focus) .compare-picture").tap()
    expect(page).to_have_url(re.compile(rf"image={card.get_attribute('data-match')}\b|image=(?!7$)\d+"))
    context.close()


@pytest.mark.browser
def test_a_selection_on_one_map_shows_on_the_other(page: Page):
    page.goto("/compare")
    page.get_by_role("link", name="Two maps").click()
    page.locator("#compare-legend button").first.wait_for()  # plotly is loaded with the first map
    box = page.locator("#compare-graph-a").bounding_box()
    corners = [(0.02, 0.2), (0.98, 0.2), (0.98, 0.98), (0.02, 0.98), (0.02, 0.2)]
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*at[0])
    page.mouse.down()
    for x, y in at[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    expect(page.locator("#compare-picked h2")).to_contain_text("selected")
    selected = "side => Number(document.querySelector(`[data-side=${side}] .compare-veil`).dataset.count)"
    page.wait_for_function(f"() => ({selected})('b')")
    assert page.evaluate(selected, "a") == page.evaluate(selected, "b") > 5
    expect(page.locator(".compare-spreads").nth(1)).to_contain_text("Selected:")

    page.locator("#compare-picked button").first.hover()
    expect(page.locator(".compare-ring")).to_have_count(2)  # one on each map
    page.locator("#compare-picked button").first.click()
    expect(page).to_have_url(re.compile(r"view=maps.*image=\d+"))
    expect(page.locator(".compare-ring-pinned")).to_have_count(2)
    expect(page.locator("#compare-pinned figure")).to_be_visible()
    page.get_by_text("Labels", exact=True).click()
    entry = page.locator("#compare-legend button").nth(1)
    expect(entry).to_contain_text("10")
    entry.click()
    expect(page.locator("#compare-picked h2")).to_contain_text("10 images selected")
    expect(page).to_have_url(re.compile("color=label.*group=1"))
    page.reload()
    expect(page.locator("#compare-picked h2")).to_contain_text("10 images selected")
    assert page.evaluate(selected, "a") == page.evaluate(selected, "b") == 10
    page.keyboard.press("Escape")
    expect(page.locator("#compare-picked")).to_contain_text("Nothing is selected")
    expect(page).not_to_have_url(re.compile("group="))
    assert page.evaluate(selected, "b") == 0
    page.go_back()
    expect(page.locator("#compare-pinned figure")).to_have_count(0)


@pytest.mark.browser
def test_the_walk_through_disagreements(page: Page):
    page.goto("/compare?view=disagree&a=color&b=sift")
    place = page.locator("#compare-place")
    expect(place).to_contain_text("1 of ")
    page.locator("#compare-next").click()
    expect(place).to_contain_text("2 of ")
    page.keyboard.press("ArrowRight")
    expect(place).to_contain_text("3 of ")
    page.keyboard.press("ArrowLeft")
    expect(place).to_contain_text("2 of ")
    state = page.url
    assert re.search(r"image=\d+", state)
    page.reload()
    expect(place).to_contain_text("2 of ")
    page.get_by_text("Agree most", exact=True).click()
    expect(page).to_have_url(re.compile("order=most"))
    expect(place).to_contain_text("1 of ")
    page.locator("#compare-b").select_option(COMBINED)
    expect(page).to_have_url(re.compile(f"b={COMBINED}"))
    expect(page.locator(".compare-row").nth(1).locator("img")).to_have_count(10)
    page.locator("#compare-b").select_option("color")
    expect(page.get_by_role("alert").filter(has_text="two different")).to_be_visible()
    page.locator("#compare-b").select_option("efficientnet")
    strip = page.locator("#compare-strip button").nth(5)
    expect(strip).to_be_visible()
    strip.click()
    expect(place).to_contain_text("6 of ")
    page.locator(".compare-row a").first.click()
    expect(page.locator(".compare-column")).to_have_count(4)
    page.go_back()
    expect(place).to_contain_text("6 of ")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("where", "ready"), [
    ("?view=maps&image=3&color=label&group=1", "#compare-picked h2"),
    ("?view=disagree&a=sift", ".compare-row"),
])
def test_no_view_has_serious_accessibility_faults_or_overflows_a_phone(page: Page, where, ready, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"/compare{where}")
    page.locator(ready).first.wait_for()
    assert not faults(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

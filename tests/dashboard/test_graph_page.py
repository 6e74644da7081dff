"""The Graph page: what it shows for an address, and its main path in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.pages.graph import page as graph_page
from dashboard.pages.graph.data import Settings
from dashboard.reads import Reads, clusters
from pipeline.graph import layout as graph_layout
from pipeline.library import Library, notes
from tests.dashboard.accessibility import faults_of_all
from tests.dashboard.test_browser import asks, hold
from tests.dashboard.trees import of_class, parts, text_of

CY = "document.getElementById('graph-canvas')._cyreg.cy"


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


def content(reads: Reads, start: dict, **settings):
    return graph_page.content(reads, start, Settings(**settings), 1.4)


def test_an_address_comes_back_as_it_was_and_nonsense_becomes_the_default():
    names = ("color", "sift")
    chosen = Settings("sift", 7, 0.35, 200, True)
    given = {name: str(value) for name, value in chosen.params().items()}
    assert given == {"by": "sift", "k": "7", "least": "0.35", "nodes": "200", "mutual": "1"}
    assert Settings.of(given, names) == chosen
    assert not any(Settings().params().values())
    odd = {"by": "odd", "k": "-3", "least": "nan", "nodes": "7", "mutual": "yes"}
    assert Settings.of(odd, names) == Settings()
    assert Settings.of({"k": "999", "least": "7"}, names) == Settings(k=12, least=0.95)
    for params, start in (
        ({"image": "3", "cluster_of": "2"}, {"image": 3}),
        ({"cluster_of": "2", "map": "color"}, {"cluster_of": 2, "map": "color"}),
        ({"cluster": "2", "map": "color"}, None),
        ({"collection": "Best of"}, {"collection": "Best of"}),
        ({"image": "9" * 30}, None),
        ({}, None),
    ):
        assert graph_page.start_from(params) == start


def test_the_drawing_is_the_graph_with_pictures_in_their_proportions(reads):
    elements, facts, side, note, instead = content(reads, {"image": 5}, count=20, k=12)
    nodes = [e for e in elements if "source" not in e["data"]]
    edges = [e["data"] for e in elements if "source" in e["data"]]
    ids = {int(node["data"]["id"]) for node in nodes}
    assert facts["count"] == len(nodes) == 20 and facts["center"] == 5 in ids and instead is None
    for node in nodes:
        row = reads.image(int(node["data"]["id"]))
        assert node["data"]["w"] / node["data"]["h"] == pytest.approx(row.width / row.height, rel=0.02)
    assert {int(e[end]) for e in edges for end in ("source", "target")} <= ids
    by_similarity = sorted(edges, key=lambda e: float(e["text"]))
    assert [e["width"] for e in by_similarity] == pytest.approx(sorted(e["width"] for e in edges), abs=0.3)
    listed = [int(getattr(button, "data-image")) for button in of_class(side, "graph-node")]
    assert sorted(listed) == sorted(ids), "the list holds every image once"
    assert f"{len(edges)} links" in note
    low, high = facts["span"]
    similar = [float(edge["text"]) for edge in edges]
    assert min(similar) - 0.02 < low <= min(similar) and max(similar) <= high < max(similar) + 0.02
    assert content(reads, {"image": 5}, count=20, k=12, least=round(high - 0.01, 2))[1]["span"] == (low, high), "of all links there are"


def test_communities_are_called_by_what_is_in_them_and_can_be_kept(reads):
    _, _, side, *_ = content(reads, {"image": 5}, count=60, k=3)
    sections = of_class(side, "graph-community")
    titles = [text_of(of_class(one, "graph-name")) for one in sections]
    assert len(sections) > 1 and len(set(titles)) == len(titles)
    for section, title in zip(sections, titles):
        (keep,) = of_class(section, "graph-keep")
        ids = [int(getattr(button, "data-image")) for button in of_class(section, "graph-node")]
        assert getattr(keep, "data-keep") == ",".join(map(str, ids)) and getattr(keep, "data-called") == title
        labels = [reads.image(one).label for one in ids]
        most = max(sorted(set(labels)), key=labels.count)
        if labels.count(most) * 2 > len(labels):
            share = f"{labels.count(most) / len(labels):.0%}"
            assert title.partition(" · ")[0] == most and text_of(of_class(section, "graph-said")) == share
    visitor = Reads(reads.library, rights=("read",))
    assert not of_class(content(visitor, {"image": 5}, count=60, k=3)[2], "graph-keep")


def test_a_cluster_and_a_collection_are_sampled_and_told(library):
    reads = Reads(library)
    notes.collect(library, "Every <b>second</b>", range(1, 61, 2))
    _, facts, side, note, _ = content(reads, {"collection": "Every <b>second</b>"}, count=20)
    assert facts["count"] == 20 and note.startswith("20 of 30 shown")
    assert "Every <b>second</b>" in text_of(side)
    name = reads.map_names()[0]
    chosen = reads.map(name)
    elements, *_ = content(reads, {"cluster_of": clusters.stands_for(reads.map(name), 0), "map": name}, count=400)
    shown = {int(e["data"]["id"]) for e in elements if "source" not in e["data"]}
    assert shown == set(chosen.ids[chosen.cluster == 0].tolist())


def test_a_link_to_a_cluster_still_leads_to_its_images_when_the_clusters_are_numbered_anew(reads):
    made = reads.map("combined")
    turned = replace(
        made, cluster=np.where(made.cluster < 0, -1, made.clusters - 1 - made.cluster),
        exemplars=made.exemplars[::-1],
    )
    for number in range(made.clusters):
        found = clusters.around(turned, clusters.stands_for(made, number))
        assert found == made.clusters - 1 - number
        assert set(turned.ids[turned.cluster == found]) == set(made.ids[made.cluster == number])
    noise = made.ids[made.cluster < 0]
    assert all(clusters.around(made, int(image)) is None for image in [*noise, 0, 10**9])


def test_what_cannot_be_drawn_is_said_with_a_way_out(library):
    reads = Reads(library)
    for start in ({"image": 99_999}, {"collection": "nothing"}, {"cluster_of": 99_999, "map": "combined"},
                  {"cluster_of": 3, "map": "nowhere"}):
        elements, facts, *_, instead = content(reads, start)
        assert elements == [] and facts["count"] == 0
        assert any(getattr(part, "href", None) == "/graph" for part in parts(instead))
    *_, instead = content(reads, {"image": 5}, least=0.95)
    assert "Lower" in text_of(instead)
    notes.collect(library, "Empty", [1])
    notes.uncollect(library, "Empty", [1])
    *_, instead = content(reads, {"collection": "Empty"})
    assert "No images" in text_of(instead)


def test_without_links_every_image_of_a_set_stays(reads):
    name = reads.map_names()[0]
    _, facts, side, _, advice = content(reads, {"cluster_of": clusters.stands_for(reads.map(name), 0), "map": name}, least=0.95, count=400)
    size = int((reads.map(name).cluster == 0).sum())
    assert facts["count"] == size
    assert "Lower" in text_of(advice) or facts["links"]
    assert "Without links" in text_of(side)


def test_start_page_leads_to_images_clusters_and_collections(library):
    notes.collect(library, "Mine", [1, 2, 3])
    reads = Reads(library)
    links = [getattr(part, "href", None) or "" for part in parts(graph_page.layout(reads, {}))]
    assert sum("image=" in link for link in links) >= 6
    assert sum("cluster_of=" in link for link in links) == reads.map(reads.map_names()[0]).clusters
    assert "/graph?collection=Mine" in links


# In a browser


def drawn(page: Page, center: str | None = None) -> int:
    """Wait until the images of the list stand in their places, around one of them; their number."""
    page.wait_for_function(
        "center => document.querySelector('#graph-drawing[aria-busy=false]') && "
        f"{CY}.nodes().length > 0 && "
        f"{CY}.nodes().length === document.querySelectorAll('.graph-node').length && "
        f"(center === null || {CY}.nodes('.center').id() === center)",
        arg=center,
    )
    return page.evaluate(f"{CY}.nodes().length")


def overlapping(page: Page) -> int:
    """Pairs of pictures that lie on each other."""
    boxes = np.array(page.evaluate(
        f"{CY}.nodes().map(n => [n.position('x'), n.position('y'), n.data('w') / 2, n.data('h') / 2])"
    ))
    return len(graph_layout.overlaps(boxes[:, :2], boxes[:, 2:])[0])


def spot(page: Page, image: str) -> tuple[float, float]:
    """Where an image stands in the window."""
    at = page.evaluate(f"i => {CY}.getElementById(i).renderedPosition()", image)
    box = page.locator("#graph-drawing").bounding_box()
    return box["x"] + at["x"], box["y"] + at["y"]


@pytest.mark.browser
def test_click_centers_back_returns_sliders_change_links_and_double_click_searches(page: Page):
    page.goto("/graph")
    page.locator(".graph-begin .justified a").nth(2).click()
    expect(page).to_have_url(re.compile(r"/graph\?image=\d+$"))
    assert drawn(page) > 4
    first = page.url

    center, *others = page.evaluate(
        f"[{CY}.nodes('.center').id(), ...{CY}.nodes('.center').neighborhood('node').map(n => n.id())]"
    )
    page.mouse.move(*spot(page, others[0]))
    expect(page.locator("#graph-tip")).to_contain_text("Similarity to the center")
    assert page.evaluate(f"{CY}.edges('.lit').length") == page.evaluate(
        f"{CY}.getElementById('{others[0]}').degree()"
    )
    page.mouse.click(*spot(page, others[0]))
    expect(page).to_have_url(re.compile(rf"image={others[0]}$"))
    drawn(page, others[0])
    assert overlapping(page) == 0, "an image was stopped on its way"

    before = page.evaluate(f"{CY}.edges().length")
    page.locator("#graph-k").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("k=2"))
    drawn(page, others[0])
    assert page.evaluate(f"{CY}.edges().length") < before
    page.reload()
    drawn(page, others[0])
    expect(page.locator("#graph-k")).to_have_value("2")

    page.go_back()
    expect(page).to_have_url(first)
    drawn(page, center)
    page.mouse.move(*spot(page, others[0]))
    expect(page.locator("#graph-tip")).to_contain_text("Similarity to the center")
    page.mouse.dblclick(*spot(page, others[0]))
    expect(page).to_have_url(re.compile(rf"/search\?image={others[0]}$"))
    expect(page.locator("#search-gallery .match").first).to_be_visible()
    page.go_back()
    expect(page).to_have_url(first)


@pytest.mark.browser
def test_the_list_lights_up_images_hides_communities_and_centers(page: Page):
    page.goto("/graph")
    link = page.locator("a[href*='cluster_of=']").first
    page.goto(link.get_attribute("href") + "&least=0.3")
    drawn(page)
    button = page.locator(".graph-node").nth(1)
    image = button.get_attribute("data-image")
    button.focus()
    expect(page.locator("#graph-tip")).to_have_class(re.compile("is-shown"))
    assert page.evaluate(f"{CY}.nodes('.lit').map(n => n.id())") == [image]
    toggle = page.locator(".graph-toggle").first
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "false")
    size = int(toggle.locator(".graph-number").inner_text())
    hidden = f"count => {CY}.nodes(':hidden').length === count"  # with the next frame
    page.wait_for_function(hidden, arg=size)
    toggle.click()
    page.wait_for_function(hidden, arg=0)
    button.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"\?image={image}&least=0.3$"))
    drawn(page, image)

    slider = page.locator("#graph-least")  # it goes over the similarities that there are
    page.wait_for_function("() => Number(document.getElementById('graph-least').min) > 0")
    every = page.evaluate(f"{CY}.edges().length")
    slider.focus()
    page.keyboard.press("End")
    page.wait_for_function(f"every => {CY}.edges().length < every", arg=every)
    expect(page).not_to_have_url(re.compile("least=0.3$"))
    page.keyboard.press("Home")
    expect(page).to_have_url(re.compile(rf"\?image={image}$"))
    expect(page.locator("#graph-least-figure")).to_have_text("all")
    page.wait_for_function(f"every => {CY}.edges().length === every", arg=every)


@pytest.mark.browser
def test_a_drawing_that_comes_late_changes_no_other_page(page: Page):
    page.goto("/graph?image=3")
    drawn(page, "3")
    held = hold(page, "graph-canvas.elements")
    with page.expect_request(asks("graph-canvas.elements")):
        page.locator(".graph-node").nth(3).click()
    page.get_by_role("link", name="Choose another start").click()
    expect(page.locator(".graph-begin .justified a").first).to_be_visible()
    with page.expect_response(asks("graph-canvas.elements")):
        held[0].continue_()
    page.wait_for_timeout(300)
    expect(page).to_have_url(re.compile("/graph$"))
    page.locator(".graph-begin .justified a").first.click()
    drawn(page)
    page.locator(".graph-node").nth(3).click()
    page.get_by_role("link", name="Choose another start").click()  # before it can be a double click
    expect(page.locator(".graph-begin .justified a").first).to_be_visible()
    page.wait_for_timeout(300)
    expect(page).to_have_url(re.compile("/graph$"))


@pytest.mark.browser
def test_no_serious_accessibility_faults_and_no_overflow_on_a_phone(page: Page):
    """Where a graph is drawn, and where there is none to draw; the start is visited with all other pages."""
    page.goto("/graph?collection=none")
    page.wait_for_selector("#page h2")
    assert not faults_of_all(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/graph?image=3")
    drawn(page, "3")
    assert not faults_of_all(page)
    page.wait_for_function(  # all of it comes in sight again
        f"() => {{ const box = {CY}.nodes().renderedBoundingBox(); "
        "return box.x1 >= 0 && box.y1 >= 0 && box.x2 <= 390; }"
    )

"""Inside the index: what the page is told, and what one does on it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.app import create_app
from dashboard.pages.inside import told
from dashboard.reads import Reads
from dashboard.uploads.edit import EditedPictures
from pipeline import maps
from pipeline.library import Library
from pipeline.reasons.inside import look
from pipeline.search import Query
from tests.dashboard.accessibility import faults, faults_of_all


def test_what_is_told_is_the_search_and_lies_where_the_map_has_it(made_library):
    reads = Reads(Library(made_library))
    said = told.told(reads, EditedPictures(reads), {"image": "3", "map": "color", "effort": "32"}, {})
    shown, walk = maps.load(reads.library, "color"), said["walk"]
    at = np.searchsorted(shown.ids, walk["ids"])
    assert (shown.ids[at] == walk["ids"]).all() and said["map"] == "color" and 3 in walk["ids"]
    assert np.allclose(np.stack([walk["x"], walk["y"]], axis=1), shown.xy[at], atol=1e-3)
    found = [one["id"] for one in said["found"]]
    assert 3 not in found and len(found) == told.FOUND
    assert [walk["ids"][one["at"]] for one in said["found"]] == found
    scores = [one["score"] for one in said["found"]]
    assert scores == sorted(scores, reverse=True)
    by_query = Query.around(3, top_k=told.FOUND, exact=True)
    assert scores == [round(one.score, 3) for one in reads.search(by_query).matches]  # of so few nothing is missed
    weights = {one["title"]: one["share"] for one in said["weights"]}
    assert sum(weights.values()) == pytest.approx(1, abs=2e-3) and not said["missed"]
    seen = look(reads.searcher, Query.around(3, top_k=told.FOUND), 32)
    order = seen.ids[seen.candidates].tolist()
    assert [one["place"] for one in said["found"]] == [1 + order.index(one) for one in found] and said["ranked"] == len(order)
    layers = sum(layer["computed"] for layer in walk["layers"])
    assert said["computed"] == layers + walk["count"] and said["size"] == 59 and walk["steps"] == len(walk["order"])


def test_the_route_answers_nonsense_with_a_sentence(made_library):
    client = create_app(Library(made_library)).server.test_client()
    for search, body in (
        ("", {}), ("?image=99999", {}), ("?image=3&metric=hamming", {}), ("?upload=ab", {"uploads": 3, "names": []}),
        ("?image=3&effort=99999999&map=nowhere", {}), ("?image=3&effort=-1&color=0&sift=nan", {}),
    ):
        answer = client.post(f"/inside/told{search}", json=body)
        assert answer.status_code == 200
        assert isinstance(answer.json.get("error"), str) or answer.json["found"]


@pytest.mark.browser
def test_from_a_search_to_how_it_was_found_and_back(page: Page):
    """The figures, the way to a match, the steps one by one, another effort and map; a phone holds it."""
    page.goto("/search?image=3")
    expect(page.locator("#search-gallery a.picture").first).to_be_visible()
    page.get_by_role("link", name="How it was found").click()
    expect(page).to_have_url(re.compile(r"/inside\?image=3"))
    sheet = page.locator("#inside-sheet")
    expect(sheet).to_have_attribute("data-map", "combined")
    compared, size = (int(one.replace(",", "")) for one in page.locator(".inside-figure .num").all_text_contents()[:2])
    assert 0 < compared and size == 59
    steps = page.locator("#inside-step")
    last = int(steps.get_attribute("max"))
    expect(page.locator("#inside-when")).to_contain_text(f"{last} of {last} steps")
    page.locator("[data-match='4']").click()
    expect(page.locator("[data-match='4']")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#inside-said")).to_contain_text(re.compile("Met at step|came down"))
    assert int(sheet.get_attribute("data-row")) >= 0
    steps.fill("1")
    expect(sheet).to_have_attribute("data-step", "1")
    page.locator("#inside-play").click()
    expect(sheet).to_have_attribute("data-step", str(last))
    page.get_by_role("button", name="32", exact=True).click()
    expect(page).to_have_url(re.compile("effort=32"))
    expect(page.locator("[data-effort='32']")).to_have_attribute("aria-pressed", "true")
    page.locator("#inside-map").select_option("color")
    expect(sheet).to_have_attribute("data-map", "color")
    inked = "() => { const c = document.getElementById('inside-under'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; " \
        "let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }"
    page.wait_for_function(f"() => ({inked})() > 200")
    assert not faults(page, "#inside")
    assert not faults_of_all(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("h1").click()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/search\?image=3"))

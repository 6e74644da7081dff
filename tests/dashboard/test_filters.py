"""Filters on Map and Search: what the panel is told, what an address restores, and the main way through it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.pages.search.query import Settings
from dashboard.reads import Reads, facets
from pipeline.errors import QueryError
from pipeline.library import notes
from tests.dashboard.on_map import drawn


def test_the_panel_is_told_what_there_is_and_which_images_pass(library):
    reads = Reads(library)
    notes.tag(library, [3, 4, 50], "good")
    client = create_app(library).server.test_client()
    told = client.get("/facets", query_string={"where": "Tag=good", "open": "label"}).get_json()
    assert told["where"] == "Tag=good" and told["conditions"] == [{"column": "tag", "values": ["good"]}]
    assert told["passing"] == 3 and told["total"] == 60 and {"label", "tag"} == set(told["facets"])
    names = [one["name"] for one in told["columns"]]
    assert names.index("label") < names.index("color") < names.index("size") and "root" not in names and "camera" not in names
    bits = np.unpackbits(np.frombuffer(client.get("/facets/passing?where=tag=good").data, np.uint8), bitorder="little")
    assert np.flatnonzero(bits).tolist() == [3, 4, 50] and facets.spread(reads, "tag=good", 2) == [3, 50]
    wrong = client.get("/facets?where=tag=god")
    assert wrong.status_code == 404 and "the nearest are: good" in wrong.get_data(as_text=True)
    found = client.get("/facets", query_string={"open": "label", "find": "label:" + next(iter(library.labels()))[:3]}).get_json()
    assert 1 <= len(found["facets"]["label"]["values"]) < len(library.labels())


def test_visitors_learn_nothing_of_the_folders(library, tmp_path):
    library.add_root(str(tmp_path / "secret"))
    visitor = Reads(library, rights={"read"})
    assert "root" not in [one.name for one in facets.offered(visitor)]
    with pytest.raises(QueryError, match="no column “ROOT”$|no column “ROOT”.$"):
        facets.asked(visitor, "ROOT=x")
    assert "root" in [one.name for one in facets.offered(Reads(library, None, {"read", "run"}))]
    client = create_app(library, access=Access()).server.test_client()
    assert str(tmp_path) not in json.dumps(client.get("/facets?open=all").get_json())


@pytest.mark.parametrize("given, where", [
    ({"where": "size>=1MB;tag=a"}, "size>=1MB;tag=a"),
    ({"label": "a,b\\,c", "in": "Best"}, "label=a,b\\,c;collection=Best"),
    ({}, ""),
])  # fmt: skip
def test_addresses_of_today_and_of_before_name_conditions(given, where):
    settings = Settings.of(given, ("color",))
    assert settings.where == where and settings.params()["where"] == (where or None)


@pytest.mark.browser
def test_filters_are_chosen_brushed_carried_over_and_cleared(library, serving, browser):
    rng = np.random.default_rng(0)
    for image in range(1, 61):
        library.db.execute("UPDATE images SET mtime = ?, size = ? WHERE id = ?",
                           [float(rng.uniform(1.2e9, 1.6e9)), int(10 ** rng.uniform(4, 7)), image])
    labels = list(library.labels())
    context = browser.new_context(base_url=serving(library), viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    tab.goto("/search?image=5")
    panel = tab.locator("#facets")
    expect(panel).to_be_visible()
    shown = lambda: tab.evaluate("(likeness.search.state.shown || {ids: []}).ids")  # noqa: E731
    row = lambda name: panel.locator(f"[data-facet=label] li[data-value='{name}']")  # noqa: E731
    # A value: the matches and the other counts follow, its own do not.
    before = {one: row(one).locator(".facet-count").text_content() for one in labels[:2]}
    row(labels[0]).locator("input").check()
    expect(tab).to_have_url(re.compile("where=label"))
    expect(tab.locator("#facets-count")).to_have_text(f"{library.labels()[labels[0]]} of 60")
    assert {one: row(one).locator(".facet-count").text_content() for one in labels[:2]} == before
    allowed = {one.id for one in library.images() if one.label == labels[0]}
    tab.wait_for_function("ids => likeness.search.state.shown && likeness.search.state.shown.ids.every((id) => ids.includes(id))",
                          arg=sorted(allowed))
    # Dragging over the dates.
    bars = panel.locator("[data-facet=date] .bars")
    box = bars.bounding_box()
    tab.mouse.move(box["x"] + 2, box["y"] + 30)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30, steps=4)
    tab.mouse.up()
    expect(tab).to_have_url(re.compile("date"))
    expect(tab.locator("#facets-chips .facet-chip")).to_have_count(2)
    expect(tab.locator("#facets-count")).not_to_have_text(f"{library.labels()[labels[0]]} of 60")  # the server has counted
    count = tab.locator("#facets-count").inner_text()
    # The keyboard moves on by a bar; a reload and Back restore it all.
    tab.reload()
    expect(tab.locator("#facets-count")).to_have_text(count)
    expect(row(labels[0]).locator("input")).to_be_checked()
    bars.focus()
    tab.keyboard.press("Shift+ArrowRight")
    expect(tab.locator("#facets-chips")).to_contain_text("Date of the file")
    expect(tab.locator("[data-facet=date] [data-end=low]")).not_to_have_value("")
    # The same conditions on the map.
    where = tab.evaluate("likeness.facets.where")
    tab.evaluate("where => likeness.visit('/', '?' + new URLSearchParams({ where: where }))", where)
    expect(tab.locator("#map-stage[data-shown]")).to_be_visible()
    expect(tab.locator("#facets-chips .facet-chip")).to_have_count(2)
    tab.locator("#facets-open").click()
    expect(panel.locator("[data-facet=label]")).to_be_visible()
    tab.locator("#facets-chips .chip-drop").first.click()
    expect(tab).not_to_have_url(re.compile("label"))
    panel.locator("[data-facets=clear]").click()
    tab.wait_for_function("!location.search.includes('where')")
    expect(tab.locator("#facets-chips .facet-chip")).to_have_count(0)
    # What there is not is one sentence.
    tab.goto("/search?image=5&where=label=nowhere")
    expect(tab.locator("#facets .error-note")).to_contain_text("There is no label “nowhere”")
    assert not [one for one in errors if "404" not in one], errors
    assert not shown() or all(shown())
    context.close()


@pytest.mark.browser
def test_points_of_the_map_follow_what_they_are_filtered_by(page_at, serving, library):
    notes.tag(library, [3, 4, 50], "good")
    page = page_at(serving(library))
    page.goto("/?where=tag%3Dgood")
    drawn(page)
    passing = "[...likeness.mapPage.map.ids].filter(likeness.mapPage.engine.passes).sort((a, b) => a - b).join()"
    page.wait_for_function(f"{passing} === '3,4,50'")
    page.evaluate("likeness.act('untag', { name: 'good', ids: [4] })")
    page.wait_for_function(f"{passing} === '3,50'")

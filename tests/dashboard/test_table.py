"""The Table page: rows, order, file, and the way through it in a browser."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import threading
from collections import OrderedDict

import pytest
from playwright.sync_api import expect

from dashboard.app import create_app
from dashboard.reads import Reads, id_list
from dashboard.reads import table as table_reads
from pipeline import columns
from pipeline.library import Library, notes
from pipeline.pictures.metadata import Metadata


@pytest.fixture
def described(library) -> Library:
    """The library with sizes, tags, dates taken of some, and a name that is a formula."""
    chance = random.Random(4)
    for image in range(1, 61):
        library.db.execute("UPDATE images SET size = ? WHERE id = ?", [chance.randint(1, 30) * 1000, image])
    library.facts.store((image, Metadata(taken=f"20{image + 10}-01-02T03:04:05", camera="=Camera()")) for image in range(1, 21))
    notes.tag(library, [3, 4, 50], "b")
    notes.tag(library, [4], "a")
    return library


def rows(client, **asked) -> tuple[list[int], int]:
    answer = client.post("/table/rows", json={"start": 0, "count": 100, **asked}).get_json()
    return [row["id"] for row in answer["rows"]], answer["count"]


def test_who_asks_for_rows_that_others_push_out_of_memory_gets_them(described):
    reads, orders = Reads(described), [[(name, "asc")] for name in ("size", "file", "label", "taken", "tag", "camera")]
    rows = table_reads.chosen(reads, {}, "", orders[0])[1].tolist()
    others = threading.Thread(target=lambda: [table_reads.chosen(reads, {}, "", order) for order in orders[1:]])

    class Watched(OrderedDict):
        def __contains__(self, key: object) -> bool:
            found = super().__contains__(key)
            if found and others.ident is None:
                others.start()
                others.join(0.5)
            return found

    table = columns.of(described).now()
    table_reads._ORDERS[table] = Watched(table_reads._ORDERS[table])
    assert table_reads.chosen(reads, {}, "", orders[0])[1].tolist() == rows
    others.join()
    assert len(table_reads._ORDERS[table]) <= 4


def test_rows_come_filtered_and_in_order_and_those_without_a_value_last(described):
    client = create_app(described).server.test_client()
    size = {row.id: row.size for row in described.images()}
    every = sorted(size)
    assert rows(client) == (every, 60)
    assert rows(client, sort=[["size", "asc"]])[0] == sorted(every, key=lambda i: (size[i], i))
    assert rows(client, sort=[["size", "desc"]])[0] == sorted(every, key=lambda i: (-size[i], i))
    assert rows(client, sort=[["taken", "desc"]])[0] == [*range(20, 0, -1), *range(21, 61)]
    assert rows(client, sort=[["tag", "asc"], ["size", "desc"]])[0][:3] == [4, *sorted([3, 50], key=lambda i: -size[i])]
    assert rows(client, set={"tag": "b"}, where="taken>=2010")[0] == [3, 4]
    assert rows(client, set={"images": "9,2,x,9,70000"})[0] == [9, 2]
    assert rows(client, set={"these": id_list.pack([7, 5])})[0] == [5, 7]
    assert rows(client, start=58, count=5)[0] == [59, 60]
    assert client.post("/table/place", json={"sort": [["size", "desc"]], "id": 9}).get_json()["place"] == sorted(
        every, key=lambda i: (-size[i], i)).index(9)
    shown = client.post("/table/rows", json={"start": 3, "count": 1}).get_json()["rows"][0]
    assert shown["tag"] == "a, b" and shown["taken"] == "2014-01-02 03:04" and shown["size"].endswith("kB")
    for wrong in ({"set": {"collection": "none"}}, {"where": "size"}, {"where": "tag=zzz"}):
        assert client.post("/table/rows", json=wrong).status_code == 404
    for nonsense in (None, [], {"sort": [["a"], 5, ["size", 7]], "start": -1, "count": "x", "set": []}):
        assert client.post("/table/rows", json=nonsense).get_json() == {"rows": [], "count": 60}


def test_the_file_is_the_table_as_it_stands_and_holds_no_formula(described):
    client = create_app(described).server.test_client()
    answer = client.post("/table/csv", data={
        "set": json.dumps({"tag": "b"}), "sort": json.dumps([["size", "desc"]]), "columns": json.dumps(["tag", "camera", "taken", "size"])})
    found = list(csv.reader(io.StringIO(answer.get_data(as_text=True))))
    assert found[0] == ["id", "Tag", "Camera", "Taken", "Size of the file"]
    by_id = {row[0]: row[1:] for row in found[1:]}
    assert by_id["4"][:3] == ["a; b", "'=Camera()", "2014-01-02 03:04:05"] and by_id["50"][1] == ""
    sizes = [float(row[4]) for row in found[1:]]
    assert sizes == sorted(sizes, reverse=True) and len(found) == 4
    assert client.post("/table/csv", data={"where": "tag=zzz", "check": "1"}).status_code == 404
    assert client.post("/table/csv", data={"check": "1"}).status_code == 204


@pytest.mark.browser
def test_the_table_is_sorted_narrowed_chosen_from_and_linked_with_the_map(described, serving, browser):
    context = browser.new_context(base_url=serving(described), viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    # What the driver of a graphics card that is not there says of its speed is not the page's.
    tab.on("console", lambda line: errors.append(line.text)
           if line.type in ("error", "warning") and "GPU stall" not in line.text else None)
    tab.goto("/search?image=5")
    expect(tab.locator("#facets")).to_be_visible()
    assert not tab.evaluate("Boolean(window.dash_ag_grid)")  # the grid's script comes with the page that has it
    tab.goto("/table?sort=size:desc")
    largest = max(described.images(), key=lambda one: (one.size, -one.id)).id
    expect(tab.locator(f"#table-grid .ag-row[row-id='{largest}'][row-index='0']").first).to_be_visible()
    expect(tab.locator("#table-count")).to_have_text("60 images")
    tab.locator("#table-grid .ag-header-cell[col-id=taken]").click()
    expect(tab).to_have_url(re.compile("sort=taken%3Aasc"))
    expect(tab.locator("#table-grid .ag-row[row-id='1'][row-index='0']").first).to_be_visible()
    # Where one was in the rows is found again, by Back and by a reload.
    lead = tab.locator("#table-grid .ag-body-viewport")
    lead.evaluate("box => box.scrollTo(0, 30 * 52)")
    tab.wait_for_function("JSON.parse(sessionStorage['likeness-places'] || '{}')[location.pathname + location.search]?.row === 30")
    tab.locator("#table-grid .ag-row[row-index='33'] [col-id=picture]").first.click()
    expect(tab.locator(".detail-picture")).to_be_visible()
    tab.go_back()
    there = "Math.round((document.querySelector('#table-grid .ag-body-viewport')?.scrollTop || 0) / 52) === 30"
    tab.wait_for_function(there)
    tab.reload()
    tab.wait_for_function(there)
    # Columns are chosen, filters narrow, and a reload brings it all back.
    tab.locator(".table-menu summary").click()
    tab.locator("[data-column=camera]").click()
    tab.locator("[data-column=shape]").click()
    expect(tab.locator("#table-grid .ag-header-cell[col-id=shape]")).to_be_visible()
    tab.locator(".table-menu summary").click()
    tab.locator("#facets-open").click()
    tab.locator("[data-facet=tag] li[data-value=b] input").check()
    expect(tab.locator("#table-count")).to_have_text("3 images")
    tab.reload()
    expect(tab.locator("#table-count")).to_have_text("3 images")
    expect(tab.locator("#table-grid .ag-header-cell[col-id=shape]")).to_be_visible()
    expect(tab.locator("#table-grid .ag-header-cell[col-id=camera]")).to_have_count(0)
    # Rows and points show each other.
    tab.wait_for_function("document.querySelector('#table-graph').dataset.shown")
    tab.locator("#table-grid .ag-row[row-id='50'] [col-id=file]").hover()
    expect(tab.locator("#table-graph .map-pointer")).to_be_visible()
    # What is ticked is taken along.
    tab.locator("#table-grid .ag-row[row-id='4'] input[type=checkbox]").first.check()
    tab.locator("#table-grid .ag-row[row-id='50'] input[type=checkbox]").first.check()
    expect(tab.locator(".chosen-count")).to_have_text("2 chosen")
    with tab.expect_download() as download:
        tab.locator("[data-does=csv]").click()
    assert len(list(csv.reader(open(download.value.path())))) == 4
    tab.locator(".chosen-bar [data-chosen=tag]").click()
    tab.get_by_label("Name of a tag").fill("ticked")
    tab.keyboard.press("Enter")
    expect(tab.locator("#table-grid .ag-row[row-id='50'] [col-id=tag]")).to_contain_text("ticked")
    assert notes.tagged(described, "ticked") == [4, 50]
    expect(tab.locator(".chosen-count")).to_have_text("2 chosen")  # still
    expect(tab.locator("#table-graph")).to_have_attribute("data-bright", "2")
    tab.locator("#table-grid .ag-row[row-id='4'] [col-id=file]").click()
    tab.keyboard.press("Escape")
    expect(tab.locator(".chosen-bar")).to_have_count(0)
    expect(tab.locator("#table-grid input[type=checkbox]:checked")).to_have_count(0)
    expect(tab.locator("#table-graph")).to_have_attribute("data-bright", "0")
    tab.locator("#table-grid .ag-row[row-id='4'] input[type=checkbox]").first.check()
    tab.locator("#table-grid .ag-row[row-id='50'] input[type=checkbox]").first.check()
    tab.locator(".chosen-bar [data-chosen=search]").click()
    expect(tab).to_have_url(re.compile("images=4(%2C|,)50"))
    expect(tab.locator(".chosen-bar")).to_have_count(0)
    assert not errors, errors
    context.close()

"""Exports: the files as they lie on disk, awkward names and vanished files included."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import expect

from dashboard.reads import Reads
from dashboard.routes import collections as collection_export
from dashboard.routes import exports
from pipeline.export.cells import cell, cells, original
from pipeline import maps
from pipeline.extraction.scan import scan
from pipeline.facts import bring, drop
from pipeline.library import Library, notes
from pipeline.maps import COMBINED
from pipeline.pictures.metadata import Metadata

NAMES = (
    "a/shirt.jpg", "b/shirt.jpg", "c/Shirt.JPG", "a/shirt (2).jpg", "a/con.jpg", "a/what? a:name*.jpg",
    "b/Ünïcödé 写真.jpg", "b/line\nbreak.jpg", "c/=1+1, \"quoted\".jpg", "c/dots... .jpg",
)


def client_of(library: Library):
    server = Flask(__name__)
    exports.register(server, Reads(library))
    return server.test_client()


@pytest.fixture
def awkward(tmp_path) -> Library:
    """Small pictures of awkward names in three folders."""
    random = np.random.default_rng(0)
    for name in NAMES:
        file = tmp_path / "folder" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (40, 40, 3), np.uint8)).save(file, "JPEG")
    library = Library(tmp_path / "data", create=True)
    scan(library, tmp_path / "folder")
    return library


def ids_of(library: Library) -> dict[str, int]:
    return {row.path: row.id for row in library.images()}


def unpacked(answer) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_zip_holds_the_files_byte_by_byte_under_names_that_any_system_takes(awkward):
    notes.collect(awkward, "Für die Wand", ids_of(awkward).values())
    answer = client_of(awkward).get("/export/zip", query_string={"collection": "für die wand"})
    files = unpacked(answer)
    table = list(csv.DictReader(io.StringIO(files.pop(exports.TABLE).decode())))
    assert "Für die Wand" in files.pop(exports.COLLECTIONS).decode()
    root = next(iter(awkward.roots()))
    # The table leads from the name in the zip to the image, and so to the file it was.
    by_id = {image: name for name, image in ids_of(awkward).items()}
    assert {original(row["file"]): Path(root, by_id[int(row["id"])]).read_bytes() for row in table} == files
    assert {row["collections"] for row in table} == {"Für die Wand"}
    assert sorted(files.values()) == sorted(Path(root, name).read_bytes() for name in NAMES)
    assert len({name.casefold() for name in files}) == len(NAMES)
    for name in files:
        assert not set(name) & set('<>:"\\|?*\n') and not name.lower().split("/")[-1].startswith("con.")
    assert {"a/shirt.jpg", "b/shirt.jpg", "b/Ünïcödé 写真.jpg"} <= set(files)  # in their folders
    assert "filename*=UTF-8''f%C3%BCr%20die%20wand.zip" in answer.headers["Content-Disposition"]


def test_vanished_files_and_what_is_no_file_are_listed_and_the_rest_is_there(awkward):
    ids, root = ids_of(awkward), next(iter(awkward.roots()))
    os.remove(os.path.join(root, "a/shirt.jpg"))
    os.remove(os.path.join(root, "b/shirt.jpg"))
    os.mkfifo(os.path.join(root, "b/shirt.jpg"))  # to open it would take forever
    answer = client_of(awkward).post("/export/zip", data={"ids": ",".join(map(str, ids.values()))})
    files = unpacked(answer)
    listed = files.pop(exports.MISSING).decode().splitlines()
    assert len(files.pop(exports.TABLE).splitlines()) == 1 + len(files) == len(NAMES) - 1
    assert [line.split(":")[0] for line in sorted(listed)] == sorted(
        os.path.join(root, name) for name in ("a/shirt.jpg", "b/shirt.jpg")
    )


def test_a_zip_is_sent_as_it_is_made(awkward, monkeypatch):
    """The first bytes come before the last file has been opened."""
    monkeypatch.setattr(exports, "_CHUNK", 256)
    chosen = exports.choose(awkward, {"ids": ",".join(map(str, ids_of(awkward).values()))})
    parts = exports._zip(Reads(awkward), chosen)
    first = next(parts)
    for row in awkward.images()[1:]:
        os.remove(row.file)
    rest = list(parts)
    assert first and max(map(len, rest)) < 4_000
    with zipfile.ZipFile(io.BytesIO(first + b"".join(rest))) as archive:
        assert len(archive.namelist()) == 3  # a file, the table, what is missing


def test_collections_go_along_with_what_is_said_of_them(awkward):
    paths = {image: path for path, image in ids_of(awkward).items()}
    first, second, *_ = paths
    notes.collect(awkward, "Wall", [first, second])
    notes.describe_collection(awkward, "Wall", "=for the hall")
    notes.collect(awkward, "None yet", [])
    notes.collect(awkward, "Other", [second])
    awkward.mark(second, "missing")
    client = client_of(awkward)
    collection_export.register(client.application, awkward)
    (wall,) = [one for one in notes.collections(awkward) if one.name == "Wall"]
    said = {"name": "Wall", "description": "=for the hall", "created": wall.created}
    files = unpacked(client.get("/export/zip", query_string={"collection": "Wall"}))
    (row,) = csv.DictReader(io.StringIO(files[exports.COLLECTIONS].decode()))
    assert {key: original(text) for key, text in row.items()} == said
    assert client.get("/export/json", query_string={"collection": "Wall"}).json["collections"] == [said]
    # All of them, with their images, those that are missing as well.
    found = {one["name"]: one for one in client.get("/export/collections.json").json["collections"]}
    assert found["Wall"] == said | {"images": [{"id": one, "path": paths[one]} for one in (first, second)]}
    assert found.keys() == {"None yet", "Other", "Wall"} and found["None yet"]["images"] == []
    rows = list(csv.DictReader(io.StringIO(client.get("/export/collections.csv").text)))
    assert [(row["collection"], row["image_id"]) for row in rows] == [
        ("None yet", ""), ("Other", str(second)), ("Wall", str(first)), ("Wall", str(second))]
    assert rows[-1]["description"] == "'=for the hall"


def test_many_files_of_one_name_are_numbered():
    taken: dict[str, int] = {}
    names = [exports.unique("a/cover.jpg", taken) for _ in range(3_000)]
    assert names[:3] == ["a/cover.jpg", "a/cover (2).jpg", "a/cover (3).jpg"] and len(set(names)) == 3_000
    assert exports.unique("A/cover (3).jpg", taken) == "A/cover (3) (2).jpg"
    assert exports.unique("b/cover.jpg", taken) == "b/cover.jpg"
    assert exports.unique("con/../x/..", taken) == "_con/_/x/_"  # nothing leads out of the folder


def test_a_table_and_json_say_what_is_known_of_each_image(library):
    made = maps.load(library, COMBINED)
    ids = made.ids[::3].tolist()
    notes.tag(library, ids[:1], "wall")
    notes.collect(library, "third", ids)
    inside = int(np.flatnonzero(made.cluster == 0)[0])
    notes.name_cluster(library, COMBINED, made.exemplars[0].tolist(), "My cluster")
    client = client_of(library)
    asked = {"collection": "third", "map": COMBINED}
    table = list(csv.DictReader(io.StringIO(client.get("/export/csv", query_string=asked).text)))
    assert [int(row["id"]) for row in table] == ids
    rows = library.images_by_id(ids)
    for row in table:
        image = rows[int(row["id"])]
        assert (row["file"], row["label"]) == (str(image.file), image.label)
        assert (row["tags"], row["collections"]) == ("wall" if image.id == ids[0] else "", "third")
        number = int(made.cluster[np.searchsorted(made.ids, image.id)]) + 1
        assert row["cluster"] == (str(number) if number else "")
        assert (row["cluster_name"] == "My cluster") == (number == 1)
    one = {"ids": f"{made.ids[inside]},{ids[0]},999999,../x", "map": COMBINED}
    found = json.loads(client.post("/export/json", data=one).data)
    assert [image["id"] for image in found["images"]] == sorted({int(made.ids[inside]), ids[0]})
    assert {image["id"]: image["tags"] for image in found["images"]}[ids[0]] == ["wall"]
    tagged = json.loads(client.get("/export/json?tag=WALL").data)
    assert [image["id"] for image in tagged["images"]] == ids[:1] and "cluster" in tagged["images"][0]
    library.mark(ids[0], "missing")  # what is not in its folder now cannot be chosen
    left = json.loads(client.post("/export/json", data={"ids": f"{ids[0]},{ids[1]}"}).data)["images"]
    assert [image["id"] for image in left] == [ids[1]]


@pytest.mark.parametrize(
    "asked", ["", "ids=", "ids=/etc/passwd", "ids=999999999", "collection=nothing", "tag=nothing"]
)
def test_nothing_to_export_is_one_sentence(awkward, asked):
    answer = client_of(awkward).get(f"/export/zip?{asked}")
    assert answer.status_code == 404 and answer.mimetype == "text/plain" and answer.text.endswith(".")


def test_a_large_selection_is_taken(awkward):
    """More than the half megabyte that Flask takes of a form by itself."""
    ids = ",".join([*map(str, range(1, 120_000))])
    found = client_of(awkward).post("/export/json", data={"ids": ids, "map": "../images"})
    assert len(json.loads(found.data)["images"]) == len(NAMES)


def test_no_cell_of_a_table_is_a_formula_and_each_can_be_had_back(awkward):
    texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''-1", "'tis", "plain", "", "a=b", "\uff1d1", "1-2"]
    for text in texts:
        assert original(cell(text)) == text
        assert not re.match(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", cell(text))
    assert cells([-1, 2.5, None, "tis"]) == [-1, 2.5, None, "tis"]
    ids = list(ids_of(awkward).values())
    awkward.db.execute("UPDATE images SET label = '=HYPERLINK(1)'")
    notes.rate(awkward, {"image": "=cmd"}, ids[0], 1, 1, 0.5)
    client = client_of(awkward)
    rows = list(csv.DictReader(io.StringIO(client.post("/export/csv", data={"ids": ",".join(map(str, ids))}).text)))
    assert {row["label"] for row in rows} == {"'=HYPERLINK(1)"} and original(rows[0]["label"]) == "=HYPERLINK(1)"


def test_facts_are_columns_and_come_back_from_the_table(library, tmp_path):
    ids = [row.id for row in library.images()[:3]]
    library.facts.store([
        (ids[0], Metadata(prompt='a "red", fox\nin snow', iso=100.0, seed="18446744073709551615", keywords=("fox", "snow"))),
        (ids[1], Metadata(taken="2024-05-01T10:00:00"))])
    rows = library.images_by_id(ids)
    (tmp_path / "own.jsonl").write_text("".join(
        json.dumps({"path": str(rows[i].file), "price": i + 0.5, "=seen": ["a", "b"][: i % 2 + 1]}) + "\n" for i in ids))
    bring(library, tmp_path / "own.jsonl")
    before = {image: facts.values for image, facts in library.facts.of_images(ids).items()}
    client, asked = client_of(library), {"ids": ",".join(map(str, ids))}
    said = client.post("/export/csv", data=asked).text
    table = {int(row["id"]): row for row in csv.DictReader(io.StringIO(said))}
    assert list(table[ids[0]])[-7:] == ["taken", "iso", "prompt", "seed", "keyword", "own.price", "own.=seen"]
    assert table[ids[0]]["prompt"] == 'a "red", fox\nin snow' and table[ids[0]]["keyword"] == "fox; snow"
    assert table[ids[0]]["seed"] == "18446744073709551615" and table[ids[2]]["taken"] == ""
    entries = {one["id"]: one for one in json.loads(client.post("/export/json", data=asked).text)["images"]}
    assert entries[ids[0]]["keyword"] == ["fox", "snow"] and entries[ids[2]]["prompt"] is None
    assert entries[ids[1]]["own.price"] == ids[1] + 0.5 and {str(entries[i]["own.=seen"]) for i in ids} == {"a", "['a', 'b']"}
    drop(library, ["price"])
    (tmp_path / "export.csv").write_text(said)
    bring(library, tmp_path / "export.csv", only=["own.price"])
    assert {image: facts.values for image, facts in library.facts.of_images(ids).items()} == before


@pytest.mark.browser
def test_a_failed_export_is_told_and_leaves_the_page_as_it_is(page_at, serving, awkward):
    from pipeline.run import run

    run(awkward, next(iter(awkward.roots())), embeddings="color")
    notes.collect(awkward, "wall", list(ids_of(awkward).values())[:4])
    address = serving(awkward)
    page = page_at(address, told=["/export/json"])
    page.route("**/changes", lambda route: None)  # the page does not hear of it: else it would export the four images
    page.goto(f"{address}/?collection=wall")
    expect(page.locator("#selected-count")).to_have_text("4 images")
    notes.drop_collection(awkward, "wall")
    page.locator(".export > summary").click()
    page.get_by_role("button", name="JSON").click()
    expect(page.locator("#toast")).to_contain_text("There is no collection “wall”")
    assert page.url.startswith(f"{address}/?") and "collection=wall" in page.url
    expect(page.locator("#selected-count")).to_have_text("4 images")

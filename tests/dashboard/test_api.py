"""The HTTP API: every operation as its document says it, the library's own numbers, refusals, rights, a generated client."""

from __future__ import annotations

import importlib
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pyarrow as pa
import pytest
from openapi_spec_validator import validate
from playwright.sync_api import expect

from dashboard.access import Access
from dashboard.api.problems import KINDS, MIMETYPE
from dashboard.api.routes import OPERATIONS
from dashboard.app import create_app
from dashboard.reads import Reads, galleries
from pipeline import index as indexes
from pipeline import maps, outliers
from pipeline.embeddings import opened
from pipeline.errors import EmbeddingError
from pipeline.extraction import brought
from pipeline.index.milvus import collection
from pipeline.library import Library, notes
from pipeline.pictures import decoding
from pipeline.search import Filter, ImageEntry, Query, Searcher, VectorsEntry, WordsEntry
from tests.conftest import synthetic_library

LOCAL = Access.listening_on("127.0.0.1")
TOKEN = "kein Passwort"


@pytest.fixture(scope="module")
def shared(made_library) -> Library:
    return Library(made_library)


@pytest.fixture(scope="module")
def client(shared):
    """Of a library that no test changes."""
    return create_app(shared, access=LOCAL).server.test_client()


@pytest.fixture
def own(library):
    """Of a library to change at will."""
    notes.collect(library, "Favorites", [1, 2, 3])
    return create_app(library, access=LOCAL).server.test_client()


def operations(document: dict) -> list[tuple[str, str, dict]]:
    return [(path, method, told) for path, methods in document["paths"].items() for method, told in methods.items()]


def ask(client, document: dict, path: str, method: str, told: dict, pictures: Path):
    """What an operation answers when it is asked for as its document says, with the examples given there."""
    query = {}
    for one in told["parameters"]:
        if "example" not in one:
            assert not one["required"], (path, one["name"])
        elif one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", str(one["example"]))
        else:
            query[one["name"]] = one["example"]
    content = told.get("requestBody", {}).get("content", {})
    given = {}
    if "multipart/form-data" in content:
        given["data"] = {"image": next(pictures.rglob("*.jpg")).open("rb")}
    elif content:
        given["json"] = {"ids": [4]}
    return client.open(document["servers"][0]["url"] + path, method=method.upper(), query_string=query, **given)


def test_every_operation_answers_as_the_document_says(own, pictures):
    document = own.get("/api/openapi.json").json
    validate(document)
    names = [told["operationId"] for _, _, told in operations(document)]
    assert len(names) == len(set(names)) > 12
    # What is dropped comes last.
    for path, method, told in sorted(operations(document), key=lambda one: (one[1] == "delete", one[2]["operationId"] == "drop_collection")):
        answer = ask(own, document, path, method, told, pictures)
        assert answer.status_code == 200, (method, path, answer.text)
        promised = told["responses"]["200"]["content"]
        assert answer.mimetype in promised or (answer.mimetype.startswith("image/") and "image/*" in promised), path
        if answer.mimetype == "application/json":
            schema = {**promised["application/json"]["schema"], "components": document["components"]}
            jsonschema.Draft202012Validator(schema).validate(answer.json)


def test_no_embedding_can_have_the_name_of_what_stands_in_an_address(shared):
    """Weights stand there by the embeddings' names."""
    parameters = {name for one in OPERATIONS if one.weighs for name in one.takes.model_fields}
    assert {"words", "offset", "exact"} <= parameters
    for name in parameters:
        with pytest.raises(EmbeddingError, match="a meaning of its own"):
            brought.checked(shared, name)


def test_a_search_has_the_numbers_of_the_library_itself(shared, client):
    searcher = Searcher(shared)
    weights = {"color": 1.0, "sift": 0.25, "efficientnet": 0.0}
    ours = searcher.search(Query((ImageEntry(5), ImageEntry(9, minus=True)), weights, top_k=7, filter=Filter(exclude=(5, 9))))
    told = client.get("/api/search?images=5,-9&color=1&sift=0.25&count=7").json
    assert told["weights"] == weights
    assert [(one["id"], one["score"], one["parts"]) for one in told["matches"]] == [
        (one.id, one.score, one.parts) for one in ours.matches
    ]
    for match in told["matches"]:  # and they are those of a plain computation
        cosines = {}
        for name in ("color", "sift"):
            rows = {i: row for i, row in zip(*shared.vectors(name, [5, 9, match["id"]]))}
            query = rows[5] - rows[9] / 2
            cosines[name] = float(query @ rows[match["id"]] / np.linalg.norm(query))
        assert match["score"] == pytest.approx((cosines["color"] + 0.25 * cosines["sift"]) / 1.25, abs=1e-5)
    words = searcher.search(Query((WordsEntry("red"),), top_k=5))
    told = client.get("/api/search?words=red&count=5").json["matches"]
    assert [(one["id"], one["score"]) for one in told] == [(one.id, one.score) for one in words.matches]
    picture = io.BytesIO(shared.image(5).file.read_bytes())
    told = client.post("/api/search?images=-9&color=1&count=7", data={"image": (picture, "5.jpg")}).json["matches"]
    (seen,) = opened(shared, "color").extract([decoding.decode(shared.image(5).file.read_bytes())])
    beside = Query((VectorsEntry({"color": seen}), ImageEntry(9, minus=True)), {"color": 1.0}, top_k=7, filter=Filter(exclude=(9,)))
    ours = searcher.search(beside).matches
    assert [one["id"] for one in told] == [one.id for one in ours] and 5 in [one.id for one in ours]
    assert [one["score"] for one in told] == pytest.approx([one.score for one in ours], abs=2e-3)  # decoded smaller there
    told = client.get("/api/search?words=red&count=5").json["matches"]
    worth = client.get(f"/api/images/{told[3]['id']}/parts?words=red").json
    assert (worth["score"], worth["parts"]) == (told[3]["score"], told[3]["parts"])


def test_pages_lead_on_until_all_has_been_seen_once(shared, client):
    seen, address = [], "/api/neighbors?image=7&count=13"
    while address:
        page = client.get(address).json
        seen += [one["id"] for one in page["matches"]]
        address = page.get("next")
    assert sorted(seen) == sorted(row.id for row in shared.images() if row.id != 7)
    listed, address = [], "/api/images?count=25&by=name"
    while address:
        page = client.get(address).json
        listed += [one["id"] for one in page["images"]]
        address = page.get("next")
    lines = client.get("/api/images?form=lines&by=name").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == listed and len(listed) == page["count"] == 60
    label = shared.image(7).label
    some = client.get("/api/images", query_string={"form": "lines", "where": f"label={label}"}).text.splitlines()
    assert len(some) == 10 and {json.loads(line)["label"] for line in some} == {label}


def test_every_order_that_the_document_names_is_taken(shared, client):
    """Those of outliers by one embedding are of this library."""
    named = {one["name"]: one["schema"] for one in client.get("/api/openapi.json").json["paths"]["/images"]["get"]["parameters"]}["by"]
    kinds = [f"outliers:{one.title}" for one in outliers.kept(shared)]
    assert kinds and set(kinds) < set(named["enum"]) and named["default"] in named["enum"]
    reads = Reads(shared)
    ids = galleries.among(reads, None, {})
    for order in named["enum"]:
        lines = client.get("/api/images", query_string={"form": "lines", "by": order}).text.splitlines()
        assert [json.loads(line)["id"] for line in lines] == galleries.ordered(reads, ids, order).tolist(), order


@pytest.mark.parametrize("dim", [2, 3])
def test_a_map_is_the_saved_one_as_json_and_as_arrow(shared, client, dim):
    saved = maps.load(shared, "color")
    told = client.get(f"/api/maps/color?dim={dim}").json
    answer = client.get(f"/api/maps/color?dim={dim}", headers={"Accept": "application/vnd.apache.arrow.stream"})
    table = pa.ipc.open_stream(answer.data).read_all()
    places = saved.xyz if dim == 3 else saved.xy
    axes = "xyz"[:dim]
    assert table["id"].to_pylist() == [one["id"] for one in told["points"]] == saved.ids.tolist()
    assert np.array_equal(np.stack([table[axis] for axis in axes], 1), places)
    assert np.allclose([[one[axis] for axis in axes] for one in told["points"]], places, atol=1e-5)
    assert table["cluster"].to_pylist() == [one["cluster"] for one in told["points"]] == saved.cluster.tolist()
    head = json.loads(table.schema.metadata[b"likeness"])
    assert head["clusters"] == told["clusters"]
    assert [one["count"] for one in told["clusters"]] == np.bincount(saved.cluster[saved.cluster >= 0]).tolist()


def test_an_original_is_the_file_and_a_part_of_it_is_that_part(shared, client):
    file = shared.image(3).file.read_bytes()
    assert client.get("/api/images/3/original").data == file
    assert client.get("/api/images/3/original", headers={"Range": "bytes=10-19"}).data == file[10:20]


@pytest.mark.parametrize(
    "path, status, name, said",
    [
        ("/api/search", 400, "wrong-query", "at least one"),
        ("/api/search?imag=3", 400, "wrong-parameters", "imag: There is no such parameter; there are: "),
        ("/api/search?image=3&color=2", 400, "wrong-parameters", "from 0 to 1"),
        ("/api/search?image=3&color=nan", 400, "wrong-parameters", "color"),
        ("/api/search?image=3&color=0", 400, "wrong-query", "All weights are 0"),
        ("/api/search?images=3,x", 400, "wrong-parameters", "images: 'x'"),
        ("/api/search?image=3&image=4", 400, "wrong-parameters", "Give it once"),
        ("/api/search?image=3&count=501", 400, "wrong-parameters", "count"),
        ("/api/search?image=3&where=nothing%3D1", 400, "wrong-query", "There is no column"),
        ("/api/search?words=red&metric=manhattan", 400, "wrong-query", "cosine"),
        ("/api/images/3/parts?image=5&where=size%3C1", 400, "wrong-query", "does not meet the conditions"),
        ("/api/neighbors?image=99999999999999999999", 400, "wrong-parameters", "image"),
        ("/api/neighbors?image=4000", 404, "not-there", "There is no image 4000."),
        ("/api/images?by=outliers:Nothing", 400, "wrong-parameters", "by: There is no such value; there are: given, "),
        ("/api/images/nine", 400, "wrong-parameters", "id"),
        ("/api/maps/..%2F..%2Fimages", 404, "not-there", ""),
        ("/api/maps/nothing", 404, "not-there", "There is no map"),
        ("/api/collections/nothing", 404, "not-there", "There is no collection"),
        ("/api/nothing", 404, "not-there", "no operation"),
    ],
)
def test_a_refusal_is_a_problem_that_says_what_is_wrong(client, path, status, name, said):
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (status, MIMETYPE), answer.text
    told = answer.json
    assert told["status"] == status and told["type"] == f"/api#{name}" and said in told["detail"]
    assert bool(told.get("errors")) == (name == "wrong-parameters")
    assert f'id="{name}"' in client.get("/api").text  # where its type leads


def test_what_is_sent_wrongly_is_a_problem_too(own):
    told = own.post("/api/status")
    assert told.status_code == 405 and told.headers["Allow"] == "GET" and told.json["type"] == "/api#wrong-method"
    assert own.post("/api/search", data={}).json["errors"][0]["parameter"] == "image"
    no_picture = own.post("/api/search", data={"image": (io.BytesIO(b"no picture"), "a.jpg")})
    assert no_picture.status_code == 422 and "a.jpg" in no_picture.json["detail"]
    assert own.post("/api/collections/x/images", data="[").json["type"] == "/api#wrong-parameters"
    assert own.post("/api/collections/x/images", json={"ids": []}).json["errors"][0]["parameter"] == "ids"
    assert own.post("/api/collections/x/images", json={"ids": [4000]}).status_code == 404
    assert own.get("/api/status", headers={"Host": "evil.example"}).json["status"] == 400
    assert own.post("/api/collections/x/images", json={"ids": [1]}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert own.get("/api/collections").json["collections"][0]["name"] == "Favorites"


def test_it_takes_the_token_and_the_rights_of_the_server(library):
    access = Access.listening_on("0.0.0.0", password="öffne dich", token=TOKEN)
    visitor = create_app(library, access=access).server.test_client()
    refused = visitor.get("/api/status")
    assert (refused.status_code, refused.mimetype, refused.json["type"]) == (401, MIMETYPE, "/api#not-signed-in")
    assert visitor.get("/api/openapi.json").status_code == 401
    signed = {"Authorization": f"Bearer {TOKEN}"}
    assert visitor.get("/api/status", headers=signed).json["rights"] == ["read"]
    assert visitor.get("/api/openapi.json", headers=signed).json["security"] == [{"token": []}]
    for answer in (
        visitor.post("/api/collections/x/images", json={"ids": [1]}, headers=signed),
        visitor.delete("/api/collections/x", headers=signed),
    ):
        assert answer.status_code == 403 and answer.json["type"] == "/api#not-allowed"
    assert not notes.collections(library)
    root = str(next(iter(library.roots())))
    for path in ("/api/search?image=3", "/api/images/3", "/api/images?count=3", "/api/columns"):
        assert root not in visitor.get(path, headers=signed).text  # where files lie is for those who may run


@pytest.mark.slow
def test_a_client_that_is_generated_from_the_document_works(library, serving, pictures, tmp_path, monkeypatch):
    address = serving(library, LOCAL)
    document = create_app(library, access=LOCAL).server.test_client().get("/api/openapi.json").json
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    (tmp_path / "settings.yml").write_text(
        "package_name_override: likeness_client\npost_hooks: []\ncontent_type_overrides:\n  image/jpeg: application/octet-stream\n"
    )
    subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json", "--config", "settings.yml",
         "--output-path", "out", "--meta", "none", "--fail-on-warning"],
        cwd=tmp_path, check=True, capture_output=True,
    )
    (tmp_path / "out").rename(tmp_path / "likeness_client")
    monkeypatch.syspath_prepend(tmp_path)

    def call(group: str, what: str, **given):
        return importlib.import_module(f"likeness_client.api.{group}.{what}").sync(client=there, **given)

    there = importlib.import_module("likeness_client").Client(base_url=f"{address}/api", raise_on_unexpected_status=True)
    ours = Searcher(library).search(Query.around(5, weights={"color": 1.0}, top_k=4))
    found = call("search", "neighbors", image=5, color=1.0, count=4)
    assert [(one.id, one.score, one.parts["color"]) for one in found.matches] == [
        (one.id, one.score, one.parts["color"]) for one in ours.matches
    ]
    types, models = (importlib.import_module(f"likeness_client.{name}") for name in ("types", "models"))
    photo = models.SearchByPictureBody(types.File(library.image(5).file.open("rb"), "photo.jpg", "image/jpeg"))
    hamming = models.SearchByPictureMetric.HAMMING
    assert call("search", "search_by_picture", body=photo, count=1, metric=hamming).matches[0].id == 5
    photo = models.KnownBody(types.File(library.image(5).file.open("rb"), "photo.jpg", "image/jpeg"))
    assert [(one.id, one.kind) for one in call("search", "known", body=photo).copies] == [(5, "same file")]
    call("collections", "add_to_collection", name="Neue / alte", body=models.Ids([3, 1]))
    assert call("collections", "collection", name="Neue / alte").ids == [1, 3]
    assert call("library", "status").images["ok"] == 60
    assert call("images", "image", id=5).path == library.image(5).shown
    assert len(call("maps", "map_", name="combined").points) == 60
    assert call("images", "image", id=4000).type_ == "/api#not-there"


def test_the_page_tries_what_the_document_says(page):
    page.goto("/api")
    search = page.locator("details#search")
    search.locator("summary").click()
    search.locator("[name=words]").fill("red")
    search.locator("[name=count]").fill("3")
    search.get_by_role("button", name="Try").click()
    expect(search.locator(".api-state")).to_contain_text("200")
    assert len(json.loads(search.locator("pre").inner_text())["matches"]) == 3
    assert search.locator(".api-address").inner_text() == "GET /api/search?count=3&words=red"
    thumbnail = page.locator("details#thumbnail")
    thumbnail.locator("summary").click()
    thumbnail.get_by_role("button", name="Try").click()
    expect(thumbnail.locator("img")).to_be_visible()
    assert page.evaluate("document.querySelector('#thumbnail img').decode().then(() => true)")
    picture = page.locator("details#search_by_picture")
    picture.locator("summary").click()
    picture.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": _png()})
    picture.get_by_role("button", name="Try").click()
    expect(picture.locator(".api-state")).to_contain_text("200")
    assert page.locator("details.api-operation").count() > 12 and page.locator("dl dt").count() == len(KINDS)


def _png() -> bytes:
    return cv2.imencode(".png", np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8))[1].tobytes()


@pytest.mark.slow
def test_who_may_only_look_is_not_told_where_an_index_lies_that_cannot_be_used(tmp_path):
    library = synthetic_library(tmp_path / "secret", 60, {"color": 8})
    index, _ = indexes.build(library, options={"engine": "milvus"})
    file = Path(index.collection.uri)
    collection.close(str(file))
    shutil.rmtree(file)
    file.write_bytes(b"no index")
    visitor = create_app(library, access=Access(rights=frozenset({"read"}))).server.test_client()
    answer = visitor.get("/api/search?image=1")
    assert answer.status_code == 503 and "index.db cannot be used" in answer.json["detail"]
    assert "secret" not in answer.text

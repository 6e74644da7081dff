"""The shell: routing, files, errors, several apps in one process."""

from __future__ import annotations

import gzip
import importlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dash import Dash
from werkzeug.test import Client

from dashboard.app import PAGES, create_app, render
from dashboard.jobs import Jobs
from dashboard.reads import Reads
from pipeline.library import Library
from tests.dashboard.trees import call, of_class, parts, text_of

ASSETS = Path(__file__).parents[2] / "assets"


@pytest.fixture
def app(made_library) -> Dash:
    return create_app(Library(made_library))


def test_the_first_page_names_only_files_of_this_server_and_all_are_there(app):
    client = app.server.test_client()
    index = client.get("/").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', index)
    assert any("bootstrap.min.css" in address for address in addresses)
    for address in addresses:
        assert address.startswith("/") and not address.startswith("//"), address
        assert client.get(address).status_code == 200, address


def test_style_sheets_and_scripts_of_the_house_fetch_nothing_from_elsewhere(app):
    client = app.server.test_client()
    index = client.get("/").text
    own = [a for a in re.findall(r'(?:src|href)="([^"]+)"', index) if a.startswith(("/assets", "/bootstrap", "/bundle"))]
    assert len(own) >= 4
    for address in own:
        text = client.get(address).text
        assert not re.search(r"(?:url\(|@import|fetch\(|src=)\s*[\"']?(?:https?:)?//", text), address


@pytest.mark.parametrize("kind", ["js", "css"])
def test_own_scripts_and_style_sheets_are_one_file_each_and_asked_for_once(app, kind):
    client = app.server.test_client()
    index = client.get("/").text
    (address,) = re.findall(rf'"(/bundle/[^"]+\.{kind})"', index)
    assert re.findall(rf'"/assets/[^"]+\.{kind}[^"]*"', index) == ['"/assets/shell/theme.js"'] * (kind == "js")
    sent = client.get(address)
    assert "immutable" in sent.headers["Cache-Control"]
    in_order = [one["asset_path"] for one in getattr(app, {"js": "scripts", "css": "css"}[kind])._resources._resources if "asset_path" in one]
    places = [sent.text.index((ASSETS / path).read_text("utf-8")) for path in in_order]
    assert len(places) > 20 and places == sorted(places)
    before = client.get(f"/bundle/0123.{kind}")  # of a page from before an update
    assert before.text == sent.text and before.headers["Cache-Control"] == "no-store"
    assert client.get("/bundle/0123.py").status_code == 404


def test_the_style_sheet_travels_compressed_and_is_asked_for_once(app):
    client = app.server.test_client()
    plain = client.get("/bootstrap/bootstrap.min.css")
    packed = client.get("/bootstrap/bootstrap.min.css", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 4
    again = client.get("/bootstrap/bootstrap.min.css", headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304


def test_every_icon_that_the_pages_use_exists(app, made_library):
    client = app.server.test_client()
    reads = Reads(Library(made_library))
    trees = [app.layout(), *(render(reads, page.PATH, "?image=1")[0] for page in PAGES)]
    used = {icon.style["--icon"][4:-1] for tree in trees for icon in of_class(tree, "icon")}
    assert len(used) >= 3
    for address in used:
        assert client.get(address).mimetype == "image/svg+xml", address
    assert client.get("/bootstrap/icons/no-such-thing.svg").status_code == 404


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.TITLE)
def test_a_page_is_shown_at_its_path_under_its_own_title(page, made_library):
    content, found, title = render(Reads(Library(made_library)), page.PATH, "?image=1")
    assert found is page
    assert title == f"{page.TITLE} · Likeness"
    assert text_of(content)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.TITLE)
def test_an_empty_library_is_told_what_to_do_on_every_page(page, tmp_path):
    content, _, _ = render(Reads(Library(tmp_path, create=True)), page.PATH, "")
    assert "python -m pipeline run" in text_of(content)


def test_where_the_library_page_can_help_it_is_what_the_others_lead_to(tmp_path):
    library = Library(tmp_path, create=True)
    for path in ("/search", "/compare", "/graph", "/detail"):
        content, _, _ = render(Reads(library, Jobs(library)), path, "")
        assert "/library" in [getattr(part, "href", None) for part in parts(content)], path
        assert "python -m" not in text_of(content)


def test_an_unknown_address_leads_back(made_library):
    content, _, title = render(Reads(Library(made_library)), "/nowhere", "")
    assert title == "Not found · Likeness"
    assert "/" in [getattr(part, "href", None) for part in parts(content)]


def test_no_link_of_the_shell_is_dead(app):
    paths = {part.href for part in parts(app.layout()) if getattr(part, "href", None)}
    assert paths == {page.PATH for page in PAGES if page.NAV} | {"#page", "/collections", "/rated"}


def test_the_router_answers_with_a_page_that_knows_where_it_is(app):
    route = {"path": "/library", "search": "?a=b", "at": 3}
    here, view, _ = call(app, "page.children", {"route.data": route})["response"]["page"]["children"]
    assert here["props"]["data"] == {"path": "/library", "search": "?a=b", "title": "Library · Likeness"}
    assert view["props"] == {"id": "library-view", "data": {"path": "/library", "search": "?a=b"}}


def test_a_page_that_fails_says_so_in_its_place(library):
    app = create_app(library)
    library.db.execute("DROP TABLE runs")
    route = {"path": "/library", "search": "?a=b", "at": 2}
    here, told = call(app, "page.children", {"route.data": route})["response"]["page"]["children"]
    assert "Something went wrong inside Likeness" in json.dumps(told)
    assert here["props"]["data"] == {"path": "/library", "search": "?a=b", "title": "Likeness"}


def test_two_apps_in_one_process_serve_their_own_libraries(made_library, tmp_path):
    full, empty = create_app(Library(made_library)), create_app(Library(tmp_path, create=True))
    assert full.server.test_client().get("/thumb/1").status_code == 200
    assert empty.server.test_client().get("/thumb/1").status_code == 404


def test_the_server_of_the_procfile_opens_the_library_of_the_environment(made_library, monkeypatch):
    monkeypatch.setenv("LIKENESS_DATA", str(made_library))
    sys.modules.pop("dashboard.wsgi", None)
    monkeypatch.setenv("LIKENESS_NO_PASSWORD", "1")
    client = Client(importlib.import_module("dashboard.wsgi").server)
    assert client.get("/thumb/1").data == Library(made_library).thumbnail(1)


def test_an_error_in_a_callback_becomes_one_sentence_on_the_screen(library):
    app = create_app(library)
    shutil.rmtree(library.data / "maps")
    asked = {"map-shown.data": 1, "map-name.value": "color"}
    answer = call(app, "map-note.children", asked)
    toast = answer["sideUpdate"]["toast"]
    assert toast["is_open"] and "python -m pipeline map" in toast["children"]


@pytest.mark.slow
def test_it_starts_without_what_only_some_pages_need():
    """Each of them takes as long to load as a good part of the dashboard."""
    heavy = {"networkx", "scipy", "numba", "sklearn", "pandas", "torch", "openvino"}
    code = f"import sys, dashboard.app; print({heavy!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
def test_what_a_request_loads_loads_no_pandas_on_its_thread():
    """An answer of Dash that meets pandas half loaded fails: plotly looks for its `NaT`."""
    code = ("import sys, numpy as np, dashboard.app; from pipeline.maps.clusters import cluster_points; "
            "found = cluster_points(np.random.default_rng(0).normal(size=(60, 2))); print(len(found), 'hdbscan' in sys.modules, 'pandas' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["60", "True", "False"]

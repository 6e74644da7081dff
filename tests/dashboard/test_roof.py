"""Several libraries under one roof."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect
from werkzeug.test import Client

from dashboard.access import Access
from dashboard.roof import libraries_in, open_roof, places, planned
from pipeline.embeddings import models
from pipeline.errors import LibraryError, SettingsError
from pipeline.library import Library


@pytest.fixture(scope="module")
def two(unopened_library, tmp_path_factory):
    """A directory with the library of `pictures` as `a photos`, and one with a single label as `b`."""
    roof = tmp_path_factory.mktemp("roof")
    shutil.copytree(unopened_library, roof / "a photos")
    shutil.copytree(unopened_library, roof / "b")
    other = Library(roof / "b")
    other.db.execute("UPDATE images SET label = 'other'")
    other.db.execute("UPDATE thumbnails SET jpeg = (SELECT jpeg FROM thumbnails WHERE image_id = 60)")
    other.close()
    (roof / "no library").mkdir()
    return roof


@pytest.fixture
def roofed(two, listening):
    """Where both are served."""
    return listening(*planned(libraries_in(two), Access.listening_on("127.0.0.1")))


def test_libraries_are_mounted_by_names_that_fit_an_address(tmp_path):
    folders = [tmp_path / name for name in ("first", "My Photos (2024)", "x/art", "y/art", "Ärger", "x/art")]
    assert [(place.name, place.mount) for place in places(folders)] == [
        ("first", "/"), ("My Photos (2024)", "/in/My-Photos-2024/"), ("art", "/in/art/"),
        ("art 2", "/in/art-2/"), ("Ärger", "/in/rger/"),
    ]


def test_a_roof_holds_the_directories_that_are_libraries(two, tmp_path):
    assert [path.name for path in libraries_in(two)] == ["a photos", "b"]
    with pytest.raises(SettingsError, match="No library lies in"):
        libraries_in(tmp_path)
    with pytest.raises(LibraryError, match="no library"):
        open_roof([two / "b", two / "no library"])
    assert not (two / "no library" / "images.db").exists()


def test_each_mount_serves_its_own_library_with_its_own_addresses(two):
    client = Client(open_roof(libraries_in(two)))
    assert client.get("/thumb/1").data != client.get("/in/b/thumb/1").data
    index = client.get("/in/b/").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', index)
    assert len(addresses) > 5
    for address in addresses:
        assert address.startswith("/in/b/") and client.get(address).status_code == 200, address
    shell = json.dumps(client.get("/in/b/_dash-layout").json)
    assert '"/in/b/search"' in shell and '"href": "/search"' not in shell
    assert "url(/in/b/bootstrap/icons/" in shell
    assert '"a photos"' in shell and '"value": "/in/b/"' in shell


def test_libraries_share_one_set_of_models(two, pictures):
    models.forget()
    client = Client(open_roof(libraries_in(two), Access.listening_on("127.0.0.1")))
    picture, loaded = next(pictures.rglob("*.*")).read_bytes(), []
    for mount in ("", "/in/b", ""):
        answer = client.post(f"{mount}/upload?name=a.jpg", data=picture, headers={"Origin": "http://localhost"})
        assert answer.status_code == 200 and "error" not in answer.json
        loaded.append({key: id(network) for key, network in models._loaded.items()})
    assert len(loaded[0]) == 1 and loaded == 3 * loaded[:1]


def test_one_library_needs_no_switch(made_library):
    shell = open_roof([made_library]).test_client().get("/_dash-layout").text
    assert "library-switch" not in shell


def test_a_library_that_goes_away_says_so_and_comes_back(two, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(two / "b", tmp_path / name)
    client = Client(open_roof([tmp_path / "a", tmp_path / "b"]))
    (tmp_path / "b").rename(tmp_path / "c")
    gone = client.get("/in/b/thumb/1")
    assert gone.status_code == 503 and gone.text == "The library b is not there at the moment."
    page = client.get("/in/b/", headers={"Accept": "text/html"})
    assert page.status_code == 503 and "The library b is not" in page.text and str(tmp_path) not in page.text
    assert client.get(re.search(r'href="([^"]+base\.css)"', page.text)[1]).status_code == 200  # of a library that is there
    (tmp_path / "c").rename(tmp_path / "b")
    assert client.get("/in/b/thumb/1").status_code == 200


def test_the_server_of_the_procfile_serves_every_library_of_a_roof(two, monkeypatch):
    monkeypatch.setenv("LIKENESS_ROOF", str(two))
    monkeypatch.delenv("LIKENESS_PASSWORD", raising=False)
    sys.modules.pop("dashboard.wsgi", None)
    with pytest.raises(SettingsError, match="LIKENESS_PASSWORD"):
        importlib.import_module("dashboard.wsgi")
    monkeypatch.setenv("LIKENESS_PASSWORD", "open sesame")
    sys.modules.pop("dashboard.wsgi", None)
    client = Client(importlib.import_module("dashboard.wsgi").server)
    sys.modules.pop("dashboard.wsgi", None)
    assert client.get("/in/b/thumb/1").status_code == 401
    answer = client.get("/in/b/thumb/1", headers={"Authorization": "Bearer open sesame"})
    assert answer.data == Library(two / "b").thumbnail(1)


@pytest.mark.browser
def test_switching_shows_the_other_library_and_two_windows_keep_to_their_own(browser, roofed):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=roofed)
    one, other = context.new_page(), context.new_page()
    errors, asked = [], []
    for tab in (one, other):
        tab.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    other.on("request", lambda request: asked.append(request.url.removeprefix(roofed)))
    one.goto("/search?image=3")
    other.goto("/search?image=3")
    other.get_by_label("Library", exact=True).select_option("b")
    expect(other).to_have_url(f"{roofed}/in/b/search")
    asked.clear()
    other.goto("/in/b/detail?image=7")
    expect(other.locator(".detail-neighbors .detail-card img").first).to_have_attribute("src", re.compile("^/in/b/thumb/"))
    expect(other.locator(".detail-side")).to_contain_text("other")
    other.get_by_role("link", name="Next image").click()
    expect(other).to_have_url(f"{roofed}/in/b/detail?image=8")
    other.go_back()
    expect(other).to_have_url(f"{roofed}/in/b/detail?image=7")
    other.get_by_role("link", name="Map", exact=True).click()
    expect(other.locator("#map-clusters")).to_contain_text("Cluster 1")
    assert {address.split("/")[1] for address in asked if address.startswith("/")} == {"in"}
    # Meanwhile the first window stands where it was, and works on its own library.
    expect(one.locator("#search-query img")).to_have_attribute("src", "/image/3")
    one.get_by_role("link", name="Library", exact=True).click()
    expect(one).to_have_url(f"{roofed}/library")
    expect(one.locator(".row-actions")).to_have_count(1)
    context.close()
    assert not errors


def test_the_command_line_serves_a_roof(two):
    command = [sys.executable, "-m", "pipeline", "serve", "--roof", str(two), "--port", "8050"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    try:
        address = re.search(r"http://\S+", process.stdout.readline())[0]
        with urllib.request.urlopen(f"{address}/in/b/thumb/1", timeout=60) as answer:
            assert answer.read() == Library(two / "b").thumbnail(1)
        rebound = urllib.request.Request(f"{address}/thumb/1", headers={"Host": "rebound.example"})
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(rebound, timeout=60)
    finally:
        process.terminate()
        process.wait(30)

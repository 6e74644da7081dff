"""Answers of the server: headers, a prefix, health, and what no page sends."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import expect
from werkzeug.test import Client

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.roof import checked_prefix, open_roof, planned
from pipeline import VERSION
from pipeline.errors import SettingsError
from pipeline.library import Library
from tests import fuzz_pages

ROOT = Path(__file__).parents[2]


# Headers


def test_pages_load_nothing_from_elsewhere_and_run_no_script_that_was_put_into_them(made_library):
    answer = create_app(Library(made_library)).server.test_client().get("/")
    parts = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    scripts = parts["script-src"].split()
    assert scripts[0] == "'self'" and all(re.fullmatch(r"'sha256-[\w+/]+={0,2}'", one) for one in scripts[1:])
    assert parts["default-src"] == parts["base-uri"] == parts["frame-ancestors"] == "'none'"
    assert not re.search(r"https?:|\*|unsafe-eval", answer.headers["Content-Security-Policy"])
    inline = [text for text in re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>(.+?)</script>", answer.text, re.S)]
    assert len(inline) == len(scripts) - 1


@pytest.mark.parametrize("path", ["/", "/thumb/1", "/image/1", "/export/ratings.csv", "/nothing/here", "/_dash-layout"])
def test_every_answer_says_what_may_be_done_with_it(made_library, path):
    headers = create_app(Library(made_library)).server.test_client().get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY" and "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_only_named_origins_may_show_it_in_a_frame(made_library):
    access = Access.listening_on("127.0.0.1", frames=["http://localhost:8888, http://127.0.0.1:8888"])
    headers = create_app(Library(made_library), access=access).server.test_client().get("/").headers
    assert headers["Content-Security-Policy"].endswith("frame-ancestors http://localhost:8888 http://127.0.0.1:8888")
    assert "X-Frame-Options" not in headers
    with pytest.raises(SettingsError, match="no origin"):
        Access.listening_on("127.0.0.1", frames=["x; script-src *"])


# A library whose disk has gone


def test_a_library_that_goes_while_it_is_served_is_a_sentence_and_no_error_of_the_server(library):
    client = create_app(library).server.test_client()
    library.close()  # of this thread: the next request opens it anew
    file = library.data / "images.db"
    file.rename(library.data / "away.db")
    page = client.get("/", headers={"Accept": "text/html"})
    assert page.status_code == 503 and "is its disk still there?" in page.text and str(library.data) not in page.text
    thumb = client.get("/thumb/1")
    assert (thumb.status_code, thumb.mimetype) == (503, "text/plain") and "is its disk still there?" in thumb.text
    library.close()
    file.write_bytes(b"no database" * 1_000)
    assert "damaged" in client.get("/gallery/names").text
    library.close()
    (library.data / "away.db").replace(file)
    assert client.get("/").status_code == 200


# A path of a proxy


@pytest.mark.parametrize("taken_off", [True, False])
def test_behind_a_proxy_that_shows_it_below_a_path_everything_is_found(made_library, unopened_library, tmp_path, taken_off):
    shutil.copytree(unopened_library, tmp_path / "b")
    access = Access.listening_on("127.0.0.1", names=["images.example"], trusted=True, open_to_all=True)
    client = Client(open_roof([made_library, tmp_path / "b"], access, prefix=checked_prefix("likeness/")))

    def get(path):
        passed_on = path.removeprefix("/likeness") if taken_off else path
        return client.get(passed_on, headers={"X-Forwarded-Host": "images.example", "X-Forwarded-For": "203.0.113.7"})

    for mount in ("/likeness/", "/likeness/in/b/"):
        addresses = re.findall(r'(?:src|href)="([^"]+)"', get(mount).text)
        assert len(addresses) > 5
        for address in addresses:
            assert address.startswith(mount) and get(address).status_code == 200, address
        layout = json.dumps(get(f"{mount}_dash-layout").json)
        assert f'"{mount}search"' in layout and '"href": "/search"' not in layout


@pytest.mark.parametrize("given", ["/a b", "//x", "/a/../b?", "/ä", "https://x"])
def test_a_prefix_is_a_path(given):
    if given == "//x":
        assert checked_prefix(given) == "/x"
    else:
        with pytest.raises(SettingsError, match="no path"):
            checked_prefix(given)


@pytest.mark.browser
def test_the_pages_work_below_a_prefix(page_at, listening, made_library):
    address = f"{listening(*planned([made_library], prefix='/likeness'))}/likeness"
    page = page_at(address)
    page.goto(f"{address}/search?image=3")
    expect(page.locator("#search-query img")).to_be_visible()
    page.get_by_role("link", name="Library", exact=True).click()
    expect(page).to_have_url(f"{address}/library")
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.locator("#map-clusters .map-cluster")).not_to_have_count(0)


# Health, version, log


def test_health_is_told_to_everybody_and_the_version_to_those_inside(library):
    client = create_app(library, access=Access.listening_on("0.0.0.0", password="p")).server.test_client()
    assert client.get("/healthz").text == "ok\n" and client.get("/version").status_code == 401
    inside = client.get("/version", headers={"Authorization": "Bearer p"})
    assert inside.json["likeness"] == VERSION
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text()
    library.db.execute("DROP TABLE thumbnails")
    library.db.execute("ALTER TABLE images RENAME TO lost")
    assert client.get("/healthz").status_code == 503


# What no page sends


@pytest.mark.parametrize("body", [b"[1]", b"7.5", b'"text"', b"null", b"", b"{", b'{"sort": 1.5, "columns": 2, "ids": 3, "set": 4}',
                                  b'{"act": "tag", "args": {"ids": [9%s], "tag": "x"}, "id": 9%s, "start": 9%s}'.replace(b"%s", b"0" * 25)])
def test_no_route_fails_on_what_no_page_sends(library, body):
    server = create_app(library).server
    for rule in server.url_map.iter_rules():
        if "POST" in rule.methods and not rule.rule.startswith("/_dash"):
            path = re.sub("<[^>]*>", "combined", rule.rule)
            answer = server.test_client().post(
                path, data=body, content_type="application/json", base_url="http://127.0.0.1", headers={"Origin": "http://127.0.0.1"}
            )
            assert answer.status_code < 500, path


@pytest.mark.slow
def test_no_callback_fails_on_what_no_page_sends(library):
    """Some of what `python -m tests.fuzz_pages` sends by the thousand."""
    app = create_app(library)
    met = Counter(fuzz_pages.callback_asked(app, app.server.test_client(), random.Random(number)) for number in range(150))
    assert met["callback 2xx"] > 20 and met.total() == 150

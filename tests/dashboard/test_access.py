"""Who may ask: names that are answered, and changes that other sites ask for."""

from __future__ import annotations

import pytest

from dashboard.access import Access
from dashboard.app import create_app
from pipeline.library import Library
from tests.dashboard.trees import parts


@pytest.fixture
def client(library):
    return create_app(library, access=Access.listening_on("127.0.0.1")).server.test_client()


@pytest.mark.parametrize(
    "host, status",
    [
        ("localhost:8050", 200), ("127.0.0.1:8050", 200), ("[::1]:8050", 200), ("127.1.2.3", 200),
        ("LOCALHOST", 200), ("rebound.example:8050", 400), ("localhost.example", 400), ("192.168.1.4", 400),
        ("127.0.0.1.example", 400), ("[::1", 400), ("", 400),
    ],
)
def test_a_server_of_this_machine_answers_under_its_own_names_alone(client, host, status):
    answer = client.get("/thumb/1", headers={"Host": host})
    assert answer.status_code == status
    if status == 400:
        assert answer.text.count(".") == 1 and answer.mimetype == "text/plain"


@pytest.mark.parametrize(
    "headers, refused",
    [
        ({}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8050"}, False),
        ({"Origin": "http://localhost:8050"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:9999"}, True),
        ({"Origin": "http://localhost:9999"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
    ],
)
def test_only_the_own_pages_may_change_anything(client, library, headers, refused):
    answer = client.post(
        "/_dash-update-component", json={}, headers={"Host": "localhost:8050", **headers}
    )
    assert (answer.status_code == 403) == refused
    assert client.get("/thumb/1", headers={"Host": "localhost:8050", **headers}).status_code == 200


def test_what_other_sites_could_embed_is_kept_from_them(client):
    headers = client.get("/image/1").headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "images.example"])
def test_a_server_of_the_network_answers_under_any_name_but_starts_nothing(host, library):
    access = Access.listening_on(host)
    assert access.answers("images.example") and not access.actions
    app = create_app(library, access=access)
    assert not [name for name in app.callback_map if "library-sure" in name or "library-note" in name]


def test_a_server_of_the_network_that_may_start_runs_is_not_to_be_rebound():
    access = Access.listening_on("0.0.0.0", allow_actions=True)
    assert access.actions and access.answers("192.168.1.4:8050") and access.answers("localhost")
    assert not access.answers("rebound.example")
    assert Access.listening_on("images.example", allow_actions=True).answers("images.example:80")


def test_from_another_machine_one_is_not_sent_to_localhost(library):
    app = create_app(library, access=Access.listening_on("0.0.0.0", allow_actions=True))
    answer = app.server.test_client().get("/", headers={"Host": "rebound.example"})
    assert answer.status_code == 400 and "address in figures" in answer.text


def test_the_page_offers_actions_only_where_the_server_allows_them(library):
    from dashboard.app import render
    from dashboard.jobs import Jobs
    from dashboard.reads import Reads

    def ids(reads):
        tree = render(reads, "/library", "")[0]
        return [part.id for part in parts(tree) if getattr(part, "id", None)]

    assert "library-folder" not in ids(Reads(Library(library.data)))
    assert "library-folder" in ids(Reads(library, Jobs(library)))

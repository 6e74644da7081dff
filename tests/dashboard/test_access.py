"""Who may ask: names that are answered, changes that other sites ask for, rights."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from dash import Input, Output
from playwright.sync_api import expect
from werkzeug.test import Client

from dashboard.access import ANNOTATE, READ, RUN, Access, needs, rights_of
from dashboard.access.rights import callbacks, routes
from dashboard.app import create_app, render
from dashboard.jobs import Jobs
from dashboard.reads import Reads
from dashboard.roof import open_roof
from dashboard.server import told
from pipeline.errors import SettingsError
from pipeline.library import Library, notes
from tests.dashboard.trees import parts, request_of

OPEN = {"open_to_all": True}
ASK = "/_dash-update-component"
_SHOWN = {
    "detail-image.data": 3, "map-image.data": 3, "map-name.value": "combined", "compare-image.data": 3, "acted.data": {"changed": ["tags"]},
    "library-folder.value": "/", "library-place.value": "/", "library-by.value": "color", "graph-start.data": {"image": 3},
    "graph-by.value": "combined", "graph-links.data": {"k": 5, "least": 0}, "graph-count.value": "20", "route.data": {"path": "/library", "search": ""},
}
"""What stands in a page of which something might be told."""


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
    "host, status",
    [
        ("images.example", 200), ("IMAGES.example:443", 200), ("192.168.1.4:8050", 200), ("[fd00::1]:80", 200),
        ("localhost", 200), ("rebound.example", 400), ("images.example.evil", 400), ("0x7f000001", 400), ("", 400),
    ],
)
def test_a_server_of_the_network_is_not_to_be_rebound_either(library, host, status):
    access = Access.listening_on("0.0.0.0", names=["images.example"], **OPEN)
    answer = create_app(library, access=access).server.test_client().get("/thumb/1", headers={"Host": host})
    assert answer.status_code == status
    assert status == 200 or "address in figures" in answer.text


def test_nobody_is_answered_who_comes_through_a_proxy_that_the_server_was_not_told_of(library):
    local = Client(open_roof([library.data], Access.listening_on("127.0.0.1")))
    for header in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-IP"):
        answer = local.get("/thumb/1", headers={header: "203.0.113.7"})
        assert answer.status_code == 403 and "--trust-proxy" in answer.text
    access = Access.listening_on("127.0.0.1", names=["images.example"], trusted=True, **OPEN)
    assert not access.local and RUN not in access.rights
    told_of = Client(open_roof([library.data], access))
    through = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Host": "images.example", "X-Forwarded-Proto": "https"}
    assert told_of.get("/thumb/1", headers=through).status_code == 200
    assert told_of.get("/thumb/1", headers=through | {"X-Forwarded-Host": "evil.example"}).status_code == 400


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
        ({"Origin": "http://[evil"}, True),
    ],
)
def test_only_the_own_pages_may_change_anything(client, library, headers, refused):
    answer = client.post(
        "/_dash-update-component", json={}, headers={"Host": "localhost:8050", **headers}
    )
    assert (answer.status_code == 403) == refused
    assert client.get("/thumb/1", headers={"Host": "localhost:8050", **headers}).status_code == 200


# Rights


def test_every_callback_and_every_route_says_which_right_it_needs(library):
    app = create_app(library, access=Access.listening_on("127.0.0.1"))
    said = callbacks(app) | routes(app.server)
    assert len(callbacks(app)) > 20 and len(routes(app.server)) > 15
    assert not [name for name, need in said.items() if need is None]
    taken = {name: need.right for name, need in callbacks(app).items()}
    assert {right for name, right in taken.items() if name.startswith("..library-note")} == {RUN}


def test_what_says_nothing_is_closed(library):
    app = create_app(library, access=Access())
    app.callback(Output("a", "children"), Input("b", "value"))(lambda value: value)
    app.server.get("/forgotten")(lambda: "told")
    from dashboard.access.rights import seal

    seal(app, {READ, ANNOTATE})
    client = app.server.test_client()
    assert client.get("/forgotten").status_code == 403
    assert client.post(ASK, json=request_of(app, "a.children", {"b.value": 1})).status_code == 403


@pytest.mark.parametrize("allow, rights", [("", {READ}), ("annotate", {READ, ANNOTATE}), ("annotate, run", {READ, ANNOTATE, RUN})])
def test_visitors_of_a_public_server_read_unless_more_is_allowed(library, allow, rights):
    access = Access.listening_on("0.0.0.0", allow=allow, **OPEN)
    assert access.rights == rights
    app = create_app(library, access=access)
    client = app.server.test_client()
    for name, need in callbacks(app).items():
        answer = client.post(ASK, json=request_of(app, name))
        assert (answer.status_code == 403) == (need.right not in rights), name
        assert answer.status_code != 403 or answer.text.startswith("You may")


def test_an_act_that_changes_something_is_refused_to_who_only_reads(library):
    from dashboard import acts
    from dashboard.access.rights import RightsError
    from dashboard.reads.clusterings import Clusterings

    with pytest.raises(RightsError, match="not change"):
        acts.perform(Clusterings(Reads(library, rights={READ})), "drop-collection", {"collection": "x"})


def test_rights_are_written_as_a_list():
    assert rights_of(" annotate,RUN ") == {READ, ANNOTATE, RUN} and rights_of("") == {READ}
    with pytest.raises(SettingsError, match="no right 'write'"):
        rights_of("annotate,write")
    with pytest.raises(ValueError, match="no right"):
        needs("write")


def test_the_page_offers_actions_only_where_the_server_allows_them(library):
    def ids(reads):
        tree = render(reads, "/library", "")[0]
        return [part.id for part in parts(tree) if getattr(part, "id", None)]

    assert "library-folder" not in ids(Reads(Library(library.data)))
    assert "library-folder" not in ids(Reads(library, Jobs(library), {READ}))
    assert "library-folder" in ids(Reads(library, Jobs(library)))


@pytest.mark.parametrize("allow, shown", [("", False), ("annotate", False), ("annotate,run", True)])
def test_where_the_files_lie_is_told_only_to_who_may_run(library, allow, shown):
    access = Access.listening_on("0.0.0.0", allow=allow, **OPEN)
    app = create_app(library, access=access)
    client = app.server.test_client()
    root = str(next(iter(library.roots())))
    secrets = [root, str(library.data), str(Path.home())]
    jobs = Jobs(library) if RUN in access.rights else None
    reads = Reads(library, jobs, access.rights)
    library.db.execute("UPDATE images SET state = 'unreadable', reason = 'cut off' WHERE id = 7")
    seen = "".join(
        json.dumps(render(reads, path, search)[0].to_plotly_json(), default=lambda part: part.to_plotly_json())
        for path, search in (("/library", ""), ("/detail", "?image=3"), ("/search", "?image=3"), ("/", ""),
                             ("/graph", "?image=3"), ("/compare", "?image=3"))
    )
    for name, need in callbacks(app).items():
        if need.right in access.rights:
            seen += client.post(ASK, json=request_of(app, name, _SHOWN)).text
    for kind in ("csv", "json"):
        seen += client.post(f"/export/{kind}", data={"ids": "1,2,3"}).text
    found = [secret for secret in secrets if secret in seen]
    assert bool(found) == shown, [seen[max(0, seen.find(one) - 120) : seen.find(one) + 80] for one in found]


SHOWN = {
    "/?image=3": ("#map-panel .match", {"untag", "take-out", "add-tag", "rename-cluster"}),
    "/?tag=blue": ("#selected-gallery a.picture", {"keep", "untag", "add-tag"}),
    "/?collection=kept": ("#selected-gallery a.picture", {"rename-collection", "drop", "untag"}),
    "/search?image=3": ("#search-gallery .match", {"up", "down"}),
    "/search?collection=kept": ("#search-gallery .match", {"up", "down"}),
    "/compare?image=3": (".compare-picture", set()),
    "/compare?view=maps": ("#page canvas", set()),
    "/compare?view=disagree": ("#page img", set()),
    "/graph?image=3": ("#page h2", set()),
    "/graph?collection=kept": ("#page h2", set()),
    "/library": ("#library-body section", {"Add", "Update", "Relocate", "Forget"}),
    "/detail?image=3": (".detail-picture", {"tag", "untag", "keep", "take-out"}),
    "/rated": (".rated-match", {"good", "bad", "keep"}),
}
"""Of each page what is there once it is drawn, and what changes something on it for its owner."""

CHANGING = """() => {
    document.querySelectorAll("details").forEach(one => { one.open = true; });
    return Array.from(document.querySelectorAll("button, form, input, a"))
        .filter(one => one.getClientRects().length > 0)
        .filter(one => one.dataset.act || /^(keep|tag|add-tag|untag|good|bad|up|down|drop|leave|rename)/.test(one.dataset.does || "")
          || /^(forget|relocate|update|add$|remove from|rename|delete)/i.test(one.textContent.trim() || one.title || ""))
        .map(one => one.dataset.act || one.dataset.does || one.textContent.trim() || one.title); }"""


@pytest.mark.browser
def test_no_page_shows_a_visitor_a_control_that_changes_anything(page_at, serving, library):
    """In the browser, since scripts draw some of them; the same pages do show them to their owner."""
    notes.tag(library, [3, 4, 5], "blue")
    notes.collect(library, "kept", [3, 4])
    notes.rate(library, {"plus": ["image:3"], "minus": [], "metric": "cosine"}, 5, 1, 1, 0.5)

    size = {"width": 1400, "height": 900}
    owner = page_at(serving(library, Access.listening_on("127.0.0.1")), **size)
    for path, (drawn, own) in SHOWN.items():
        if own:
            owner.goto(path)
            expect(owner.locator(drawn).first).to_be_visible()
            owner.wait_for_function(f"own => own.every(one => ({CHANGING})().includes(one))", arg=sorted(own))
    visitor = page_at(serving(library, Access(rights=frozenset({READ}))), **size)
    for path, (drawn, _) in SHOWN.items():
        visitor.goto(path)
        expect(visitor.locator(drawn).first).to_be_visible()
        visitor.wait_for_load_state("networkidle")
        assert not visitor.evaluate(CHANGING), path


# What is said at the start


def test_what_is_printed_says_where_it_can_be_reached_and_by_whom():
    local = told("127.0.0.1", 8050, Access.listening_on("127.0.0.1"))
    assert local == ["http://127.0.0.1:8050", "Only this machine can reach it."]
    public = "\n".join(told("0.0.0.0", 8050, Access.listening_on("0.0.0.0", password="p", names=["images.example"])))
    assert "127.0.0.1" not in public and "0.0.0.0" not in public and "images.example" in public
    assert "Whoever knows the password may look and search." in public
    all_may = "\n".join(told("::", 1, Access.listening_on("::", allow="annotate,run", **OPEN), "/likeness"))
    assert "WITHOUT A PASSWORD" in all_may and "add folders" in all_may and re.search(r":1/likeness$", all_may, re.M)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "images.example"])
def test_a_server_that_others_can_reach_does_not_start_without_a_password(host):
    with pytest.raises(SettingsError, match="LIKENESS_PASSWORD.*--no-password"):
        Access.listening_on(host)
    assert Access.listening_on(host, password="p").door and not Access.listening_on(host, **OPEN).door


@pytest.mark.parametrize("more", [{"names": ["images.example"]}, {"trusted": True}])
def test_neither_does_one_of_this_machine_that_is_passed_on(more):
    with pytest.raises(SettingsError, match="LIKENESS_PASSWORD"):
        Access.listening_on("127.0.0.1", **more)
    assert Access.listening_on("127.0.0.1", names=["localhost", "127.0.0.2"]).local

"""What no page sends to a callback: one sentence, and no fault of the program in the log."""

from __future__ import annotations

import inspect
import json

import pytest

from dashboard.access import Access, asked
from dashboard.access.rights import callbacks
from dashboard.app import create_app
from tests.dashboard.trees import request_of

ASK = "/_dash-update-component"


@pytest.fixture
def app(library):
    return create_app(library, access=Access.listening_on("127.0.0.1"))


def refused(app, body) -> str:
    """The sentence that a request is refused with."""
    answer = app.server.test_client().post(ASK, json=body, base_url="http://127.0.0.1")
    assert (answer.status_code, answer.mimetype) == (400, "text/plain"), (body, answer.status_code)
    assert answer.text.count("\n") == 0 and "Traceback" not in answer.text
    return answer.text


def test_every_callback_names_as_many_parameters_as_it_is_sent_values(app):
    """Where one is without a kind it takes anything; so most have one."""
    named = 0
    for name in callbacks(app):
        entry = app.callback_map[name]
        found = asked.kinds(entry["callback"])
        rest = any(one.kind is one.VAR_POSITIONAL for one in inspect.signature(inspect.unwrap(entry["callback"])).parameters.values())
        sent = len(entry["inputs"]) + len(entry["state"])
        assert len(found) == sent or rest and len(found) <= sent, name
        assert all(kind for parameter, kind in found if not parameter.startswith("_")), name
        named += sum(kind is not None for _, kind in found)
    assert named > 60


@pytest.mark.parametrize("change", [
    None, [], 7, "text", {}, {"output": 5}, {"output": "no.such"}, {"output": None}, {"inputs": []}, {"inputs": None}, {"inputs": {}},
    {"inputs": [[]]}, {"inputs": [{"id": "route"}]}, {"inputs": [{"id": "other", "property": "data", "value": {"path": "/", "search": ""}}]},
    {"inputs": [{"id": ["route"], "property": "data"}]}, {"state": [{"id": "theme", "property": "data"}]}, {"state": 1},
    {"outputs": []}, {"outputs": None}, {"outputs": {"id": 1, "property": "children"}}, {"changedPropIds": "route.data"},
    {"changedPropIds": ["{.data"]}, {"changedPropIds": ["other.data"]}, {"changedPropIds": [None]},
], ids=str)  # fmt: skip
def test_a_request_that_is_not_whole_is_refused_in_one_sentence(app, caplog, change):
    whole = request_of(app, "page.children", {"route.data": {"path": "/library", "search": ""}}, ["route.data"])
    assert app.server.test_client().post(ASK, json=whole, base_url="http://127.0.0.1").status_code == 200
    refused(app, {**whole, **change} if isinstance(change, dict) and change else change)
    assert not [one for one in caplog.records if one.exc_info]


@pytest.mark.parametrize("output, values, about", [
    ("page.children", {"route.data": None}, "route"),
    ("page.children", {"route.data": {"path": 5, "search": ""}}, "route.path"),
    ("page.children", {"route.data": {"path": "/"}}, "route.search"),
    ("map-panel.children", {"map-image.data": "1", "map-name.value": "combined"}, "image"),
    ("map-panel.children", {"map-image.data": 2**70, "map-name.value": "combined"}, "image"),
    ("map-panel.children", {"map-image.data": 1, "map-name.value": ["combined"]}, "name"),
    ("map-note.children", {"map-name.value": {"a": 1}}, "name"),
    ("compare-pinned.children", {"compare-image.data": 1.5}, "image"),
    ("graph-canvas.elements", {"graph-start.data": {"image": "1"}}, "start"),
    ("search-query.children", {"search-asked.data": {"board": [7], "uploads": {}, "names": {}}}, "asked.board.0"),
    ("search-query.children", {"search-asked.data": {"board": [], "uploads": {"a": 1}, "names": {}}}, "asked.uploads.a"),
    ("library-folders.children", {"library-folder.value": 5}, "folder"),
    ("rated-body.children", {"acted-ratings.data": 1, "rated-value.data": []}, "value"),
])  # fmt: skip
def test_values_of_another_kind_are_named_in_one_sentence(app, caplog, output, values, about):
    name = next(name for name in app.callback_map if output in name)
    assert f": {about}" in refused(app, request_of(app, name, values))
    assert not [one for one in caplog.records if one.exc_info]


def test_json_of_any_depth_and_letters_that_are_none_are_refused(app):
    client, name = app.server.test_client(), "page.children"
    for text in (b'{"output": "page.children", "inputs": ' + b"[" * 200_000, b"{", b"", json.dumps(
        request_of(app, name, {"route.data": {"path": "/\ud800", "search": ""}})
    ).encode()):
        answer = client.post(ASK, data=text, content_type="application/json", base_url="http://127.0.0.1")
        assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    deep = b'{"act": ' + b"[" * 200_000
    for path, status in (("/act", 200), ("/table/rows", 200), ("/map/find/combined", 400)):  # as if nothing had been sent
        assert client.post(path, data=deep, content_type="application/json", base_url="http://127.0.0.1").status_code == status
    assert client.post("/table/csv", data={"sort": "[" * 200_000, "check": "1"}, base_url="http://127.0.0.1").status_code == 204


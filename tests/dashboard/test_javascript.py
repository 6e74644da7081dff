"""The pure parts of the assets, tested in JavaScript: tests/javascript/*.js run in the browser.

Each file is a list of `test("what holds", async () => {…})`; `harness.js` says what they may use.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from dashboard.reads import id_list
from dashboard.reads.packing import pack
from pipeline import columns
from pipeline.columns import conditions
from tests.pipeline.test_conditions import some_conditions

ASSETS = Path(__file__).parents[2] / "assets"
TESTS = Path(__file__).parents[1] / "javascript"
FILES = sorted(file.name for file in TESTS.glob("*.js") if file.name != "harness.js")
ORIGIN = "http://likeness.test/"
FAULTS: list[str] = []
"""Errors of the page that no test has caught."""


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """The text of every asset in JavaScript by its path."""
    return {file.relative_to(ASSETS).as_posix(): file.read_text("utf-8") for file in ASSETS.rglob("*.js")}


@pytest.fixture(scope="module")
def given() -> dict:
    """What a test may compare with: `given` in JavaScript. packed, arrays: from packing.py; ids,
    these: from id_list.py. conditions: each as JSON and as text."""
    kinds = {"f4": [0.5, -1e9], "f8": [1e300], "i1": [-128, 127, 3], "u1": [255], "i2": [-32768], "u2": [65535],
             "i4": [-(2**31), 2**31 - 1], "u4": [2**32 - 1]}  # fmt: skip
    arrays = {kind: np.array(values, kind) for kind, values in kinds.items()} | {"none": np.zeros(0, "f4")}
    data = base64.b64encode(pack({"name": "Häuser & Höfe"}, arrays)).decode()
    ids = [1, 2, 300, 70_000, 2**31 - 1]
    written = [(conditions.as_json([one])[0], columns.printed([one])) for one in some_conditions(400)]
    return {"conditions": written, "ids": ids, "these": id_list.pack(ids), "packed": data, "arrays": {name: array.tolist() for name, array in arrays.items()}}


@pytest.fixture(scope="module")
def sheet(browser) -> Iterator[Page]:
    """A page of an origin of its own, which gives it a storage; nothing leaves the machine."""
    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", lambda route: route.fulfill(body="<!doctype html><body>", content_type="text/html"))
    page.on("pageerror", lambda error: FAULTS.append(str(error)))
    yield page
    context.close()


def results(page: Page, sources: dict[str, str], tests: str, given: dict | None = None) -> dict[str, str | None]:
    """What became of each test of a text in JavaScript: {name: None or the error}."""
    page.goto(ORIGIN)
    page.evaluate("localStorage.clear(), sessionStorage.clear()")
    page.goto(ORIGIN)  # nothing has read them
    FAULTS.clear()
    page.evaluate("given => { window.given = given; }", given)
    page.add_script_tag(content=(TESTS / "harness.js").read_text("utf-8"))
    page.add_script_tag(content=tests)
    found = page.evaluate("sources => window.runTests(sources)", sources)
    assert not FAULTS
    return {row["name"]: row["error"] for row in found}


@pytest.mark.browser
@pytest.mark.parametrize("file", FILES)
def test_javascript(sheet, sources, given, file):
    found = results(sheet, sources, (TESTS / file).read_text("utf-8"), given)
    assert found, f"{file} has no tests"
    failed = {name: error for name, error in found.items() if error}
    assert not failed, "\n".join(f"{name}: {error}" for name, error in failed.items())


@pytest.mark.browser
def test_a_test_that_fails_is_told(sheet, sources):
    found = results(sheet, sources, """
        test("right", () => equal(new Float32Array([1, NaN]), [1, NaN]));
        test("wrong", () => equal({ a: [1] }, { a: [2] }));
        test("late", async () => { await null; truthy(0); });
        test("no such asset", () => fresh({ assets: ["none.js"] }));
    """)
    assert found["right"] is None and "found" in found["wrong"] and "[2]" in found["wrong"]
    assert "found 0" in found["late"] and "there is no asset none.js" in found["no such asset"]


def test_the_document_is_listened_to_in_one_place(sources):
    """theme.js is there before everything else, and on the page that asks for a password."""
    listening = {path for path, text in sources.items() if "document.addEventListener" in text}
    assert listening == {"events.js", "shell/theme.js"}

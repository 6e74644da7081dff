"""A dashboard served for real, and a browser to drive it with."""

from __future__ import annotations

import os
import shutil
import threading
import time

import pytest
from dash import Dash
from playwright.sync_api import Page, expect, sync_playwright

from dashboard.access import Access, plan_of
from dashboard.app import create_app
from dashboard.server import create, stop
from pipeline.library import Library
from tests.dashboard.on_map import drawn

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_FLAGS = [
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--hide-scrollbars",
]


@pytest.fixture(autouse=True)
def patient():
    """A busy machine draws a map in more than the 5 s that playwright would wait."""
    expect.set_options(timeout=30_000)


def _served(app: Dash):
    """The server of an app, as `serve` makes it, at work on a free port."""
    server = create(app.server, plan_of(app), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    return server


@pytest.fixture(scope="session")
def address(made_library) -> str:
    """Where the dashboard of the library of `pictures` is served."""
    server = _served(create_app(Library(made_library)))
    yield f"http://127.0.0.1:{server.effective_port}"
    stop(server)


@pytest.fixture
def serving():
    """A function: serve the dashboard of a library until the test ends → its address."""
    servers = []

    def serve(library: Library, access: Access = Access()) -> str:
        server = _served(create_app(library, access=access))
        servers.append(server)
        return f"http://127.0.0.1:{server.effective_port}"

    yield serve
    for server in servers:
        stop(server)


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium; skipped with a reason where there is none."""
    program = os.environ.get("LIKENESS_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        reason = "no Chromium on this machine (LIKENESS_CHROMIUM can name one)"
        if os.environ.get("LIKENESS_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        # Its own way has the page evaluate a text, which the content security policy forbids.
        Page.wait_for_function = _wait_for_function
        chromium = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield chromium
        chromium.close()


def _wait_for_function(page: Page, expression: str, *, arg=None, timeout: float = 30_000):
    end = time.monotonic() + timeout / 1000
    while not (value := page.evaluate(expression, arg)):
        assert time.monotonic() < end, f"{expression} did not become true"
        page.wait_for_timeout(50)
    return value


@pytest.fixture
def page(browser, address):
    """A page of an empty profile that notes errors and every request that would leave the machine."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=address)
    page = context.new_page()
    page.set_default_timeout(30_000)
    errors, foreign = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda line: errors.append(f"{line.text} {line.location.get('url', '')}") if line.type == "error" else None,
    )
    page.on(
        "request",
        lambda request: foreign.append(request.url)
        if not request.url.startswith((address, "data:", "blob:"))
        else None,
    )
    yield page
    context.close()
    assert not foreign, "requests that leave the machine"
    assert not errors


@pytest.fixture
def tab(page):
    """A browser's page with the map drawn."""
    page.goto("/")
    drawn(page)
    return page

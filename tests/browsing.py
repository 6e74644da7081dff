"""Headless Chromium, and the dashboard of a library served for it."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from dashboard.access import Access, plan_of
from dashboard.app import create_app
from dashboard.pools import Plan
from dashboard.server import create, stop
from pipeline.library import Library

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_FLAGS = [
    "--no-sandbox", "--use-angle=swiftshader-webgl", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--hide-scrollbars",
]


def program() -> str | None:
    """Where Chromium is: as LIKENESS_CHROMIUM says, or found; None without one."""
    return os.environ.get("LIKENESS_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def launched(whole: bool = False) -> Iterator[Browser]:
    """The browser, for the block. whole: all that a page shows is drawn in software, as on a machine without
    a GPU; else WebGL alone is."""
    flags = [flag.replace("swiftshader-webgl", "swiftshader") for flag in _FLAGS] if whole else _FLAGS
    with sync_playwright() as playwright:
        # Its own way has the page evaluate a text, which the content security policy forbids.
        Page.wait_for_function = _wait_for_function
        browser = playwright.chromium.launch(executable_path=program(), args=flags)
        yield browser
        browser.close()


@contextmanager
def listening() -> Iterator[Callable[[Callable, Plan], str]]:
    """A function: serve an application and its plan on a free port, until the end → the address."""
    servers = []

    def listen(application: Callable, plan: Plan) -> str:
        servers.append(create(application, plan, host="127.0.0.1", port=0))
        threading.Thread(target=servers[-1].run, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].effective_port}"

    yield listen
    for server in servers:
        stop(server)


@contextmanager
def served(library: Library, access: Access = Access()) -> Iterator[str]:
    """The address of the dashboard of a library, for the block."""
    app = create_app(library, access=access)
    with listening() as listen:
        yield listen(app.server, plan_of(app))


def _wait_for_function(page: Page, expression: str, *, arg=None, timeout: float = 30_000):
    end = time.monotonic() + timeout / 1000
    while not (value := page.evaluate(expression, arg)):
        assert time.monotonic() < end, f"{expression} did not become true"
        page.wait_for_timeout(50)
    return value

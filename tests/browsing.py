"""Headless Chromium, and the dashboard of a library served for it."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urljoin

from playwright.sync_api import Browser, Error, Page, Request, sync_playwright

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


class Tab:
    """One tab for many tests, as empty for each as a new one: a browser shows a page again, in a process that has
    compiled and drawn it before, for two thirds of the work."""

    SIZE = {"width": 1280, "height": 800}
    _LASTING = ("on", "once", "route", "add_init_script", "expose_function", "expose_binding", "set_extra_http_headers")
    """What a tab would keep for the next test."""

    def __init__(self, browser: Browser):
        self._browser = browser
        self._page: Page | None = None
        self._address = ""
        self._visited: set[str] = set()
        self._lasting = False
        self._told: Sequence[str] = ()
        self.errors: list[str] = []
        """What the console told of since the tab was emptied."""
        self.foreign: list[str] = []
        """Requests that would have left the machine."""

    def at(
        self, address: str, width: int = SIZE["width"], height: int = SIZE["height"], *, told: Sequence[str] = (),
    ) -> Page:
        """The tab, in which paths lead to what is served at an address. told: parts of errors that are expected."""
        if self._page is None or self._page.is_closed():
            self._open()
        if address != self._address:
            self._screen.send("Network.clearBrowserCache")  # the port may have been another server's
        self._address = address
        self._visited.add(address)
        self._told = told
        self._page.set_viewport_size({"width": width, "height": height})
        return self._page

    def empty(self) -> None:
        """Nothing of a test is left: no page that goes on, no storage, no cookie, no other tab."""
        page, visited = self._page, [*self._visited]
        if page is None:
            return
        if self._lasting or page.is_closed():
            self.close()
            return
        for other in page.context.pages:
            if other != page:
                other.close()
        for address in visited:
            page.goto(f"{address}/healthz")  # of the same origin, without scripts
            page.evaluate("sessionStorage.clear()")
            self._screen.send("Storage.clearDataForOrigin", {"origin": urljoin(address, "/"), "storageTypes": "all"})
        page.emulate_media(media="null", color_scheme="null", reduced_motion="null", forced_colors="null", contrast="null")
        page.mouse.move(0, 0)
        self._forget()

    def close(self) -> None:
        """The next is a new one."""
        if self._page is not None:
            self._page.context.close()
        self._page, self._lasting = None, False
        self._forget()

    def _forget(self) -> None:
        self._visited.clear()
        self.errors.clear()
        self.foreign.clear()

    def _open(self) -> None:
        page = self._page = self._browser.new_context().new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self._tell(str(error)))
        page.on("console", lambda line: line.type == "error" and self._tell(f"{line.text} {line.location.get('url', '')}"))
        page.on("request", self._ask)
        self._screen = page.context.new_cdp_session(page)
        go = page.goto
        page.goto = lambda where, **named: go(urljoin(self._address, where), **named)
        for name in self._LASTING:
            setattr(page, name, self._noticed(getattr(page, name)))

    def _tell(self, error: str) -> None:
        if not any(part in error for part in self._told):
            self.errors.append(error)

    def _ask(self, request: Request) -> None:
        if not request.url.startswith((*self._visited, "data:", "blob:", "about:")):
            self.foreign.append(request.url)

    def _noticed(self, method: Callable) -> Callable:
        def call(*args, **named):
            self._lasting = True
            return method(*args, **named)

        return call


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
    """What is asked about may not be there yet, or the page on its way."""
    end = time.monotonic() + timeout / 1000
    while True:
        try:
            value, failed = page.evaluate(expression, arg), ""
        except Error as error:
            value, failed = None, f": {error.message}"
        if value:
            return value
        assert time.monotonic() < end, f"{expression} did not become true{failed}"
        page.wait_for_timeout(50)

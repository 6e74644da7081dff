"""A dashboard served for real, and a browser to drive it with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.access import Access, plan_of
from dashboard.app import create_app
from dashboard.pools import Plan
from pipeline.library import Library
from tests import browsing
from tests.dashboard.on_map import drawn

LARGE = 4_000
"""Images of the library that stands for a very large one."""


@pytest.fixture(autouse=True)
def patient():
    """A busy machine draws a map in more than the 5 s that playwright would wait."""
    expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def address(made_library) -> str:
    """Where the dashboard of the library of `pictures` is served."""
    with browsing.served(Library(made_library)) as address:
        yield address


@pytest.fixture(scope="session")
def unopened_large(once) -> Path:
    """Data directory of a library of `LARGE` images, with a map and an index but no files; to be copied only."""
    from tests import large_library  # with all that it measures

    return once("large", lambda data: large_library.make(data, LARGE, index=True))


@pytest.fixture
def listening() -> Callable[[Callable, Plan], str]:
    """A function: serve an application and its plan until the test ends → its address."""
    with browsing.listening() as listen:
        yield listen


@pytest.fixture
def serving(listening) -> Callable[..., str]:
    """A function: serve the dashboard of a library until the test ends → its address."""

    def serve(library: Library, access: Access = Access()) -> str:
        app = create_app(library, access=access)
        return listening(app.server, plan_of(app))

    return serve


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium; skipped with a reason where there is none."""
    if browsing.program() is None:
        reason = "no Chromium on this machine (LIKENESS_CHROMIUM can name one)"
        if os.environ.get("LIKENESS_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with browsing.launched() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def one_tab(browser):
    """The tab that tests share, one after the other."""
    tab = browsing.Tab(browser)
    yield tab
    tab.close()


@pytest.fixture
def page_at(request, one_tab, listening) -> Callable[..., Page]:
    """A function: the empty page of what is served at an address, of a width and height. What it tells of errors,
    and requests that would leave the machine, fail the test in the end."""
    failed = request.session.testsfailed
    yield one_tab.at
    errors, foreign = [*one_tab.errors], [*one_tab.foreign]
    if request.session.testsfailed > failed:  # a key may be held down, a question be open
        one_tab.close()
    else:
        one_tab.empty()
    assert not foreign, "requests that leave the machine"
    assert not errors


@pytest.fixture
def page(page_at, address) -> Page:
    """The empty page of what all tests share."""
    return page_at(address)


@pytest.fixture
def tab(page):
    """A browser's page with the map drawn."""
    page.goto("/")
    drawn(page)
    return page

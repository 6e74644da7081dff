"""What one sees on the Search page of a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page


def found(page: Page) -> list[int]:
    """The images that match, those out of sight, too."""
    return page.evaluate("likeness.search.matches().map(match => match.id)")


def ready(page: Page, least: int = 1) -> None:
    """Wait until so many matches are there."""
    page.wait_for_function("least => (window.likeness?.search?.matches?.() || []).length >= least", arg=least)


@contextmanager
def slow(page: Page) -> Iterator[None]:
    """No answer of the server comes before the end."""
    held, over = [], []
    asked = re.compile("/_dash-update-component")  # Dash adds a query to it
    page.route(asked, lambda route: route.continue_() if over else held.append(route))
    yield
    for _ in range(600):
        if held:  # Dash asks in its own time
            break
        page.wait_for_timeout(50)
    assert held
    over.append(True)
    for route in held:
        route.continue_()
    page.unroute(asked)

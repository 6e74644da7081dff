"""What one sees on the Search page of a browser."""

from __future__ import annotations

from playwright.sync_api import Page


def found(page: Page) -> list[int]:
    """The images that match, those out of sight, too."""
    return page.evaluate("likeness.search.matches().map(match => match.id)")


def ready(page: Page, least: int = 1) -> None:
    """Wait until so many matches are there."""
    page.wait_for_function("least => (window.likeness?.search?.matches?.() || []).length >= least", arg=least)

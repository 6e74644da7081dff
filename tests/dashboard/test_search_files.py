"""Pictures given to Search in a real browser: none is lost, and none undoes what was done since."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from pipeline.library import Library

pytestmark = pytest.mark.browser

FILES = "#search-file input[type=file]"
KEYS = "() => dash_component_api.getLayout('search-chosen').props.data.map(one => one.key)"


@pytest.fixture
def library(made_library) -> Library:
    """That of all tests: what is given stays in the tab."""
    return Library(made_library)


def hold(page: Page, path: str = r"/upload\?") -> list:
    """Keep back what is sent there; the routes will be in the list."""
    held = []
    page.route(re.compile(path), lambda route: held.append(route))
    return held


def answered(page: Page, held: list, at: int) -> None:
    """Let one of them go, and wait for its answer."""
    with page.expect_response(re.compile(r"/upload\?")):
        held[at].continue_()


def until(page: Page, held: list, count: int) -> None:
    """Wait until so many have been sent."""
    for _ in range(1200):
        if len(held) >= count:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{len(held)} of {count} were sent")


def test_a_second_upload_before_the_first_has_been_looked_at_joins_it(page: Page, library):
    first, second = (str(library.image(number).file) for number in (4, 25))
    page.goto("/search")
    held = hold(page)
    page.locator(FILES).set_input_files(first)
    page.locator(FILES).set_input_files(second)
    until(page, held, 1)
    answered(page, held, 0)
    until(page, held, 2)
    answered(page, held, 1)
    expect(page.locator(".board-tile")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"upload=[0-9a-f]{12}%2C[0-9a-f]{12}"))


def test_files_given_at_once_are_searched_with_together_and_a_bad_one_is_named(page: Page, library, tmp_path):
    bad = tmp_path / "notes.jpg"
    bad.write_text("no picture")
    files = [str(library.image(number).file) for number in (4, 25, 40)]
    page.goto("/search?image=9")
    expect(page.locator("#search-gallery .match")).not_to_have_count(0)
    page.locator(FILES).set_input_files([files[0], str(bad), *files[1:]])
    expect(page.locator(".board-tile")).to_have_count(3)
    expect(page).to_have_url(re.compile(r"upload=[0-9a-f]{12}(%2C[0-9a-f]{12}){2}"))
    expect(page).not_to_have_url(re.compile("image"))  # they stand in its place
    expect(page.locator("#search-note")).to_contain_text("notes.jpg")


def test_an_upload_that_comes_late_is_offered_and_leaves_what_was_chosen_since(page: Page, library):
    page.goto("/search")
    held = hold(page)
    page.locator(FILES).set_input_files(str(library.image(4).file))
    until(page, held, 1)
    start = page.locator(".search-start .example").nth(2)
    chosen = start.locator("img").get_attribute("src").rsplit("/", 1)[1]
    start.click()
    expect(page).to_have_url(re.compile(rf"image={chosen}$"))
    answered(page, held, 0)
    expect(page.locator("#search-note")).to_contain_text("is ready")
    assert page.evaluate(KEYS) == [chosen]
    expect(page).to_have_url(re.compile(rf"image={chosen}$"))
    page.get_by_role("button", name="Add it to this search").click()
    expect(page.locator(".board-tile")).to_have_count(2)


def test_an_upload_does_not_follow_to_a_search_that_a_link_led_to(page: Page, library):
    page.goto("/search?image=9")
    expect(page.locator("#search-gallery .match")).not_to_have_count(0)
    page.goto("/search?image=10")
    expect(page.locator("#search-gallery .match")).not_to_have_count(0)
    held = hold(page)
    page.locator(FILES).set_input_files(str(library.image(4).file))
    until(page, held, 1)
    page.locator(".nav-page", has_text="Search").click()
    expect(page).to_have_url(re.compile(r"/search$"))
    expect(page.locator(".search-start")).to_be_visible()
    answered(page, held, 0)
    expect(page.locator("#search-note")).to_contain_text("is ready")
    assert page.evaluate(KEYS) == []

"""The Quality page: what was measured, what has changed since, and the run that measures."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from dashboard.access import Access
from dashboard.jobs import Jobs
from dashboard.pages.quality import page
from dashboard.reads import Reads
from pipeline.library import Library
from tests.dashboard.accessibility import faults
from tests.dashboard.trees import text_of


def test_before_anything_is_measured_the_page_says_how(library: Library):
    assert "python -m pipeline evaluate" in text_of(page.layout(Reads(library), {}))
    assert "Measure" in text_of(page.layout(Reads(library, Jobs(library)), {}))


@pytest.mark.browser
def test_it_is_measured_from_the_page_and_a_cell_opens_the_images_behind_it(browser, serving, library: Library):
    for image in range(13, 61):  # twelve of two folders are as good as all, and measured in a fifth of the time
        library.mark(image, "missing")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    seen = context.new_page()
    seen.set_default_timeout(120_000)
    seen.goto(serving(library, Access.listening_on("127.0.0.1")) + "/quality")
    seen.get_by_role("button", name="Measure").click()
    expect(seen.locator(".quality-on")).to_contain_text("Measured on 12 images", timeout=240_000)
    expect(seen.get_by_role("heading", name="Maps")).to_be_visible()
    assert not faults(seen, "#quality-body")
    cell = seen.locator(".quality-fold[open] .quality-confusion a").first
    share = cell.text_content()
    assert 0 <= int(share) <= 100
    cell.click()
    expect(seen).to_have_url(re.compile(r"/gallery\?these="))
    expect(seen.locator("#gallery-list a.picture").first).to_be_visible()
    library.db.execute("UPDATE images SET label = 'else' WHERE id = 1")
    seen.go_back()
    expect(seen.locator(".quality-on")).to_contain_text("Changed since: the labels")
    context.close()

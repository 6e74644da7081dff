"""The page of learned weights, and a varied choice kept as a collection, as a person does both."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from dashboard.pages.weights import page as weights_page
from dashboard.reads import Reads
from pipeline import learned
from pipeline.library import Library, notes
from tests.dashboard.trees import of_class, text_of


def judged(library: Library) -> None:
    """Thumbs on the matches of ten searches: up for the nearest by color, down for the farthest."""
    ids, rows = library.vectors("color", [row.id for row in library.images()])
    close = rows @ rows.T
    for at in range(0, 60, 6):
        order = [one for one in close[at].argsort()[::-1].tolist() if one != at]
        for rank, other in enumerate(order[:12:2] + order[20:40:3], 1):
            value = 1 if rank <= 6 else -1
            notes.rate(library, {"plus": [f"image:{ids[at]}"], "minus": [], "metric": "cosine"}, int(ids[other]), value, rank, 0.5)


def test_the_page_says_what_there_is_to_learn_from(library):
    told = text_of(weights_page.layout(Reads(library), {}))
    assert "60 images with 6 labels" in told and "0 thumbs on the matches of 0 searches" in told
    assert told.count("Learn") == 1 and "It takes 30 thumbs on the matches of 8 searches" in told
    judged(library)
    told = text_of(weights_page.body(Reads(library)))
    assert "130 thumbs on the matches of 10 searches" in told and told.count("Learn") == 2


def test_learned_weights_stand_in_the_order_of_the_sliders(library):
    names = list(Reads(library).embeddings())
    weights = dict(zip(names, (0.2, 0.5, 1.0)))
    ranges = {name: (weight, weight) for name, weight in weights.items()}
    learned.put(library, learned.LABELS, learned.Learned(learned.LABELS, weights, ranges, 0.5, 0.6, 0.05, 0.15, 60, 0))
    rows = of_class(weights_page.body(Reads(library)), "weights-row")
    assert [text_of(row) for row in rows] == ["Color 0.2", "Texture & shape 0.5", "Meaning 1"]


@pytest.mark.browser
def test_weights_are_learned_used_and_forgotten(page_at, library, serving):
    page = page_at(serving(library), height=900)
    page.goto("/weights")
    thumbs = page.locator("section", has=page.get_by_role("heading", name="From thumbs"))
    expect(thumbs).to_contain_text("It takes 30 thumbs on the matches of 8 searches")
    expect(thumbs.get_by_role("button", name="Learn")).to_have_count(0)
    judged(library)
    page.reload()
    thumbs.get_by_role("button", name="Learn").click()
    expect(thumbs).to_contain_text("a gain of")
    expect(thumbs.locator(".weights-row").first).to_contain_text(re.compile(r"Color\s*1"))
    thumbs.get_by_role("link", name="Search by these").click()
    preset = page.get_by_role("button", name="Learned from thumbs")
    expect(preset).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Balanced").click()
    expect(preset).to_have_attribute("aria-pressed", "false")
    page.get_by_role("link", name="Which weights for which job?").click()
    page.get_by_role("button", name="Forget").click()
    expect(page.get_by_role("button", name="Forget")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(thumbs).to_contain_text("a gain of")


@pytest.mark.browser
def test_a_walk_leads_to_its_pictures_and_a_varied_choice_is_kept(page_at, library, serving):
    page = page_at(serving(library), height=900, told=["/gallery/order"])  # the collection is taken back in the end
    page.goto("/library")
    walk = page.locator("#library-walks").get_by_role("link").first
    counted = int(walk.locator(".num").inner_text())
    walk.click()
    expect(page.locator("#gallery-count")).to_have_text(re.compile(rf"^{counted} image"))
    page.goto("/gallery")
    expect(page.locator("#gallery-count")).to_have_text("60 images")
    page.get_by_role("button", name="Varied choice").click()
    dialog = page.get_by_role("dialog", name="A varied choice")
    expect(dialog.get_by_label("How many")).to_have_value("30")
    dialog.get_by_label("How many").fill("6")
    dialog.get_by_label("Name of a collection").fill("Six")
    page.keyboard.press("Enter")
    expect(page.locator("#gallery-count")).to_have_text("6 images")
    expect(page).to_have_url(re.compile(r"collection=Six"))
    kept = notes.collected(library, "Six")
    labels = {row.id: row.label for row in library.images()}
    assert len({labels[one] for one in kept}) >= 5  # of six folders
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("() => fetch('/gallery/names').then(a => a.json()).then(n => n.collections.length === 0)")

"""The Quality page: what was measured, what has changed since, and the run that measures."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from sklearn.metrics import average_precision_score

from dashboard.access import Access
from dashboard.jobs import Jobs
from dashboard.pages.quality import page
from dashboard.reads import Reads, galleries, taken
from pipeline.library import Library
from pipeline.quality import kept
from tests.dashboard.accessibility import faults
from tests.dashboard.test_left_pages import hold, release, until
from tests.dashboard.trees import text_of


def test_before_anything_is_measured_the_page_says_how(library: Library):
    assert "python -m pipeline evaluate" in text_of(page.layout(Reads(library), {}))
    assert "Measure" in text_of(page.layout(Reads(library, Jobs(library)), {}))


def test_behind_a_cell_are_the_images_of_a_label_whose_neighbors_carry_the_other(library: Library):
    reads = Reads(library)
    labels = sorted(library.labels())
    ids = np.array([row.id for row in library.images()])
    votes = np.random.default_rng(0).integers(0, 4, (len(ids), len(labels)), np.uint8)
    kept.keep(library, {"labels": {"names": labels}}, {"ids:color": ids, "votes:color": votes}, {}, len(ids))
    found = galleries.among(reads, None, {"behind": taken.text("color", labels[1], labels[0])}).tolist()
    said = {image: int(row[0]) for image, row in zip(ids.tolist(), votes)}
    assert set(found) == {row.id for row in library.images() if row.label == labels[1] and said[row.id]}
    assert 1 < len(found) and [said[one] for one in found] == sorted((said[one] for one in found), reverse=True)
    library.db.execute("UPDATE images SET label = ? WHERE id = ?", (labels[0], found[0]))
    assert galleries.among(reads, None, {"behind": taken.text("color", labels[1], labels[0])}).tolist() == found[1:]
    for wrong in ("x", "[]", "7", '["color","a","b"]', taken.text("sift", labels[1], labels[0])):
        assert not galleries.among(reads, None, {"behind": wrong}).tolist()
    assert taken.named(taken.text("color", "a", "b")) == "a near b"


def found_again(library: Library) -> dict[str, tuple[float, float, float]]:
    """By each embedding the least and the most that precision@10 may be where some are equally near, as those are that
    have no color in common, and mAP: by comparing all with all and as scikit-learn counts."""
    told = {}
    for name, title in (("color", "Color"), ("sift", "Texture & shape"), ("efficientnet", "Meaning")):
        ids, rows = library.vectors(name, [row.id for row in library.images() if row.state == "ok"])
        labels = np.array([library.image(one).label for one in ids.tolist()])
        figures = []
        for at, line in enumerate(np.round(rows @ rows.T, 5)):
            others = np.arange(len(ids)) != at
            good, near = (labels == labels[at])[others], line[others]
            ends = (good[np.lexsort((last, -near))][:10].mean() for last in (good, ~good))
            figures.append([*ends, average_precision_score(good, near)])
        told[title] = tuple(np.mean(figures, axis=0).tolist())
    return told


def shown_in(section: Locator) -> dict[str, list[str]]:
    """The figures of a table by the names of its rows, of single embeddings."""
    rows = [row.locator("th, td").all_inner_texts() for row in section.locator("tbody tr").all()]
    return {name: figures for name, *figures in rows if name not in ("All combined", "By chance")}


@pytest.mark.browser
def test_it_is_measured_from_the_page_and_a_cell_opens_the_images_behind_it(page_at, serving, library: Library):
    for image in range(13, 61):  # twelve of two folders are as good as all, and measured in a fifth of the time
        library.mark(image, "missing")
    seen = page_at(serving(library, Access.listening_on("127.0.0.1")))
    seen.goto("/quality")
    seen.get_by_role("button", name="Measure").click()
    expect(seen.locator(".quality-on")).to_contain_text("Measured on 12 images", timeout=240_000)
    expect(seen.get_by_role("heading", name="Maps")).to_be_visible()
    assert not faults(seen, "#quality-body")
    table = shown_in(seen.locator("section", has=seen.get_by_role("heading", name="Labels found again")))
    for title, (least, most, average) in found_again(library).items():
        precision, mean = map(float, table[title])
        assert least - 6e-4 <= precision <= most + 6e-4 and mean == pytest.approx(average, abs=6e-3), title
    cell = seen.locator(".quality-fold[open] .quality-confusion a").first
    share = cell.text_content()
    assert 0 <= int(share) <= 100
    cell.click()
    expect(seen).to_have_url(re.compile(r"/gallery\?behind="))
    expect(seen.locator("#gallery-list a.picture").first).to_be_visible()
    expect(seen.locator(".gallery-title")).to_contain_text(" near ")
    library.db.execute("UPDATE images SET label = 'else' WHERE id = 1")
    seen.go_back()
    expect(seen.locator(".quality-on")).to_contain_text("Changed since: the labels")
    looks_through_mistakes(seen, library)


def looks_through_mistakes(seen: Page, library: Library) -> None:
    """As one of the galleries: sorted, chosen from, looked through, larger. Twelve pictures have no mistakes of their own."""
    found = kept.read(library)
    names = found.figures["labels"]["names"]
    rows = np.array([[3, 0, 1, 9], [1, 0, 1, 8], [8, 1, 0, 7]])
    kept.keep(library, found.figures, {**found.arrays, "mistakes": rows}, kept.state_of(library), found.images)
    seen.reload()
    cards = seen.locator("#quality-mistakes-list .picture-card")
    expect(cards).to_have_count(3)
    ids = "cards => cards.map(card => Number(card.dataset.image))"
    assert cards.evaluate_all(ids) == [3, 1, 8]
    expect(cards.first.locator(".quality-words")).to_have_text(f"{names[0]}9 of 10 say {names[1]}")
    seen.get_by_label("Sort").select_option("name")
    wanted = galleries.ordered(Reads(library), rows[:, 0], "name").tolist()
    seen.wait_for_function("wanted => [...document.querySelectorAll('#quality-mistakes-list .picture-card')].map(card => card.dataset.image).join() === wanted",
                           arg=",".join(map(str, wanted)))
    seen.keyboard.press("Escape")
    before = cards.first.bounding_box()["height"]
    seen.get_by_label("Size of the pictures").fill("320")
    seen.wait_for_function("before => document.querySelector('#quality-mistakes-list .picture').clientHeight > 1.3 * before", arg=before)
    cards.nth(0).locator("a.picture").click(modifiers=["Control"])
    cards.nth(2).locator("a.picture").click(modifiers=["Control"])
    expect(seen.locator(".chosen-count")).to_have_text("2 chosen")
    seen.locator(".chosen-bar [data-chosen=none]").click()
    cards.nth(1).locator("a.picture").click()
    expect(seen.locator(".viewer-count")).to_have_text("2 of 3")
    seen.keyboard.press("Escape")
    expect(cards.nth(1).locator("a.picture")).to_be_focused()
    # While others are asked for, those that stand there can be drawn anew.
    held = hold(seen, "/gallery/order")
    seen.evaluate("names => dash_clientside.set_props('quality-mistakes', { data: { rows: [[5, 0, 1, 9]], names: names } })", names)
    until(seen, held, 1)
    seen.get_by_label("Size of the pictures").fill("160")
    expect(cards).to_have_count(3)
    release(seen, held)
    expect(cards).to_have_count(1)

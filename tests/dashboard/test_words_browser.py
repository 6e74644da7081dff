"""Words and palettes in a real browser: the box, its list, the board, history, the address."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from pipeline.library import Library
from pipeline.search import ImageEntry, PaletteEntry, Query, Searcher, WordsEntry
from tests.dashboard.on_search import slow

pytestmark = pytest.mark.browser

IDS = "() => likeness.search.matches().map(match => match.id)"


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def shows(page: Page, searcher: Searcher, *entries, exclude=()) -> None:
    """Wait until the first matches are those of a query; where there is room, more follow."""
    from pipeline.search import Filter

    found = searcher.search(Query(entries, top_k=24, filter=Filter(exclude=exclude)))
    expected = [match.id for match in found.matches]
    page.wait_for_function(f"expected => JSON.stringify(({IDS})().slice(0, 24)) === JSON.stringify(expected)", arg=expected)


def test_words_are_written_completed_and_mended(page, made_library):
    searcher = Searcher(Library(made_library))
    page.goto("/")
    page.wait_for_selector("#words-box input")
    page.keyboard.press("/")  # the box of this page
    expect(page.locator("#words-box input")).to_be_focused()
    page.keyboard.type("orange ball", delay=20)
    option = page.locator("#words-list [role=option]", has_text="orange balloon").first
    expect(option).to_be_visible()
    box = page.get_by_role("combobox", name="Search by words")
    page.keyboard.press("Escape")
    expect(page.locator("#words-list")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(option).to_be_visible()
    place = int(option.get_attribute("data-at"))
    for _ in range(place + 1):
        page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", f"words-option-{place}")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/search\?words=orange\+balloon$"))
    shows(page, searcher, WordsEntry("orange balloon"))
    expect(box).to_have_value("orange balloon")
    expect(page.locator(".query-words li")).to_have_count(2)
    box.fill('orange ballon -"brick wall"')
    box.press("Enter")
    expect(page.locator(".query-unknown")).to_contain_text("ballon is not known here")
    page.wait_for_url(re.compile("minus_words"))
    assert asked(page) == {"words": ["orange ballon"], "minus_words": ["brick wall"]}
    expect(page.locator("#search-status")).to_contain_text("Not known here: ballon")
    page.locator(".query-unknown button", has_text="balloon").first.click()
    shows(page, searcher, WordsEntry("orange balloon"), WordsEntry("brick wall", minus=True))
    expect(box).to_have_value('orange balloon -"brick wall"')
    page.go_back()
    page.go_back()
    shows(page, searcher, WordsEntry("orange balloon"))
    expect(box).to_have_value("orange balloon")
    page.get_by_role("button", name="Clear the words").click()
    expect(page.locator(".search-start")).to_be_visible()
    page.wait_for_url(re.compile("/search$"))
    expect(box).to_have_value("")
    assert asked(page) == {}


def test_an_address_with_an_unknown_word_leaves_images_to_start_from(page, made_library):
    page.goto("/search?words=grumbel")
    expect(page.locator("#search-status")).to_contain_text("“grumbel” is not known here.")
    expect(page.locator(".search-start img").first).to_be_visible()
    box = page.get_by_role("combobox", name="Search by words")
    box.fill("orange")
    box.press("Enter")
    shows(page, Searcher(Library(made_library)), WordsEntry("orange"))
    found = page.evaluate(IDS)[:24]  # where there is room, more follow
    box.fill("grumbel")
    box.press("Enter")
    expect(page.locator("#search-status")).to_contain_text("“grumbel” is not known here.")
    expect(page.locator(".search-start")).to_have_count(0)  # what was found stays
    assert page.evaluate(IDS)[:24] == found


def test_words_beside_a_picture_and_palettes(page, made_library):
    searcher = Searcher(Library(made_library))
    page.goto("/search?image=7")
    box = page.get_by_role("combobox", name="Search by words")
    page.wait_for_selector(".stage.fitted")
    box.fill("blu")  # stays, though the board gets words elsewhere
    page.evaluate("""() => new Promise(done => {
        document.addEventListener("likeness:query", () => requestAnimationFrame(done), { once: true });
        likeness.search.setBoard([...likeness.search.state.board, likeness.search.entry("words", "red")]);
    })""")
    expect(box).to_have_value("blu")
    box.fill("blue")
    box.press("Enter")
    shows(page, searcher, WordsEntry("blue"), ImageEntry(7), exclude=(7,))
    page.wait_for_url(re.compile("words=blue"))
    assert asked(page) == {"words": ["blue"], "images": ["7"]}
    page.get_by_role("button", name="Remove “blue”").click()
    page.wait_for_selector(".stage.fitted")
    expect(box).to_have_value("")

    page.get_by_role("button", name="Search by its colors").click()  # of the picture on the stage
    page.wait_for_selector(".palette-row")
    page.wait_for_url(re.compile("palette="))
    (key,) = asked(page)["palette"]
    parts = [part.split(".") for part in key.split("_")]
    assert 1 <= len(parts) <= 5 and 90 <= sum(int(share) for _, share in parts) <= 110
    entry = PaletteEntry(tuple(f"#{color}" for color, _ in parts), tuple(float(share) for _, share in parts))
    shows(page, searcher, entry)
    page.reload()
    shows(page, searcher, entry)

    page.goto("/search")
    page.get_by_role("button", name="Search by colors").click()
    figures = page.get_by_role("textbox", name="Color 1 in figures")
    expect(page).to_have_url(re.compile("palette="))
    with slow(page):  # one change after another
        figures.fill("C43")
        figures.press("Enter")
        page.get_by_role("button", name="Add a color").click()
        page.get_by_role("slider", name="Share of color 2").fill("25")
    page.wait_for_url(re.compile(r"palette=cc4433\.100_[0-9a-f]{6}\.25"))
    second = parse_qs(urlsplit(page.url).query)["palette"][0].split("_")[1].split(".")[0]
    shows(page, searcher, PaletteEntry(("#cc4433", f"#{second}"), (100.0, 25.0)))
    page.get_by_role("button", name="Remove color 2").click()
    page.wait_for_url(re.compile(r"palette=cc4433\.100$"))
    figures = page.get_by_role("textbox", name="Color 1 in figures")
    figures.fill("nonsense")
    figures.press("Enter")
    expect(figures).to_have_value("#cc4433")
    page.locator("summary", has_text="History").click()
    expect(page.locator("#search-history img[src^='data:image/svg']").first).to_be_visible()

"""What people come for, done on a real library with every step counted.

    python -m tests.count_steps DATA --cluster watch --words strawberry

A copy of DATA is served, and headless Chromium (LIKENESS_CHROMIUM names one) does each task from the page of
the Map on, by what it sees: clicks, keys, names typed and screens that the wheel turns count as steps.
cluster: part of the name of a cluster of the Map, of about 30 pictures; words: of which there are about 100 matches.
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from dashboard.access import Access
from pipeline import gallery
from pipeline.library import Library, notes
from pipeline.pictures import decoding
from tests import browsing
from tests.dashboard.fingers import Fingers, middle
from tests.dashboard.steps import Steps

_WIDE = {"width": 1440, "height": 900}
_PHONE = {"width": 390, "height": 844}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--words", required=True)
    parser.add_argument("--only", help="tasks whose names have this in them")
    given = parser.parse_args()
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory() as place, browsing.launched() as browser:
        data = Path(place, "data")
        shutil.copytree(given.data, data)
        for name, task in TASKS.items():
            if not given.only or given.only in name:
                steps, came = task(browser, data, given)
                print(f"{name:62} {steps:4} steps   {came}", flush=True)


@contextmanager
def begun(
    browser: Browser, data: Path, viewport: dict = _WIDE, access: Access = Access(), **more
) -> Iterator[tuple[Page, Library, Steps]]:
    """A library served for the block, and its map in a new browser; steps count from there."""
    library = Library(data)
    with browsing.served(library, access) as address:
        context = browser.new_context(viewport=viewport, base_url=address, accept_downloads=True, **more)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto("/")
        mapped(page)
        yield page, library, Steps(page)
        context.close()


def mapped(page: Page) -> None:
    page.wait_for_function("window.likeness?.mapPage?.drawn")
    page.wait_for_function("likeness.mapPage.clusters.titles !== null && !likeness.mapPage.engine.view.moving()")


def search(page: Page, steps: Steps, words: str) -> None:
    """Words, from whatever page."""
    steps.press("/")
    steps.type(words)
    steps.press("Enter")
    expect(page.locator("#search-gallery a.picture").first).to_be_visible()


def choose_first(page: Page, steps: Steps, gallery: str, count: int) -> None:
    """The first pictures of a gallery, by a click, the wheel and another click."""
    steps.click(page.locator(f"{gallery} a.picture").first, modifiers=["ControlOrMeta"])
    last = f"{gallery} .picture-card[data-index='{count - 1}']"
    page.mouse.move(900, 600)
    steps.roll(f"document.querySelector(\"{last}\")?.getBoundingClientRect().bottom < innerHeight - 80")
    steps.click(page.locator(f"{last} a.picture"), modifiers=["Shift"])
    expect(page.locator(".chosen-count")).to_have_text(f"{count} chosen")


def odd_ones(browser: Browser, data: Path, given) -> tuple[int, str]:
    with begun(browser, data) as (page, library, steps):
        row = page.locator(".map-cluster", has_text=given.cluster).first
        row.hover()
        steps.click(row.locator("[data-select]"))
        first = page.locator("#selected-gallery .picture-card[data-index='0'] a.picture")
        expect(first).to_be_visible()
        steps.choose(page.locator("#selected-view select"), "unusual")
        page.wait_for_function("!document.querySelector('#selected-gallery img[data-src]')")
        shown = [int(one) for one in page.locator("#selected-gallery a.picture").evaluate_all(
            "all => all.map(one => one.dataset.image)")]
        labels = [library.image(one).label for one in shown]
        usual = max(set(labels), key=labels.count)
        odd = [at for at, label in enumerate(labels, 1) if label != usual]
        return steps.count, f"{len(odd)} of {len(labels)} are no {usual}; they stand at {odd[:12]}"


def hundred(browser: Browser, data: Path, given) -> tuple[int, str]:
    with begun(browser, data) as (page, library, steps):
        search(page, steps, given.words)
        choose_first(page, steps, "#search-gallery", 100)
        steps.click(page.locator(".chosen-bar [data-chosen=tag]"))
        steps.type("wall")
        steps.press("Enter")
        expect(page.locator("#said")).to_contain_text("Tagged 100 images")
        steps.click(page.locator("#said").get_by_role("link", name="Show"))
        expect(page.locator("#gallery-list .pictures")).to_have_attribute("data-count", "100")
        steps.click(page.locator("#gallery-list a.picture").nth(2), button="right")
        steps.click(page.get_by_role("menuitem", name="Remove from wall"))
        expect(page.locator("#gallery-list .pictures")).to_have_attribute("data-count", "99")
        page.locator("#gallery-list a.picture").first.focus()
        steps.press("Control+a")
        steps.click(page.locator(".chosen-export summary"))
        with page.expect_download() as saved:
            steps.click(page.locator(".chosen-export [data-chosen=csv]"))
        rows = list(csv.DictReader(saved.value.path().read_text().splitlines()))
        assert len(rows) == 99 == len(notes.tagged(library, "wall"))
        before = steps.count
    with begun(browser, data) as (page, library, steps):  # another server, another browser
        steps.click(page.locator("#kept summary"))
        steps.click(page.locator("#map-kept [data-name=wall]"))
        expect(page.locator("#select-chip-name")).to_have_text("wall · 99 images")
        return before + steps.count, f"{steps.count} of them after the restart; the table has 99 rows"


def ten_rated(browser: Browser, data: Path, given) -> tuple[int, str]:
    with begun(browser, data) as (page, library, steps):
        search(page, steps, given.words)
        page.locator("#search-gallery a.picture").first.focus()
        steps.press(" ")
        for at in range(10):
            expect(page.locator(".viewer-count")).to_contain_text(re.compile(f"^{at + 1} of"))
            steps.press("b" if at % 3 == 2 else "g")
            expect(page.locator(f".viewer-tool[data-view={'bad' if at % 3 == 2 else 'good'}]")).to_have_attribute("aria-pressed", "true")
            steps.press("ArrowRight")
        steps.press("Escape")
        before = steps.count
        page.reload()
        steps.click(page.get_by_text("History and ratings"))
        steps.click(page.get_by_role("link", name="10 ratings"))
        expect(page.locator(".rated-match")).to_have_count(10)
        return steps.count, f"{steps.count - before} of them to return to all ten after a reload; {len(notes.ratings(library))} ratings kept"


def fifty_varied(browser: Browser, data: Path, given) -> tuple[int, str]:
    """So many that stand for the whole library, under the name that is suggested."""
    with begun(browser, data) as (page, library, steps):
        steps.click(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Table", exact=True))
        steps.click(page.get_by_role("link", name="Pictures"))
        expect(page.locator("#gallery-list a.picture").first).to_be_visible()
        steps.click(page.get_by_role("button", name="Varied choice"))
        expect(page.get_by_label("How many")).to_have_value("50")
        steps.press("Enter")
        expect(page.locator("#gallery-list .pictures")).to_have_attribute("data-count", "50")
        kinds = {library.image(one).label for one in notes.collected(library, "Varied choice")}
        return steps.count, f"of {len(kinds)} labels out of {len({row.label for row in library.images()})}"


def uploaded(browser: Browser, data: Path, given) -> tuple[int, str]:
    with begun(browser, data) as (page, library, steps):
        steps.click(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Search", exact=True))
        steps.give(page.locator("#search-upload input[type=file], input[type=file]").first, str(library.image(4).file))
        place = page.get_by_role("button", name="Its place on the map")
        expect(place).to_be_visible()
        steps.click(place)
        mapped(page)
        return steps.count, f"{page.evaluate('likeness.mapPage.chosen.ids.length')} nearest lit on the map"


def by_keys(browser: Browser, data: Path, given) -> tuple[int, str]:
    """Words, five matches chosen, kept, and the collection looked through."""
    with begun(browser, data) as (page, library, steps):
        search(page, steps, given.words)
        expect(page.locator("#page")).to_be_focused()  # the box for words stood on another page
        steps.press("p")
        expect(page.locator("#search-gallery a.picture").first).to_be_focused()
        steps.press("Control+ ", *["Shift+ArrowRight"] * 4)
        expect(page.locator(".chosen-count")).to_have_text("5 chosen")
        steps.press("Shift+F10")
        keep = page.evaluate(
            "[...document.querySelectorAll('.at-pointer [role=menuitem]')].findIndex(one => one.dataset.chosen === 'keep')")
        steps.press(*["ArrowDown"] * keep, "Enter")
        expect(page.get_by_label("Name of a collection")).to_be_focused()
        steps.type("By keys")
        steps.press("Enter")
        expect(page.locator("#said")).to_contain_text("Kept 5 images")
        return steps.count, f"{keep + 1} of them in the menu"


def on_a_phone(browser: Browser, data: Path, given) -> tuple[int, str]:
    """Words, and a word on a match, with fingers."""
    with begun(browser, data, _PHONE, has_touch=True, is_mobile=True) as (page, library, steps):
        steps.tap(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Search", exact=True))
        steps.tap(page.locator(".search #words-box input"))
        steps.type(given.words)
        steps.press("Enter")
        first = page.locator("#search-gallery a.picture").first
        expect(first).to_be_visible()
        box = first.bounding_box()
        assert box["y"] + box["height"] < _PHONE["height"]  # on the first screen
        finger = Fingers(page)
        finger.down(middle(first))  # and it rests there
        expect(page.locator(".at-pointer")).to_be_visible()
        finger.up()
        steps.count += 1
        steps.tap(page.get_by_role("menuitem", name="Good match"))
        expect(page.locator("#said")).to_contain_text("Rated as a good match")
        return steps.count, f"the first match ends {box['y'] + box['height']:.0f} px below the top of {_PHONE['height']}"


def why_together(browser: Browser, data: Path, given) -> tuple[int, str]:
    """Two pictures that were found side by side, and what they have in common."""
    with begun(browser, data) as (page, _, steps):
        search(page, steps, given.words)
        cards = page.locator("#search-gallery a.picture")
        for number in (0, 1):
            steps.click(cards.nth(number), modifiers=["ControlOrMeta"])
        steps.click(page.locator(".chosen-bar [data-chosen=why]"))
        expect(page.locator(".why-total strong")).to_be_visible()
        expect(page.locator("#why-side h2").first).to_be_visible()
        return steps.count, f"score {page.locator('.why-total strong').text_content()}; {page.locator('#why-side p').first.text_content()}"


def map_on_a_page(browser: Browser, data: Path, given) -> tuple[int, str]:
    """The map that is open, as a file for a web page."""
    with begun(browser, data) as (page, _, steps), page.expect_download(timeout=300_000) as taken:
        steps.click(page.get_by_role("link", name="This map as one file"))
        file = taken.value.path()
        return steps.count, f"{file.stat().st_size / 1e6:.1f} MB of HTML, <canvas> {'in' if b'<canvas' in file.read_bytes() else 'not in'} it"


def known_already(browser: Browser, data: Path, given) -> tuple[int, str]:
    """Which of 40 pictures in a folder the library has: 20 of them are copies, saved smaller."""
    folder = data.parent / "forty"
    folder.mkdir(exist_ok=True)
    library = Library(data)
    own = library.images()[::50][:20]
    for number, row in enumerate(own):
        pixels = decoding.resize(decoding.decode(row.file.read_bytes()), 320)
        (folder / f"copy-{number}.jpg").write_bytes(decoding.encode_jpeg(pixels, quality=70))
    for entry in [one for one in gallery.plan(7) if not one.duplicate_of][::20][:20]:
        (folder / f"new-{Path(entry.path).name}").write_bytes(gallery.encode(entry, gallery.render(entry)))
    with begun(browser, data) as (page, _, steps):
        steps.click(page.locator(".nav-page", has_text="Duplicates"))
        steps.click(page.get_by_role("button", name="Do I have these?"))
        steps.count += 1  # the files are chosen all at once
        page.locator(".known-drop input[type=file]").set_input_files(sorted(folder.iterdir()))
        said = page.locator(".known-said")
        expect(said).to_contain_text("here already", timeout=600_000)
        return steps.count, said.text_content()


def cleaned(browser: Browser, data: Path, given) -> tuple[int, str]:
    """Copies found, decided on as suggested, and the script that moves them."""
    with begun(browser, data, access=Access.listening_on("127.0.0.1")) as (page, library, steps):
        _looked_for(page, steps)
        steps.click(page.get_by_role("button", name="Decide all"))
        expect(page.locator("#said")).to_contain_text("decided")
        with page.expect_download() as taken:
            steps.click(page.get_by_role("link", name="Script of moves"))
        moves = taken.value.path().read_bytes().count(b"\naside ")
        return steps.count, f"{len(notes.decisions(library))} groups, {moves} files to move"


def _looked_for(page: Page, steps: Steps) -> None:
    steps.click(page.locator(".nav-page", has_text="Duplicates"))
    before = page.locator("#duplicates-on").text_content()
    steps.click(page.get_by_role("button", name="Look for copies"))
    expect(page.locator("#duplicates-on")).not_to_have_text(before, timeout=600_000)
    expect(page.locator("article.copies").first).to_be_visible()


TASKS = {
    "the odd ones of a cluster": odd_ones,
    "100 chosen, tagged, one taken back, exported, found again": hundred,
    "ten rated by keys and returned to": ten_rated,
    "50 varied pictures kept": fifty_varied,
    "from an upload to its place on the map": uploaded,
    "words, five matches chosen and kept, by keys alone": by_keys,
    "words, and one match rated, on a phone": on_a_phone,
    "why two pictures are together": why_together,
    "the map as a file for a web page": map_on_a_page,
    "which of 40 pictures are here already": known_already,
    "a folder of copies cleaned": cleaned,
}

if __name__ == "__main__":
    main()

"""The pictures of README, made from the sample gallery.

    python -m tests.readme_pictures DATA [--only map]

DATA is the library that `make demo` makes. In a copy of it copies are looked for; it is served, and headless Chromium
(LIKENESS_CHROMIUM names one) opens each page as a person would; the screenshots go to docs/.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from pipeline.duplicates import kept
from pipeline.library import Library
from tests import browsing
from tests.count_steps import begun, mapped

FOLDER = Path(__file__).parents[1] / "docs"
SIZE = {"width": 1440, "height": 900}
MOST = 200_000
"""Bytes of a picture."""


def whole_map(page: Page, ids: dict[str, int]) -> None:
    """The map with the names of its clusters."""
    page.goto("/")
    mapped(page)
    page.keyboard.press("0")
    page.wait_for_function("!likeness.mapPage.engine.view.moving()")


def words(page: Page, ids: dict[str, int]) -> None:
    """A color and a thing, in words, once everything is loaded."""
    for _ in range(2):
        page.goto("/search?words=orange+balloon")
        expect(page.locator("#search-gallery img").first).to_be_visible()
        expect(page.get_by_text("Getting the models ready")).to_have_count(0)


def why(page: Page, ids: dict[str, int]) -> None:
    """The points that one movement explains, between a picture and a turned copy of it."""
    page.goto(f"/why?image={ids['stained-glass/ochre-4.png']}&match={ids['stained-glass/ochre-4-rotate.jpg']}")
    expect(page.locator("#why-side")).to_contain_text("points")


def compare(page: Page, ids: dict[str, int]) -> None:
    """One image, a column per embedding."""
    page.goto(f"/compare?image={ids['hot-air-balloons/ember-1.jpg']}")
    expect(page.locator(".compare img").nth(9)).to_be_visible()


def duplicates(page: Page, ids: dict[str, int]) -> None:
    """Copies, and what is to become of them."""
    page.goto("/duplicates")
    expect(page.locator("main img").nth(3)).to_be_visible()


PICTURES = {"map": whole_map, "words": words, "why": why, "compare": compare, "duplicates": duplicates}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=PICTURES)
    given = parser.parse_args()
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory() as place, browsing.launched() as browser:
        data = Path(place, "data")
        shutil.copytree(given.data, data)
        kept.look(Library(data))
        with begun(browser, data, SIZE, color_scheme="light") as (page, library, _):
            ids = {image.path: image.id for image in library.images()}
            for name, opened in PICTURES.items():
                if given.only in (None, name):
                    opened(page, ids)
                    _still(page)
                    page.mouse.move(0, 0)
                    print(f"{name:12} {_write(page, FOLDER / f'{name}.webp') / 1000:.0f} kB")


def _still(page: Page) -> None:
    """Wait until every picture in view is here and nothing is under way."""
    page.wait_for_function(
        """() => [...document.images].every(one => one.complete || one.loading === "lazy")
            && !document.querySelector("[aria-busy=true]") && document.getAnimations().every(one => one.playState !== "running")"""
    )


def _write(page: Page, file: Path) -> int:
    """The page as WebP, as fine as MOST bytes allow → its bytes."""
    image = Image.open(io.BytesIO(page.screenshot()))
    for quality in range(90, 20, -5):
        kept = io.BytesIO()
        image.save(kept, "WEBP", quality=quality, method=6)
        if kept.tell() <= MOST:
            break
    file.write_bytes(kept.getvalue())
    return kept.tell()


if __name__ == "__main__":
    main()

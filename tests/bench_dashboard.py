"""Timings of the map in a browser, on libraries made for it.

    python -m tests.bench_dashboard DIRECTORY [--count 100000] [--count 1000000] [--rounds 5]

Makes DIRECTORY/COUNT where it is not there yet (see tests/large_library.py), serves it, and
drives headless Chromium (LIKENESS_CHROMIUM names one). Prints medians over the rounds.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from statistics import median
from time import perf_counter

from playwright.sync_api import Page

from dashboard.pages.map import page as map_page
from dashboard.reads import Reads
from pipeline.library import Library
from pipeline.maps import COMBINED
from tests import browsing, large_library

_INDEX_BELOW = 300_000
"""Above, an index takes hours of one's time; searches are not the map's."""
_DRAWN = "window.likeness?.mapPage?.drawn"

# Resolves when the frame with the change is there, and the GPU (or what stands for it) has
# drawn it; ms since before it.
_RECOLOR = """by => new Promise(resolve => {
    const select = document.getElementById("map-color");
    const set = Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, "value").set;
    const start = performance.now();
    let done = false;
    likeness.mapPage.engine.on("coloring", coloring => {
        if (done || coloring.by !== by || coloring.kind === "waiting") return;
        done = true;
        requestAnimationFrame(() => setTimeout(() => {
            const gl = document.querySelector("#map-graph canvas").getContext("webgl");
            gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
            resolve(performance.now() - start);
        }));
    });
    set.call(select, by);
    select.dispatchEvent(new Event("change", { bubbles: true }));
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--count", type=int, action="append")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for count in given.count or [100_000, 1_000_000]:
        data = given.directory / str(count)
        if not data.is_dir():
            data.mkdir(parents=True)
            large_library.make(data, count, index=count <= _INDEX_BELOW)
        print(f"\n{count:,} images (load average {os.getloadavg()[0]:.1f})", flush=True)
        for what, values, unit in measure(data, given.rounds):
            worst = f"worst {max(values):,.0f}" if len(values) > 1 else ""
            print(f"  {what:44} {median(values):8,.0f} {unit:3} {worst}")


def measure(data: Path, rounds: int) -> list[tuple[str, list[float], str]]:
    """What was measured, the values of each round, and their unit."""
    library = Library(data)
    found: dict[tuple[str, str], list[float]] = {}

    def note(what: str, value: float, unit: str = "ms") -> None:
        found.setdefault((what, unit), []).append(value)

    with browsing.served(library) as address, browsing.launched(whole=True) as browser:
        for number in range(rounds):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            _first_map(page, address, note, cold=number == 0)
            _hover(page, note)
            _recolor(page, note)
            _refine(page, note)
            page.close()
    _click(library, note)
    return [(what, values, unit) for (what, unit), values in found.items()]


def _first_map(page: Page, address: str, note, cold: bool) -> None:
    sizes: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    asked: set[str] = set()

    def sent(event: dict) -> None:
        if "/map/" in event["request"]["url"]:
            asked.add(event["requestId"])

    def done(event: dict) -> None:
        if event["requestId"] in asked:
            sizes.append(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.loadingFinished", done)
    start = perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(_DRAWN, timeout=120_000)
    note("first map, server just started" if cold else "first map", (perf_counter() - start) * 1000)
    page.wait_for_timeout(1_500)
    note("data of the map on the wire", sum(sizes) / 1000, "kB")
    session.detach()


def _hover(page: Page, note) -> None:
    """From moving the pointer onto a point until its thumbnail is there. Where the pointer is over
    a name that the map shows, there is none, and the next point is taken."""
    at = page.evaluate(
        """() => { const map = likeness.mapPage.map;
        const box = document.getElementById("map-stage").getBoundingClientRect();
        return [...Array(60).keys()].map(step => {
            const to = likeness.mapPage.engine.view.pixel(Math.floor(((step * 7) % 60) / 60 * map.ids.length));
            return [to.x + box.left, to.y + box.top]; }); }""")
    seen = 0
    for x, y in at:
        page.mouse.move(5, 5)
        page.wait_for_timeout(100)
        page.evaluate(
            """() => { window.hovered = new Promise(resolve => addEventListener("pointermove", () => {
                const start = performance.now();
                const look = () => document.querySelector(".map-tip.is-shown img:not(.is-loading)")
                    ? resolve(performance.now() - start)
                    : document.querySelector("#map-graph.over-picture") && !document.querySelector(".map-tip.is-shown")
                    ? resolve(null) : requestAnimationFrame(look);
                look();
                setTimeout(() => resolve(null), 3000); // nothing is met there, at the view's edge
            }, { once: true, capture: true })); }""")
        page.mouse.move(x, y)
        if (took := page.evaluate("window.hovered")) is not None:
            note("hover: thumbnail there", took)
            seen += 1
        if seen == 5:
            return


def _recolor(page: Page, note) -> None:
    page.evaluate(_RECOLOR, "label")  # the first change compiles the code
    for by in ("cluster", "label"):
        note("recolor, known colors", page.evaluate(_RECOLOR, by))
    for by in ("folder", "date"):
        note("recolor, colors asked from the server", page.evaluate(_RECOLOR, by))
    page.evaluate(_RECOLOR, "cluster")


def _refine(page: Page, note) -> None:
    """From the last turn of the wheel until the view stands with its points; for a map that is
    here as a whole, until the zoom itself is drawn."""
    for x, y in ((800, 500), (700, 450)):
        page.click("#map-reset")
        page.wait_for_timeout(1_500)
        page.mouse.move(x, y)
        for _ in range(5):
            page.mouse.wheel(0, -400)
            page.wait_for_timeout(20)
        page.evaluate(
            """() => { window.refined = new Promise(resolve => addEventListener("wheel", () => {
                const view = JSON.stringify(likeness.mapPage.engine.view.present());
                const start = performance.now(), drawn = () => resolve(performance.now() - start);
                const look = () => JSON.stringify(likeness.mapPage.engine.view.present()) !== view
                        && likeness.mapPage.engine.refine.enough() && likeness.mapPage.drawn
                    ? requestAnimationFrame(() => setTimeout(drawn)) : requestAnimationFrame(look);
                look();
            }, { once: true, capture: true })); }""")
        page.mouse.wheel(0, -400)
        note("zoom: drawn with its points", page.evaluate("window.refined"))


def _click(library: Library, note) -> None:
    """What the server does for a click on an image: its panel with neighbors."""
    reads = Reads(library)
    if not reads.embeddings():
        return
    for number, image in enumerate(range(1, library.counts()["ok"], library.counts()["ok"] // 40)):
        start = perf_counter()
        map_page.chosen(reads, image, COMBINED)
        took = (perf_counter() - start) * 1000
        note("click at the server" if number else "first click at the server", took)


if __name__ == "__main__":
    main()

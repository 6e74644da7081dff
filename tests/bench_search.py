"""Timings of the Search page at the server: a click on a library image, and an upload.

    python -m tests.bench_search LIBRARY [--uploads REAL] [--rounds 21]

LIBRARY is searched in. REAL is a library of real images with vectors of the same lengths: its
files are the uploads, and its extractors, once warm, look at them. Prints medians in
milliseconds, elapsed and of the processor: a machine that does other things shows in the first.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from dash import Dash

from dashboard.app import create_app
from dashboard.pages.search.entry import Entry
from dashboard.pages.search.upload import received_of
from dashboard.reads import Reads
from pipeline.library import Library
from tests import search_request


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--uploads", type=Path)
    parser.add_argument("--rounds", type=int, default=21)
    given = parser.parse_args()
    library = Library(given.library)
    app, count = create_app(library), library.counts()["ok"]
    print(f"{count:,} images (load average {os.getloadavg()[0]:.1f})", flush=True)
    images = [1 + number * (count // given.rounds) for number in range(given.rounds)]
    took(lambda: ask(app, library, Entry("image", str(images[-1]))))  # opens the index
    report("click on a library image", [
        took(lambda image=image: ask(app, library, Entry("image", str(image)))) for image in images
    ])
    if given.uploads:
        report("upload", _uploads(app, library, Reads(Library(given.uploads)), given.rounds))


def _uploads(app: Dash, library: Library, real: Reads, rounds: int) -> list[tuple[float, float]]:
    """Each file is looked at, and what comes of it is searched with, as the page does it."""
    real.warm_up()
    files = [row.file for row in map(real.image, range(1, 50 * rounds, 50)) if row and row.file.is_file()]

    def upload(file: Path) -> None:
        received = received_of(real, file.read_bytes(), file.name)
        ask(app, library, Entry("upload", received["key"]), {received["token"]: received["vectors"]})

    return [took(lambda file=file: upload(file)) for file in files]


def ask(app: Dash, library: Library, entry: Entry, uploads: dict | None = None) -> None:
    """What the browser asks of the Search page for one picture, over HTTP but for the network."""
    name = next(key for key in app.callback_map if search_request.MARK in key)
    asked = search_request.body({**app.callback_map[name], "output": name}, library.embeddings(), [entry.data], uploads)
    answer = app.server.test_client().post("/_dash-update-component", json=asked)
    assert answer.status_code == 200 and "First 24 matches" in answer.text, answer.text[:500]


def took(act) -> tuple[float, float]:
    """Milliseconds of an act: elapsed, and of the processor."""
    start, busy = perf_counter(), process_time()
    act()
    return (perf_counter() - start) * 1000, (process_time() - busy) * 1000


def report(what: str, measured: list[tuple[float, float]]) -> None:
    elapsed, busy = zip(*measured)
    worst = f"worst {max(elapsed):,.0f}"
    print(f"  {what:28} {median(elapsed):7,.0f} ms, {worst:14} processor {median(busy):7,.0f} ms", flush=True)


if __name__ == "__main__":
    main()

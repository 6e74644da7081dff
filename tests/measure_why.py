"""How long the reasons for a match take, by the clock and of the processor.

    python -m tests.measure_why DATA --count 40

Images drawn from the library DATA are each asked why the nearest, and one far down, is a match of them, as the
page asks it: the pictures are decoded, points, colors and regions compared. The first answer, which loads the
networks, does not count.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from dashboard.pages.why import told
from dashboard.reads import Reads
from dashboard.uploads.edit import EditedPictures
from pipeline.library import Library
from pipeline.search import Query

FAR = 100
"""The place of the match that is far down."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=40, help="images that are asked with")
    given = parser.parse_args()
    reads = Reads(Library(given.data))
    edited = EditedPictures(reads)
    ids = reads.searcher.index().ids()
    drawn = np.random.default_rng(0).choice(ids, min(given.count, len(ids)), replace=False).tolist()
    clock, processor = [], []
    for image in drawn:
        matches = reads.search(Query.around(image, top_k=FAR)).matches
        for match in (matches[0], matches[-1]):
            started = time.perf_counter(), time.process_time()
            told.told(reads, edited, {"image": str(image), "match": str(match.id)}, {})
            clock.append(time.perf_counter() - started[0])
            processor.append(time.process_time() - started[1])
    for name, figures in (("by the clock", clock[1:]), ("of the processor", processor[1:])):
        half, most, slowest = np.percentile(figures, (50, 95, 100))
        print(f"{name:18} half within {half:.2f} s, 95 of 100 within {most:.2f} s, the slowest {slowest:.2f} s, of {len(figures)}")


if __name__ == "__main__":
    main()

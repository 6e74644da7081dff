"""How long a change of filter takes in a large library: from the request to the answer, and to the map's mask.

    python -m tests.bench_facets DATA [COUNT]

DATA is made where it is not there: rows as of `tests.large_library`, with color vectors, facts, tags and
a collection, but no thumbnails. Times are medians of the server's own work, one client: by the clock, and
of the processor, which a busy machine stretches less.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from pathlib import Path

import numpy as np

from dashboard.app import create_app
from pipeline.bench import synthetic
from pipeline.library import DATABASE, Library, notes
from pipeline.pictures.metadata import Metadata
from tests.large_library import _blobs, _images

_DIM = 108  # the least that a color vector has whose colors are named
_STEP = 50_000
FILTERS = (
    "", "label=kind 3", "label=kind 3;color=red,blue", "taken=2015..2017;color=red", "camera=Camera 2;taken=2012..2019;size>=1MB",
    "tag=red", "keyword=word 7;label=kind 1,kind 2,kind 3", "file~7.jpg", "shape=portrait;iso>=800;keyword=word 1",
)  # fmt: skip


def make(data: Path, count: int) -> None:
    """A library of `count` images in the empty directory `data`."""
    synthetic.store(data, count, {"color": _DIM})
    library = Library(data)
    generator, plain = np.random.default_rng(0), random.Random(0)
    shapes = generator.integers(4, size=count)
    sizes = (10 ** generator.uniform(4, 7.5, count)).astype(int).tolist()
    rows = []
    for number, path, label, when, _ in _images(_blobs(count)[0]):
        width, height = ((4000, 3000), (3000, 4000), (2000, 2000), (6000, 2000))[shapes[number - 1]]
        rows.append((path, label, sizes[number - 1], when, width, height, number))
    with library.db.atomic():
        library.db.conn.executemany(
            "UPDATE images SET path = ?, label = ?, size = ?, mtime = ?, width = ?, height = ? WHERE id = ?", rows)
    for start in range(0, count, _STEP):
        library.facts.store(
            (image, Metadata(
                taken=f"{plain.randint(2008, 2021)}-{plain.randint(1, 12):02d}-11T12:00:00", camera=f"Camera {plain.randint(1, 9)}",
                iso=float(100 * 2 ** plain.randint(0, 6)),
                keywords=tuple(f"word {plain.randint(1, 400)}" for _ in range(2)),
            )) for image in range(start + 1, min(start + _STEP, count) + 1)
        )
    for tag in ("red", "blue", "old"):
        notes.tag(library, plain.sample(range(1, count + 1), count // 20), tag)
    notes.collect(library, "Best", plain.sample(range(1, count + 1), count // 50))
    library.close()


def measure(data: Path) -> None:
    """Ask the routes as a page does, every facet open."""
    client = create_app(Library(data)).server.test_client()

    def ask(path: str, **query: str) -> tuple[float, float, bytes]:
        started, busy = time.perf_counter(), time.process_time()
        answer = client.get(path, query_string=query, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return (time.perf_counter() - started) * 1000, (time.process_time() - busy) * 1000, answer.get_data()

    took, busy, _ = ask("/facets", open="all")
    print(f"first, nothing in memory: {took:,.0f} ms, processor {busy:,.0f} ms")
    for where in FILTERS:
        new, busy, _ = ask("/facets", where=where, open="all")
        again = [ask("/facets", where=where, open="all")[:2] for _ in range(5)]
        mask, _, bits = ask("/facets/passing", where=where)
        wall, own = map(statistics.median, zip(*again))
        print(f"{where or '(none)':<50} {new:6.0f} ms, processor {busy:5.0f}; again {wall:5.0f}, processor {own:5.0f}; "
              f"mask {mask:5.0f} ms, {len(bits):,} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=1_000_000)
    given = parser.parse_args()
    if not (given.data / DATABASE).is_file():
        make(given.data, given.count)
    measure(given.data)

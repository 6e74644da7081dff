"""How cost grows with the number of images, and what a million would cost."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from pipeline import index as indexes
from pipeline import maps
from pipeline.bench import pictures, synthetic
from pipeline.bench.isolated import measured
from pipeline.bench.libraries import Libraries
from pipeline.bench.maps import warm_up
from pipeline.bench.options import MILLION
from pipeline.bench.table import Table
from pipeline.duplicates import candidates
from pipeline.library import Library

_QUERIES = 100
_STEP = 65_536

COLUMNS = {
    "images": "synthetic images in the library, or what the rows above come to",
    "index s": "seconds to read all vectors, build, measure and save the index",
    "add s": "seconds to bring the index up to date when 1 % more images came",
    "load ms": "to load the saved index, mapped into memory",
    "query ms": "median time of a query by itself, equal weights",
    "map s": "seconds for the map of all embeddings: neighbors, 2-D and 3-D layout, clusters",
    "single map s": "the same of one embedding, the slowest of them",
    "copies s": "seconds to find which images `duplicates` must look at by their hashes, as they are and turned",
    "index MB": "most memory the process had that built the index",
    "map MB": "most memory the process had that made the maps",
    "disk MB": "size of the index on disk, the vectors in it included",
}
STEPS = (
    "index s", "add s", "load ms", "query ms", "map s", "single map s", "copies s", "index MB", "map MB", "disk MB",
)  # fmt: skip
_FITTED_FROM = 10_000
"""Exponents are fitted from here up: below, fixed costs and exact scans hide the growth."""


def measure(libraries: Libraries, count: int) -> dict[str, float]:
    """One row of the growth table; the library of this size is gone afterwards."""
    libraries.progress.start(f"{count:,}", 4)
    built = libraries.built(count)
    libraries.progress.advance()
    row = {"images": count, "index s": built.seconds, "index MB": built.peak_mb, "disk MB": built.index_mb}
    for work in (_maps, _copies, _search_and_add):
        answer, peak = measured(work, built.data, count, libraries.dims)
        row |= answer
        if work is _maps:
            row["map MB"] = peak
        libraries.progress.advance()
    libraries.forget(count)
    return {key: row[key] for key in COLUMNS}


def table(rows: list[dict[str, float]], dims: dict[str, int], rates: dict[str, float]) -> Table:
    """The rows measured, the exponent of each step, and what it comes to for a million.

    rates: {embedding: images/s} as measured by the stage `extraction`, or empty.
    """
    answer = Table(f"Growth, synthetic images of {sum(dims.values()):,} numbers", COLUMNS)
    for row in rows:
        answer.row(**row)
    powers = exponents(rows)
    if not powers:
        answer.notes.append("Two sizes at least are needed to say how cost grows.")
        return answer
    answer.row(images="grows as n to the", **powers)
    million = next((row for row in rows if row["images"] == MILLION), None)
    if million is None:
        million = extrapolated(rows, powers, MILLION)
        answer.row(images="1,000,000 (extrapolated)", **million)
    answer.notes += _statement(million, rates, measured_it=any(row["images"] == MILLION for row in rows))
    return answer


def exponents(rows: list[dict[str, float]]) -> dict[str, float]:
    """Slope of each step in log-log by least squares, over the larger sizes; {} with one size."""
    large = [row for row in rows if row["images"] >= _FITTED_FROM]
    used = large if len(large) > 1 else rows
    if len(used) < 2:
        return {}
    sizes = np.log([row["images"] for row in used])
    return {step: float(np.polyfit(sizes, np.log([row[step] for row in used]), 1)[0]) for step in STEPS}


def extrapolated(rows: list[dict[str, float]], powers: dict[str, float], count: int) -> dict[str, float]:
    """Each step at `count` images, from the largest size measured.

    Times grow by their exponent; memory and disk by what an image more took between the
    last two sizes, because much of a small size's memory is the program itself.
    """
    before, last = rows[-2:]
    answer = {}
    for step in STEPS:
        if step.endswith("MB"):
            each = (last[step] - before[step]) / (last["images"] - before["images"])
            answer[step] = last[step] + each * (count - last["images"])
        else:
            answer[step] = last[step] * (count / last["images"]) ** powers[step]
    return answer


def _statement(million: dict[str, float], rates: dict[str, float], measured_it: bool) -> list[str]:
    costs = {f"extracting {name}": MILLION / rate for name, rate in rates.items()}
    costs |= {"building the index": million["index s"], "a map": max(million["map s"], million["single map s"])}
    most = max(costs, key=costs.get)
    how = "Measured" if measured_it else "Extrapolated, not measured"
    if rates:
        how += " (extraction: from its rate above)"
    listed = ", ".join(f"{name} {_duration(seconds)}" for name, seconds in costs.items())
    memory = max(million["index MB"], million["map MB"]) / 1000
    return [
        f"A million images: {listed}. {how}.",
        f"What dominates is {most}. Memory peaks at {memory:.1f} GB, in "
        + ("the map." if million["map MB"] > million["index MB"] else "building the index."),
    ]


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _maps(data: Path, count: int, dims: dict[str, int]) -> dict:
    """Time of the map of the combination, and of the slowest of the others, compiling left out."""
    warm_up()
    library, took = Library(data), {}
    for name in (maps.COMBINED, *dims):
        started = time.perf_counter()
        maps.build(library, [name])
        took[name] = time.perf_counter() - started
    return {"map s": took.pop(maps.COMBINED), "single map s": max(took.values())}


def _copies(data: Path, count: int, *_) -> dict:
    """Time of what `duplicates` asks of hashes, as they are and turned, of pictures that nobody has."""
    rows = np.concatenate([pictures.hashes(at, min(_STEP, count - at)) for at in range(0, count, _STEP)])
    started = time.perf_counter()
    candidates.near(rows)
    list(candidates.near_turned(rows))
    return {"copies s": time.perf_counter() - started}


def _search_and_add(data: Path, count: int, dims: dict[str, int]) -> dict:
    """Time to load the index, of single queries as `search` asks them, and to add 1 % more."""
    library = Library(data)
    started = time.perf_counter()
    index = indexes.load(library)
    load_ms = (time.perf_counter() - started) * 1000
    vectors = synthetic.vectors(count, 10 * count + 1, _QUERIES, dims)
    took = []
    for at in range(_QUERIES):
        started = time.perf_counter()
        index.search({name: rows[at] for name, rows in vectors.items()}, dict.fromkeys(dims, 1.0), 10)
        took.append(time.perf_counter() - started)
    synthetic.add(library, count, count, max(1, count // 100), dims)
    started = time.perf_counter()
    indexes.build(library)
    added = time.perf_counter() - started
    return {"load ms": load_ms, "query ms": float(np.median(took)) * 1000, "add s": added}

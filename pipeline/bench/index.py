"""The index beside exact search and beside other libraries' graphs; kinds and storages."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline import columns
from pipeline import index as indexes
from pipeline.bench import plain, synthetic, truth
from pipeline.bench.isolated import measured
from pipeline.bench.libraries import Libraries, build_index
from pipeline.bench.table import Table
from pipeline.bench.truth import K
from pipeline.errors import LikenessError
from pipeline.index import Filter, Index
from pipeline.library import Library
from pipeline.settings import IndexOptions

QUERIES = 200
"""Queries that the index does not hold, of the same kind as what it holds."""
SINGLE = 100
"""Of them, those asked one by one, and by each weighting that is drawn by chance."""
RANDOM = 50
"""Weightings drawn by chance."""
FILTERS = {"1 %": "size<2", "10 %": "size<11", "90 %": "size<91"}
"""What a filter keeps, and the filter (synthetic images have sizes of 1 to 100)."""
PLAIN_MOST = 300_000
"""Above this many images the others, which hold all rows in memory, are left out."""

KINDS = (
    IndexOptions(), IndexOptions(storage="float16"), IndexOptions(storage="int8"),
    IndexOptions(type="ivfpq"), IndexOptions(type="flat"), IndexOptions(engine="milvus"),
)  # fmt: skip

_COLUMNS = {
    "index": "",
    "build s": "seconds to build; ours reads the vectors from the library, measures its recall and is saved",
    "add s": "seconds to bring it up to date when 1 % more images came",
    "peak MB": "most memory the process had that built it",
    "MB": "size on disk, the rows included",
    "serving MB": "memory of a process that has answered all these queries",
    "recall equal": f"share of the true {K} nearest found, all embeddings weighing the same",
    "recall corner": "the same with one embedding alone, the worst of them",
    "recall random": f"the same by {RANDOM} weightings drawn by chance, the worst of them",
    "query ms": "median time of a query by itself, equal weights",
    "batch ms": f"time per query when {QUERIES} are asked together",
    "× exact": "how many times faster than exact NumPy a query by itself is",
}


def against(libraries: Libraries, count: int) -> Table:
    """The index of `count` images beside exact search and other libraries' graphs."""
    others = [name for name in plain.EVERY if plain.is_there(name)] if count <= PLAIN_MOST else []
    libraries.progress.start("index", 3 + len(others))
    table = Table(f"Index and search, {count:,} synthetic images of {sum(libraries.dims.values()):,} numbers", _COLUMNS)
    built = libraries.built(count)
    libraries.progress.advance()
    asked, _ = measured(_asked_of, built.data, count, libraries.dims)
    found, _ = measured(_ours_of, built.data, asked)
    rows = {"ours": {"build s": built.seconds, "peak MB": built.peak_mb, "MB": built.index_mb, **found["figures"]}}
    libraries.progress.advance()
    for name in others:
        rows[name], _ = measured(_plain_of, built.data, name, asked)
        libraries.progress.advance()
    rows["ours"] |= measured(_add_to, built.data, count, libraries.dims)[0]
    libraries.forget(count)  # it holds more now than its size says
    libraries.progress.advance()
    exact = rows.get("exact, NumPy", {}).get("query ms")
    for name, row in rows.items():
        table.row(index=name, **row, **({"× exact": exact / row["query ms"]} if exact else {}))
    if built.effort:
        table.notes.append("efSearch, as measured at build: " + ", ".join(f"{k} {v}" for k, v in built.effort.items()))
    table.notes += found["notes"]
    table.notes += [f"{name} is not installed." for name in plain.EVERY if not plain.is_there(name)]
    if count > PLAIN_MOST:
        table.notes.append(f"Other indexes are measured up to {PLAIN_MOST:,} images: they hold all rows in memory.")
    return table


def kinds(libraries: Libraries, count: int, quick: bool = False) -> Table:
    """Every kind of index and storage on the same `count` images, and the default on the hardest ones.

    quick: without Milvus, whose start takes longer than all else at small sizes.
    """
    among = [options for options in KINDS if not (quick and options.engine == "milvus")]
    libraries.progress.start("index kinds", len(among) + 1)
    table = Table(f"Kinds of index, {count:,} synthetic images", _COLUMNS)
    for data, every, note in (
        (libraries.stored(count, "-kinds"), among, ""),
        (libraries.stored(count, "-isotropic", synthetic.ISOTROPIC), KINDS[:1], ", isotropic vectors"),
    ):
        asked = None
        for options in every:
            name = f"{_named(options)}{note}"
            try:
                found, _ = measured(_kind, data, options, count, libraries.dims, asked, bool(note))
            except LikenessError as error:
                table.notes.append(f"{name}: {error}")
            else:
                asked = found.pop("asked")  # the first kind keeps the rows as they are
                table.row(index=name, **found)
            libraries.progress.advance()
        shutil.rmtree(data)
    return table


@dataclass
class _Asked:
    """Queries by embedding {name: (q, dim)}; (weights, how many of them, true positions) of each
    weighting: equal ones, each embedding alone, some drawn by chance; the same of each filter."""

    vectors: dict[str, np.ndarray]
    fixed: list[tuple[dict, int, np.ndarray]]
    random: list[tuple[dict, int, np.ndarray]]
    filters: dict[str, np.ndarray] = field(default_factory=dict)

    def part(self, first: int, last: int) -> dict[str, np.ndarray]:
        """The queries first … last − 1."""
        return {name: rows[first:last] for name, rows in self.vectors.items()}


def _asked_of(data: Path, count: int, dims: dict[str, int]) -> _Asked:
    index = indexes.load(Library(data))
    return _asked(index, count, dims, RANDOM, FILTERS)


def _asked(
    index: Index, count: int, dims: dict[str, int], random: int = 0, filters: dict[str, str] = {}, isotropic: bool = False
) -> _Asked:
    vectors = synthetic.vectors(count, 10 * count + 1, QUERIES, dims, synthetic.ISOTROPIC if isotropic else synthetic.REAL)
    fixed, by_chance = truth.equal_and_corners(index.embeddings), truth.by_chance(index.embeddings, random)
    few = {name: rows[:SINGLE] for name, rows in vectors.items()}
    ids = index.ids()
    passing = [synthetic.sizes(ids) < int(condition.removeprefix("size<")) for condition in filters.values()]
    whole = truth.nearest(index, vectors, fixed)
    some = truth.nearest(index, few, [*by_chance, *fixed[:1] * len(passing)], [*[None] * len(by_chance), *passing])
    return _Asked(
        vectors,
        [(weights, QUERIES, true) for weights, true in zip(fixed, whole)],
        [(weights, SINGLE, true) for weights, true in zip(by_chance, some)],
        dict(zip(filters, some[len(by_chance) :])),
    )


def _ours_of(data: Path, asked: _Asked) -> dict:
    """Figures of our index: {"figures": {column: x}, "notes": [sentence]}."""
    started = time.perf_counter()
    index = indexes.load(Library(data))
    notes = [f"The saved index is loaded, mapped into memory, in {(time.perf_counter() - started) * 1000:.0f} ms."]
    figures = _figures(_ours(index), asked)
    ids = index.ids()
    for kept, true in asked.filters.items():
        weights, passing = asked.fixed[0][0], Filter(columns.parse(FILTERS[kept]))
        index.search(asked.part(0, 1), weights, K, passing)  # which images pass is looked up once
        took, found = [], []
        for at in range(len(true)):
            started = time.perf_counter()
            found.append(np.searchsorted(ids, index.search(asked.part(at, at + 1), weights, K, passing).ids[0]))
            took.append(time.perf_counter() - started)
        notes.append(
            f"A filter that keeps {kept}: recall {truth.recall(np.array(found), true):.3f}, "
            f"{np.median(took) * 1000:.2f} ms a query."
        )
    return {"figures": figures | {"serving MB": _resident()}, "notes": notes}


def _add_to(data: Path, count: int, dims: dict[str, int]) -> dict:
    """Time to bring the index up to date when 1 % more images came."""
    library = Library(data)
    synthetic.add(library, count, count, max(1, count // 100), dims)
    started = time.perf_counter()
    indexes.build(library)
    return {"add s": time.perf_counter() - started}


def _plain_of(data: Path, name: str, asked: _Asked) -> dict:
    """Figures of another index over the same rows, in the order that our index has them."""
    index = indexes.load(Library(data))
    rows = np.concatenate([np.concatenate(list(blocks.values()), axis=1) for _, blocks in truth.rows(index)])
    started = time.perf_counter()
    search = plain.EVERY[name][1](rows)
    seconds = time.perf_counter() - started
    figures = _figures(lambda vectors, weights: search(truth.combined(vectors, weights), K), asked)
    return figures if "exact" in name else {"build s": seconds, **figures}


def _named(options: IndexOptions) -> str:
    return "hnsw, by Milvus" if options.engine == "milvus" else f"{options.type} {options.storage}"


def _kind(data: Path, options: IndexOptions, count: int, dims: dict[str, int], asked: _Asked | None, isotropic: bool) -> dict:
    """Figures of a kind of index, and what was asked: as given, else answered by its own rows."""
    built = build_index(data, options)
    index = indexes.load(Library(data))
    asked = asked or _asked(index, count, dims, isotropic=isotropic)
    return {"build s": built["seconds"], "MB": built["index_mb"], **_figures(_ours(index), asked), "asked": asked}


def _ours(index: Index) -> Callable:
    """Search of the index, its answer as positions among its images."""
    ids = index.ids()
    return lambda vectors, weights: np.searchsorted(ids, index.search(vectors, weights, K).ids)


def _figures(search: Callable[[dict, dict], np.ndarray], asked: _Asked) -> dict[str, float]:
    """Recall and times of search({name: (q, dim)}, weights) → positions (q, K)."""
    fixed, random = (
        [truth.recall(search(asked.part(0, count), weights), true) for weights, count, true in some]
        for some in (asked.fixed, asked.random)
    )
    equal = asked.fixed[0][0]
    started = time.perf_counter()
    search(asked.part(0, QUERIES), equal)
    batch = time.perf_counter() - started
    single = []
    for at in range(SINGLE):
        one = asked.part(at, at + 1)
        started = time.perf_counter()
        search(one, equal)
        single.append(time.perf_counter() - started)
    chance = {"recall random": min(random)} if random else {}
    return {
        "recall equal": fixed[0], "recall corner": min(fixed[1:]), **chance,
        "query ms": float(np.median(single)) * 1000, "batch ms": batch * 1000 / QUERIES,
    }  # fmt: skip


def _resident() -> float | None:
    """Memory of this process now, mapped files included, in MB; None where that is not told."""
    status = Path("/proc/self/status")
    return int(re.search(r"VmRSS:\s+(\d+)", status.read_text())[1]) / 1e3 * 1.024 if status.exists() else None

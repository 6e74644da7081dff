"""The combined index beside exact search and beside FAISS as it comes; kinds and storages."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np

from pipeline import index as combined
from pipeline.bench import synthetic
from pipeline.bench.apart import measured
from pipeline.bench.ground import Ground, build_index
from pipeline.bench.table import Table
from pipeline.errors import LikenessError
from pipeline.index import CombinedIndex
from pipeline.library import Library
from pipeline.settings import IndexOptions

K = 10
QUERIES = 200
"""Queries that the index does not hold, of the same kind as what it holds."""
SINGLE = 100
"""Of them, those asked one by one."""

KINDS = (
    IndexOptions(), IndexOptions(storage="float16"), IndexOptions(storage="int8"),
    IndexOptions(type="ivfpq"), IndexOptions(type="flat"),
)  # fmt: skip

_COLUMNS = {
    "index": "",
    "build s": "seconds to build; ours reads the vectors from the library, measures its recall and is saved",
    "MB": "size on disk, the rows included",
    "recall equal": f"share of the true {K} nearest found, all embeddings weighing the same",
    "recall corner": "the same with one embedding alone, the worst of them",
    "query ms": "median time of a query by itself, equal weights",
    "batch ms": f"time per query when {QUERIES} are asked together",
    "× exact": "how many times faster than exact NumPy a query by itself is",
}


def against(ground: Ground, count: int) -> Table:
    """The index of `count` images beside exact search and beside FAISS's own defaults."""
    ground.progress.start("index", 2)
    built = ground.built(count)
    ground.progress.advance()
    answer, _ = measured(_against, built.data, count, ground.dims)
    ground.progress.advance()
    table = Table(f"Index and search, {count:,} synthetic images of {sum(ground.dims.values()):,} numbers", _COLUMNS)
    exact = answer["rows"]["exact, NumPy"]["query ms"]
    answer["rows"]["ours"] |= {"build s": built.seconds, "MB": built.index_mb}
    for name, row in answer["rows"].items():
        table.row(index=name, **row, **{"× exact": exact / row["query ms"]})
    table.notes.append(f"The saved index is loaded, mapped into memory, in {answer['load_ms']:.0f} ms.")
    if built.effort:
        table.notes.append("efSearch, as measured at build: " + ", ".join(f"{k} {v}" for k, v in built.effort.items()))
    return table


def kinds(ground: Ground, count: int) -> Table:
    """Every kind of index and storage on the same `count` images."""
    ground.progress.start("index kinds", len(KINDS))
    table = Table(f"Kinds of index, {count:,} synthetic images", _COLUMNS)
    data = ground.stored(count, "-kinds")
    truth = None
    for options in KINDS:
        name = options.type if options.type == "ivfpq" else f"{options.type} {options.storage}"
        try:
            found, _ = measured(_kind, data, options, count, ground.dims, truth)
        except LikenessError as error:
            table.notes.append(f"{name}: {error}")
        else:
            truth = found.pop("truth")  # the first kind keeps the rows as they are
            table.row(index=name, **found)
        ground.progress.advance()
    shutil.rmtree(data)
    return table


def _against(data: Path, count: int, dims: dict[str, int]) -> dict:
    """Figures of our index, exact search and FAISS's defaults: {"load_ms", "rows": {name: …}}."""
    started = time.perf_counter()
    index = combined.load(Library(data))
    load_ms = (time.perf_counter() - started) * 1000
    rows = np.ascontiguousarray(index.matrix())
    flat = faiss.IndexFlatIP(rows.shape[1])
    flat.add(rows)
    queries = _queries(index, count, dims)
    truth = [flat.search(query, K)[1] for _, query in queries]
    found = {"ours": _figures(_ours(index), queries, truth)}
    found["exact, NumPy"] = _figures(lambda query, _: _numpy(rows, query), queries, truth)
    found["exact, FAISS flat"] = _figures(lambda query, _: flat.search(query, K)[1], queries, truth)
    del flat
    plain = faiss.IndexHNSWFlat(rows.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    started = time.perf_counter()
    plain.add(rows)
    seconds = time.perf_counter() - started
    found["FAISS HNSW, its defaults"] = {
        "build s": seconds,
        "MB": (rows.nbytes + 4 * plain.hnsw.neighbors.size()) / 1e6,
        **_figures(lambda query, _: plain.search(query, K)[1], queries, truth),
    }
    return {"load_ms": load_ms, "rows": found}


def _kind(data: Path, options: IndexOptions, count: int, dims: dict[str, int], truth: list[np.ndarray] | None) -> dict:
    """Figures of a kind of index, and the true neighbors: as given, else by its own rows."""
    built = build_index(data, options)
    index = combined.load(Library(data))
    queries = _queries(index, count, dims)
    if truth is None:
        truth = [_numpy(index.matrix(), query) for _, query in queries]
    found = _figures(_ours(index), queries, truth)
    return {"build s": built["seconds"], "MB": built["index_mb"], **found, "truth": truth}


def _queries(index: CombinedIndex, count: int, dims: dict[str, int]) -> list[tuple[dict, np.ndarray]]:
    """Pairs of a weighting and combined queries (QUERIES, Σ dim): equal first, then each corner."""
    vectors = synthetic.vectors(count, 10 * count + 1, QUERIES, dims)
    names = index.embeddings
    weightings = [dict.fromkeys(names, 1.0), *({name: 1.0} for name in names)]
    return [(weights, index.combine(vectors, weights)) for weights in weightings]


def _ours(index: CombinedIndex) -> Callable:
    return lambda query, weights: index.nearest(query, K, index.alive, index.effort_for(weights))[1]


def _numpy(rows: np.ndarray, query: np.ndarray) -> np.ndarray:
    # One query as a vector: as a matrix of one row the product would copy all rows first.
    products = query @ rows.T if len(query) > 1 else (rows @ query[0])[None]
    best = np.argpartition(-products, K - 1, axis=1)[:, :K]
    return np.take_along_axis(best, np.argsort(-np.take_along_axis(products, best, 1), axis=1), 1)


def _figures(search: Callable, queries: list, truth: list[np.ndarray]) -> dict[str, float]:
    """Recall and times of search(combined queries, weights) → rows (q, K)."""
    recall = []
    for (weights, query), true in zip(queries, truth):
        found = search(query, weights)
        recall.append(float((found[:, :, None] == true[:, None]).any(axis=2).mean()))
    weights, query = queries[0]
    started = time.perf_counter()
    search(query, weights)
    batch = time.perf_counter() - started
    single = []
    for one in query[:SINGLE]:
        started = time.perf_counter()
        search(one[None], weights)
        single.append(time.perf_counter() - started)
    return {
        "recall equal": recall[0], "recall corner": min(recall[1:] or recall),
        "query ms": float(np.median(single)) * 1000, "batch ms": batch * 1000 / len(query),
    }  # fmt: skip

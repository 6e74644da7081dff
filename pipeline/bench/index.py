"""The index beside exact search and beside FAISS as it comes; kinds and storages."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np

from pipeline import index as indexes
from pipeline.bench import synthetic
from pipeline.bench.isolated import measured
from pipeline.bench.libraries import Libraries, build_index
from pipeline.bench.table import Table
from pipeline.errors import LikenessError
from pipeline.index import Index
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


def against(libraries: Libraries, count: int) -> Table:
    """The index of `count` images beside exact search and beside FAISS's own defaults."""
    libraries.progress.start("index", 2)
    built = libraries.built(count)
    libraries.progress.advance()
    answer, _ = measured(_against, built.data, count, libraries.dims)
    libraries.progress.advance()
    table = Table(f"Index and search, {count:,} synthetic images of {sum(libraries.dims.values()):,} numbers", _COLUMNS)
    exact = answer["rows"]["exact, NumPy"]["query ms"]
    answer["rows"]["ours"] |= {"build s": built.seconds, "MB": built.index_mb}
    for name, row in answer["rows"].items():
        table.row(index=name, **row, **{"× exact": exact / row["query ms"]})
    table.notes.append(f"The saved index is loaded, mapped into memory, in {answer['load_ms']:.0f} ms.")
    if built.effort:
        table.notes.append("efSearch, as measured at build: " + ", ".join(f"{k} {v}" for k, v in built.effort.items()))
    return table


def kinds(libraries: Libraries, count: int) -> Table:
    """Every kind of index and storage on the same `count` images."""
    libraries.progress.start("index kinds", len(KINDS))
    table = Table(f"Kinds of index, {count:,} synthetic images", _COLUMNS)
    data = libraries.stored(count, "-kinds")
    truth = None
    for options in KINDS:
        name = options.type if options.type == "ivfpq" else f"{options.type} {options.storage}"
        try:
            found, _ = measured(_kind, data, options, count, libraries.dims, truth)
        except LikenessError as error:
            table.notes.append(f"{name}: {error}")
        else:
            truth = found.pop("truth")  # the first kind keeps the rows as they are
            table.row(index=name, **found)
        libraries.progress.advance()
    shutil.rmtree(data)
    return table


def _against(data: Path, count: int, dims: dict[str, int]) -> dict:
    """Figures of our index, exact search and FAISS's defaults: {"load_ms", "rows": {name: …}}."""
    started = time.perf_counter()
    index = indexes.load(Library(data))
    load_ms = (time.perf_counter() - started) * 1000
    rows = _rows(index)
    flat = faiss.IndexFlatIP(rows.shape[1])
    flat.add(rows)
    queries = _queries(index, count, dims)
    truth = [flat.search(asked.combined, K)[1] for asked in queries]
    found = {"ours": _figures(_ours(index), queries, truth)}
    found["exact, NumPy"] = _figures(lambda asked: _numpy(rows, asked.combined), queries, truth)
    found["exact, FAISS flat"] = _figures(lambda asked: flat.search(asked.combined, K)[1], queries, truth)
    plain = faiss.IndexHNSWFlat(rows.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    started = time.perf_counter()
    plain.add(rows)
    seconds = time.perf_counter() - started
    found["FAISS HNSW, its defaults"] = {
        "build s": seconds,
        "MB": (rows.nbytes + 4 * plain.hnsw.neighbors.size()) / 1e6,
        **_figures(lambda asked: plain.search(asked.combined, K)[1], queries, truth),
    }
    return {"load_ms": load_ms, "rows": found}


def _kind(data: Path, options: IndexOptions, count: int, dims: dict[str, int], truth: list[np.ndarray] | None) -> dict:
    """Figures of a kind of index, and the true neighbors: as given, else by its own rows."""
    built = build_index(data, options)
    index = indexes.load(Library(data))
    queries = _queries(index, count, dims)
    if truth is None:
        rows = _rows(index)
        truth = [_numpy(rows, asked.combined) for asked in queries]
    found = _figures(_ours(index), queries, truth)
    return {"build s": built["seconds"], "MB": built["index_mb"], **found, "truth": truth}


@dataclass(frozen=True)
class _Asked:
    """Queries of one weighting: by embedding, and combined as the rows are: (q, Σ dim) float32."""

    vectors: dict[str, np.ndarray]
    weights: dict[str, float]
    combined: np.ndarray

    def only(self, at: int) -> _Asked:
        """One of them."""
        one = {name: rows[at] for name, rows in self.vectors.items()}
        return _Asked(one, self.weights, self.combined[at : at + 1])


def _queries(index: Index, count: int, dims: dict[str, int]) -> list[_Asked]:
    """QUERIES at equal weights first, then the same by each embedding alone."""
    vectors = synthetic.vectors(count, 10 * count + 1, QUERIES, dims)
    names = index.embeddings
    weightings = [dict.fromkeys(names, 1.0), *({name: 1.0} for name in names)]
    return [
        _Asked(vectors, weights, np.concatenate([vectors[n] * np.float32(weights.get(n, 0)) for n in names], axis=1))
        for weights in weightings
    ]


def _rows(index: Index) -> np.ndarray:
    """Vectors of all embeddings side by side, each of norm 1: (n, Σ dim) float32."""
    return np.concatenate([index.vectors(index.ids(), name) for name in index.embeddings], axis=1)


def _ours(index: Index) -> Callable:
    """Search of the index, its answer as positions among its images."""
    ids = index.ids()
    return lambda asked: np.searchsorted(ids, np.atleast_2d(index.search(asked.vectors, asked.weights, K).ids))


def _numpy(rows: np.ndarray, query: np.ndarray) -> np.ndarray:
    # One query as a vector: as a matrix of one row the product would copy all rows first.
    products = query @ rows.T if len(query) > 1 else (rows @ query[0])[None]
    best = np.argpartition(-products, K - 1, axis=1)[:, :K]
    return np.take_along_axis(best, np.argsort(-np.take_along_axis(products, best, 1), axis=1), 1)


def _figures(search: Callable, queries: list[_Asked], truth: list[np.ndarray]) -> dict[str, float]:
    """Recall and times of search(queries) → positions (q, K)."""
    recall = []
    for asked, true in zip(queries, truth):
        found = search(asked)
        recall.append(float((found[:, :, None] == true[:, None]).any(axis=2).mean()))
    started = time.perf_counter()
    search(queries[0])
    batch = time.perf_counter() - started
    single = []
    for one in map(queries[0].only, range(SINGLE)):
        started = time.perf_counter()
        search(one)
        single.append(time.perf_counter() - started)
    return {
        "recall equal": recall[0], "recall corner": min(recall[1:] or recall),
        "query ms": float(np.median(single)) * 1000, "batch ms": batch * 1000 / QUERIES,
    }  # fmt: skip

"""Kinds of index beside one another: what each took to build, what it takes on the disk, how well it finds.

A library has one index at a time. What was measured of a kind stays until that kind is measured again, so that
whoever builds another and measures sees both.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.embeddings import usual
from pipeline.index import Index
from pipeline.quality import effort
from pipeline.quality.retrieval import Rows

EXACT = "exact"
"""In the place of a kind: every vector is compared."""


def room(index: Index) -> int | None:
    """What an index takes on the disk, bytes; None where it is no file or folder of files."""
    place = Path(index.state.where)
    files = [place, *place.rglob("*")] if place.exists() else []
    return sum(file.stat().st_size for file in files if file.is_file()) or None


def beside(index: Index, rows: Rows, before: Sequence[dict], seed: int = 0) -> list[dict]:
    """Figures of the present index, of kinds measured `before` with the same embeddings, and of comparing all.

    Each {"engine", "type", "storage", "embeddings", "images", "at", "build_s", "bytes", "effort",
    "recall_at_10", "query_ms"}: by the usual weights, for images of the library; None where nothing is
    known. recall counts of the ten nearest others.
    """
    state, names = index.state, list(index.embeddings)
    if len(rows.ids) < 2:
        return []
    weights = usual(rows.names)
    part = np.sort(np.random.default_rng(seed).permutation(len(rows.ids))[: effort.QUERIES])
    (found,) = effort.rungs(index, rows, part, weights, [index.effort_for(weights)])
    common = {"embeddings": names, "images": len(rows.ids), "at": datetime.now(UTC).isoformat(timespec="seconds")}
    own = {"engine": state.engine, "type": state.options.type, "storage": state.options.storage}
    walks = state.options.type in effort.EFFORTS
    mine = {**own, **common, "build_s": state.took, "bytes": room(index), "effort": found.effort if walks else None,
            "recall_at_10": found.recall, "query_ms": found.ms}  # fmt: skip
    whole = {"engine": state.engine, "type": EXACT, "storage": "float32", **common, "build_s": 0.0,
             "bytes": 4 * rows.matrix.shape[1] * len(rows.ids), "effort": None, "recall_at_10": 1.0,
             "query_ms": _exact_ms(index, rows, part, weights)}  # fmt: skip
    others = [
        one for one in before
        if one["embeddings"] == names and one["type"] != EXACT and any(one[key] != value for key, value in own.items())
    ]
    return [mine, *others, whole]


def _exact_ms(index: Index, rows: Rows, part: np.ndarray, weights: dict[str, float]) -> float:
    """Median time of one query that is compared with everything, ms."""
    times = []
    for at in part.tolist():
        vectors = {name: rows.of(name)[at] for name in rows.names}
        started = time.perf_counter()
        index.search(vectors, weights, effort.K + 1, exact=True)
        times.append(1000 * (time.perf_counter() - started))
    return round(float(np.median(times)), 3)

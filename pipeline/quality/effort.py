"""What a search finds and how long it takes, by how far it walks the index."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from pipeline.embeddings import usual
from pipeline.index import Index
from pipeline.index.weightings import text
from pipeline.progress import Progress, Silent
from pipeline.quality.retrieval import TIED, Rows, scores

EFFORTS = {"hnsw": (16, 32, 64, 128, 256, 512), "ivfpq": (1, 2, 4, 8, 16, 32)}
QUERIES = 60
K = 10


@dataclass(frozen=True)
class Rung:
    """effort: efSearch or nprobe. recall: of the ten nearest, the share that is found. ms: median of one query."""

    effort: int
    recall: float
    ms: float


def curves(index: Index, rows: Rows, seed: int = 0, progress: Progress = Silent()) -> dict[str, list[dict]]:
    """{weighting: rungs} for the usual weights and each embedding alone; images of the library are the queries.

    Without embeddings that no image has; empty where the index has no effort to choose: it compares all.
    """
    efforts = EFFORTS.get(index.state.options.type, ())
    k = min(K, len(rows.ids) - 1)
    if not efforts or k < 1:
        return {}
    singles = [{name: 1.0} for name in rows.names] if len(rows.names) > 1 else []
    ways = [usual(rows.names), *singles]
    progress.start("effort", len(ways))
    found = {}
    for weights in ways:
        asked = np.any([rows.of(name).any(axis=1) for name in weights if weights[name]], axis=0)
        part = np.sort(np.random.default_rng(seed).permutation(np.flatnonzero(asked))[:QUERIES])
        if len(part):
            found[text(weights)] = [asdict(rung) for rung in rungs(index, rows, part, weights, efforts, k)]
        progress.advance()
    return found


def rungs(
    index: Index, rows: Rows, part: np.ndarray, weights: dict[str, float], efforts: Sequence[int], k: int = K
) -> list[Rung]:
    """How well the index by itself finds the k nearest others of images at positions (q,), and how fast, by each effort."""
    k = min(k, len(rows.ids) - 1)
    close = scores(rows, part, {name: rows.of(name)[part] @ rows.of(name).T for name in rows.names if weights.get(name)}, weights)
    close[np.arange(len(part)), part] = -np.inf
    last = -np.partition(-close, k - 1, axis=1)[:, k - 1]
    return [_rung(index, rows, part, weights, effort, k, close, last) for effort in efforts]


def _rung(
    index: Index, rows: Rows, part: np.ndarray, weights: dict[str, float], effort: int, k: int, close: np.ndarray, last: np.ndarray
) -> Rung:
    """close: (q, n), how near each image is to each query. last: (q,), how near the k-th nearest is."""
    shares, times = [], []
    for place, (at, least) in enumerate(zip(part, last)):
        vectors = {name: rows.of(name)[at] for name in rows.names}
        started = time.perf_counter()
        near = index.approximate(vectors, weights, k + 1, effort)
        times.append(1000 * (time.perf_counter() - started))
        there = rows.positions(near.ids)
        shares.append(min(k, int((close[place][there[there >= 0]] >= least - TIED).sum())) / k)
    return Rung(effort, round(float(np.mean(shares)), 4), round(float(np.median(times)), 3))


@dataclass(frozen=True)
class Exactness:
    """How a search compares with an exact one: the share it finds of what that finds, the median of both in ms,
    and on how many queries that was measured."""

    recall: float
    ms: float
    exact_ms: float
    queries: int


SAMPLE, SECONDS = 24, 1.0
"""Queries that are tried at most, and the time after which no further one is."""


def exactness(index: Index, weights: dict[str, float], k: int, seed: int = 0) -> Exactness | None:
    """Of searches for the k nearest by these weights, asked with images of the library; None where nothing counts, or
    nothing is found: all pictures may be on a drive that is not there."""
    names = [name for name, weight in weights.items() if weight]
    ids = index.ids() if len(names) != 1 else index.ids(names[0])
    if not names or len(ids) < 2:
        return None
    shares, times, exact = [], [], []
    begun = time.perf_counter()
    for image in np.random.default_rng(seed).permutation(ids)[:SAMPLE].tolist():
        vectors = {name: index.vectors(np.array([image]), name)[0] for name in names}
        took = []
        for way in (False, True):
            started = time.perf_counter()
            found = index.search(vectors, weights, k, exact=way)
            took.append((1000 * (time.perf_counter() - started), found))
        (walked, near), (whole, true) = took
        if not len(true.ids):
            return None
        times.append(walked)
        exact.append(whole)
        shares.append(float((near.scores >= true.scores.min() - TIED).sum()) / max(1, len(true.ids)))
        if time.perf_counter() - begun > SECONDS:
            break
    return Exactness(float(np.mean(np.minimum(shares, 1))), float(np.median(times)), float(np.median(exact)), len(shares))

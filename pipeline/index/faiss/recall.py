"""How well an index finds what an exact search finds, and the effort that takes.

The queries are rows that the index does not hold yet, where there are such, else some of
its own; their true neighbors come from one pass over the vectors, shared by all
weightings. The effort (efSearch, or nprobe) is doubled until the
recall suffices, for each kind of weighting by itself: the more one embedding rules a
query, the more effort it needs in a graph made for all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.index.faiss import kinds

K = 10
QUERIES = 300
_FEW = 50  # where every query is a scan, and there is no effort to choose
RANDOM = 12
"""Random weightings (uniform on the simplex) measured beside the equal one and the corners."""

TARGETS = {"equal": 0.98, "other": 0.95}
_MARGIN = {"equal": 0.005, "other": 0.02}  # so many queries flatter or disappoint by about so much
_LEAST = 32
_GAIN = {"ivfpq": 0.01, "hnsw": 0.003, "flat": 0.0}
"""A doubling that brings less than this has met the limit of a lossy storage."""

RULES = 0.75
"""Share of the weight from which one embedding rules a query."""
STANDS_OUT = 0.5
"""Share up to which none does."""
EVEN, MIXED = "even", "mixed"

_STEP = 8_192


@dataclass(frozen=True)
class _Truth:
    """The true neighbors under one weighting: rows (q, k) int64, and the k-th product (q,)."""

    queries: np.ndarray
    rows: np.ndarray
    last: np.ndarray


def ruler(weights: dict[str, float]) -> str:
    """The embedding that has at least RULES of the weight; `even` where none stands out, else `mixed`."""
    total = sum(weights.values())
    name = max(weights, key=weights.get)
    if weights[name] >= RULES * total:
        return name
    return EVEN if weights[name] <= STANDS_OUT * total else MIXED


def weightings(names: tuple[str, ...], seed: int = 0) -> list[dict[str, float]]:
    """The weightings measured: equal, every corner, and random ones."""
    equal = dict.fromkeys(names, 1.0)
    if len(names) == 1:
        return [equal]
    corners = [dict.fromkeys(names, 0.0) | {name: 1.0} for name in names]
    generator = np.random.default_rng(seed)
    random = generator.dirichlet(np.ones(len(names)), RANDOM).round(2)
    drawn = [equal, *corners, *(dict(zip(names, row.tolist())) for row in random)]
    return list({text(weights): weights for weights in drawn}.values())  # rounding makes twins


def text(weights: dict[str, float]) -> str:
    """A weighting as the command line takes it: color=1,sift=0.5."""
    return ",".join(f"{name}={weight:g}" for name, weight in weights.items() if weight)


def measure(
    index, source: Callable[[np.ndarray], np.ndarray], fixed: int = 0, outside: np.ndarray | None = None
) -> dict:
    """Choose the effort and measure with it: what index.json keeps.

    source: true rows of positions (k,) int64 → (k, Σ dim) float32. fixed: an effort given
    by the person. outside: rows (q, Σ dim) float32 that are not in the index. Returns {"size", "effort": {ruler: effort}, "recall_at_10": {weighting:
    x}, "query_ms"}; the recall counts the 10 nearest others of each query.
    """
    alive = np.flatnonzero(index.alive)
    figures = {"size": len(alive), "effort": {}, "recall_at_10": {}, "query_ms": None}
    if len(alive) < 2:
        return figures
    most = kinds.most_effort(index.graph)
    if outside is None:
        drawn = np.random.default_rng(1).permutation(alive)
        drawn = np.sort(drawn[: QUERIES if most else _FEW])
        queries = source(drawn)
    else:
        queries = outside if most else outside[:_FEW]
        drawn = np.full(len(queries), -1)
    wanted = weightings(index.embeddings)
    truths = _truths(index, source, drawn, queries, wanted)
    for group in dict.fromkeys(ruler(weights) for weights in wanted):
        mine = {text(w): w for w in wanted if ruler(w) == group}
        gain = _GAIN[index.options.type]
        effort, before = min(fixed or _LEAST, most), None
        while True:
            found = {
                name: _recall(index, queries, drawn, weights, truths[name], effort)
                for name, weights in mine.items()
            }
            enough = all(x >= _target(mine[name]) for name, x in found.items())
            mean = float(np.mean(list(found.values())))
            stuck = kinds.lossy(index.graph) and before is not None and mean - before < gain
            if fixed or enough or stuck or effort >= most:
                break
            effort, before = min(2 * effort, most), mean
        figures["effort"][group] = effort
        figures["recall_at_10"] |= {name: round(x, 4) for name, x in found.items()}
    index.effort = figures["effort"]
    figures["query_ms"] = _median_ms(index, queries[:_FEW])
    return figures


def _target(weights: dict[str, float]) -> float:
    kind = "equal" if len(set(weights.values())) == 1 else "other"
    return TARGETS[kind] + _MARGIN[kind]


def _weighted(index, queries: np.ndarray, weights: dict[str, float]) -> np.ndarray:
    """Stored rows (q, Σ dim) as queries of a weighting."""
    return queries * np.repeat([weights.get(n, 0.0) for n in index.embeddings], index.dims).astype(np.float32)


def _truths(index, source, drawn, queries, wanted) -> dict[str, _Truth]:
    """The exact neighbors of the queries under each weighting, in one pass over the rows.

    drawn: (q,) positions of the queries, which are no neighbors of themselves; −1: of none.
    """
    k = min(K, int(index.alive.sum()) - 1)
    starts = np.cumsum([0, *index.dims])
    shape = (len(drawn), k)
    best = {text(w): (np.full(shape, -np.inf, np.float32), np.zeros(shape, np.int64)) for w in wanted}
    alive = np.flatnonzero(index.alive)
    for start in range(0, len(alive), _STEP):
        part = alive[start : start + _STEP]
        rows = source(part)
        cosines = [queries[:, a:b] @ rows[:, a:b].T for a, b in zip(starts, starts[1:])]
        own = drawn[:, None] == part
        for weights in wanted:
            products = sum(weights[n] * c for n, c in zip(index.embeddings, cosines) if weights[n])
            products[own] = -np.inf
            scores, found = best[text(weights)]
            scores = np.concatenate([scores, products], axis=1)
            found = np.concatenate([found, np.broadcast_to(part, products.shape)], axis=1)
            top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
            best[text(weights)] = np.take_along_axis(scores, top, 1), np.take_along_axis(found, top, 1)
    truths = {}
    for weights in wanted:
        scores, found = best[text(weights)]
        something = np.abs(_weighted(index, queries, weights)).max(axis=1) > 0
        truths[text(weights)] = _Truth(np.flatnonzero(something), found, scores.min(axis=1))
    return truths


def _recall(index, queries, drawn, weights, truth: _Truth, effort: int) -> float:
    """Share of the true neighbors found; of equally near ones any will do, where rows are exact."""
    mine = truth.queries
    if not len(mine):
        return 1.0
    k = truth.rows.shape[1]
    products, rows = index.nearest(_weighted(index, queries[mine], weights), k + 1, index.alive, effort)
    hits = (rows[:, :, None] == truth.rows[mine][:, None]).any(axis=2)
    if not kinds.lossy(index.graph):
        hits |= products >= truth.last[mine][:, None] - 1e-6
    hits &= (rows >= 0) & (rows != drawn[mine][:, None])
    return float(np.minimum(hits.sum(axis=1), k).mean() / k)


def _median_ms(index, queries) -> float:
    """Median time of a single query at equal weights."""
    took = []
    effort = index.effort_for(dict.fromkeys(index.embeddings, 1.0))
    for query in queries:
        started = time.perf_counter()
        index.nearest(query[None], K, index.alive, effort)
        took.append(time.perf_counter() - started)
    return round(float(np.median(took)) * 1000, 3)

"""The effort a search takes, chosen by how well it then finds what an exact search finds.

The queries are rows that the index does not hold yet, where there are such, else some of
its own; their true neighbors come from one pass over the vectors, shared by all weightings.
The effort (efSearch, or nprobe) is doubled until the recall suffices, for each kind of
weighting by itself: the more one embedding dominates a query, the more effort it needs in a
graph made for all of them, and some need more than others. Every rung of that ladder is kept:
once all rows are in the index there are no strangers left to measure with, and its own rows,
whose links lead to their neighbors, would flatter. Beside a graph lie codes of all rows; from the
effort on with which a walk would take as long as reading them, they are read, and more effort
ranks more of them (see `candidates`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.index.bitmap import Bitmap
from pipeline.index.faiss import candidates, structures
from pipeline.index.weightings import text, weightings

K = 10
QUERIES = 200
_FIRST = 60  # of them tell whether the recall comes anywhere near
_NEAR = 0.03
FEW = 50  # where every query is a scan, and there is no effort to choose
TARGET = 0.985
_MARGIN = 0.005  # so many queries flatter or disappoint by about so much, and weightings of a kind are not all alike
_LEAST = 32
_OF_CODES = 16
"""So many times the rows that are ranked at first where codes are read are ranked at most."""
_GAIN = {"ivfpq": 0.01, "hnsw": 0.003, "flat": 0.0}
"""A doubling that brings less than this has met the limit of what is compared."""

DOMINATES = 0.75
"""Share of the weight from which one embedding dominates a query."""
STANDS_OUT = 0.5
"""Share up to which none stands out."""
EVEN, MOSTLY = "even", "mostly {}"

_NOTHING = 0.01
"""Product up to which a lossy row may differ from one of zeros: a byte a number makes some thousandths of them."""

_STEP = 4_096


@dataclass(frozen=True)
class _Truth:
    """The true neighbors under one weighting: rows (q, k) int64, and the k-th product (q,)."""

    queries: np.ndarray
    rows: np.ndarray
    last: np.ndarray


def dominant(weights: dict[str, float]) -> str:
    """The embedding with at least DOMINATES of the weight; `even` where none stands out, else `mostly` the first."""
    total = sum(weights.values())
    name = max(weights, key=weights.get)
    if weights[name] >= DOMINATES * total:
        return name
    return EVEN if weights[name] <= STANDS_OUT * total else MOSTLY.format(name)


def measure(
    index, source: Callable[[np.ndarray], np.ndarray], outside: np.ndarray | None = None
) -> dict:
    """Choose the effort and measure with it: the figures that the index keeps.

    source: true rows of positions (k,) int64 → (k, Σ dim) float32. outside: rows (q, Σ dim)
    float32 that are not in the index. Returns {"size", "effort": {dominant: effort},
    "recall_at_10": {weighting: x}, "ladder": {effort: {weighting: x}}, "query_ms", "reads_from"}; the
    recall counts the 10 nearest others of each query. An effort that the person has given
    is a rung of the ladder, too.
    """
    alive = np.flatnonzero(index.rows.alive)
    figures = {"size": len(alive), "effort": {}, "recall_at_10": {}, "ladder": {}, "query_ms": None}
    figures["reads_from"] = structures.effort_of_codes(len(index.rows), candidates.CODED) if index.codes is not None else 0
    if len(alive) < 2:
        return figures
    index.figures = figures  # so that a search reads codes from there on
    every = _rungs(index)
    most = every[-1]
    queries, drawn = _queries(source, alive, outside, QUERIES if most else FEW)
    wanted = weightings(index.embeddings)
    truths = _truths(index, source, drawn, queries, wanted)
    for group in dict.fromkeys(dominant(weights) for weights in wanted):
        mine = {text(w): w for w in wanted if dominant(w) == group}

        def recalls(effort: int, few: int = _FIRST, mine=mine) -> dict[str, float]:
            found = {name: _recall(index, queries, drawn, w, truths[name], effort, few) for name, w in mine.items()}
            figures["ladder"].setdefault(str(effort), {}).update(_rounded(found))
            return found

        effort, found = _climb(recalls, every, _GAIN[index.options.type])
        figures["effort"][group] = effort
        figures["recall_at_10"] |= _rounded(found)
        given = min(index.options.ef_search, most)
        if given and not set(mine) <= set(figures["ladder"].get(str(given), {})):
            recalls(given, QUERIES)
    figures["query_ms"] = median_ms(index, queries)
    return figures


def _rungs(index) -> list[int]:
    """The efforts that are tried, the least first; 0 alone where there is no choice."""
    most, turn = structures.most_effort(index.structure), index.figures["reads_from"]
    walks = [_LEAST * 2**step for step in range(64) if _LEAST * 2**step < (turn or most)]
    if not turn:
        return [*walks, most]
    return [*walks, *(turn * 2**step for step in range(int(np.log2(_OF_CODES)) + 1))]


def _queries(source, alive: np.ndarray, outside: np.ndarray | None, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows (q, Σ dim) to ask with, and their positions (q,), −1 where the index does not hold them."""
    if outside is not None:
        return outside[:count], np.full(len(outside[:count]), -1)
    drawn = np.sort(np.random.default_rng(1).permutation(alive)[:count])
    return source(drawn), drawn


def _climb(
    recalls: Callable[[int], dict[str, float]], every: Sequence[int], gain: float
) -> tuple[int, dict[str, float]]:
    """The least effort that suffices for each of these weightings, and its recalls: rung by rung, and
    then by going back to where between the last two it should be enough."""
    last, before = 0, {}
    for effort in every:
        found = recalls(effort)
        enough = min(found.values()) >= TARGET + _MARGIN
        stuck = before and np.mean(list(found.values())) - np.mean(list(before.values())) < gain
        if enough or stuck or effort == every[-1]:
            break
        last, before = effort, found
    if enough and before:
        low, high = min(before.values()), min(found.values())
        between = int(np.ceil(last * (effort / last) ** ((TARGET + _MARGIN - low) / (high - low)) / 16)) * 16
        if last < between < effort and min((less := recalls(between)).values()) >= TARGET + _MARGIN:
            return between, less
    return effort, found


def _rounded(found: dict[str, float]) -> dict[str, float]:
    return {name: round(x, 4) for name, x in found.items()}


def _weighted(index, queries: np.ndarray, weights: dict[str, float]) -> np.ndarray:
    """Stored rows (q, Σ dim) as queries of a weighting."""
    return queries * np.repeat([weights.get(n, 0.0) for n in index.embeddings], list(index.dims.values())).astype(np.float32)


def _truths(index, source, drawn, queries, wanted) -> dict[str, _Truth]:
    """The exact neighbors of the queries under each weighting, in one pass over the rows.

    drawn: (q,) positions of the queries, which are no neighbors of themselves; −1: of none.
    """
    k = min(K, int(index.rows.alive.sum()) - 1)
    starts = np.cumsum([0, *index.dims.values()])
    shape = (len(drawn), k)
    best = {text(w): (np.full(shape, -np.inf, np.float32), np.zeros(shape, np.int64)) for w in wanted}
    alive = np.flatnonzero(index.rows.alive)
    shares = np.array([[weights.get(name, 0.0) for name in index.embeddings] for weights in wanted], np.float32)
    for start in range(0, len(alive), _STEP):
        part = alive[start : start + _STEP]
        rows = source(part)
        cosines = np.stack([queries[:, a:b] @ rows[:, a:b].T for a, b in zip(starts, starts[1:])])
        own = drawn[:, None] == part
        for weights, products in zip(wanted, np.tensordot(shares, cosines, 1)):
            products[own] = -np.inf
            scores, found = best[text(weights)]
            better = (products > scores.min(axis=1, keepdims=True)).any(axis=0)  # soon few are
            scores = np.concatenate([scores, products[:, better]], axis=1)
            found = np.concatenate([found, np.broadcast_to(part[better], (len(found), better.sum()))], axis=1)
            top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
            best[text(weights)] = np.take_along_axis(scores, top, 1), np.take_along_axis(found, top, 1)
    truths = {}
    for weights in wanted:
        scores, found = best[text(weights)]
        something = np.abs(_weighted(index, queries, weights)).max(axis=1) > 0
        truths[text(weights)] = _Truth(np.flatnonzero(something), found, scores.min(axis=1))
    return truths


def _recall(index, queries, drawn, weights, truth: _Truth, effort: int, few: int) -> float:
    """Share of the true neighbors found; of equally near ones any will do, where rows are exact.

    A few queries are asked, and the others where those find nearly enough.
    """
    if not len(truth.queries):
        return 1.0
    hits = _hits(index, queries, drawn, weights, truth, truth.queries[:few], effort)
    if hits.mean() >= TARGET - _NEAR:
        hits = np.append(hits, _hits(index, queries, drawn, weights, truth, truth.queries[few:], effort))
    return float(hits.mean())


def _hits(index, queries, drawn, weights, truth: _Truth, mine: np.ndarray, effort: int) -> np.ndarray:
    """Of each of some queries (q,) the share of its true neighbors that is found: (q,)."""
    if not len(mine):
        return np.zeros(0)
    k = truth.rows.shape[1]
    products, rows = index.nearest(_weighted(index, queries[mine], weights), k + 1, Bitmap.of(index.rows.alive), effort)
    hits = (rows[:, :, None] == truth.rows[mine][:, None]).any(axis=2)
    last = truth.last[mine][:, None]
    if not index.exact.lossy:
        hits |= products >= last - 1e-6
    else:  # among rows without the embedding that is asked by, which are as near as nothing, any will do here, too
        hits |= (last == 0) & (products >= -_NOTHING)
    hits &= (rows >= 0) & (rows != drawn[mine][:, None])
    return np.minimum(hits.sum(axis=1), k) / k


def median_ms(index, queries: np.ndarray) -> float:
    """Median time of a single query (rows (q, Σ dim) float32) at equal weights, in milliseconds."""
    took = []
    effort = index.effort_for(dict.fromkeys(index.embeddings, 1.0))
    alive = Bitmap.of(index.rows.alive)
    for query in queries[:FEW]:
        started = time.perf_counter()
        index.nearest(query[None], K, alive, effort)
        took.append(time.perf_counter() - started)
    return round(float(np.median(took)) * 1000, 3)

"""Other ways than from the closest on: some from further out, none twice over, and the most unlike one another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.errors import QueryError
from pipeline.index import Index
from pipeline.library import hashes as stored_hashes
from pipeline.search import Match, Query, Result, Searcher, after

CLOSEST = 15
"""Matches that `discover` takes from the front of the list."""
FURTHER = 5
"""And so many, drawn at random, of those behind them."""
REACH = 50
"""The last rank it draws from."""

AMONG = 5_000
"""Images that a varied choice looks at: a second of the processor."""
_ROUNDS = 10

ALIKE = 15
"""Hash distance, of 192 bits, up to which two images count as near-duplicates: copies saved
again had at most 7, recolored ones 15 (see `duplicates.BITS`)."""


@dataclass(frozen=True)
class Found:
    """Matches, best first, and what is to be said about some of them.

    further: ids of those that were drawn from further out. alike: id → how many
    near-duplicates of it the list leaves out.
    """

    result: Result
    further: frozenset[int] = frozenset()
    alike: dict[int, int] = field(default_factory=dict)


def discover(searcher: Searcher, query: Query, seen: Iterable[int], seed: int) -> Found:
    """The closest images not seen yet, and a few drawn from the ranks behind them.

    The same seed draws the same ones. The query's own top_k and offset do not count.
    """
    result = searcher.search(replace(after(query, tuple(seen)), top_k=REACH))
    front, behind = result.matches[:CLOSEST], result.matches[CLOSEST:]
    drawn = np.random.default_rng(seed).permutation(len(behind))[:FURTHER]
    further = [behind[at] for at in sorted(drawn)]
    return Found(replace(result, matches=front + further), frozenset(match.id for match in further))


def farthest_first(rows: np.ndarray, count: int) -> np.ndarray:
    """Positions (min(count, n),) of vectors (n, dim) that are as unlike one another as can be: first the one most
    like all, then each time that which is farthest from the nearest of those before.

    That covers the whole with radii at most twice the smallest possible (Gonzalez 1985, "Clustering to
    minimize the maximum intercluster distance").
    """
    taken = [int(np.argmax(rows @ rows.mean(axis=0)))] if len(rows) else []
    squares = np.einsum("nd,nd->n", rows, rows)
    apart = np.full(len(rows), np.inf)  # of each from the nearest one that is taken, squared
    while len(taken) < min(count, len(rows)):
        last = taken[-1]
        np.minimum(apart, squares + squares[last] - 2 * (rows @ rows[last]), out=apart)
        apart[last] = -np.inf
        taken.append(int(np.argmax(apart)))
    return np.array(taken, np.int64)


def varied(index: Index, ids: np.ndarray, count: int, name: str | None = None) -> np.ndarray:
    """Images (min(count, n),) int64 that stand for all of some, ids (n,) int64: varied, and each typical of those
    around it. name: by which embedding; None: by all, as usual. Images that it does not know are not chosen.

    Of many images `AMONG` drawn evenly are looked at. Raises QueryError for an embedding that there is not, and for
    more than that.
    """
    if name is not None and name not in index.embeddings:
        raise QueryError(f"{name!r} is not in the index; there are: {', '.join(index.embeddings)}.")
    known = ids[np.isin(ids, index.ids(name))]
    if count > AMONG < len(known):
        raise QueryError(f"A varied choice has {AMONG:,} images at most; ask for fewer.")
    some = known[np.linspace(0, len(known) - 1, min(len(known), AMONG)).round().astype(int)]
    return some[representatives(index.vectors(some, name), count)]


def representatives(rows: np.ndarray, count: int) -> np.ndarray:
    """Positions (min(count, n),) of vectors (n, dim): the most typical of each of so many groups, largest group first.

    Groups begin as those around the `farthest_first`, and are then gathered around their most typical ones until
    these stay (k-medoids, Park & Jun 2009), so that what is frequent is not left to what is far out.
    """
    chosen = farthest_first(rows, count)
    if not len(chosen):
        return chosen
    squares = np.einsum("nd,nd->n", rows, rows)
    for _ in range(_ROUNDS):
        group = (squares[chosen] - 2 * (rows @ rows[chosen].T)).argmin(axis=1)
        group[chosen] = np.arange(len(chosen))  # of images that are the same each keeps its own
        before, chosen = chosen, np.array([_typical(rows, np.flatnonzero(group == one)) for one in range(len(chosen))], np.int64)
        if (before == chosen).all():
            break
    return chosen[np.argsort(-np.bincount(group, minlength=len(chosen)), kind="stable")]


def _typical(rows: np.ndarray, members: np.ndarray) -> int:
    """The one of some vectors that is most like their mean."""
    mean = rows[members].mean(axis=0)
    return int(members[((rows[members] - mean) ** 2).sum(axis=1).argmin()])


def distinct(searcher: Searcher, query: Query, shown: Iterable[int]) -> Found:
    """The next matches after those shown, without near-duplicates of them or of one another.

    Raises QueryError where the library has no hashes.
    """
    if not len(searcher.hashes.now()[0]):
        raise QueryError("Near-duplicates are not known yet; update the library first.")
    searcher, shown = searcher.held(), tuple(shown)
    left_out = {*query.filter.exclude, *shown}
    for ids in _alike(searcher, shown, query).values():
        left_out |= ids
    kept: list[Match] = []
    alike: dict[int, int] = {}
    hidden: set[int] = set()
    while len(kept) < query.top_k:
        result = searcher.search(after(query, tuple(left_out | hidden)))
        near = _alike(searcher, [match.id for match in result.matches], query)
        for match in result.matches:
            left_out.add(match.id)
            if match.id in hidden or len(kept) == query.top_k:
                continue
            kept.append(match)
            others = near.get(match.id, set()) - left_out - hidden
            hidden |= others
            if others:
                alike[match.id] = len(others)
        if len(result.matches) < query.top_k:
            break
    return Found(replace(result, matches=kept), alike=alike)


def _alike(searcher: Searcher, ids: Iterable[int], query: Query) -> dict[int, set[int]]:
    """The near-duplicates of each image among those that pass the query's filter, itself left out."""
    index, filters = searcher.hashes.now()
    words, allowed = index.rows.view(np.uint64), filters.rows(query.filter)
    having, rows = stored_hashes.read(searcher.library, list(ids))
    found = {}
    for image_id, row in zip(having.tolist(), rows):
        distances = np.bitwise_count(words ^ row.view(np.uint64)).sum(axis=1, dtype=np.uint8)
        near = np.flatnonzero(distances <= ALIKE)
        near = near if allowed is None else near[allowed.has(near)]
        found[image_id] = set(index.ids[near].tolist()) - {image_id}
    return found

"""What the Compare page computes: one query through several embeddings, and agreement."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dashboard.reads import Reads
from pipeline import index as indexes
from pipeline.errors import QueryError
from pipeline.maps import COMBINED
from pipeline.progress import Silent
from pipeline.quality import agreement
from pipeline.quality.agreement import Agreement
from pipeline.search import Entry, Match, Query

PATH = "/compare"
"""The page's address; its views are told apart by the parameter `view`."""
DEPTH = 100
"""How far down each ranking a place is still looked up."""
PATIENCE = 1.5
"""Seconds to wait for an agreement before telling that it is on its way."""


def pair(first: str | None, second: str | None, names: Sequence[str]) -> tuple[str, str]:
    """Two different ones of at least two names: those asked for, else the outermost."""
    a = first if first in names else None
    b = second if second in names and second != a else None
    a = a or next(name for name in names if name != b)
    return a, b or next(name for name in reversed(names) if name != a)


@dataclass(frozen=True)
class Column:
    """The ranking of the library by one embedding, or by the combination.

    matches: the first ones, which are shown. places: {image id: rank from 1} of the first
    DEPTH. error: one sentence where the query cannot be compared.
    """

    name: str
    matches: Sequence[Match] = ()
    places: dict[int, int] | None = None
    error: str | None = None

    @property
    def shown(self) -> set[int]:
        """Ids of the images shown."""
        return {match.id for match in self.matches}


def columns(reads: Reads, subject: int | Entry, count: int) -> list[Column]:
    """A column per embedding and one of all of them, each with `count` matches of an image of the library,
    by its id, or of a picture from outside."""
    return [_column(reads, subject, name, count) for name in [*reads.embeddings(), COMBINED]]


def _column(reads: Reads, subject: int | Entry, name: str, count: int) -> Column:
    how = {"weights": None if name == COMBINED else {name: 1.0}, "top_k": max(count, DEPTH)}
    query = Query((subject,), **how) if isinstance(subject, Entry) else Query.around(subject, **how)
    try:
        matches = reads.search(query).matches
    except QueryError as error:
        return Column(name, error=str(error))
    places = {match.id: rank for rank, match in enumerate(matches, 1)}
    return Column(name, matches[:count], places)


def overlaps(shown: Sequence[Column]) -> dict[tuple[str, str], int | None]:
    """How many images each two columns have in common; None where one has none to show."""
    return {
        (one.name, other.name): None if one.error or other.error else len(one.shown & other.shown)
        for one, other in combinations(shown, 2)
    }


@dataclass(frozen=True)
class Step:
    """Where one is on the walk through a ranking.

    at: position from 0, `row` of the agreement's arrays. previous, following: image ids
    or None at the ends. around: positions in the ranking of the strip's images.
    """

    at: int
    row: int
    previous: int | None
    following: int | None
    around: range


def step(found: Agreement, ranking: np.ndarray, image: int | None, length: int) -> Step:
    """The place of an image in a ranking (n,) of rows, its first where there is none such.

    length: how many images the strip shows.
    """
    at = 0
    if image is not None:
        at = int(np.argmax(found.ids[ranking] == image))
    first = at // length * length
    return Step(
        at=at,
        row=int(ranking[at]),
        previous=int(found.ids[ranking[at - 1]]) if at else None,
        following=int(found.ids[ranking[at + 1]]) if at + 1 < len(ranking) else None,
        around=range(first, min(first + length, len(ranking))),
    )


def spread(found: Agreement) -> np.ndarray:
    """How many images share 0, 1, … k of their k nearest: (k + 1,) int64."""
    k = found.first.shape[1]
    return np.bincount(np.round(found.share * k).astype(np.int64), minlength=k + 1)


class Agreements:
    """Finds agreements in the background, so that no request waits for a large library."""

    def __init__(self, reads: Reads):
        self._reads = reads
        self._lock = threading.Lock()
        self._one = threading.Lock()  # one owner of the cores at a time
        self._kept: dict[tuple, Agreement] = {}
        self._work: dict[tuple, _Work] = {}

    def of(self, a: str, b: str, patience: float = PATIENCE) -> Agreement | float:
        """The agreement of two embeddings; or the share done, 0–1, while it is being found.

        Waits for it at most `patience` seconds. Raises what went wrong, and starts anew
        when asked again.
        """
        library = self._reads.library
        key = (a, b, indexes.version(library))  # before the index, which may be replaced meanwhile
        index = self._reads.searcher.index()
        with self._lock:
            if key in self._kept:
                return self._kept[key]
            # What nobody came back for is of no use with another index.
            self._work = {k: one for k, one in self._work.items() if k[2] == key[2] or one.is_alive()}
            work = self._work.get(key)
            if work is None:
                found = agreement.cached(library, index, a, b)
                if found is not None:
                    return self._keep(key, found)
                work = self._work[key] = _Work(lambda told: agreement.compare(library, index, a, b, told),
                                               self._one)
        work.join(patience)
        if work.is_alive():
            return work.share
        with self._lock:
            self._work.pop(key, None)
            if work.error is not None:
                raise work.error
            return self._keep(key, work.found)

    def _keep(self, key: tuple, found: Agreement) -> Agreement:
        """Remember it; what was found with an older index is forgotten."""
        self._kept = {k: kept for k, kept in self._kept.items() if k[2] == key[2]} | {key: found}
        return found


class _Work(threading.Thread):
    """One agreement being found, after those that were asked for before."""

    def __init__(self, find, one_at_a_time: threading.Lock):
        super().__init__(daemon=True)
        self._find, self._one = find, one_at_a_time
        self._told = _Share()
        self.found: Agreement | None = None
        self.error: Exception | None = None
        self.start()

    @property
    def share(self) -> float:
        """What is done, 0–1."""
        return self._told.done / self._told.total

    def run(self) -> None:
        try:
            with self._one:
                self.found = self._find(self._told)
        except Exception as error:  # raised again where it is asked for
            self.error = error


class _Share(Silent):
    """Counts what is done."""

    def __init__(self):
        self.total, self.done = 1, 0

    def start(self, stage: str, total: int) -> None:
        self.total, self.done = max(1, total), 0

    def advance(self, units: int = 1, failed: int = 0) -> None:
        self.done += units

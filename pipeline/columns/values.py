"""The values of a column as compact arrays, and which images a condition lets pass.

Images are rows 0 … n - 1, in the order of their ids.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import PurePosixPath

import numpy as np

from pipeline.columns import bins
from pipeline.columns.bins import Bins
from pipeline.columns.conditions import NONE, Between, Condition, Contains, OneOf
from pipeline.errors import QueryError

CATEGORY, NUMBER, DATE, TEXT = "category", "number", "date", "text"

_NEAREST = 3
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?)?)?")
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([kmgt]?)(b?)", re.IGNORECASE)
_THOUSANDS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_MS = 0.001


@dataclass(frozen=True, eq=False)
class Categories:
    """Names, and which images have which.

    names: k texts. codes: (m,) int32 into names. rows: (m,) int32 ascending, the image of each
    code, where an image may have several names or none; None: m = n, and −1 is none. parents:
    (k,) int32, the name that a name is a part of (a folder's), −1 without: an image of the part
    has the whole, too. folds: whether upper and lower case are alike.
    """

    size: int
    names: Sequence[str]
    codes: np.ndarray
    rows: np.ndarray | None = None
    parents: np.ndarray | None = None
    folds: bool = False

    @cached_property
    def _known(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.names)}

    @cached_property
    def _folded(self) -> dict[str, int]:
        return {name.casefold(): code for code, name in enumerate(self.names)}

    def code(self, name: str) -> int | None:
        """The code of a name, or None."""
        if self.parents is not None:
            name = str(PurePosixPath(name.strip("/")))
        found = self._known.get(name)
        return self._folded.get(name.casefold()) if found is None and self.folds else found

    def nearest(self, name: str) -> list[str]:
        """The names most like one that there is not."""
        return [self.names[self._folded[one]] for one in difflib.get_close_matches(name.casefold(), self._folded, _NEAREST, 0.5)]

    def passing(self, condition: Condition, noun: str) -> np.ndarray:
        """(n,) bool; raises QueryError for names that there are not."""
        match condition:
            case OneOf(_, values):
                return self._having(values, noun)
            case Contains(_, text):
                wanted = text.casefold()
                return self._with(np.array([wanted in name.casefold() for name in self.names], bool))
        raise QueryError(f"A {noun} has no bounds: name those that are wanted.")

    def _having(self, values: Iterable[str], noun: str) -> np.ndarray:
        chosen, none = np.zeros(len(self.names), bool), False
        for value in values:
            code = self.code(value)
            if code is not None:
                chosen[code] = True
            elif self.parents is not None and PurePosixPath(value.strip("/")) == PurePosixPath():
                return np.ones(self.size, bool)  # the scanned folder itself
            elif value == NONE:
                none = True
            else:
                raise QueryError(f"There is no {noun} “{value}”; {self._hint(value)}.")
        if self.parents is not None:
            chosen = self._with_parts(chosen)
        passed = self._with(chosen)
        return passed | ~self._any if none else passed

    def _hint(self, value: str) -> str:
        if near := self.nearest(value):
            return f"the nearest are: {', '.join(near)}"
        some = list(self.names[:_NEAREST])
        return f"there are: {', '.join(some)}{' and others' if len(self.names) > _NEAREST else ''}" if some else "there are none"

    def _with_parts(self, chosen: np.ndarray) -> np.ndarray:
        """Names (k,) bool with all that is part of one of them."""
        while True:
            wider = chosen | (chosen[self.parents] & (self.parents >= 0))
            if (wider == chosen).all():
                return chosen
            chosen = wider

    def _with(self, chosen: np.ndarray) -> np.ndarray:
        """Images (n,) that have one of the chosen names (k,) bool."""
        picked = np.append(chosen, False)[self.codes]  # −1 is the last
        if self.rows is None:
            return picked
        passed = np.zeros(self.size, bool)
        passed[self.rows[picked]] = True
        return passed

    @cached_property
    def _any(self) -> np.ndarray:
        return self._with(np.ones(len(self.names), bool))

    def counts(self, passed: np.ndarray | None = None) -> tuple[np.ndarray, int]:
        """How many images (of those in a mask (n,)) have each name: (k,) int64; and how many none."""
        if passed is None:
            return self._all
        codes = self.codes[passed if self.rows is None else passed[self.rows]]
        found = np.bincount(codes + 1, minlength=len(self.names) + 1)
        none = int(found[0]) if self.rows is None else int((passed & ~self._any).sum())
        return self._rolled(found[1:]), none

    @cached_property
    def _all(self) -> tuple[np.ndarray, int]:
        return self.counts(np.ones(self.size, bool))

    def _rolled(self, counts: np.ndarray) -> np.ndarray:
        """With what is part of a name counted to it: deepest first, as names come before their parts."""
        if self.parents is not None:
            for code in range(len(counts) - 1, -1, -1):
                if self.parents[code] >= 0:
                    counts[self.parents[code]] += counts[code]
        return counts

    def told(self, row: int) -> str | list[str] | None:
        """What an image has: its name, its names, or None."""
        if self.rows is None:
            return self.names[self.codes[row]] if self.codes[row] >= 0 else None
        at = slice(*np.searchsorted(self.rows, np.array([row, row + 1], self.rows.dtype)))  # of another, all are copied
        return [self.names[code] for code in self.codes[at]]

    @cached_property
    def order(self) -> np.ndarray:
        """What images are sorted by: (n,) float64, the place of their (first) name; NaN for none."""
        place = np.empty(len(self.names) + 1)
        place[sorted(range(len(self.names)), key=lambda code: self.names[code].casefold())] = np.arange(len(self.names))
        place[-1] = np.nan
        if self.rows is None:
            return place[self.codes]
        first = np.full(self.size, np.nan)
        np.fmin.at(first, self.rows, place[self.codes])
        return first


@dataclass(frozen=True, eq=False)
class Numbers:
    """values: (n,) float64, NaN where nothing is known; dates as seconds since 1970.

    spread: whether bars may grow with what they stand for. unit: written after a bound.
    """

    values: np.ndarray
    dates: bool = False
    spread: bool = False
    unit: str = ""

    @cached_property
    def bins(self) -> Bins:
        """The bars of its histogram."""
        if self.dates:
            return bins.of_dates(self.values)
        return bins.of_numbers(self.values, self.whole, self.spread, self.unit)

    @cached_property
    def known(self) -> np.ndarray:
        return np.isfinite(self.values)

    @cached_property
    def range(self) -> tuple[float, float] | None:
        """The least and the most, or None where nothing is known."""
        some = self.values[self.known]
        return (float(some.min()), float(some.max())) if len(some) else None

    @cached_property
    def whole(self) -> bool:
        some = self.values[self.known]
        return not self.dates and bool((some == np.floor(some)).all())

    def passing(self, condition: Condition, noun: str) -> np.ndarray:
        """(n,) bool; raises QueryError for bounds that are none."""
        match condition:
            case Between():
                return self._within(*self.limits(condition, noun))
            case OneOf(_, values):
                passed = np.zeros(len(self.values), bool)
                for value in values:
                    passed |= ~self.known if value == NONE else self._within(*self.bounds(value, noun))
                return passed
        raise QueryError(f"{noun.capitalize()} is no text: give bounds, as in {condition.column}=1..5.")

    def limits(self, condition: Between, noun: str) -> tuple[float | None, float | None]:
        """The least and the most that a condition lets pass, None for no bound; raises QueryError."""
        low, high = condition.low, condition.high
        least = most = None
        if low:
            least = np.nextafter(self.bounds(low[1:], noun)[1], np.inf) if low[0] == ">" else self.bounds(low, noun)[0]
        if high:
            most = np.nextafter(self.bounds(high[1:], noun)[0], -np.inf) if high[0] == "<" else self.bounds(high, noun)[1]
        return least, most

    def _within(self, low: float | None, high: float | None) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            above = self.known if low is None else self.values >= low
            return above if high is None else above & (self.values <= high)

    def bounds(self, text: str, noun: str) -> tuple[float, float]:
        """The least and the most that a text stands for: 2020 is a whole year, 5 is just that."""
        if self.dates:
            return date_bounds(text, noun)
        found = _NUMBER.fullmatch(text.strip())
        value = float(f"{float(found[1]) * _THOUSANDS[found[2].lower()]:.15g}") if found else float("nan")
        if not isfinite(value):
            raise QueryError(f"“{text}” is no number, which {noun} needs, as in 12.5 or 3MB.")
        return value, value

    def told(self, row: int) -> float | None:
        """What is known of an image, or None."""
        return float(self.values[row]) if self.known[row] else None

    @property
    def order(self) -> np.ndarray:
        """What images are sorted by."""
        return self.values


@dataclass(frozen=True, eq=False)
class Texts:
    """A text of each image, None where there is none; found in without regard to case."""

    texts: Sequence[str | None]

    @cached_property
    def _folded(self) -> tuple[str, np.ndarray]:
        """All texts in one, and where each begins: searching one long text takes a tenth of the time."""
        folded = [(text or "").casefold().replace("\0", " ") for text in self.texts]
        starts = np.cumsum([0, *(len(text) + 1 for text in folded)])
        return "\0".join(folded), starts

    def passing(self, condition: Condition, noun: str) -> np.ndarray:
        """(n,) bool."""
        passed = np.zeros(len(self.texts), bool)
        match condition:
            case Contains(_, text):
                return self._with(text.casefold())
            case OneOf(_, values):
                wanted = set(values)
                for row, text in enumerate(self.texts):
                    passed[row] = text in wanted or (not text and NONE in wanted)
                return passed
        raise QueryError(f"{noun.capitalize()} has no bounds: write what it shall contain, as in {condition.column}~word.")

    def _with(self, wanted: str) -> np.ndarray:
        whole, starts = self._folded
        passed = np.zeros(len(self.texts), bool)
        at = whole.find(wanted)
        while at >= 0:
            row = int(np.searchsorted(starts, at, side="right")) - 1
            passed[row] = True
            at = whole.find(wanted, int(starts[row + 1]))
        return passed

    def told(self, row: int) -> str | None:
        """The text of an image."""
        return self.texts[row]

    @cached_property
    def order(self) -> np.ndarray:
        """What images are sorted by: (n,) float64, NaN for none."""
        place = np.full(len(self.texts), np.nan)
        there = [row for row, text in enumerate(self.texts) if text]
        place[sorted(there, key=lambda row: self.texts[row].casefold())] = np.arange(len(there))
        return place


Values = Categories | Numbers | Texts


def date_bounds(text: str, noun: str) -> tuple[float, float]:
    """First and last moment of a year, month, day … as seconds since 1970; raises QueryError."""
    try:
        if not _DATE.fullmatch(text.strip()):
            raise ValueError
        first = np.datetime64(text.strip().replace(" ", "T"))
    except ValueError:
        raise QueryError(f"“{text}” is no date, which {noun} needs, as in 2020 or 2020-05 or 2020-05-17.") from None
    ends = (first.astype("M8[ms]"), (first + 1).astype("M8[ms]") - 1)
    low, high = (float(end.astype(np.int64)) * _MS for end in ends)
    return low, high + 0.0009  # stored times have parts of a millisecond


def coded(values: Iterable[str | None], size: int, folds: bool = False) -> Categories:
    """Categories of one value an image, in the order of the rows; None is none."""
    known: dict[str, int] = {}
    codes = np.fromiter(
        (-1 if value is None else known.setdefault(value, len(known)) for value in values), np.int32, size
    )
    return Categories(size, list(known), codes, folds=folds)


def grouped(groups: Mapping[str, np.ndarray], size: int, folds: bool = False) -> Categories:
    """Categories of any number an image. groups: name → rows (m,) of its images."""
    rows = np.concatenate([np.zeros(0, np.int32), *groups.values()]).astype(np.int32)
    lengths = [len(one) for one in groups.values()]
    codes = np.repeat(np.arange(len(groups), dtype=np.int32), lengths)
    order = np.argsort(rows, kind="stable")
    return Categories(size, list(groups), codes[order], rows[order], folds=folds)


def tree(paths: Iterable[str], size: int) -> Categories:
    """Categories of the folder of each image, with the folders around it; "" is in none."""
    known: dict[str, int] = {}
    parents: list[int] = []

    def enter(path: str) -> int:
        if not path:
            return -1
        code = known.get(path)
        if code is None:
            above = enter(path.rpartition("/")[0])
            code = known[path] = len(parents)
            parents.append(above)
        return code

    codes = np.fromiter(map(enter, paths), np.int32, size)
    return Categories(size, list(known), codes, parents=np.array(parents, np.int32))

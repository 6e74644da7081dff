"""The values of a column as compact arrays, and which images a condition lets pass: figures, dates and texts, beside
the names of `categories`.

Images are rows 0 … n - 1, in the order of their ids.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

import numpy as np

from pipeline.columns import bins
from pipeline.columns.bins import Bins
from pipeline.columns.categories import Categories
from pipeline.columns.conditions import NONE, Between, Condition, Contains, OneOf
from pipeline.errors import QueryError
from pipeline.forms import composed
from pipeline.forms import folded as read_as

CATEGORY, NUMBER, DATE, TEXT = "category", "number", "date", "text"

_DATE = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?)?)?")
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([kmgt]?)(b?)", re.IGNORECASE)
_THOUSANDS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_MS = 0.001


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
        """Of which images something is known: (n,) bool."""
        return np.isfinite(self.values)

    @cached_property
    def range(self) -> tuple[float, float] | None:
        """The least and the most, or None where nothing is known."""
        some = self.values[self.known]
        return (float(some.min()), float(some.max())) if len(some) else None

    @cached_property
    def whole(self) -> bool:
        """Whether all are whole numbers."""
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
        folded = [read_as(text or "").replace("\0", " ") for text in self.texts]
        starts = np.cumsum([0, *(len(text) + 1 for text in folded)])
        return "\0".join(folded), starts

    def passing(self, condition: Condition, noun: str) -> np.ndarray:
        """(n,) bool."""
        passed = np.zeros(len(self.texts), bool)
        match condition:
            case Contains(_, text):
                return self._with(read_as(text))
            case OneOf(_, values):
                wanted = set(map(composed, values))
                for row, text in enumerate(self.texts):
                    passed[row] = composed(text or "") in wanted or (not text and NONE in wanted)
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

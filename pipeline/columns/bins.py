"""Bars of a histogram: bounds that a person would choose, and the bar of every image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import floor, log10

import numpy as np

MOST = 60
"""Bars at most: each is a few px wide in a panel."""
_TAIL = 0.005
"""Share of the images at each end that may lie outside, where they would make the rest a line."""
_DECADE = (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8)
"""Renard's series R10 (ISO 3): each a quarter more than the one before."""
_SPANS = 50  # of the most and the least from which bars grow with what they stand for
_MONTHS = (1, 3, 12, 24, 60, 120, 240, 600, 1200)
_UNITS = (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3))
_DAY = 86_400.0
_HUGE = 1e300
"""Figures beyond this are in the last bar: what lies between larger ones is no number any more."""


@dataclass(frozen=True, eq=False)
class Bins:
    """b bars. edges: (b + 1,) float64. lows, highs: b texts each, the bounds that a condition names
    for a bar, "" for no bound. codes: (n,) int16, the bar of each image, −1 for none."""

    edges: np.ndarray
    lows: list[str]
    highs: list[str]
    codes: np.ndarray

    def counts(self, passed: np.ndarray | None = None) -> tuple[np.ndarray, int]:
        """How many images (of those in a mask (n,)) each bar has, (b,) int64, and how many none."""
        if passed is None:
            return self._all
        found = np.bincount(self.codes[passed] + 1, minlength=len(self.lows) + 1)
        return found[1:], int(found[0])

    @cached_property
    def _all(self) -> tuple[np.ndarray, int]:
        return self.counts(np.ones(len(self.codes), bool))

    def place(self, value: float) -> float:
        """Where between the bars a figure lies: 0 at the left end, b at the right."""
        return float(np.interp(value, self.edges, np.arange(len(self.edges))))


def of_numbers(values: np.ndarray, whole: bool, spread: bool, unit: str) -> Bins:
    """Bars of figures (n,), NaN where nothing is known. spread: bars may grow with what they stand
    for. unit: written after a bound, as B for bytes."""
    low, high, open_low, open_high = _range(values)
    if spread and low > 0 and high / low >= _SPANS:
        edges, highs = _growing(low, high), None
    else:
        step = _step(high - low, whole)
        edges = np.arange(floor(low / step), floor(high / step) + 2) * step
        highs = [_written(edge - 1, unit) for edge in edges[1:].tolist()] if whole else None
    texts = [_written(edge, unit) for edge in edges.tolist()]
    edges = np.array([float(f"{edge:.10g}") for edge in edges.tolist()])  # as they are written
    lows, highs = texts[:-1], highs or [f"<{text}" for text in texts[1:]]
    return _bins(values, edges, lows, highs, open_low, open_high)


def of_dates(values: np.ndarray) -> Bins:
    """Bars of dates (n,) as seconds since 1970, NaN where nothing is known: hours, days, months or years."""
    low, high, open_low, open_high = _range(values)
    first, last = (np.datetime64(int(floor(end)), "s") for end in (low, high))
    if high - low <= 2 * _DAY:
        edges = _stepped(first, last, "h", 1)
    elif high - low <= MOST * _DAY:
        edges = _stepped(first, last, "D", 1)
    else:
        months = int((last.astype("M8[M]") - first.astype("M8[M]")).astype(int)) + 1
        step = next((step for step in _MONTHS if months / step <= MOST - 1), _MONTHS[-1])
        edges = _stepped(first, last, "M", step)
        if step % 12 == 0:
            edges = edges.astype("M8[Y]")
    lows, highs = [str(edge) for edge in edges[:-1]], [str(edge - 1) for edge in edges[1:]]
    seconds = edges.astype("M8[s]").astype(np.int64).astype(np.float64)
    return _bins(values, seconds, lows, highs, open_low, open_high)


def _stepped(first: np.datetime64, last: np.datetime64, unit: str, step: int) -> np.ndarray:
    start, end = (int(one.astype(f"M8[{unit}]").astype(np.int64)) // step * step for one in (first, last))
    return np.arange(start, end + 2 * step, step).astype(f"M8[{unit}]")


def _range(values: np.ndarray) -> tuple[float, float, bool, bool]:
    """From where to where the bars go, and whether some images lie outside at each end."""
    some = values[np.isfinite(values)]
    if not len(some):
        return 0.0, 0.0, False, False
    beyond = bool((some < -_HUGE).any()), bool((some > _HUGE).any())
    some = some.clip(-_HUGE, _HUGE)
    low, high = float(some.min()), float(some.max())
    least, most = np.quantile(some, [_TAIL, 1 - _TAIL]).tolist()
    width = max(most - least, 1e-9)
    outside = least - low > width, high - most > width
    return least if outside[0] else low, most if outside[1] else high, outside[0] or beyond[0], outside[1] or beyond[1]


def _step(width: float, whole: bool) -> float:
    """The narrowest bar of 1, 2 or 5 times a power of ten that is wide enough."""
    least = max(width / (MOST - 1), 1.0 if whole else 1e-9)
    power = 10.0 ** floor(log10(least))
    return next(power * one for one in (1, 2, 5, 10) if power * one >= least * (1 - 1e-9))


def _growing(low: float, high: float) -> np.ndarray:
    decades = range(floor(log10(low)), floor(log10(high)) + 2)
    every = np.array([one * 10.0**power for power in decades for one in _DECADE])
    first, last = np.searchsorted(every, low, side="right") - 1, np.searchsorted(every, high, side="right")
    edges = every[first : last + 1]
    while len(edges) > MOST + 1:
        edges = edges[:: 2] if len(edges) % 2 else np.append(edges[::2], edges[-1])
    return edges


def _bins(values: np.ndarray, edges: np.ndarray, lows: list, highs: list, open_low: bool, open_high: bool) -> Bins:
    known = np.isfinite(values)
    codes = np.full(len(values), -1, np.int16)
    codes[known] = np.clip(np.searchsorted(edges, values[known], side="right") - 1, 0, len(lows) - 1)
    if open_low:
        lows[0] = ""
    if open_high:
        highs[-1] = ""
    return Bins(edges, lows, highs, codes)


def _written(value: float, unit: str) -> str:
    """A figure as a person writes it: 1.6MB."""
    for letter, size in _UNITS if unit else ():
        if abs(value) >= size:
            return f"{value / size:.10g}{letter}{unit}"
    return f"{value:.10g}"

"""What kind of values a column holds, found from all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.facts.spreadsheets import with_point
from pipeline.pictures.metadata.exif import time

KINDS = ("number", "date", "category", "text")

_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")  # 007 is a name
_DATE = re.compile(r"(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2}))?|(\d{1,2})\.(\d{1,2})\.(\d{4})")
_NOTHING = frozenset(["na", "n/a", "nan", "null", "none", "-", "?"])
"""What stands in a table for no value, where the others are numbers or dates."""

_FEW, _MANY, _LONG = 20, 1_000, 80
"""A category has at most so many values, or so many of which each occurs twice on average, and none
longer than so many characters."""


def number(value: str | float, comma: bool = False) -> float | None:
    """A value as a number, or None. comma: it may have a decimal comma."""
    if isinstance(value, float):
        return value
    value = with_point(value) if comma else value
    return float(value) if _NUMBER.fullmatch(value) else None


def date(value: str | float) -> str | None:
    """A value as facts keep dates, or None: `2024-05-01`, `2024-05`, `1.5.2024`, with or without a time."""
    if isinstance(value, float):
        return None
    if found := time(value):
        return found
    match = _DATE.fullmatch(value)
    if match is None:
        return None
    year, month, day = (match[1], match[2], match[3] or "1") if match[1] else (match[6], match[5], match[4])
    return time(f"{year}-{month:0>2}-{day:0>2} 00:00:00")


def is_nothing(value: str | float) -> bool:
    """Whether a value stands for none among numbers or dates."""
    return isinstance(value, str) and value.casefold() in _NOTHING


def stored(kind: str, value: str | float, comma: bool = False) -> str | float | None:
    """A value as a column of a kind keeps it; None where it has none to keep. comma: as of `number`."""
    if kind == "number":
        return number(value, comma)
    if kind == "date":
        return date(value)
    return f"{value:g}" if isinstance(value, float) else value


@dataclass
class Census:
    """What was seen of a column. comma: as of `number`."""

    comma: bool = False
    count: int = 0
    numbers: int = 0
    dates: int = 0
    longest: int = 0
    distinct: set = field(default_factory=set)

    def add(self, value: str | float) -> None:
        """Look at one more value."""
        if is_nothing(value):
            return
        self.count += 1
        self.numbers += number(value, self.comma) is not None
        self.dates += date(value) is not None
        if isinstance(value, str):
            self.longest = max(self.longest, len(value) if "\n" not in value else _LONG + 1)
        if len(self.distinct) <= _MANY:
            self.distinct.add(value)

    @property
    def kind(self) -> str:
        """The narrowest kind that all values are of."""
        if self.count and self.numbers == self.count:
            return "number"
        if self.count and self.dates == self.count:
            return "date"
        values = len(self.distinct)
        few = values <= _FEW or (values <= _MANY and self.count >= 2 * values)
        return "category" if few and self.longest <= _LONG else "text"

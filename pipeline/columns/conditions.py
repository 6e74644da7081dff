"""Conditions on what is known of images, as an engine gets them, and the one way they are written.

    label=dress,shirt      one of these; of a date or a number: this one
    taken=2020..2021-05    from the beginning of the first to the end of the last; either may be left out
    size>=1MB              the same as size=1MB..         (and <= as ..1MB)
    size<5MB               without the bound itself, as in size=1MB..<5MB
    title~sunset           has this text in it, upper and lower case alike
    tag=(none)             has none

Several are joined by ; and all must hold. A backslash before , ; = < > ~ . or itself means the
letter. Address, command line and JSON say the same; bounds stay as they were written, since
only the column knows whether 2020 is a year or a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import QueryError

NONE = "(none)"
"""Stands for images of which a column says nothing."""

_SPECIAL = re.compile(r"[\\,;=<>~]|\.(?=\.)|^\.|\.\Z|^\s|\s\Z")
_OPERATOR = re.compile(r"(?:[^\\<>=~]|\\.)*(>=|<=|=|~|>|<)", re.DOTALL)
_HOW = "write it as label=dress,shirt or taken=2020..2021 or title~sunset"


@dataclass(frozen=True)
class OneOf:
    """Images that have one of the values."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Between:
    """Images whose figure or date lies within bounds, both included unless they say > or <; "": no
    bound on that side."""

    column: str
    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class Contains:
    """Images whose text has this in it."""

    column: str
    text: str


Condition = OneOf | Between | Contains


def one_of(column: str, values: Iterable[str]) -> tuple[Condition, ...]:
    """A condition on some values, or none where there are no values."""
    values = tuple(values)
    return (OneOf(column, values),) if values else ()


def printed(conditions: Iterable[Condition]) -> str:
    """Conditions in the grammar above; `parse` gives the same ones back."""
    return ";".join(map(_printed, conditions))


def parse(text: str) -> tuple[Condition, ...]:
    """What a text of the grammar says; raises QueryError where it says nothing."""
    return tuple(_parsed(part) for part in _split(text, ";") if part.strip())


def as_json(conditions: Iterable[Condition]) -> list[dict]:
    """Conditions as JSON writes them: {"column", "values"} or {"column", "low", "high"} or {"column", "text"}."""
    made = []
    for one in conditions:
        match one:
            case OneOf(column, values):
                made.append({"column": column, "values": list(values)})
            case Between(column, low, high):
                made.append({"column": column, "low": low, "high": high})
            case Contains(column, given):
                made.append({"column": column, "text": given})
    return made


def from_json(given: object) -> tuple[Condition, ...]:
    """What `as_json` wrote; raises QueryError for what is none of the three."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise QueryError(f"Conditions are a list of objects; {_HOW}.")
    return tuple(_from_json(one) for one in given)


def _from_json(one: object) -> Condition:
    column = one.get("column") if isinstance(one, Mapping) else None
    if isinstance(column, str) and column:
        if isinstance(one.get("values"), list) and one["values"]:
            return OneOf(column, tuple(map(str, one["values"])))
        if isinstance(one.get("text"), str) and one["text"]:
            return Contains(column, one["text"])
        low, high = ("" if one.get(end) is None else str(one[end]) for end in ("low", "high"))
        if low or high:
            return Between(column, low, high)
    raise QueryError(f"A condition names a column, and values, low and high, or text; {_HOW}.")


def _printed(one: Condition) -> str:
    column = _escaped(one.column)
    match one:
        case OneOf(_, values):
            return f"{column}={','.join(map(_escaped, values))}"
        case Between(_, low, ""):
            return f"{column}{_bound(low, '>') if _strict(low, '>') else f'>={_escaped(low)}'}"
        case Between(_, "", high):
            return f"{column}{_bound(high, '<') if _strict(high, '<') else f'<={_escaped(high)}'}"
        case Between(_, low, high):
            return f"{column}={_bound(low, '>')}..{_bound(high, '<')}"
        case Contains(_, text):
            return f"{column}~{_escaped(text)}"


def _parsed(text: str) -> Condition:
    found = _OPERATOR.match(text)
    column, operand = (_plain(text[: found.start(1)]), text[found.end() :]) if found else ("", "")
    if not column or not _plain(operand):
        raise QueryError(f"“{text.strip()}” is no condition; {_HOW}.")
    match found[1]:
        case "=":
            ends = _split(operand, "..")
            if len(ends) == 2 and any(map(_plain, ends)):
                return Between(column, *map(_plain, ends))
            values = tuple(filter(None, map(_plain, _split(operand, ","))))
            if len(ends) == 1 and values:
                return OneOf(column, values)
        case ">=":
            return Between(column, low=_plain(operand))
        case "<=":
            return Between(column, high=_plain(operand))
        case ">" | "<":
            bound = found[1] + _plain(operand)
            return Between(column, low=bound) if found[1] == ">" else Between(column, high=bound)
        case "~":
            return Contains(column, _plain(operand))
    raise QueryError(f"“{text.strip()}” is no condition; {_HOW}.")


def _strict(text: str, sign: str) -> bool:
    return len(text) > 1 and text.startswith(sign)


def _bound(text: str, sign: str) -> str:
    return f"{sign}{_escaped(text[1:])}" if _strict(text, sign) else _escaped(text)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", text)


def _plain(text: str) -> str:
    """The text without its backslashes, and without the spaces around it that have none."""
    kept, letters = [], iter(text)
    for letter in letters:
        kept.append((next(letters, ""), True) if letter == "\\" else (letter, False))
    while kept and kept[0] in ((" ", False), ("\t", False), ("\n", False)):
        kept.pop(0)
    while kept and kept[-1] in ((" ", False), ("\t", False), ("\n", False)):
        kept.pop()
    return "".join(letter for letter, _ in kept)


def _split(text: str, mark: str) -> list[str]:
    """The parts between marks that have no backslash before them; backslashes stay."""
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text.startswith(mark, at):
            parts.append(text[start:at])
            at = start = at + len(mark)
        else:
            at += 1
    return [*parts, text[start:]]

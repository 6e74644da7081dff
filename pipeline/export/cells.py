"""Cells of tables that a spreadsheet opens.

A cell that begins with = + - @ or a tab is a formula to a spreadsheet, and a formula can send
what stands beside it elsewhere; names of files and folders are given by anybody. Such text
gets an apostrophe before it, and so does text that begins with apostrophes and then one of
these: whoever reads a table takes off one apostrophe where that stands, and has what was there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NEUTRAL = re.compile(r"'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def cell(value: object) -> object:
    """A value as it stands in a table: text is never a formula, figures stay what they are."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def cells(values: Iterable[object]) -> list[object]:
    """A row of them."""
    return [cell(value) for value in values]


def original(text: str) -> str:
    """The text that `cell` was given."""
    return text[1:] if _NEUTRAL.match(text) else text

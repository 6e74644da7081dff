"""What an index by Milvus knows of images beside their vectors, so that a filter is a part of the search.

Only conditions on these columns travel as what they are, and only while the library says of the
column what it said when the images were taken up; all others go as the ids that they let pass.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline import columns
from pipeline.columns import Condition
from pipeline.columns.conditions import NONE, Between, OneOf
from pipeline.columns.categories import Categories
from pipeline.columns.values import Numbers
from pipeline.library import Library

NAMES = ("label", "folder", "collection", "tag")
"""Columns of names: an image may have several."""
NUMBERS = ("date",)
"""Columns of figures; dates are seconds since 1970."""
MOST_NAMES, LONGEST = 512, 4_096
"""So many names of an image, and bytes of a name, are taken up."""


@dataclass(frozen=True)
class Scalars:
    """Of images ids (n,): `fields`, {column: n lists of names or n numbers, None where nothing is known};
    `digests` (n,) uint64, which differ where these do; `versions`, {column: of its values}."""

    ids: np.ndarray
    fields: dict[str, list]
    digests: np.ndarray
    versions: dict[str, str]

    def rows(self, ids: np.ndarray) -> list[dict]:
        """{column: value} of some of the images, in their order; nothing of those it does not have."""
        at = np.searchsorted(self.ids, ids).clip(max=max(0, len(self.ids) - 1))
        there = self.ids[at] == ids if len(self.ids) else np.zeros(len(ids), bool)
        empty = {name: [] if name in NAMES else None for name in self.fields}
        return [
            {name: told[row] for name, told in self.fields.items()} if known else dict(empty)
            for row, known in zip(at.tolist(), there.tolist())
        ]


def read(library: Library) -> Scalars:
    """Of all `ok` images."""
    table = columns.of(library).now()
    versions = now(library)
    fields: dict[str, list] = {}
    for name in NAMES:
        fields[name], whole = _names(table.values(name), len(table))
        if not whole:
            versions.pop(name)
    for name in NUMBERS:
        told = table.values(name)
        fields[name] = [told.told(row) for row in range(len(table))]
    digests = np.fromiter(
        (_digest(one) for one in zip(*fields.values())), np.uint64, len(table)
    ) if len(table) else np.zeros(0, np.uint64)  # fmt: skip
    return Scalars(table.ids, fields, digests, versions)


def now(library: Library) -> dict[str, str]:
    """{column: version of what the library says of it}."""
    table = columns.of(library).now()
    return {name: json.dumps(table.version(name)) for name in (*NAMES, *NUMBERS)}


def expression(library: Library, conditions: Iterable[Condition], held: Mapping[str, str]) -> str | None:
    """Conditions as Milvus writes them, of the versions that are held; None where one cannot be. ""
    lets all pass. Raises QueryError for names and bounds that there are not."""
    table, written = columns.of(library).now(), []
    for condition in conditions:
        column = table.column(condition.column)
        if column.name not in held or held[column.name] != json.dumps(table.version(column.name)):
            return None
        table.passing(condition)  # errors are the same whichever way a filter goes
        values = table.values(column.name)
        text = _category(column.name, condition, values) if isinstance(values, Categories) else _number(column, condition, values)
        if text is None:
            return None
        written.append(text)
    return " and ".join(part for part in written if part)


def _names(values: Categories, size: int) -> tuple[list[list[str]], bool]:
    """The names of each image, those of a folder with the ones around it; whether all fit in."""
    found: list[list[str]] = [[] for _ in range(size)]
    rows = range(size) if values.rows is None else values.rows.tolist()
    for row, code in zip(rows, values.codes.tolist()):
        while code >= 0:
            found[row].append(values.names[code])
            code = int(values.parents[code]) if values.parents is not None else -1
    whole = all(len(one) <= MOST_NAMES for one in found)
    whole &= all(len(name.encode()) <= LONGEST for name in values.names)
    return (found if whole else [[] for _ in range(size)]), whole


def _category(name: str, condition: Condition, values: Categories) -> str | None:
    if not isinstance(condition, OneOf) or NONE in condition.values:
        return None
    codes = [values.code(value) for value in condition.values]
    if None in codes:  # the scanned folder itself
        return ""
    return f"array_contains_any({name}, {json.dumps([values.names[code] for code in codes], ensure_ascii=False)})"


def _number(column, condition: Condition, values: Numbers) -> str | None:
    if not isinstance(condition, Between):
        return None
    least, most = values.limits(condition, column.called)
    bounds = [f"{column.name} {sign} {float(bound)!r}" for sign, bound in ((">=", least), ("<=", most)) if bound is not None]
    return " and ".join(bounds) or None


def _digest(told: tuple) -> int:
    return int.from_bytes(hashlib.blake2b(repr(told).encode("utf-8", "replace"), digest_size=8).digest(), "little")

"""How many images each value of each column has, among those that the conditions on the other columns let pass.

A person who has chosen a label still sees how many the other labels would bring, and dates
count only images of that label: faceted search as of Hearst et al. 2002 (Flamenco).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.columns.conditions import NONE, Between, Condition, OneOf
from pipeline.columns.registry import Column
from pipeline.columns.table import Table
from pipeline.columns.categories import Categories
from pipeline.columns.values import Numbers
from pipeline.forms import folded

MOST = 200
"""Values that a facet names, the most frequent first: beyond, one finds by typing."""


def facets(
    table: Table, conditions: Sequence[Condition], names: Sequence[str], find: Mapping[str, str] | None = None
) -> dict:
    """The counts of some columns, as JSON can say them: {"total", "passing", "facets": {name: …}}.

    find: {column: text}: only values with this text in them. Of categories: "values" [[name,
    count], …], how many "more" there are, and "none". Of numbers and dates: "counts" and
    "totals" of bars with "lows" and "highs", the texts of bounds; "range", the least and the
    most; "picked", where on the bars the present bounds are. Raises QueryError.
    """
    others = _Others(table, conditions)
    found = {}
    for name in names:
        column, values = table.column(name), table.values(name)
        mine = [one for one in conditions if table.column(one.column).name == column.name]
        passed = others.without(column.name)
        if isinstance(values, Categories):
            found[column.name] = _named(values, mine, passed, (find or {}).get(name, ""))
        elif isinstance(values, Numbers):
            found[column.name] = _barred(values, column, mine, passed)
        else:
            found[column.name] = {}
    return {"total": len(table), "passing": others.passing, "facets": found}


class _Others:
    """The images that pass, whatever one column says: each mask is looked at once, however many columns there are."""

    def __init__(self, table: Table, conditions: Sequence[Condition]):
        self._masks: dict[str, np.ndarray] = {}
        for condition in conditions:
            name, mask = table.column(condition.column).name, table.passing(condition)
            self._masks[name] = self._masks[name] & mask if name in self._masks else mask
        self._failed = np.zeros(len(table), np.uint8)
        for mask in self._masks.values():
            self._failed += ~mask
        self._all = self._failed == 0 if self._masks else None
        self.passing = len(table) if self._all is None else int(np.count_nonzero(self._all))

    def without(self, name: str) -> np.ndarray | None:
        """The images that pass the conditions on all other columns, (n,) bool; None: all do."""
        if name not in self._masks:
            return self._all
        if len(self._masks) == 1:
            return None
        return self._failed == ~self._masks[name]  # those that fail at most here


def _named(values: Categories, mine: Sequence[Condition], passed: np.ndarray | None, wanted: str) -> dict:
    counts, none = values.counts(passed)
    chosen = [value for one in mine if isinstance(one, OneOf) for value in one.values]
    codes = [code for code in map(values.code, chosen) if code is not None]
    order = np.argsort(-counts, kind="stable")
    if wanted := folded(wanted.strip()):
        order = np.array([code for code in order.tolist() if wanted in folded(values.names[code])], np.int64)
    first = list(dict.fromkeys([*(codes if not wanted else ()), *order[:MOST].tolist()]))
    first.sort(key=lambda code: (-counts[code], values.names[code].casefold()))
    return {
        "values": [[values.names[code], int(counts[code])] for code in first],
        "more": max(0, len(order) - len(first)), "distinct": len(values.names), "none": none,
        "chosen": [values.names[code] for code in codes] + [NONE] * (NONE in chosen and NONE not in values.names),
    }


def _barred(values: Numbers, column: Column, mine: Sequence[Condition], passed: np.ndarray | None) -> dict:
    bars = values.bins
    counts, none = bars.counts(passed)
    picked = None
    for one in mine:
        exact = [Between(column.name, value, value) for value in getattr(one, "values", ()) if value != NONE]
        for bounds in [one] if isinstance(one, Between) else exact:
            low, high = values.limits(bounds, column.called)
            left, right = 0.0 if low is None else bars.place(low), len(bars.lows) if high is None else bars.place(high)
            picked = [left, right] if picked is None else [max(picked[0], left), min(picked[1], right)]
    return {
        "counts": counts.tolist(), "totals": bars.counts()[0].tolist(), "lows": bars.lows, "highs": bars.highs,
        "range": values.range, "picked": picked, "none": none, "whole": values.whole, "unit": values.unit,
    }

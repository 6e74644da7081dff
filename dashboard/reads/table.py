"""A set of images as rows: those of the address, filtered, sorted by any columns, and what each column says."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

import numpy as np

from dashboard.reads import facets, id_list, taken
from dashboard.reads.reads import Reads
from pipeline import columns
from pipeline.columns import Table
from pipeline.columns.registry import Column
from pipeline.columns.values import DATE
from pipeline.library import notes

SETS = ("collection", "tag", "behind", "these", "images")
"""Parameters of the address that name a set; none of them: the whole library."""
USUAL = ("file", "label", "taken", "date", "camera", "keyword", "tag", "size", "megapixels")
"""Columns that are shown at first, as far as there are any values."""
_KEPT = 4
_ORDERS: WeakKeyDictionary[Table, OrderedDict[tuple, np.ndarray]] = WeakKeyDictionary()
"""Rows in order, asked for a hundred at a time: 8 MB each for a million images."""
_lock = threading.Lock()
_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def offered(reads: Reads) -> list[Column]:
    """The columns of the table, the file's name first."""
    return sorted(facets.offered(reads), key=lambda one: one.name != "file")


def named(given: Mapping[str, str]) -> str:
    """What the set of an address is called; empty for the whole library."""
    if given.get("collection") or given.get("tag"):
        return given.get("collection") or given["tag"]
    if given.get("behind"):
        return taken.named(given["behind"])
    return "Chosen images" if given.get("these") or given.get("images") else ""


def chosen(reads: Reads, given: Mapping[str, str], where: str, sort: Sequence[Sequence[str]]) -> tuple[Table, np.ndarray]:
    """The table, and the rows of it, (k,) int64, in order; LikenessError for what there is not.

    given: parameters of SETS; `images` and `behind` keep their order where nothing is sorted by. sort:
    [column, "asc" or "desc"], the first counts most; images without a value come last.
    """
    table = columns.of(reads.library).now()
    told = {one.name for one in offered(reads)}
    sort = [(name, way) for name, way in sort if name in told]
    conditions = facets.asked(reads, where)
    key = (
        tuple(sorted(given.items())), conditions, tuple(sort),
        tuple(table.version(name) for name in (*(one.column for one in conditions), *(name for name, _ in sort))),
        tuple(map(reads.library.notes_generation, ("collections", "tags"))),
    )
    if given.get("behind"):  # it depends on what was measured last
        return table, _ordered(table, _rows(reads, table, given), conditions, sort)
    with _lock:
        kept = _ORDERS.setdefault(table, OrderedDict())
        if key in kept:
            return table, kept[key]
    rows = _ordered(table, _rows(reads, table, given), conditions, sort)
    with _lock:
        kept[key] = rows
        while len(kept) > _KEPT:
            kept.popitem(last=False)
    return table, rows


def _ordered(table: Table, rows: np.ndarray, conditions: Sequence[columns.Condition], sort: Sequence) -> np.ndarray:
    """Those of some rows that meet conditions, sorted."""
    passed = table.all_passing(conditions)
    if passed is not None:
        rows = rows[passed[rows]]
    for name, way in reversed(sort):
        key = table.values(name).order[rows]
        rows = rows[np.argsort(-key if way == "desc" else key, kind="stable")]  # NaN is last both ways
    return rows


def _rows(reads: Reads, table: Table, given: Mapping[str, str]) -> np.ndarray:
    if given.get("collection"):
        ids = notes.collected(reads.library, given["collection"])
    elif given.get("tag"):
        ids = notes.tagged(reads.library, given["tag"])
    elif given.get("behind"):
        ids = taken.ids(reads, given["behind"])
    elif given.get("these"):
        ids = id_list.unpack(given["these"])
    elif given.get("images"):
        ids = [int(one) for one in given["images"].split(",") if one.isdecimal() and len(one) < 19]
        ids = list(dict.fromkeys(ids))
    else:
        return np.arange(len(table))
    wanted = np.asarray(ids, np.int64)
    at = np.searchsorted(table.ids, wanted).clip(max=max(0, len(table) - 1))
    return at[table.ids[at] == wanted] if len(table) else at[:0]


def shown(reads: Reads, table: Table, rows: np.ndarray) -> list[dict]:
    """Some rows as the screen shows them: {"id", "key", and a text for each column that says something}.

    key: the id as the text that the grid tells rows by.
    """
    told = {one.name: (one, table.values(one.name)) for one in offered(reads)}
    return [
        {"id": int(table.ids[row]), "key": str(table.ids[row])} | {
            name: text for name, (column, values) in told.items() if (text := _text(column, values, row)) is not None
        }
        for row in rows.tolist()
    ]


def plain(table: Table, names: Sequence[str], row: int) -> list[object]:
    """What columns say of an image, for a file: numbers as they are, several names with ; between."""
    found = []
    for name in names:
        value = table.values(name).told(row)
        if table.column(name).kind == DATE and value is not None:
            value = _moment(value).isoformat(sep=" ")
        found.append("; ".join(value) if isinstance(value, list) else value)
    return found


def _text(column: Column, values: columns.Values, row: int) -> str | None:
    value = values.told(row)
    if value is None or value == []:
        return None
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, str):
        return value
    if column.kind == DATE:
        return _moment(value).strftime("%Y-%m-%d %H:%M")
    if values.unit:
        size, unit = next(((size, unit) for size, unit in _UNITS if value >= size), (1.0, values.unit))
        return f"{value / size:.3g} {unit}" if size > 1 else f"{value:.0f} {unit}"
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)

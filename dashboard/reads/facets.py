"""What Map and Search can be narrowed by: the columns that a visitor is told of, and their counts."""

from __future__ import annotations

import numpy as np

from dashboard.reads.reads import Reads
from pipeline import columns
from pipeline.columns import Condition, conditions, facets
from pipeline.columns.registry import Column
from pipeline.embeddings import color_words
from pipeline.errors import QueryError

_PLACES = ("root",)
"""Columns that say where files lie: only for those who may know."""
ALL = "all"


def offered(reads: Reads) -> list[Column]:
    """The columns with something to choose from, in the order of the screen."""
    known = columns.known(reads.library).values()
    return [one for one in known if _told(reads, one.name) and columns.of(reads.library).now().offers(one)]


def asked(reads: Reads, text: str | None) -> tuple[Condition, ...]:
    """The conditions that an address names; QueryError where they are none, or on what the visitor is not told."""
    found = columns.parse(text or "")
    for one in found:
        if not _told(reads, one.column.casefold()):
            raise QueryError(f"There is no column “{one.column}”.")
    return found


def counted(reads: Reads, text: str, names: str, find: str = "") -> dict:
    """The panel: {"where", "conditions", "columns", "total", "passing", "facets"}; raises QueryError.

    names: columns with commas between, or "all". find: column:text, only values with this text.
    """
    given = asked(reads, text)
    table = columns.of(reads.library).now()
    there = offered(reads)
    known = {one.name for one in there}
    wanted = list(known) if names == ALL else [name for name in names.split(",") if name in known]
    column, _, wish = find.partition(":")
    active = [table.column(one.column).name for one in given]
    found = facets.facets(table, given, list(dict.fromkeys([*wanted, *active])), {column: wish})
    if "color" in found["facets"]:
        found["facets"]["color"]["samples"] = {name: color_words.sample(name) for name in color_words.PLAIN}
    # Under the columns' own names, however they were written.
    told = [{**one, "column": name} for one, name in zip(conditions.as_json(given), active)]
    titles = {one.name: {"name": one.name, "title": one.title, "kind": one.kind} for one in map(table.column, active)}
    titles |= {one.name: {"name": one.name, "title": one.title, "kind": one.kind} for one in there}
    order = [name for name in columns.known(reads.library) if name in titles]
    return {"where": conditions.printed(given), "conditions": told, "columns": [titles[name] for name in order], **found}


def bits(reads: Reads, text: str) -> bytes:
    """The images that pass, a bit for each id from 0 on, the lowest bit of each byte first."""
    return np.packbits(_mask(reads, text), bitorder="little").tobytes()


def among(reads: Reads, text: str, ids: np.ndarray) -> np.ndarray | None:
    """Which of some images, ids (k,), pass: (k,) bool; None where all do. Raises QueryError."""
    if not text:
        return None
    mask = _mask(reads, text)
    return mask[ids.clip(max=len(mask) - 1)] & (ids < len(mask)) if len(mask) else np.zeros(len(ids), bool)


def _mask(reads: Reads, text: str) -> np.ndarray:
    table = columns.of(reads.library).now()
    mask = np.zeros(int(table.ids[-1]) + 1 if len(table) else 0, bool)
    mask[_passing(reads, text)] = True
    return mask


def count(reads: Reads, text: str) -> int:
    """How many images pass; raises QueryError."""
    return len(_passing(reads, text))


def spread(reads: Reads, text: str, most: int) -> list[int]:
    """Some of the images that pass, evenly drawn; raises QueryError."""
    ids = _passing(reads, text)
    at = np.linspace(0, len(ids) - 1, min(most, len(ids))).round().astype(int)
    return ids[at].tolist()


def _passing(reads: Reads, text: str) -> np.ndarray:
    table = columns.of(reads.library).now()
    passed = table.all_passing(asked(reads, text))
    return table.ids if passed is None else table.ids[passed]


def _told(reads: Reads, name: str) -> bool:
    return name not in _PLACES or reads.data_told is not None

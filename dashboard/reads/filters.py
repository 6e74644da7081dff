"""What a search can be narrowed by. One entry here is all that a filter needs: Search, its
address and its choices follow from it.

Each filter has values by name; values of one filter are alternatives, filters join.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from dashboard.reads.reads import Reads
from pipeline.columns import one_of
from pipeline.index import Filter
from pipeline.library import notes


@dataclass(frozen=True)
class Choice:
    """title: on the screen. values: what may be chosen, and how many images each has, in the
    order in which it is offered. into: narrows a filter to the images of some values, or raises
    LikenessError with one sentence where there is no such value."""

    title: str
    values: Callable[[Reads], Mapping[str, int]]
    into: Callable[[Reads, Filter, tuple[str, ...]], Filter]


def within(base: Filter, ids: Iterable[int]) -> Filter:
    """A filter narrowed to images: what `into` returns where the index has no field for its values."""
    kept = set(ids) if base.ids is None else set(ids) & set(base.ids)
    return replace(base, ids=tuple(sorted(kept)))


def narrowed(reads: Reads, chosen: Mapping[str, tuple[str, ...]], exclude: Iterable[int]) -> Filter:
    """The filter of a search: chosen has the values by the filters' names."""
    made = Filter(exclude=tuple(sorted(exclude)))
    for name, values in chosen.items():
        made = FILTERS[name].into(reads, made, values)
    return made


def _column(column: str) -> Callable[[Reads, Filter, tuple[str, ...]], Filter]:
    """A condition on a column."""
    return lambda reads, base, values: replace(base, conditions=(*base.conditions, *one_of(column, values)))


def _folders(reads: Reads) -> Mapping[str, int]:
    """Where a label is the folder's name, twice the same choice would be one too many."""
    inside = reads.folders()
    return {} if inside.keys() == reads.library.labels().keys() else inside


def _collections(reads: Reads) -> Mapping[str, int]:
    return {one.name: one.count for one in notes.collections(reads.library)}


FILTERS: dict[str, Choice] = {
    "label": Choice("Label", lambda reads: reads.library.labels(), _column("label")),
    "folder": Choice("Folder", _folders, _column("folder")),
    "in": Choice("Collection", _collections, _column("collection")),
    "tag": Choice("Tag", lambda reads: notes.tags(reads.library), _column("tag")),
}
"""By name in the address. `in` is a collection: a search with a collection is called `collection`."""

"""What is known of both pictures of a match: labels, things seen, keywords, tags."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline import things
from pipeline.library import Library, notes
from pipeline.library.facts.columns import KEYWORD

MOST = 5
"""Kinds of things that are told."""


@dataclass(frozen=True)
class Thing:
    """A kind of things and how surely it is seen in the picture asked with and in the match, 0–1."""

    name: str
    asked: float
    found: float


@dataclass(frozen=True)
class Known:
    """labels: of the picture asked with, where it has one, and of the match. things: those that the network is
    sure of in either, first those that both show. shared: {`keyword` | `tag`: what both have}."""

    labels: tuple[str | None, str | None]
    things: tuple[Thing, ...]
    shared: dict[str, list[str]]


def of(
    library: Library, asked: int | None, seen: Mapping[str, np.ndarray], image: int, keywords: Collection[str] = ()
) -> Known:
    """asked: the library image that is searched with, or None. seen: the vectors of the picture. keywords: those of
    its file, where it is none of the library."""
    rows = library.images_by_id([one for one in (asked, image) if one is not None])
    labels = tuple(rows[one].label if one in rows else None for one in (asked, image))
    theirs = keywords if asked is None else _keywords(library, asked)
    both = {"keyword": _shared(theirs, _keywords(library, image))}
    if asked is not None:
        told = notes.tags_of(library, [asked, image])
        both["tag"] = _shared(told.get(asked, ()), told.get(image, ()))
    return Known(labels, _things(library, seen, image), {name: values for name, values in both.items() if values})


def _keywords(library: Library, image: int) -> Collection[str]:
    return library.facts.of(image).values.get(KEYWORD, ())


def _shared(first: Collection[str], second: Collection[str]) -> list[str]:
    """What both have, however it is capitalized, as the second writes it."""
    folded = {one.casefold() for one in first}
    return sorted(one for one in second if one.casefold() in folded)


def _things(library: Library, seen: Mapping[str, np.ndarray], image: int) -> tuple[Thing, ...]:
    vector = seen.get(things.NAME)
    having, rows = library.vectors(things.NAME, [image]) if things.available(library) else ([], None)
    if vector is None or not len(having) or len(vector) != rows.shape[1]:
        return ()
    first, second = things.shares(np.stack([vector, rows[0]]))
    kinds = things.kinds()
    sure = np.flatnonzero(np.maximum(first, second) >= things.SURE)
    order = sorted(sure.tolist(), key=lambda k: (-round(float(min(first[k], second[k])), 2), len(kinds[k].classes)))
    return tuple(Thing(kinds[k].name, float(first[k]), float(second[k])) for k in order[:MOST])

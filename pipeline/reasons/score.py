"""The parts that a score adds up from, and the place of a match by each embedding alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.index import Filter, Index, shares
from pipeline.library import Library
from pipeline.search.asked import Asked

ALL = 20_000
"""Of up to so many images a place is counted among all; of more it is exact among the first `FIRST`, and
further down estimated from so many drawn ones."""

FIRST = 1_000
TIED = 1e-6
"""Cosines closer than this share a place: about what float32 loses over 2,000 numbers."""


@dataclass(frozen=True)
class Place:
    """rank: 1 for the nearest of `of` images, ties sharing the better one. about: estimated."""

    rank: int
    of: int
    about: bool = False


@dataclass(frozen=True)
class Part:
    """What one embedding says of a match.

    share: of the weights, which sum to 1; 0 where it does not count. value: its cosine, or on one scale
    how far the match stands out, 0–1; None where the match lacks it, and counts as the average image.
    amount: what it adds to the score; on one scale, what it takes from 1. place: by it alone.
    """

    name: str
    share: float
    value: float | None
    amount: float
    place: Place | None


@dataclass(frozen=True)
class Score:
    """A score and its parts: their amounts sum to `looks`, or with it to 1 on one scale (`scaled`).

    written: what is written about the match is worth, 0–1, and where it stands; the score is then
    1 − (1 − looks)(1 − that), else `looks`.
    """

    score: float
    looks: float
    parts: tuple[Part, ...]
    scaled: bool = False
    written: tuple[float, str] | None = None


def of(library: Library, index: Index, asked: Asked, image: int, exclude: Sequence[int] = ()) -> Score:
    """The score of an image of the library for a query. exclude: images that have no place."""
    ids = np.array([image], np.int64)
    figures = {name: float(values[0]) for name, values in asked.figures(library, ids).items()}
    counted = shares(asked.weights, list(asked.weights)) if asked.weights else {}
    looks = float(np.ravel(asked.score(figures))[0]) if asked.weights else 0.0
    parts = []
    for name in asked.vectors:
        cosine, share = figures[name], counted.get(name, 0.0)
        lacks = bool(np.isnan(cosine))
        counts = (asked.missing or {}).get(name, 0.0) if lacks else cosine
        value = asked.part(name, counts) if name in asked.weights or asked.scale is None else counts
        amount = share * value if asked.scale is None else _taken(share, value, looks)
        place = None if lacks else _place(library, index, asked, name, image, exclude)
        parts.append(Part(name, share, None if lacks else value, amount, place))
    score, written = looks, None
    if asked.scale is not None and image in asked.written.hits:
        score = float(asked.written.joined(ids, np.array([looks]))[0])
        written = asked.written.hits[image]
    return Score(score, looks, tuple(parts), asked.scale is not None, written)


def _taken(share: float, standing: float, looks: float) -> float:
    """What a standing takes from 1: its part of the logarithm of the geometric mean."""
    whole = np.log(max(looks, 1e-12))
    return 0.0 if not share or whole > -1e-12 else float((1 - looks) * share * np.log(max(standing, 1e-12)) / whole)


def _place(library: Library, index: Index, asked: Asked, name: str, image: int, exclude) -> Place | None:
    """The place of an image by one embedding alone among those that have it."""
    ids = index.ids(name)
    ids = ids[~np.isin(ids, np.array([one for one in exclude if one != image], np.int64))]
    if not np.isin(image, ids):
        return None
    whole = len(ids)
    if whole > ALL:
        if name not in asked.readings:
            left_out = Filter(exclude=tuple(one for one in exclude if one != image))
            found = index.search({name: asked.vectors[name]}, {name: 1.0}, FIRST, left_out, exact=True)
            at = np.flatnonzero(found.ids == image)
            if len(at):
                return Place(1 + int((found.scores > found.scores[at[0]] + TIED).sum()), whole)
        drawn = np.random.default_rng(0).choice(ids, ALL, replace=False)
        ids = np.unique(np.append(drawn, image))
    figures = _figures(library, index, asked, name, ids)
    nearer = int((figures > figures[np.searchsorted(ids, image)] + TIED).sum())
    if whole > ALL:
        return Place(1 + round(nearer * whole / len(ids)), whole, about=True)
    return Place(1 + nearer, whole)


def _figures(library: Library, index: Index, asked: Asked, name: str, ids: np.ndarray) -> np.ndarray:
    """What ranks images (n,), ascending, by one embedding: (n,) float64, −inf where nothing is known."""
    read = asked.readings.get(name)
    if read is None:
        return index.vectors(ids, name) @ asked.vectors[name].astype(np.float32)
    having, rows = library.vectors(name, ids.tolist())
    found = np.full(len(ids), -np.inf)
    found[np.searchsorted(ids, having)] = np.nan_to_num(read.of(having, rows), nan=-np.inf)
    return found

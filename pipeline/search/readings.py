"""What words say better of a picture than the cosine with one vector does.

Two embeddings know more than a direction. A network's own classifier tells many classes apart
together, which no mean of their directions does; and a color beside a thing is the color of
that thing, not of the floor it stands on. Candidates come from the index, by directions, and from what
is kept of all images; what they are worth is then read here, and brought to one scale like any cosine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.embeddings import Extractor, imagenet
from pipeline.library import Library
from pipeline.search import words
from pipeline.search.extractors import Extractors
from pipeline.search.joining import MINUS
from pipeline.search.query import Entry, PaletteEntry, WordsEntry
from pipeline.search.scale import Sample, Spread, spread_of
from pipeline.things import NAME as CLASSIFIER
from pipeline.things import at_hand, palettes

EXAMPLES, LIKE_EXAMPLES = 10, 0.75
"""Pictures that show what a thing looks like in a library, and how much being like them counts beside what the
classifier says. R-precision of words for things (clothing, gallery), of a color and a thing (the same):

    the classifier alone    0.635  0.756   0.506  0.573
    5 pictures, 0.75        0.636  0.935   0.502  0.718
    10 pictures, 0.5        0.644  0.898   0.511  0.687
    in use                  0.637  0.908   0.499  0.706
    10 pictures, 1          0.628  0.914   0.496  0.711
    20 pictures, 0.75       0.647  0.876   0.504  0.687
"""
LOOKED_AT = 200
"""Of which these are the surest: the nearest to the word's direction."""
FEWEST, LEAST_SHARE = 3, 0.02
"""Pictures that must fit at least so well, by the classifier's share, to be examples: twenty times what a class
has by chance. What is not in a library at all looks like nothing there."""
MOST_CLASSES = 20
"""Of a word whose pictures may look alike: clothing as a whole falls from 0.846 to 0.842 with examples."""
COLOR_STEEP = 0.8
"""The curve (`scale`) of the share that a color takes of a thing, of which most pictures have nothing. R-precision
of a color and a thing at 1.5: 0.475 and 0.674, at 1: 0.489 and 0.689."""


@dataclass(frozen=True)
class Reading:
    """of(ids, rows): what images (n,), ascending, are worth by their vectors of the embedding (n, dim), (n,)
    float64, NaN where nothing is known. spread: of that over the library. best: where that is known without
    their vectors, ids of images (m,) ascending, of all that may come first, and about what each is worth (m,)."""

    of: Callable[[np.ndarray, np.ndarray], np.ndarray]
    spread: Spread
    best: tuple[np.ndarray, np.ndarray] | None = None


def readings(
    library: Library, extractors: Extractors, entries: Sequence[Entry], names: Sequence[str], sample: Sample
) -> Mapping[str, Reading]:
    """By embedding, of those where words are better read than by a cosine."""
    found = {}
    for name in names:
        read = _colors(library, entries) if name == "color" else _words(library, extractors, entries, name, sample)
        if read is not None:
            found[name] = read
    return found


def _colors(library: Library, entries: Sequence[Entry]) -> Reading | None:
    """The share of the thing that has the colors that words say, where they say a thing as well."""
    said = [(part, entry.minus) for entry in entries if isinstance(entry, WordsEntry) for part in words.parse(entry.text).parts]
    terms = [(part.name, minus) for part, minus in said if part.kind == "color"]
    of_what = any(part.kind == "thing" and not minus for part, minus in said) or any(
        not entry.scaled and not entry.minus for entry in entries
    )
    if not terms or not of_what or any(isinstance(entry, PaletteEntry) for entry in entries):
        return None
    known = palettes.ready(library)
    if not len(known.ids):
        return None
    plus = [known.covered(term) for term, minus in terms if not minus]
    minus = [known.covered(term) for term, minus in terms if minus]
    # Of several colors each counts up to its even part: a red and white dress is not the reddest.
    shares = sum(np.minimum(one * len(plus), 1) / len(plus) for one in plus) if plus else np.zeros(len(known.ids))
    figures = np.asarray(shares - (MINUS * np.mean(minus, axis=0) if minus else 0), np.float64)

    def of(ids: np.ndarray, rows: np.ndarray) -> np.ndarray:
        at = np.searchsorted(known.ids, ids).clip(max=len(known.ids) - 1)
        return np.where(known.ids[at] == ids, figures[at], np.nan)

    return Reading(of, spread_of(figures, COLOR_STEEP), (known.ids, figures))


def _words(
    library: Library, extractors: Extractors, entries: Sequence[Entry], name: str, sample: Sample
) -> Reading | None:
    """What an embedding makes of the words itself, where nothing but words speaks of them."""
    said = [entry for entry in entries if len(entry.rows(extractors, name))]
    if not said or not all(isinstance(entry, WordsEntry) for entry in said):
        return None
    extractor = extractors.of(name)
    things = [(part.name, entry.minus) for entry in said for part in words.parse(entry.text).parts if part.kind == "thing"]
    if extractor is None or not things or extractor.fit_text(things[0][0], sample.rows(name)[:1]) is None:
        return None
    best = _likely(library, [thing for thing, minus in things if not minus]) if name == CLASSIFIER else None
    looks = {thing: sample.kept((name, "looks", thing), lambda: _looks(extractor, sample, thing)) for thing, minus in things if not minus}

    def of(ids: np.ndarray, rows: np.ndarray) -> np.ndarray:
        sides: tuple[list, list] = ([], [])
        for thing, minus in things:
            sides[minus].append(extractor.fit_text(thing, rows))
            if not minus:
                sides[0][-1] += looks[thing](rows)
        plus = np.mean(sides[0], axis=0) if sides[0] else np.zeros(len(rows))
        # What is not to be is unlikely, rather than far away: a shirt, and no T-shirt, is a shirt.
        return plus + sum(np.log(np.maximum(-np.expm1(one), 1e-9)) for one in sides[1])

    def spread() -> Spread:
        rows = sample.rows(name)
        return spread_of(of(np.zeros(len(rows), np.int64), rows))

    return Reading(of, sample.kept((name, *things), spread), best)


def _looks(extractor: Extractor, sample: Sample, thing: str) -> Callable[[np.ndarray], np.ndarray]:
    """What is added to the fit of pictures (n, dim) → (n,) for looking like those that fit a word best.

    The surest few of a library show what the thing looks like in it, painted or photographed: average query
    expansion (Chum et al. 2007). Things of many kinds look like no one thing, and nothing is added.
    """
    name, classes = extractor.name, imagenet.things()[thing].classes
    if len(classes) > MOST_CLASSES:
        return lambda rows: np.zeros(len(rows))
    rows = sample.vectors(name, sample.nearest(name, extractor.encode_text(thing), LOOKED_AT))
    fits = np.nan_to_num(extractor.fit_text(thing, rows), nan=-np.inf)
    first = np.argsort(-fits, kind="stable")[:EXAMPLES]
    first = first[fits[first] >= np.log(LEAST_SHARE)]
    if len(first) < FEWEST:
        return lambda rows: np.zeros(len(rows))
    middle = rows[first].sum(axis=0)
    middle = middle / np.linalg.norm(middle)
    like, fit = (spread_of(one) for one in (sample.rows(name) @ middle, extractor.fit_text(thing, sample.rows(name))))
    slope = LIKE_EXAMPLES * fit.deviation / like.deviation
    return lambda rows: slope * (rows @ middle - like.mean)


def _likely(library: Library, things: Sequence[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """Images in which one of some things is seen, and the logarithm of how surely, as it is kept.

    A word for many classes has no direction that all its pictures lie in: of a large library the nearest
    thousand by the mean direction are few kinds of `animal`.
    """
    known = at_hand(library)
    if not len(known.ids) or not things:
        return None
    classes = {number for thing in things for number in imagenet.things()[thing].classes}
    ids, share = known.likely(classes)
    return ids, np.log(share, dtype=np.float64)

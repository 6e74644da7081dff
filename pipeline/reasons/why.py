"""Everything that can be said of one match, put together."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from pipeline import embeddings, settings
from pipeline.embeddings import Extractor
from pipeline.embeddings.color import ColorHistogram
from pipeline.errors import LikenessError, QueryError
from pipeline.reasons import colors, known, regions, score, structure
from pipeline.search import Entry, ImageEntry, Query, Searcher, WordsEntry, words

ALIKE = 3.0
"""How many deviations above the library's average the cosine of texture and shape has to be for two pictures that
do not show the same to be alike in it."""


@dataclass(frozen=True)
class Shown:
    """The picture of the query that is looked at beside the match. entry: which of the query's. pixels
    (h, w, 3) uint8 RGB. keywords: those of its file, where the library does not know them."""

    entry: Entry
    pixels: np.ndarray
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reasons:
    """Why an image is a match; None and empty for what cannot be said.

    texture: whether the structure is alike though not the same. read: embeddings in whose place words are read
    otherwise (`search.readings`), so that no cosine is their part. meaning: by embedding. words: by word, where
    in the match it is, by the embedding that says most of words.
    """

    score: score.Score
    known: known.Known
    structure: structure.Structure | None = None
    texture: bool | None = None
    colors: colors.Colors | None = None
    meaning: Mapping[str, regions.Meaning] = field(default_factory=dict)
    words: Mapping[str, regions.Seen] = field(default_factory=dict)
    read: tuple[str, ...] = ()


def explain(
    searcher: Searcher, query: Query, image: int, found: np.ndarray | None = None, shown: Shown | None = None
) -> Reasons:
    """Why an image of the library is a match of a query.

    found: its picture (h, w, 3) uint8 RGB, where it can be read. Raises QueryError for a query that
    cannot be asked, or an image that has nothing to compare.
    """
    searcher = searcher.held()
    library, index = searcher.library, searcher.index()
    asked = searcher.asked(query)[1]
    exclude = {*query.filter.exclude, *query.images} - {image}
    scored = score.of(library, index, asked, image, tuple(exclude))
    if all(part.value is None for part in scored.parts):
        raise QueryError("That image has nothing that could be compared; update the library first.")
    pair = (shown.pixels, found) if shown is not None and found is not None else None
    vectors = asked.vectors if shown is None else {
        name: rows[0] for name in index.embeddings if len(rows := searcher.rows(shown.entry, name))
    }
    own = shown.entry.id if shown is not None and isinstance(shown.entry, ImageEntry) else None
    with ThreadPoolExecutor(settings.cores(), "why") as threads:  # of what needs pictures alone, and no database
        points = threads.submit(structure.compare, *pair) if pair else None
        meaning = _meaning(searcher, threads, pair) if pair else {}
        return Reasons(
            scored, known.of(library, own, vectors, image, shown.keywords) if shown else known.of(library, None, {}, image),
            points and points.result(), _texture(searcher, vectors, image) if pair else None,
            _colors(searcher, asked.vectors, image, shown, found),
            {name: one for name, seen in meaning.items() if (one := seen.result()) is not None},
            _words(searcher, query, found) if found is not None else {}, tuple(asked.readings),
        )  # fmt: skip


def _extractor(searcher: Searcher, name: str) -> Extractor | None:
    """None also where it cannot be made ready here: the rest is explained all the same."""
    with suppress(LikenessError):
        return searcher.extractor(name)
    return None


def _texture(searcher: Searcher, vectors: Mapping[str, np.ndarray], image: int) -> bool | None:
    """Whether the match is alike in texture and shape, as the library goes."""
    name = next((one for one in vectors if embeddings.about(one).role == "texture"), None)
    rows = searcher.library.vectors(name, [image])[1] if name else ()
    if not len(rows):
        return None
    spread = searcher.spread(name, vectors[name])
    return bool(rows[0] @ vectors[name] >= spread.mean + ALIKE * spread.deviation)


def _colors(searcher: Searcher, vectors: Mapping[str, np.ndarray], image: int, shown: Shown | None, found):
    """By the vectors that are searched with, so that the products sum to the part of the score."""
    name = next((one for one in vectors if embeddings.about(one).role == "color"), None)
    extractor = _extractor(searcher, name) if name else None
    rows = searcher.library.vectors(name, [image])[1] if name else ()
    if not isinstance(extractor, ColorHistogram) or not len(rows):
        return None
    return colors.compare(extractor, vectors[name], rows[0], shown.pixels if shown else None, found)


def _meaning(
    searcher: Searcher, threads: ThreadPoolExecutor, pair: tuple[np.ndarray, np.ndarray]
) -> dict[str, Future[regions.Meaning | None]]:
    """By embedding, at work: each network on a thread of its own."""
    extractors = {name: _extractor(searcher, name) for name in searcher.embeddings}
    return {name: threads.submit(regions.compare, one, *pair) for name, one in extractors.items() if one is not None}


def _words(searcher: Searcher, query: Query, found: np.ndarray) -> dict[str, regions.Seen]:
    said = [entry.text for entry in query.entries if isinstance(entry, WordsEntry)]
    told: dict[str, regions.Seen] = {}
    for name in searcher.embeddings if said else ():
        extractor = _extractor(searcher, name)
        for text in said if extractor is not None else ():
            parts = [part.name for part in words.parse(text).parts if part.kind == "thing"]
            for word in parts or [text]:
                if word not in told and (one := regions.point_at(extractor, word, found)) is not None:
                    told[word] = one.found
    return told

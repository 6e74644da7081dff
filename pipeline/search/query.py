"""What is looked for and how, and what is found.

A query is made of entries: pictures, words, palettes. Each says what it contributes to the
query's vector of an embedding, and whether the matches shall be like it or unlike it. A
further kind of entry is one class with one method.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from pipeline import settings
from pipeline.embeddings import color_words
from pipeline.errors import QueryError
from pipeline.index import Filter
from pipeline.library import hashes as stored_hashes
from pipeline.pictures import hashes
from pipeline.search import words
from pipeline.search.extractors import Extractors
from pipeline.search.scale import Spread

MOST_COLORS = 5
"""Of a palette: with more, none of them counts."""

_NOTHING = np.zeros((0, 0), np.float32)


class Entry(ABC):
    """One part of a query. minus: the matches shall be unlike it."""

    minus: bool

    scaled: ClassVar[bool] = False
    """Whether its cosines mean something else than those of pictures, and have to be brought to
    one scale (`scale`)."""

    @abstractmethod
    def rows(self, extractors: Extractors, name: str) -> np.ndarray:
        """What it contributes to an embedding, or to the hash (`hashes.QUERY`): (n, dim)
        float32, rows of norm 1 or 0; no rows where it says nothing of that."""


@dataclass(frozen=True)
class ImageEntry(Entry):
    """An image of the library, by its id."""

    id: int
    minus: bool = False

    def rows(self, extractors: Extractors, name: str) -> np.ndarray:
        """Its stored vector."""
        if name == hashes.QUERY:
            stored = stored_hashes.read(extractors.library, [self.id])[1]
            return np.array([hashes.as_vector(row) for row in stored]) if len(stored) else _NOTHING
        return extractors.library.vectors(name, [self.id])[1]


@dataclass(frozen=True, eq=False)
class VectorsEntry(Entry):
    """A picture from outside, by its vectors {name: (dim,) float32}, as `Searcher.embed` gives them."""

    vectors: Mapping[str, np.ndarray]
    minus: bool = False

    def rows(self, extractors: Extractors, name: str) -> np.ndarray:
        """The vector given for that, if any."""
        return np.atleast_2d(self.vectors[name]) if name in self.vectors else _NOTHING


@dataclass(frozen=True)
class WordsEntry(Entry):
    """Words for what a picture shows and for its colors: `red dress`."""

    text: str
    minus: bool = False
    scaled: ClassVar[bool] = True

    def rows(self, extractors: Extractors, name: str) -> np.ndarray:
        """What the embedding makes of all the words, or else of each of those that are known."""
        if name == hashes.QUERY:
            return _NOTHING
        whole = extractors.text(name, self.text)
        if whole is not None:
            return whole[None]
        found = [extractors.text(name, part.name) for part in words.parse(self.text).parts]
        said = [vector for vector in found if vector is not None]
        return np.stack(said) if said else _NOTHING


@dataclass(frozen=True)
class PaletteEntry(Entry):
    """Colors (`#rrggbb`), 1 to `MOST_COLORS` of them, and how much of a picture each takes: shares
    above 0, whose proportions count; none given: alike."""

    colors: tuple[str, ...]
    shares: tuple[float, ...] = ()
    minus: bool = False
    scaled: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raises QueryError for colors and shares that are none."""
        if not 1 <= len(self.colors) <= MOST_COLORS:
            raise QueryError(f"A palette has one to {MOST_COLORS} colors.")
        if any(color_words.find(color) is None or not color.startswith("#") for color in self.colors):
            raise QueryError("Colors of a palette are written as #rrggbb.")
        if self.shares and (len(self.shares) != len(self.colors) or not all(0 < s < np.inf for s in self.shares)):
            raise QueryError("A palette needs a share above 0 for each of its colors.")

    def rows(self, extractors: Extractors, name: str) -> np.ndarray:
        """What an embedding of colors makes of it."""
        if name == hashes.QUERY:
            return _NOTHING
        shares = np.array(self.shares or [1.0] * len(self.colors))
        found = extractors.palette(name, self.colors, tuple((shares / shares.sum()).tolist()))
        return _NOTHING if found is None else found[None]


@dataclass(frozen=True)
class Query:
    """What is looked for, and how.

    entries: joined embedding by embedding into one vector, the pluses' mean less a share of
    the minuses' (`joining.join`); scores are cosines to that. weights: {name: ≥ 0}; None:
    the usual ones (`embeddings.usual`), and 1 for what words and palettes speak of. offset
    pages on; pages of one size never repeat a match. With words or a palette among the
    entries, scores say how far a match stands out of the library instead (`scale`). written:
    whether words are also looked for in what is written about pictures (`writing`).
    """

    entries: tuple[Entry, ...] = ()
    weights: Mapping[str, float] | None = None
    top_k: int = settings.TOP_K
    offset: int = 0
    metric: str = "cosine"
    exact: bool = False
    filter: Filter = Filter()
    written: bool = True

    @classmethod
    def around(cls, image: int, **rest) -> Query:
        """For the images nearest to one of the library, itself left out. rest: as for a query."""
        return cls((ImageEntry(image),), filter=Filter(exclude=(image,)), **rest)

    @property
    def images(self) -> tuple[int, ...]:
        """Ids of the library images among the entries."""
        return tuple(entry.id for entry in self.entries if isinstance(entry, ImageEntry))

    @property
    def scaled(self) -> bool:
        """Whether its parts are brought to one scale."""
        return any(entry.scaled for entry in self.entries)


@dataclass(frozen=True)
class Match:
    """One result: score = Σ wₘ·cosₘ / Σ wₘ in [−1, 1], and the cosine by each embedding it has; by
    one that it lacks it counts as the average image of the library does.

    Of a query on one scale (`Query.scaled`) the parts are how far the match stands out by each
    embedding, 0–1, and the score is their weighted geometric mean. written: where words of the
    query are written about the match (`keyword`, `prompt`, …), which raises its score. distance is
    the metric's figure where it is not the cosine: smaller is nearer.
    """

    id: int
    path: str
    label: str | None
    score: float
    parts: dict[str, float]
    distance: float | None = None
    written: str | None = None


@dataclass(frozen=True)
class Result:
    """The matches, best first, with what they were searched by and how long it took.

    scale: of a query on one scale, mean, deviation and steepness of the query's cosines by embedding, or of what
    is read of words in their place (`readings`);
    a part is 1 / (1 + exp(−steep · ((cosine − mean) / deviation − MIDDLE))), see `scale`. unknown:
    words that had no say, and the nearest that are known. away: folders with images that were not
    searched, since their drive is not there, and how many. partly: embeddings that count and that only
    some images have: how many, of how many.
    """

    metric: str
    weights: dict[str, float]
    ms: float
    matches: list[Match] = field(default_factory=list)
    scale: dict[str, Spread] | None = None
    unknown: dict[str, list[str]] = field(default_factory=dict)
    away: dict[str, int] = field(default_factory=dict)
    partly: dict[str, tuple[int, int]] = field(default_factory=dict)

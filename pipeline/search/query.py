"""What is looked for and how, and what is found.

A query is made of entries: pictures now, later words and colors. Each says what it
contributes to the query's vector of an embedding, and whether the matches shall be like it
or unlike it. A further kind of entry is one class with one method.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pipeline import settings
from pipeline.index import Filter
from pipeline.library import Library
from pipeline.library import hashes as stored_hashes
from pipeline.pictures import hashes

_NOTHING = np.zeros((0, 0), np.float32)


class Entry(ABC):
    """One part of a query. minus: the matches shall be unlike it."""

    minus: bool

    @abstractmethod
    def rows(self, library: Library, name: str) -> np.ndarray:
        """What it contributes to an embedding, or to the hash (`hashes.QUERY`): (n, dim)
        float32, rows of norm 1 or 0; no rows where it says nothing of that."""


@dataclass(frozen=True)
class ImageEntry(Entry):
    """An image of the library, by its id."""

    id: int
    minus: bool = False

    def rows(self, library: Library, name: str) -> np.ndarray:
        """Its stored vector."""
        if name == hashes.QUERY:
            stored = stored_hashes.read(library, [self.id])[1]
            return np.array([hashes.as_vector(row) for row in stored]) if len(stored) else _NOTHING
        return library.vectors(name, [self.id])[1]


@dataclass(frozen=True, eq=False)
class VectorsEntry(Entry):
    """A picture from outside, by its vectors {name: (dim,) float32}, as `Searcher.embed` gives them."""

    vectors: Mapping[str, np.ndarray]
    minus: bool = False

    def rows(self, library: Library, name: str) -> np.ndarray:
        """The vector given for that, if any."""
        return np.atleast_2d(self.vectors[name]) if name in self.vectors else _NOTHING


@dataclass(frozen=True)
class Query:
    """What is looked for, and how.

    entries: joined embedding by embedding into one vector, the pluses' mean less a share of
    the minuses' (`joining.join`); scores are cosines to that. weights: {name: ≥ 0}; None:
    all equal. offset pages on; pages of one size never repeat a match.
    """

    entries: tuple[Entry, ...] = ()
    weights: Mapping[str, float] | None = None
    top_k: int = settings.TOP_K
    offset: int = 0
    metric: str = "cosine"
    exact: bool = False
    filter: Filter = Filter()

    @classmethod
    def around(cls, image: int, **rest) -> Query:
        """For the images nearest to one of the library, itself left out. rest: as for a query."""
        return cls((ImageEntry(image),), filter=Filter(exclude=(image,)), **rest)

    @property
    def images(self) -> tuple[int, ...]:
        """Ids of the library images among the entries."""
        return tuple(entry.id for entry in self.entries if isinstance(entry, ImageEntry))


@dataclass(frozen=True)
class Match:
    """One result: score = Σ wₘ·cosₘ / Σ wₘ in [−1, 1] over the embeddings that both have, and
    the cosine of each of these.

    distance is the metric's figure where it is not the cosine: smaller is nearer.
    """

    id: int
    path: str
    label: str | None
    score: float
    parts: dict[str, float]
    distance: float | None = None


@dataclass(frozen=True)
class Result:
    """The matches, best first, with what they were searched by and how long it took."""

    metric: str
    weights: dict[str, float]
    ms: float
    matches: list[Match] = field(default_factory=list)

"""What an index is: images in, the nearest images out; an engine stands behind it.

A query is one vector per embedding and a weight for each. The score of an image is
Σ wₘ·cosₘ / Σ wₘ, in [−1, 1], over the embeddings that both have, or over all of the query's where
it is said what counts for one that an image lacks; images that share none with the query are
no matches. Only images in state `ok` are found, and only by vectors that the
library holds current now, whenever the engine was brought up to date last.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np

from pipeline.columns import Condition
from pipeline.embeddings import usual
from pipeline.index.inside import Inside
from pipeline.progress import Progress, Silent
from pipeline.settings import IndexOptions


@dataclass(frozen=True)
class Filter:
    """Which images may be found: those that meet all of it; empty lets all pass.

    conditions: on what is known of images (`pipeline.columns`), as they are; an engine finds
    out by itself, within the search, which images meet them. ids: None, or the only images
    that may. exclude: images that may not.
    """

    conditions: tuple[Condition, ...] = ()
    ids: tuple[int, ...] | None = None
    exclude: tuple[int, ...] = ()

    def without(self, *more: int) -> Filter:
        """The same with more images left out."""
        return replace(self, exclude=(*self.exclude, *more))

    def __bool__(self) -> bool:
        return self.ids is not None or any(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True)
class Neighbors:
    """ids (k,) or (q, k) int64, best first, −1 where there are no more; scores alike, float32, 0 there."""

    ids: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class State:
    """What an engine holds, known without loading it.

    where: the file or address it lives at. size: images. generation: the library's when the
    engine was brought up to date. figures: what was measured of it. took: seconds in which it was built
    from nothing, None where that is not known.
    """

    engine: str
    where: str
    size: int
    embeddings: tuple[str, ...]
    generation: int
    options: IndexOptions
    figures: Mapping
    took: float | None = None


class Index(ABC):
    """One engine, opened. Searching is safe from several threads; changing is one writer's."""

    engine: ClassVar[str]
    dims: dict[str, int]
    """{embedding: length of its vectors}, in the order of the library."""

    @property
    def embeddings(self) -> tuple[str, ...]:
        """What can be searched by."""
        return tuple(self.dims)

    @property
    def answers(self) -> bool:
        """Whether what holds it did when it was asked last."""
        return True

    def __len__(self) -> int:
        """How many images can be found."""
        return len(self.ids())

    @property
    @abstractmethod
    def state(self) -> State:
        """What it holds."""

    @abstractmethod
    def upsert(self, ids: Sequence[int], progress: Progress = Silent()) -> None:
        """Take up these images, or take them up again, with the vectors the library has; saved."""

    @abstractmethod
    def delete(self, ids: Sequence[int]) -> None:
        """Forget these images; those it does not have are passed over; saved."""

    @abstractmethod
    def pending(self) -> tuple[np.ndarray, np.ndarray]:
        """Images (n,) to upsert and images (m,) to delete until it holds what the library holds now."""

    @abstractmethod
    def settle(self, generation: int, options: IndexOptions) -> None:
        """Note that it holds all that the library held at a generation, and search by these
        options, which need no building anew, from now on; saved."""

    @abstractmethod
    def outworn(self, options: IndexOptions, added: np.ndarray, removed: np.ndarray) -> str:
        """Why it should be built anew rather than take up and forget these images; empty where it
        need not be."""

    @abstractmethod
    def search(
        self,
        vectors: Mapping[str, np.ndarray],
        weights: Mapping[str, float],
        k: int,
        filter: Filter = Filter(),
        exact: bool = False,
        missing: Mapping[str, float] | None = None,
    ) -> Neighbors:
        """The images nearest to a query (vectors (dim,)) or to several at once ((q, dim)).

        weights: ≥ 0 and finite, at least one above 0; only their proportions count. missing:
        the cosine that counts by an embedding for an image without it; None: it does not
        count, and images that lack one whose cosines are low rank before others. exact:
        compare every vector of the library, whatever the engine made of it. One query gets
        as many ids as there are, k at most; several get rows of k. Raises QueryError for a
        filter that names what does not exist.
        """

    def approximate(
        self, vectors: Mapping[str, np.ndarray], weights: Mapping[str, float], k: int, effort: int | None = None
    ) -> Neighbors:
        """What its structure finds by itself, where `search` would read few images one by one.

        effort: how far it goes, where it knows such a measure; None: as a search does.
        """
        return self.search(vectors, weights, k)

    def inside(
        self, vectors: Mapping[str, np.ndarray], weights: Mapping[str, float], k: int, filter: Filter = Filter(),
        effort: int | None = None,
    ) -> Inside | None:  # fmt: skip
        """What it compares to find the k nearest to one query, whose vectors are (dim,), among the images that
        have most of what is asked by. effort: how far it goes; None: as a search does. None where the engine
        cannot tell, or nothing can be found."""
        return None

    @abstractmethod
    def lacking(self, names: Sequence[str]) -> dict[str, int]:
        """Those of some embeddings that an image lacks which has another of them, and how many images
        have it."""

    @abstractmethod
    def neighbors(
        self,
        ids: np.ndarray,
        k: int,
        weights: Mapping[str, float] | None = None,
        among: np.ndarray | None = None,
        exact: bool = False,
        progress: Progress = Silent(),
    ) -> Neighbors:
        """The k nearest others of each of many images it has: (q, k). Advances `progress` by q.

        weights None: the usual ones. among: the ids (n,) int64 to be found; None: all.
        """

    @abstractmethod
    def ids(self, name: str | None = None) -> np.ndarray:
        """Images that can be found, by one embedding or by any: (n,) int64 ascending.

        An image in which the embedding saw nothing (a vector of zeros) is not among them.
        """

    @abstractmethod
    def vectors(self, ids: np.ndarray, name: str | None = None, exact: bool = False) -> np.ndarray:
        """Vectors as the engine holds them, in the order of `ids`: a copy (k, dim) float32.

        Zeros where an image has none. name None: those of all embeddings side by side, scaled
        (`scales`) so that products are means of cosines by the usual weights. exact: as the
        library has them.
        """


def shares(weights: Mapping[str, float] | None, names: Sequence[str]) -> dict[str, float]:
    """Weights as shares of 1, of those embeddings that count; None: the usual ones.

    In float64, from the largest down: neither 1e308 nor 1e-300 is out of proportion. What
    weighs less than a billionth of the whole would be lost among the roundings of a cosine.
    """
    weights = usual(names) if weights is None else weights
    given = {name: float(weights.get(name, 0.0)) for name in names}
    most = max(given.values(), default=0.0)
    if not most > 0:
        return {}
    scaled = {name: weight / most for name, weight in given.items()}
    total = sum(scaled.values())
    return {name: weight / total for name, weight in scaled.items() if weight / total > 1e-9}


def scales(dims: Mapping[str, int]) -> np.ndarray:
    """By what unit vectors side by side are multiplied, so that their products are means of
    cosines by the usual weights: (Σ dim,) float32, the square root of each one's share."""
    share = shares(None, list(dims))
    return np.repeat([np.sqrt(share.get(name, 0.0)) for name in dims], list(dims.values())).astype(np.float32)

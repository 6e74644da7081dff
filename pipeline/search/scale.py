"""One scale for embeddings whose cosines mean different things.

Cosines of a word with pictures lie near 0.1 by one embedding and near 0.5 by another, and
spread differently. What counts is how far a picture stands out from the others: its cosine
less the library's mean, in standard deviations, both estimated from a sample of the library for
the very vector that is asked with.

How far it stands out is then brought to 0–1 by a logistic curve, and the parts of a query are
joined by their weighted geometric mean: a picture has to have all of it, and more of one
does not make up for nothing of another. R-precision over 37 pairs of a word for a theme of the
sample gallery and a color word (judged by theme, and by the color that takes most of the
picture): sums of standard deviations 0.62, the lesser of the two 0.69, this 0.71.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from pipeline.index import Index

SAMPLE = 2_000
"""Images whose cosines are looked at: mean and deviation are then within a few percent."""

KEPT = 256
"""What is kept of what was asked: spreads and examples."""

STEEP, MIDDLE = 1.5, 1.0
"""The curve is at a half where a picture stands out by MIDDLE deviations; between 1 and 2 for the
one and 0 and 2.5 for the other, R-precision stays within 0.69 and 0.71."""

T = TypeVar("T")

_LEAST = 1e-3
"""Deviations of cosines below which all pictures are alike to a query."""


@dataclass(frozen=True)
class Spread:
    """Of the cosines of one vector with a library, or of what is read in their place (`readings`). steep:
    how quickly what stands out is brought to 1."""

    mean: float
    deviation: float
    steep: float = STEEP

    def standing(self, cosines: np.ndarray | float) -> np.ndarray:
        """How far cosines stand out, 0–1: 0.18 for the average picture, 0.5 one deviation above it."""
        above = (np.asarray(cosines, np.float64) - self.mean) / self.deviation
        return 1 / (1 + np.exp(-self.steep * (above - MIDDLE)))


class Sample:
    """Images drawn from an index once, always the same ones, with their vectors."""

    def __init__(self, index: Index):
        self._index = index
        self._rows: dict[str, np.ndarray] = {}
        self._made: dict[Hashable, object] = {}

    def kept(self, asked: Hashable, made: Callable[[], T]) -> T:
        """What is made of the library for what is asked, made once: words come again with every page and filter."""
        known = self._made  # emptied by others meanwhile, it is another one
        if asked not in known:
            if len(known) >= KEPT:
                known = self._made = {}
            known[asked] = made()
        return known[asked]

    def nearest(self, name: str, vector: np.ndarray, count: int) -> np.ndarray:
        """Ids of the images of the whole library that are nearest to a vector (dim,) by one embedding: (≤ count,)."""
        return self._index.search({name: vector}, {name: 1.0}, count).ids

    def vectors(self, name: str, ids: np.ndarray) -> np.ndarray:
        """The vectors of images: (n, dim) float32, zeros for none."""
        return self._index.vectors(ids, name)

    def spread(self, name: str, vector: np.ndarray) -> Spread:
        """Of a vector (dim,) of norm 1 over the images that have this embedding."""
        return spread_of(self.rows(name) @ vector)

    def apart(self, name: str, vector: np.ndarray) -> float:
        """The mean Manhattan distance of a vector (dim,) from the images that have this embedding."""
        rows = self.rows(name)
        return float(np.abs(rows - vector).sum(axis=1).mean()) if len(rows) else 0.0

    def rows(self, name: str) -> np.ndarray:
        """The vectors of the sample's images that have an embedding: (n, dim) float32."""
        if name not in self._rows:
            ids = self._index.ids(name)
            if len(ids) > SAMPLE:
                ids = np.sort(np.random.default_rng(0).choice(ids, SAMPLE, replace=False))
            self._rows[name] = self._index.vectors(ids, name)
        return self._rows[name]


def spread_of(values: np.ndarray, steep: float = STEEP) -> Spread:
    """Of some cosines or other figures (n,), NaN where there is none."""
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return Spread(0.0, 1.0, steep)
    return Spread(float(known.mean()), max(float(known.std()), _LEAST), steep)


def joined(standings: Mapping[str, np.ndarray], shares: Mapping[str, float]) -> np.ndarray:
    """The weighted geometric mean of what each embedding says (n,) each, 0–1: (n,) float64."""
    return np.exp(sum(share * np.log(np.maximum(standings[name], 1e-12)) for name, share in shares.items()))

"""A query as an engine takes it, and what a picture is worth to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pipeline.index import shares
from pipeline.library import Library
from pipeline.search.readings import Reading
from pipeline.search.scale import Spread, joined
from pipeline.search.writing import Written


@dataclass(frozen=True)
class Asked:
    """vectors: by embedding, (dim,) float32 of norm 1. weights: of those, above 0. scale: of a query
    on one scale. missing: what an image counts as by an embedding that it lacks, as a cosine; None:
    every image has all. written: of a query with words. apart: `missing` as a Manhattan distance. readings:
    what is read in the place of a cosine."""

    vectors: dict[str, np.ndarray]
    weights: dict[str, float]
    scale: dict[str, Spread] | None = None
    missing: dict[str, float] | None = None
    written: Written = Written()
    apart: Mapping[str, float] = field(default_factory=dict)
    readings: Mapping[str, Reading] = field(default_factory=dict)

    def figures(self, library: Library, ids: np.ndarray) -> dict[str, np.ndarray]:
        """The cosines, or what is read in their place, of images (n,), ascending, from their stored
        vectors: {embedding: (n,) float64}, NaN where an image lacks it."""
        found = {}
        for name, vector in self.vectors.items():
            having, rows = library.vectors(name, ids.tolist())
            found[name] = np.full(len(ids), np.nan)
            read = self.readings.get(name)
            found[name][np.searchsorted(ids, having)] = rows @ vector if read is None else read.of(having, rows)
        return found

    def score(self, cosines: Mapping[str, float | np.ndarray]) -> np.ndarray:
        """What an image with these cosines, those it has, is worth; or many of them, NaN for none."""
        own = {}
        for name in self.weights:
            given = np.asarray(cosines.get(name, np.nan), np.float64)
            own[name] = np.where(np.isnan(given), (self.missing or {}).get(name, 0.0), given)
        counted = shares(self.weights, list(self.weights))
        if self.scale is None:
            return sum(share * own[name] for name, share in counted.items())
        return joined({name: self.scale[name].standing(own[name]) for name in counted}, counted)

    def part(self, name: str, cosine: float) -> float:
        """What is shown of an embedding's cosine."""
        return cosine if self.scale is None else float(self.scale[name].standing(cosine))

"""The weightings by which an index is measured: the usual one, equal, each embedding alone, and some between."""

from __future__ import annotations

import numpy as np

from pipeline.embeddings import usual

RANDOM = 12
"""Random weightings (uniform on the simplex) measured beside the equal one and the corners."""


def weightings(names: tuple[str, ...], seed: int = 0) -> list[dict[str, float]]:
    """The weightings measured: the usual one, equal, every corner, and random ones."""
    equal = dict.fromkeys(names, 1.0)
    if len(names) == 1:
        return [equal]
    corners = [dict.fromkeys(names, 0.0) | {name: 1.0} for name in names]
    generator = np.random.default_rng(seed)
    random = generator.dirichlet(np.ones(len(names)), RANDOM).round(2)
    drawn = [usual(names), equal, *corners, *(dict(zip(names, row.tolist())) for row in random)]
    return list({text(weights): weights for weights in drawn}.values())  # rounding makes twins


def text(weights: dict[str, float]) -> str:
    """A weighting as the command line takes it: color=1,sift=0.5."""
    return ",".join(f"{name}={weight:g}" for name, weight in weights.items() if weight)

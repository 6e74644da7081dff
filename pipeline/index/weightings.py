"""The weightings by which an index is measured: the usual one, equal, each embedding alone, and some between."""

from __future__ import annotations

import numpy as np

from pipeline.embeddings import usual

RANDOM = 9
"""Random weightings (uniform on the simplex) measured beside the others."""
_MOSTLY = 0.74
"""Share of the embedding that a weighting leans to."""


def weightings(names: tuple[str, ...], seed: int = 0) -> list[dict[str, float]]:
    """The weightings measured: the usual one, equal, every corner, leaning to each corner, and random ones."""
    equal = dict.fromkeys(names, 1.0)
    if len(names) == 1:
        return [equal]
    corners = [dict.fromkeys(names, 0.0) | {name: 1.0} for name in names]
    generator = np.random.default_rng(seed)
    random = generator.dirichlet(np.ones(len(names)), RANDOM).round(2)
    rest = round((1 - _MOSTLY) / (len(names) - 1), 3)
    leaning = [dict.fromkeys(names, rest) | {name: _MOSTLY} for name in names]
    drawn = [usual(names), equal, *corners, *leaning, *(dict(zip(names, row.tolist())) for row in random)]
    return list({text(weights): weights for weights in drawn}.values())  # rounding makes twins


def text(weights: dict[str, float]) -> str:
    """A weighting as the command line takes it: color=1,sift=0.5."""
    return ",".join(f"{name}={weight:g}" for name, weight in weights.items() if weight)

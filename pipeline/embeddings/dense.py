"""Networks up to where their features still have a place: what `Extractor.regions` of published ones is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.embeddings import engines
from pipeline.embeddings.base import Regions, unit_rows
from pipeline.embeddings.engines.contract import drawn, least_cosine

_POOLS = 0.99
"""Least cosine of a picture's vector and the mean of its cells for the one to be the other: two networks in 16
bits are above 0.999, and a class token is nowhere near."""


class NoRegions(Exception):
    """A network sees pictures as a whole, or in a way that is not known here."""


@dataclass(frozen=True)
class Dense:
    """network: pictures → (n, dim, rows, columns), None where there is none. pooled: whether the mean of the
    cells is the picture's vector."""

    network: engines.Network | None
    pooled: bool = False

    def regions(self, prepared: np.ndarray, box: tuple[float, float, float, float]) -> Regions | None:
        """What it sees in a prepared picture; box: see `Regions`."""
        if self.network is None:
            return None
        features = self.network([prepared])[0].transpose(1, 2, 0)
        return Regions(np.ascontiguousarray(features), box, self.pooled)


def load(blueprint: engines.Blueprint, device: str, encode: Callable[[np.ndarray], np.ndarray]) -> Dense:
    """From a description whose module raises NoRegions where it has none. encode: prepared pictures →
    their vectors."""
    try:
        network = engines.load(blueprint, device)
    except NoRegions:
        return Dense(None)
    pictures = drawn(blueprint.side)
    means = unit_rows(network(pictures).mean(axis=(2, 3)))
    vectors = encode(pictures)
    return Dense(network, means.shape == vectors.shape and least_cosine(means, vectors) >= _POOLS)


def grid(tokens):
    """Tokens (n, r · r, dim) of a square picture, row by row, as a map (n, dim, r, r); torch's tensors."""
    side = int(tokens.shape[1] ** 0.5)
    if side * side != tokens.shape[1] or not side:
        raise NoRegions
    return tokens.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], side, side)

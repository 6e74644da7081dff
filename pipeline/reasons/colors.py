"""Color: which of the colors that two pictures share make up their cosine, and where they are.

The vectors of `color` are histograms, so the cosine is a sum over bins: what a bin adds to it is the
product of the two numbers there, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.embeddings.color import ColorHistogram, grid
from pipeline.pictures.palette import Swatch, palette


@dataclass(frozen=True)
class Side:
    """One picture: its palette, and the bin in which each pixel of a grid over it is counted, (rows, columns)
    int64."""

    palette: list[Swatch]
    bins: np.ndarray


@dataclass(frozen=True)
class Colors:
    """Bins that either has, those that add most to the cosine first.

    bins (k,) int64, numbers in the vectors. first, second (k,) float32: the two vectors there. products (k,)
    float64: what each bin adds; the sum is the cosine. colors: as #rrggbb, what the pixels of a bin look
    like. asked, found: the two pictures; None for what is no picture.
    """

    bins: np.ndarray
    first: np.ndarray
    second: np.ndarray
    products: np.ndarray
    colors: list[str]
    asked: Side | None
    found: Side | None

    @property
    def cosine(self) -> float:
        """The sum of the products."""
        return float(self.products.sum())


def compare(
    extractor: ColorHistogram, first: np.ndarray, second: np.ndarray, asked: np.ndarray | None, found: np.ndarray | None
) -> Colors:
    """Of the vectors (dim,) that are searched with and stored, and the pictures (h, w, 3) uint8 RGB, where
    there are any."""
    products = first.astype(np.float64) * second
    seen = [picture for picture in (asked, found) if picture is not None]
    sides = [Side(palette(picture), extractor.bins_of(picture)) for picture in seen]
    bins = np.flatnonzero((first != 0) | (second != 0))
    bins = bins[np.argsort(-np.abs(products[bins]), kind="stable")]
    looks = _looks(extractor, seen, [side.bins for side in sides])
    of = iter(sides)
    return Colors(
        bins, first[bins], second[bins], products[bins], ["#{:02x}{:02x}{:02x}".format(*looks[b]) for b in bins.tolist()],
        next(of) if asked is not None else None, next(of) if found is not None else None,
    )  # fmt: skip


def _looks(extractor: ColorHistogram, pictures: list[np.ndarray], bins: list[np.ndarray]) -> np.ndarray:
    """What the pixels of each bin look like on average, (dim, 3) int; of bins without any, their middle."""
    looks = extractor.middles().astype(np.float64)
    if pictures:
        at = np.concatenate([one.ravel() for one in bins])
        colors = np.concatenate([grid(picture).reshape(-1, 3) for picture in pictures])
        counts = np.bincount(at, minlength=extractor.dim)
        for channel in range(3):
            sums = np.bincount(at, colors[:, channel], extractor.dim)
            looks[counts > 0, channel] = sums[counts > 0] / counts[counts > 0]
    return np.rint(looks).astype(int)

"""Meaning: which regions of two pictures, or of a picture and words, agree.

A network that pools its last feature map sees a picture as the mean of cells, so a cosine is a sum over
them: a cell adds its product with what is searched with, divided by how long the mean is. That is
what CAM (Zhou et al. 2016) shows for a class, here for another picture. Cells of the two maps are
compared with one another by their cosine. A transformer's vector is a token of its own, of which its
patches are no parts: there a cell is worth its best cosine with a cell of the other picture, as features of
patches are matched (Amir et al. 2021), or its cosine with the words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.embeddings import Extractor
from pipeline.embeddings.base import Regions, unit_rows

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Seen:
    """What each cell of a picture adds: adds (rows, columns) float64, whose sum is the cosine (of words: how far
    the picture leans to them); of tokens the cosine with what answers best. box: which part of the picture the cells cover, see `Regions`."""

    adds: np.ndarray
    box: Box


@dataclass(frozen=True)
class Meaning:
    """asked: of the picture that is searched with, None for words. found: of the match. cosines (cells of the
    one, cells of the other) float32, row by row; None for words. sums: whether what cells add sums up to a
    cosine."""

    asked: Seen | None
    found: Seen
    cosines: np.ndarray | None
    sums: bool = True


def compare(extractor: Extractor, asked: np.ndarray, found: np.ndarray) -> Meaning | None:
    """Of two pictures (h, w, 3) uint8 RGB; None where the extractor cannot tell regions apart."""
    first, second = extractor.regions(asked), extractor.regions(found)
    if first is None or second is None:
        return None
    rows = [one.features.reshape(-1, one.features.shape[2]) for one in (first, second)]
    cosines = unit_rows(rows[0]) @ unit_rows(rows[1]).T
    if not first.pooled:
        best = (cosines.max(axis=side).astype(np.float64) for side in (1, 0))
        asked, found = (Seen(one.reshape(seen.features.shape[:2]), seen.box) for one, seen in zip(best, (first, second)))
        return Meaning(asked, found, cosines, sums=False)
    means = unit_rows(np.stack([one.mean(axis=0) for one in rows]))
    return Meaning(adds(first, means[1]), adds(second, means[0]), cosines)


def point_at(extractor: Extractor, text: str, found: np.ndarray) -> Meaning | None:
    """Where in a picture (h, w, 3) uint8 RGB words are; None where the extractor does not know."""
    direction = extractor.encode_text(text)
    seen = extractor.regions(found) if direction is not None else None
    if seen is None:
        return None
    if not seen.pooled:
        cells = unit_rows(seen.features.reshape(-1, seen.features.shape[2])) @ direction
        return Meaning(None, Seen(cells.astype(np.float64).reshape(seen.features.shape[:2]), seen.box), None, sums=False)
    mean = unit_rows(seen.features.mean(axis=(0, 1))[None])[0]
    leaning = extractor.fit_direction(text, mean)
    return Meaning(None, adds(seen, direction if leaning is None else leaning), None)


def adds(seen: Regions, direction: np.ndarray) -> Seen:
    """What each cell adds to the product of a direction (dim,) and the picture's vector."""
    features = seen.features.astype(np.float64)
    length = np.linalg.norm(features.mean(axis=(0, 1)))
    cells = features.shape[0] * features.shape[1]
    return Seen(features @ direction / (cells * max(length, 1e-12)), seen.box)

"""How the gray levels of two pictures correlate around each place, and how much structure there is to compare."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_WINDOW = 21  # px: a place that is compared; about a twelfth of the picture
_SMOOTH = 1.5  # px: forgives an alignment that is off by one pixel, and JPEG's grain
_NOISE = 4.0  # variance in gray levels that says nothing
_WELL = 0.8  # correlation of places that agree
_STRUCTURE = 16.0  # variance in gray levels from which a place has structure


@dataclass(frozen=True)
class Measures:
    """Of two pictures laid over one another: structure, the share of places that have some; mean, low (worst
    tenth) and fine, their correlations; agreeing, the share of those places that correlate well."""

    structure: float
    mean: float
    low: float
    fine: float
    agreeing: float


def has_structure(gray: np.ndarray) -> bool:
    """Whether there is anything to compare on a gray picture (h, w) float32."""
    smooth = cv2.GaussianBlur(gray, (0, 0), _SMOOTH)
    mean, square = (cv2.blur(values, (_WINDOW, _WINDOW)) for values in (smooth, smooth * smooth))
    return bool((square - mean * mean > _STRUCTURE).any())


def measured(one: np.ndarray, other: np.ndarray, inside: np.ndarray) -> Measures:
    """Of gray pictures (h, w) float32 where both are, (h, w) bool."""
    similar, structure = _local_correlation(one, other, inside)
    there = structure > 0
    count = max(1, int(inside.sum()))
    if not there.any():
        return Measures(0, 0, 0, 0, 0)
    mean = float(np.average(similar[there], weights=structure[there]))
    fine, weight = _local_correlation(_uncommon(one), _uncommon(other), inside)
    some = weight > 0
    crossed = float(np.average(fine[some], weights=weight[some])) if some.sum() > 0.1 * there.sum() else 1.0
    agreeing = float((similar[there] >= _WELL).mean())
    return Measures(float(there.sum() / count), mean, float(np.percentile(similar[there], 10)), crossed, agreeing)


def _local_correlation(
    one, other, inside, window: int = _WINDOW, smooth: float = _SMOOTH, least: float = _STRUCTURE,
) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of two gray pictures (h, w) float32 around each pixel, in [−1, 1], and
    how much structure there is: its standard deviation, 0 where too little to compare."""
    one, other = (cv2.GaussianBlur(gray, (0, 0), smooth) for gray in (one, other))
    mask = inside.astype(np.float32)
    share = cv2.boxFilter(mask, -1, (window, window))

    def mean(values):
        return cv2.boxFilter(values * mask, -1, (window, window)) / np.maximum(share, 1e-6)

    mean_one, mean_other = mean(one), mean(other)
    spread_one = np.maximum(mean(one * one) - mean_one**2, 0)
    spread_other = np.maximum(mean(other * other) - mean_other**2, 0)
    together = mean(one * other) - mean_one * mean_other
    similar = together / np.sqrt((spread_one + _NOISE) * (spread_other + _NOISE))
    most = np.maximum(spread_one, spread_other)
    comparable = inside & (share > 0.5) & (most > least)
    return similar, np.where(comparable, np.sqrt(most), 0)


def _uncommon(gray: np.ndarray) -> np.ndarray:
    """A gray picture without what the rows and columns around each place have in common."""
    along, across = cv2.boxFilter(gray, -1, (_WINDOW, 1)), cv2.boxFilter(gray, -1, (1, _WINDOW))
    return gray - along - across + cv2.boxFilter(gray, -1, (_WINDOW, _WINDOW))


def fine_correlation(one: np.ndarray, other: np.ndarray, inside: np.ndarray) -> tuple[float, float]:
    """Correlation in small places with strong structure, in the worst hundredth and twentieth; 1 without any."""
    similar, structure = _local_correlation(one, other, inside, 7, 0.8, 60.0)
    found = similar[structure > 0]
    return tuple(np.percentile(found, (1, 5)).tolist()) if len(found) else (1.0, 1.0)

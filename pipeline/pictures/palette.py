"""The dominant colors of a picture: k-means (Lloyd 1982) in CIELAB, started by k-means++
(Arthur & Vassilvitskii 2007), with like centers merged."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

MOST = 8
"""Colors at most: more are no longer told apart at a glance."""

ALIKE = 8.0
"""CIE76 distance below which two centers are one color; a just noticeable one is about 2.3
(Mahy, Van Eycken & Oosterlinck 1994)."""

LEAST = 0.01
"""Share of the picture below which a color is left out."""

_SAMPLE = 4096  # pixels looked at, drawn evenly
_ROUNDS = 20


@dataclass(frozen=True)
class Swatch:
    """A color as #rrggbb and its share of the picture, 0–1."""

    color: str
    share: float


def palette(pixels: np.ndarray) -> list[Swatch]:
    """The colors of a picture (h, w, 3) uint8 RGB, largest share first; the shares sum to 1.

    The same picture always gives the same colors.
    """
    flat = pixels.reshape(-1, 3)
    at = np.linspace(0, len(flat) - 1, min(_SAMPLE, len(flat))).round().astype(int)
    lab = cv2.cvtColor(flat[at][None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    centers, counts = _merged(*_cluster(lab))
    kept = counts >= LEAST * counts.sum()
    centers, counts = centers[kept], counts[kept]
    order = np.argsort(-counts, kind="stable")
    rgb = cv2.cvtColor(centers[order][None].astype(np.float32), cv2.COLOR_LAB2RGB)[0]
    return [
        Swatch("#{:02x}{:02x}{:02x}".format(*color), float(share))
        for color, share in zip(
            np.clip(np.round(rgb * 255), 0, 255).astype(int).tolist(), counts[order] / counts.sum()
        )
    ]


def _cluster(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centers (k, 3) float32 of points (n, 3) in CIELAB, and how many points each has, all above 0."""
    centers = _starts(points)
    for _ in range(_ROUNDS):
        nearest = _distances(points, centers).argmin(axis=1)
        counts = np.bincount(nearest, minlength=len(centers))
        sums = np.stack([np.bincount(nearest, points[:, i], len(centers)) for i in range(3)], axis=1)
        moved = (sums[counts > 0] / counts[counts > 0, None]).astype(np.float32)
        done = len(moved) == len(centers) and np.allclose(moved, centers, atol=0.1)
        centers = moved
        if done:
            break
    return centers, counts[counts > 0]


def _starts(points: np.ndarray) -> np.ndarray:
    """Up to `MOST` points, each drawn by its squared distance from those before."""
    generator = np.random.default_rng(0)
    chosen = [points[generator.integers(len(points))]]
    far = _distances(points, np.array(chosen))[:, 0]
    while len(chosen) < MOST and far.max() > 1:
        chosen.append(points[generator.choice(len(points), p=far / far.sum())])
        far = np.minimum(far, _distances(points, chosen[-1][None])[:, 0])
    return np.array(chosen)


def _distances(points: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Squared distances (n, k) of points (n, 3) from centers (k, 3)."""
    points = points.astype(np.float64)
    return sum(np.square(points[:, at, None] - centers[:, at]) for at in range(3))  # a channel at a time: a third of the time


def _merged(centers: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centers and counts after the nearest two were joined as long as they are alike."""
    while len(centers) > 1:
        apart = np.sqrt(_distances(centers, centers))
        np.fill_diagonal(apart, np.inf)
        one, other = np.unravel_index(apart.argmin(), apart.shape)
        if apart[one, other] >= ALIKE:
            break
        joined = np.average(centers[[one, other]], axis=0, weights=counts[[one, other]])
        centers = np.vstack([np.delete(centers, [one, other], axis=0), joined])
        counts = np.append(np.delete(counts, [one, other]), counts[one] + counts[other])
    return centers, counts

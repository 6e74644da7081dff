"""The colors of the thing in each picture, where `color` describes all that is in it.

Black shoes on a white floor are a picture that is mostly white. Where a word for a color stands
beside a word for a thing, what counts is therefore the color of what the picture is of: of that
quarter of it that is nearest to the middle and least like the border, if they differ. From thumbnails, as eight colors
with their shares: 32 bytes an image, kept as `things/palettes.npz`; only what changed is looked at.

A border is mostly background (Wei et al. 2012, "Geodesic saliency using background priors"), and what
is photographed stands in the middle. R-precision over pairs of a color and a thing, judged by the plain
color that takes most of what GrabCut (Rother et al. 2004) cuts out:

                                              clothing  gallery
    the whole picture's color vector              0.26     0.56
    share of the color, weighted to the middle    0.40     0.66
    of the quarter alone, in every picture        0.51     0.58
    in use                                        0.48     0.66

By the color that takes most of the whole picture, the first has 0.71 on the gallery, this 0.60.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.embeddings import color_words
from pipeline.errors import ImageError
from pipeline.library import Library, derived
from pipeline.library.followed import Followed
from pipeline.pictures import decoding
from pipeline.progress import Progress, Silent

COLORS = 8
"""Of one picture."""
SIDE = 40
"""Long side of the grid that is looked at, px."""
PART = 0.25
"""Of the picture, that is taken for the thing; on clothing R-precision changes little between 0.15 and 0.5."""
_MIDDLE, _BORDER = 0.3, 0.06  # of the picture's sides: deviation of what is the middle, width of the border
_LEVELS = 12  # of each channel, of the colors that the border has
_FEW = 1_000  # pictures that a search looks at itself, in two seconds
_VERSION = 1


@dataclass(frozen=True, eq=False)
class Palettes:
    """ids (n,) int64 ascending; colors (n, COLORS, 3) uint8 sRGB and how much of the thing each takes,
    share (n, COLORS) uint8 of 255, 0 for none."""

    ids: np.ndarray
    colors: np.ndarray
    share: np.ndarray

    def covered(self, term: str) -> np.ndarray:
        """How much of each picture's thing is of a color (`color_words.find`): (n,) float32, 0–1."""
        degrees = color_words.called(term).astype(np.float32)[color_words.places(self.colors)]
        return (degrees * self.share).sum(axis=1) / np.maximum(self.share.sum(axis=1, dtype=np.float32), 1)


def available(library: Library) -> bool:
    """Whether colors are known of the library at all."""
    return "color" in library.embeddings() and library.summary("color")[0] > 0


class _Following(Followed[Palettes]):
    place, title = "things/palettes", "colors of things"

    def key(self, library: Library) -> str:
        return derived.key_of(_VERSION, COLORS, SIDE, PART)

    def having(self, library: Library) -> np.ndarray:
        return library.stamps("color")[0]

    def look(self, library: Library, ids: np.ndarray, progress: Progress) -> Palettes:
        return _looked_at(library, ids, progress)

    def nothing(self) -> Palettes:
        return _nothing()


_following = _Following()


def palettes(library: Library, progress: Progress = Silent(), most: int | None = None) -> Palettes:
    """Of all images with a color vector, as kept or found now. most: where more have to be
    looked at, only what is kept is told."""
    return _following.of(library, progress, most)


def ready(library: Library) -> Palettes:
    """As `palettes`, without keeping a search waiting."""
    return palettes(library, most=_FEW) if available(library) else _nothing()


def _nothing() -> Palettes:
    return Palettes(np.zeros(0, np.int64), np.zeros((0, COLORS, 3), np.uint8), np.zeros((0, COLORS), np.uint8))


def _looked_at(library: Library, ids: np.ndarray, progress: Progress) -> Palettes:
    found = Palettes(np.asarray(ids, np.int64), np.zeros((len(ids), COLORS, 3), np.uint8), np.zeros((len(ids), COLORS), np.uint8))
    for row, image in enumerate(ids.tolist()):
        try:
            pixels = decoding.decode(library.thumbnail(image) or b"")
        except ImageError:
            pass  # no thumbnail yet: no color covers anything of it
        else:
            found.colors[row], found.share[row] = palette(pixels)
        progress.advance()
    return found


def palette(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The colors of the thing in a picture (h, w, 3) uint8: (COLORS, 3) and (COLORS,) uint8, the
    largest share first, which sum to about 255."""
    scale = SIDE / max(pixels.shape[:2])
    size = [max(4, round(side * scale)) for side in pixels.shape[1::-1]]
    grid = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return _summed_up(grid.reshape(-1, 3).astype(int), prominence(grid).reshape(-1))


def prominence(grid: np.ndarray) -> np.ndarray:
    """How much each pixel (h, w, 3) uint8 counts for the thing: (h, w) float64, sum 1.

    The less the middle's colors are those of the border, the more only the quarter counts that
    is nearest to the middle and least like the border; where both have the same, there is no
    thing apart, and all count alike.
    """
    cells, (height, width) = _cells(grid), grid.shape[:2]
    edge = max(1, round(_BORDER * max(height, width)))
    border = np.ones((height, width), bool)
    border[edge:-edge, edge:-edge] = False
    y, x = ((np.arange(n) + 0.5) / n - 0.5 for n in (height, width))
    middle = np.exp(-(y[:, None] ** 2 + x**2) / (2 * _MIDDLE**2))
    around = _frequencies(cells[border])
    likeness = np.minimum(around, _frequencies(cells[_first(middle)])).sum()
    unlike = middle / (1 + 8 * around[cells] / max(around[cells].max(), 1e-9))
    thing = unlike * _first(unlike)
    apart = 1 - min(float(likeness), 1.0)
    return apart * thing / thing.sum() + (1 - apart) / thing.size


def _first(weight: np.ndarray) -> np.ndarray:
    return weight >= np.quantile(weight, 1 - PART)


def _cells(grid: np.ndarray) -> np.ndarray:
    """Which of _LEVELS ** 3 cells of CIELAB each pixel lies in: (h, w) int64."""
    lab = cv2.cvtColor(grid, cv2.COLOR_RGB2LAB).astype(int)
    lab[..., 1:] = (lab[..., 1:] - 48) * 256 // 160  # OpenCV's axes of color reach from there
    return (lab * _LEVELS // 256).clip(0, _LEVELS - 1) @ (_LEVELS * _LEVELS, _LEVELS, 1)


def _frequencies(cells: np.ndarray) -> np.ndarray:
    """How frequent each cell is among some, neighbors counted in: (_LEVELS ** 3,) float64, sum 1."""
    from scipy.ndimage import gaussian_filter

    counts = np.bincount(cells, minlength=_LEVELS**3).astype(float) / len(cells)
    return gaussian_filter(counts.reshape((_LEVELS,) * 3), 1.2, mode="nearest", truncate=2).reshape(-1)


def _summed_up(colors: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colors (n, 3) with weights (n,) as a few: each joins the nearest of the most frequent."""
    cells = (colors // 16) @ (256, 16, 1)
    counts = np.bincount(cells, weights=weight, minlength=4096)
    first = np.argsort(-counts, kind="stable")[:COLORS]
    first = first[counts[first] > 0]
    centers = np.stack([first >> 8, first >> 4 & 15, first & 15], axis=1) * 16 + 8
    nearest = np.square(colors[:, None] - centers).sum(axis=2).argmin(axis=1)
    shares = np.bincount(nearest, weights=weight, minlength=COLORS)
    sums = np.stack([np.bincount(nearest, weights=weight * colors[:, c], minlength=COLORS) for c in range(3)], axis=1)
    order = np.argsort(-shares, kind="stable")
    means = sums / np.maximum(shares, 1e-12)[:, None]
    return means[order].round().astype(np.uint8), (shares[order] / shares.sum() * 255).round().astype(np.uint8)

"""A picture in the making: its coordinates, its chance, and the painter's few tools.

Colors are float32 RGB, 0–1, in (height, width, 3); masks, tones and noise are float32,
0–1, in (height, width) or anything that broadcasts to it.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from pipeline.gallery.palettes import Palette

_SHIFT = 4  # bits behind the binary point of the coordinates given to OpenCV's drawing


class Scene:
    """Everything a painter needs to know about the picture to paint.

    `u` (1, w) and `v` (h, 1) run from 0 to 1 over width and height; `x` and `y` have
    their origin in the center and the short side as unit, so circles stay circles.
    `layout` (0–3) names the arrangement; everything else is left to `rng`.
    """

    def __init__(
        self,
        width: int,
        height: int,
        palette: Palette,
        layout: int,
        rng: np.random.Generator,
    ) -> None:
        self.width, self.height, self.short = width, height, min(width, height)
        self.palette, self.layout, self.rng = palette, layout, rng
        column = np.arange(width, dtype=np.float32)[None, :] + 0.5
        row = np.arange(height, dtype=np.float32)[:, None] + 0.5
        self.u, self.v = column / width, row / height
        self.x = (column - width / 2) / self.short
        self.y = (row - height / 2) / self.short
        self.tone = palette.tone
        self.accent = palette.accent

    def pick(self, low: float, high: float) -> float:
        """A number by chance between `low` and `high`."""
        return float(self.rng.uniform(low, high))

    def full(self, value: np.ndarray | float) -> np.ndarray:
        """Spread a value over the picture: (h, w) float32, writable."""
        spread = np.broadcast_to(np.float32(value), (self.height, self.width))
        return np.ascontiguousarray(spread)

    def noise(
        self, cells: float, octaves: int = 4, stretch: float = 1.0, gain: float = 0.5
    ) -> np.ndarray:
        """Fractal value noise (h, w), 0–1 exactly, `cells` lumps on the short side.

        `stretch` > 1 draws the lumps out horizontally, < 1 vertically.
        """
        total = np.zeros((self.height, self.width), dtype=np.float32)
        weight = 1.0
        for octave in range(octaves):
            step = cells * 2**octave / self.short
            columns = min(int(self.width * step / max(stretch, 1)) + 3, self.width)
            rows = min(int(self.height * step * min(stretch, 1)) + 3, self.height)
            lattice = self.rng.random((rows, columns), dtype=np.float32)
            size = (self.width, self.height)
            total += weight * cv2.resize(lattice, size, interpolation=cv2.INTER_CUBIC)
            weight *= gain
        return cv2.normalize(total, None, 0, 1, cv2.NORM_MINMAX)

    def profile(self, cells: int, octaves: int = 4, gain: float = 0.5) -> np.ndarray:
        """Noise along a line: (1, w), 0–1 exactly, `cells` bumps over the width."""
        total = np.zeros((1, self.width), dtype=np.float32)
        for octave in range(octaves):
            knots = min(int(cells * 2**octave) + 3, self.width)
            lattice = self.rng.random((1, knots), dtype=np.float32)
            line = cv2.resize(lattice, (self.width, 1), interpolation=cv2.INTER_CUBIC)
            total += gain**octave * line
        return cv2.normalize(total, None, 0, 1, cv2.NORM_MINMAX)

    def plane(self, texture: np.ndarray, depth: np.ndarray, scale: float) -> np.ndarray:
        """Lay a texture on a plane that runs to the horizon, where `depth` (h, 1) is 0."""
        far = scale / np.maximum(depth, 0.015)
        across = self.full((self.x * far + 3.3) * self.short)
        along = self.full((far * 2 + 1.7) * self.short)
        return cv2.remap(
            texture, across, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )

    def shapes(self, outlines: Iterable[np.ndarray]) -> np.ndarray:
        """The union of filled outlines, each (n, 2) in px, as a smooth-edged mask (h, w)."""
        mask = np.zeros((self.height, self.width), dtype=np.uint8)
        for outline in outlines:
            cv2.fillPoly(mask, [fixed(outline)], 255, cv2.LINE_AA, _SHIFT)
        return mask.astype(np.float32) / 255

    def stars(self, count: int) -> np.ndarray:
        """A night sky of `count` points of unequal brightness: (h, w), 0–1."""
        points = np.zeros((self.height, self.width), dtype=np.float32)
        rows = self.rng.integers(0, self.height, count)
        columns = self.rng.integers(0, self.width, count)
        points[rows, columns] = self.rng.random(count, dtype=np.float32) ** 4 + 0.12
        bright = np.where(points > 0.75, points, 0)
        halo = blur(points, 0.6) * 2.4 + blur(bright, 2.2) * 6
        return np.clip(halo, 0, 1)

    def finish(self, picture: np.ndarray, vignette: float = 0.22) -> np.ndarray:
        """Darken the corners, add fine grain: (h, w, 3) uint8 RGB, 0–255."""
        fall = 1 - vignette * ((2 * self.u - 1) ** 2 + (2 * self.v - 1) ** 2) ** 1.2 / 2
        grain = self.rng.standard_normal((self.height, self.width), dtype=np.float32)
        finished = _wide(picture, grain.shape) * _wide(fall * (1 + 0.012 * grain), grain.shape)
        finished *= 255
        finished += 0.5
        return np.clip(finished, 0, 255, out=finished).astype(np.uint8).reshape(*grain.shape, 3)


def fixed(points: np.ndarray) -> np.ndarray:
    """Points (n, 2) in px as the fixed-point integers that OpenCV draws from."""
    return np.round(np.asarray(points) * (1 << _SHIFT)).astype(np.int32)


def mix(below: np.ndarray, above: np.ndarray, mask: np.ndarray | float) -> np.ndarray:
    """Lay one color over another: the mask's 1 shows `above`."""
    mask = np.asarray(mask, dtype=np.float32)
    if mask.ndim != 2 or max(np.ndim(below), np.ndim(above)) != 3 or 1 in mask.shape:
        return below + (above - below) * mask[..., None]
    under = _wide(below, mask.shape)
    mixed = (_wide(above, mask.shape) - under) * _wide(mask, mask.shape)
    mixed = np.add(mixed, under, out=mixed if mixed.dtype >= under.dtype else None)
    return mixed.reshape(*mask.shape, 3)


def _wide(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A color, picture or mask as rows of three numbers a pixel, (h, 3w): computing with them takes a
    fraction of the time that NumPy needs for (h, w, 3) with (3,) or (h, w, 1), and gives the same."""
    height, width = shape
    if np.ndim(values) == 2:
        return cv2.merge([np.ascontiguousarray(values)] * 3).reshape(height, 3 * width)
    return np.broadcast_to(values, (height, width, 3)).reshape(height, 3 * width)


def step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """Hermite's smooth step from 0 at `low` to 1 at `high` (falling if low > high)."""
    t = np.asarray((value - low) / (high - low))
    np.clip(t, 0, 1, out=t)
    rising = 3 - 2 * t
    t *= t
    rising *= t
    return rising


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of any picture or mask, sigma in px."""
    return cv2.GaussianBlur(image, (0, 0), sigma)


def slope(field: np.ndarray, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The rise of a field (h, w) per px across and down, times `scale`."""
    field = np.asarray(field, dtype=np.float32)  # OpenCV has no mixed-type Sobel
    return (
        cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=3, scale=scale / 8),
        cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=3, scale=scale / 8),
    )


def relief(height: np.ndarray, strength: float, angle: float = 2.4) -> np.ndarray:
    """Lambert light on a height field, as a factor around 1 (light from `angle`, rad)."""
    across, down = slope(height, strength)
    rise = across * float(np.cos(angle)) - down * float(np.sin(angle))
    return 1 - rise / np.sqrt(1 + across**2 + down**2)


def bend(image: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Move every pixel's source by (`across`, `down`) px, mirrored at the border."""
    height, width = image.shape[:2]
    map_x = (np.arange(width, dtype=np.float32)[None, :] + across).astype(np.float32)
    map_y = (np.arange(height, dtype=np.float32)[:, None] + down).astype(np.float32)
    map_x, map_y = np.broadcast_arrays(map_x, map_y)
    return cv2.remap(
        image,
        np.ascontiguousarray(map_x),
        np.ascontiguousarray(map_y),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )

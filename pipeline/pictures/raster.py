"""Samples as a file holds them, on their way to the RGB that a person sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from pipeline.pictures.color import Space, to_srgb
from pipeline.pictures.thumbnails import resize


_PALE = 232
"""Levels from which on nothing stands out from white: a tenth of the way to black, about what print on paper needs."""
_DARK = 64


@dataclass(frozen=True)
class Raster:
    """A picture's samples, not yet turned.

    samples: (h, w, c) uint8 or uint16 over the whole range of the type; c = 1 gray, 3 RGB (or
    CIE L*a*b* as `space.model` says), 4 CMYK, 0 without ink. alpha: (h, w) of the same type, or
    None where all is opaque.
    """

    samples: np.ndarray
    alpha: np.ndarray | None = None
    space: Space = field(default_factory=Space)

    def reduced(self, max_side: int) -> Raster:
        """With a long side of at most `max_side`."""
        if max(self.samples.shape[:2]) <= max_side:
            return self
        return self._scaled(lambda layers: resize(layers, max_side))

    def shrunk(self, factor: int) -> Raster:
        """The means of about factor × factor samples."""
        if factor == 1:
            return self
        height, width = self.samples.shape[:2]
        size = (max(1, width // factor), max(1, height // factor))
        return self._scaled(lambda layers: cv2.resize(layers, size, interpolation=cv2.INTER_AREA))

    def _scaled(self, scale: Callable[[np.ndarray], np.ndarray]) -> Raster:
        """What is transparent has no part in the mean of colors."""
        if self.alpha is None:
            return replace(self, samples=_layers(scale(self.samples)))
        kind, top = self.samples.dtype, np.iinfo(self.samples.dtype).max
        alpha = np.ascontiguousarray(self.alpha)
        weights = cv2.merge([alpha] * self.samples.shape[2])
        weighed = _layers(scale(cv2.multiply(np.ascontiguousarray(self.samples), weights, scale=1 / top)))
        alpha = scale(alpha)
        samples = weighed.astype(np.float32) * (top / np.maximum(alpha, 1).astype(np.float32))[:, :, None]
        return replace(self, samples=np.clip(np.rint(samples), 0, top).astype(kind), alpha=alpha)

    def on_ground(self) -> np.ndarray:
        """As (h, w, 3) uint8 sRGB, what is transparent on white as a browser blends it; on dark gray where
        nothing could be seen on white: white marks and drawings are as different as black ones."""
        rgb = to_srgb(self.samples, self.space)
        if self.alpha is None:
            return rgb
        weight = self.alpha.astype(np.float32)[:, :, None] / np.iinfo(self.alpha.dtype).max
        blended = _blended(rgb, weight, 255)
        if blended.min() >= _PALE and weight.max() - weight.min() > 1 - _PALE / 255:
            return _blended(rgb, weight, _DARK)
        return blended


def _blended(rgb: np.ndarray, weight: np.ndarray, ground: int) -> np.ndarray:
    """Colors (h, w, 3) of opacity (h, w, 1), 0 to 1, on a gray ground."""
    return np.rint(ground - weight * (ground - rgb.astype(np.float32))).astype(np.uint8)


def stacked(bands: list[Raster]) -> Raster:
    """Bands from top to bottom as one."""
    if len(bands) == 1:
        return bands[0]
    alpha = None if bands[0].alpha is None else np.concatenate([band.alpha for band in bands])
    return replace(bands[0], samples=np.concatenate([band.samples for band in bands]), alpha=alpha)


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation (EXIF 2.32, tag 274) to (h, w, c) pixels."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _layers(samples: np.ndarray) -> np.ndarray:
    return samples[:, :, None] if samples.ndim == 2 else samples

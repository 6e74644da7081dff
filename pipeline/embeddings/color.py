"""Color: the palette of a picture, wherever in it the colors are."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.embeddings.base import Extractor, unit_rows
from pipeline.settings import ExtractorOptions


class ColorHistogram(Extractor):
    """Joint Lab histogram of a picture, square-rooted (Hellinger), L2 norm 1."""

    name = "color"
    title = "Color"
    version = 1

    def __init__(self, bins: int = 16) -> None:
        self.bins = bins
        self.dim = bins * 3

    @classmethod
    def configured(cls, options: ExtractorOptions) -> ColorHistogram:
        return cls(bins=options.bins)

    @property
    def fingerprint(self) -> str:
        return f"{self.name}/{self.version} bins={self.bins}"

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """(h, w, 3) uint8 RGB → (dim,) float32 histogram, sum 1, square-rooted."""
        lab = cv2.cvtColor(image[::2, ::2], cv2.COLOR_RGB2Lab).reshape(-1, 3)
        cells = (lab.astype(np.int32) * self.bins) >> 8
        counts = np.concatenate(
            [np.bincount(cells[:, c], minlength=self.bins) for c in range(3)]
        )
        return np.sqrt(counts / counts.sum()).astype(np.float32)

    def encode(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        return unit_rows(np.stack(prepared))

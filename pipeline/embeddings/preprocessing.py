"""How a published network wants its pictures: cut, scaled and normalized as its package says.

The packages do it with torchvision. Here the same is done by Pillow alone, as torchvision
does for a Pillow picture, so that worker processes prepare pictures without torch; pixel for
pixel the same, which `tests/pipeline/test_networks.py` checks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True)
class Preprocessing:
    """From a decoded picture to a network's input.

    side: of the square input, px. scaled: what the picture is scaled to before its middle
    is cut out, px. mode: `center` (its short side becomes `scaled`), `squash` (both sides
    do), `border` (its long side does, the rest is filled). filter: `bilinear` or `bicubic`.
    mean, std: per channel, on the 0–1 scale.
    """

    side: int
    scaled: int
    mode: str
    filter: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of_timm(cls, config: Mapping) -> Preprocessing:
        """From what `timm.data.resolve_data_config` gives; ValueError for another shape than a square."""
        _, height, width = config["input_size"]
        if height != width:
            raise ValueError(f"its input is {width} × {height}, not square")
        scaled = math.floor(height / config["crop_pct"])
        mode = config["crop_mode"] if config["crop_mode"] in ("squash", "border") else "center"
        return cls(height, scaled, mode, _known(config["interpolation"]), tuple(config["mean"]), tuple(config["std"]))

    @classmethod
    def of_open_clip(cls, side: int, config: Mapping) -> Preprocessing:
        """From a network's side and what open_clip's `get_pretrained_cfg` gives ({}: its defaults)."""
        from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD

        mode = {"squash": "squash", "longest": "border"}.get(config.get("resize_mode"), "center")
        mean, std = config.get("mean", OPENAI_DATASET_MEAN), config.get("std", OPENAI_DATASET_STD)
        return cls(side, side, mode, _known(config.get("interpolation", "bicubic")), tuple(mean), tuple(std))

    def __str__(self) -> str:
        """As a fingerprint names it: `224/center-256-bicubic`, and what is taken off where it is unusual."""
        return f"{self.side}/{self.mode}-{self.scaled}-{self.filter}"

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """A decoded picture (h, w, 3) uint8 RGB → (side, side, 3) uint8."""
        picture = Image.fromarray(image)
        size = self._scaled_size(*picture.size)
        if size != picture.size:
            picture = picture.resize(size, _FILTERS[self.filter])
        return self._cut(np.asarray(picture))

    def box(self, image: np.ndarray) -> tuple[float, float, float, float]:
        """The part of a picture (h, w, 3) that is left of it: left, top, right, bottom as shares of its sides,
        beyond 0–1 where it is filled up."""
        size = self._scaled_size(image.shape[1], image.shape[0])
        (left, right), (top, bottom) = (
            ((length - self.side) / 2 / length, (length + self.side) / 2 / length) for length in size
        )
        return left, top, right, bottom

    def _scaled_size(self, width: int, height: int) -> tuple[int, int]:
        if self.mode == "squash":
            return self.scaled, self.scaled
        if self.mode == "border":
            ratio = max(width, height) / self.scaled
            return max(1, round(width / ratio)), max(1, round(height / ratio))
        short = min(width, height)
        long = int(self.scaled * max(width, height) / short)
        return (self.scaled, long) if width <= height else (long, self.scaled)

    def _cut(self, pixels: np.ndarray) -> np.ndarray:
        """The middle of side × side px; where there is less, filled around it."""
        for axis in (0, 1):
            lacking = self.side - pixels.shape[axis]
            if lacking > 0:
                widths = [(0, 0)] * 3
                widths[axis] = (lacking // 2, lacking - lacking // 2)
                pixels = self._padded(pixels, widths)
        top, left = (round((length - self.side) / 2) for length in pixels.shape[:2])
        return np.ascontiguousarray(pixels[top : top + self.side, left : left + self.side])

    def _padded(self, pixels: np.ndarray, widths: list) -> np.ndarray:
        fill = [round(255 * value) for value in self.mean] if self.mode == "border" else [0, 0, 0]
        planes = [np.pad(pixels[..., c], widths[:2], constant_values=fill[c]) for c in range(3)]
        return np.stack(planes, axis=-1)


def _known(name: str) -> str:
    return name if name in _FILTERS else "bicubic"

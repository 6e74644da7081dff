"""The palettes that all themes share, so that color alone never tells a theme."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

_STEPS = 1024


@dataclass(frozen=True)
class Palette:
    """A ramp of five colors from dark to light and one accent, as hexadecimal sRGB."""

    name: str
    stops: tuple[str, str, str, str, str]
    accent_code: str

    @cached_property
    def ramp(self) -> np.ndarray:
        """(1024, 3) float32 RGB, 0–1: the stops joined by straight lines in CIELAB."""
        stops = np.array([[_rgb(code) for code in self.stops]], dtype=np.float32)
        lab = cv2.cvtColor(stops, cv2.COLOR_RGB2Lab)[0]
        place = np.linspace(0, len(self.stops) - 1, _STEPS)
        joined = [np.interp(place, range(len(self.stops)), lab[:, c]) for c in range(3)]
        joined = np.stack(joined, axis=1).astype(np.float32)[None]
        return np.clip(cv2.cvtColor(joined, cv2.COLOR_Lab2RGB)[0], 0, 1)

    @cached_property
    def accent(self) -> np.ndarray:
        """(3,) float32 RGB, 0–1: the one color that is not on the ramp."""
        return np.array(_rgb(self.accent_code), dtype=np.float32)

    def tone(self, value: np.ndarray | float) -> np.ndarray:
        """Look tones up: (...) float, 0 dark – 1 light, to (..., 3) float32 RGB, 0–1."""
        place = np.clip(np.asarray(value, dtype=np.float32) * (_STEPS - 1), 0, _STEPS - 1)
        return self.ramp.take(place.astype(np.intp), axis=0, mode="clip")  # it is within: clipping is not asked


def _rgb(code: str) -> tuple[float, float, float]:
    return tuple(int(code[i : i + 2], 16) / 255 for i in (0, 2, 4))


PALETTES: dict[str, Palette] = {
    palette.name: palette
    for palette in (
        Palette("ember", ("1c0b14", "6b1a1f", "c8452b", "f2994a", "fdebc8"), "1f8a8c"),
        Palette("lagoon", ("071a2c", "0e4a63", "1f8f9b", "7fd0c4", "f3f7e4"), "f2665a"),
        Palette("moss", ("0f1a12", "2c4a2b", "5f8a3c", "b3c66a", "f4f1d0"), "8c3f6e"),
        Palette("dusk", ("14102e", "4a2a6b", "a8497f", "f08a76", "fde2c0"), "f4c14e"),
        Palette("glacier", ("0c1626", "2f4a6e", "6d93b8", "b5d0e0", "fafcfd"), "e8743b"),
        Palette("ochre", ("1d140d", "5d3a1e", "a8703a", "dcb274", "f8ecd2"), "2e6f9e"),
        Palette("orchid", ("220b26", "6d1f5c", "c23f86", "f09ab6", "fdf0ec"), "3f9c6b"),
        Palette("graphite", ("101113", "3b3e43", "7b7f84", "bfc1c1", "f7f6f2"), "d8382f"),
    )
}

"""Hashes of pictures that nobody has: of random ones with the spectrum of natural pictures.

What a hash sees of a picture are its lowest frequencies. In natural pictures their amplitude falls with
the frequency (Field 1987), and pictures of one kind have something in common, so that hashes lie nearer
together than bits drawn by chance. `tests` hold both to the hashes of photographs.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from pipeline.pictures.hashes import BYTES

_WAVES = 9
"""Frequencies across and down, 0 to 8, that hashes look at."""
_FALL, _COMMON = 1.7, 0.1
"""How fast amplitudes fall with the frequency, and the share of what differs that all have in common."""


def hashes(first: int, rows: int) -> np.ndarray:
    """The hashes of pictures first … first + rows − 1: (rows, 24) uint8, see `pictures.hashes`."""
    amplitudes, coarse, stepped = _world()
    common = np.random.default_rng(0).normal(size=(1, _WAVES * _WAVES))
    own = np.random.default_rng([first, rows]).normal(size=(rows, _WAVES * _WAVES))
    waves = ((np.sqrt(_COMMON) * common + np.sqrt(1 - _COMMON) * own) * amplitudes).astype(np.float32)
    eight = waves @ coarse
    nine = (waves @ stepped).reshape(rows, 8, 9)
    low = waves.reshape(rows, _WAVES, _WAVES)[:, 1:, 1:].reshape(rows, 64)
    bits = (
        eight > eight.mean(axis=1, keepdims=True), (np.diff(nine, axis=2) > 0).reshape(rows, 64),
        low > np.median(low, axis=1, keepdims=True),
    )  # fmt: skip
    return np.packbits(np.concatenate(bits, axis=1), axis=1).reshape(rows, BYTES)


@cache
def _world() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Amplitudes (81,) of the waves, and what each does to 8 × 8 and to 8 × 9 pixels: (81, 64), (81, 72) float32."""
    down, across = np.divmod(np.arange(_WAVES * _WAVES), _WAVES)
    far = np.hypot(down, across)
    amplitudes = np.where(far > 0, np.maximum(far, 1) ** -_FALL, 0)

    def cosines(wave: np.ndarray, pixels: int) -> np.ndarray:
        return np.cos(np.pi * wave[:, None] * (2 * np.arange(pixels) + 1) / (2 * pixels))

    def pixels(tall: int, wide: int) -> np.ndarray:
        both = cosines(down, tall)[:, :, None] * cosines(across, wide)[:, None, :]
        return both.reshape(len(far), -1).astype(np.float32)

    return amplitudes, pixels(8, 8), pixels(8, 9)

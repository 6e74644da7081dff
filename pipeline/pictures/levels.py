"""Samples of any depth as 16 bits over the whole range."""

from __future__ import annotations

import numpy as np

_TAIL = 0.005  # of the samples may lie outside the range, if far outside
_LOOKED_AT = 1_000_000  # samples, for the range
_STEP = 4_000_000  # samples that are scaled at a time


def spread(values: np.ndarray) -> np.ndarray:
    """Whole numbers of 32 bits or floats, of any shape, as uint16 over their range."""
    flat = values.reshape(-1)
    low, high = range_of(flat[:: max(1, flat.size // _LOOKED_AT)], float(flat.min()), float(flat.max()))
    out = np.empty(flat.shape, np.uint16)
    for at in range(0, flat.size, _STEP):
        out[at : at + _STEP] = scaled(flat[at : at + _STEP], low, high)
    return out.reshape(values.shape)


def range_of(some: np.ndarray, least: float, most: float) -> tuple[float, float]:
    """Lowest and highest level of a picture: of some of its samples, the least and the most of all.

    Floats within 0–1 are taken as they are, whole numbers from 0 up by the bits they use. Else
    the range is that of the samples, but for a few that lie far outside the others: one of
    them would flatten the rest. What is no number counts as zero.
    """
    real = some.dtype.kind == "f"
    if real:
        some = np.where(np.isfinite(some), some, 0)
    low, high = (float(v) for v in np.quantile(some, (_TAIL, 1 - _TAIL), method="nearest"))
    least = min(least if np.isfinite(least) else low, float(some.min()))
    most = max(most if np.isfinite(most) else high, float(some.max()))
    if real and low >= 0 and 1 / 255 < high <= 1:
        return 0.0, 1.0
    if not real and least >= 0:
        return 0.0, float((1 << int(high or most).bit_length()) - 1)
    width = high - low
    if width == 0:
        return least, most
    return (least if low - least <= width else low), (most if most - high <= width else high)


def scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Numbers as uint16, `low` as 0 and `high` as 65535; what is no number as zero is."""
    width = (high - low) or 1.0
    levels = values.astype(np.float64)
    if values.dtype.kind == "f":
        levels[~np.isfinite(levels)] = 0
    levels -= low
    levels *= 65535 / width
    return np.rint(np.clip(levels, 0, 65535, out=levels), out=levels).astype(np.uint16)


def widened(values: np.ndarray, bits: int) -> np.ndarray:
    """uint16 samples of which only the low `bits` are used as uint16 over the whole range."""
    if bits >= 16:
        return values
    top = (1 << bits) - 1
    return (np.minimum(values, top).astype(np.uint32) * 65535 // top).astype(np.uint16)


def used_bits(most: int) -> int:
    """How many bits the samples of a 16-bit file use, by the largest of them: 8 to 16.

    Cameras and microscopes keep 10 to 14 bits in words of 16: as they stand they are all but
    black. What fills at most 12 bits is taken for such.
    """
    return max(8, most.bit_length()) if 0 < most < 4096 else 16

"""Samples of any depth as 16 bits over the whole range."""

from __future__ import annotations

import numpy as np

_TAIL = 0.005  # of the samples may lie outside the range, if far outside
_LOOKED_AT = 4_000_000  # samples, for the range


def spread(values: np.ndarray) -> np.ndarray:
    """Whole numbers of 32 bits or floats (h, w[, c]) as uint16, lowest to highest.

    Floats within 0–1 are taken as they are. Else the range is that of the samples, but for a
    few that lie far outside the others: one of them would flatten the rest. What is no number
    counts as zero.
    """
    values = np.asarray(values)
    if values.dtype.kind == "f":
        values = np.where(np.isfinite(values), values, 0)
    low, high = _range(values)
    scaled = (values.astype(np.float32) - np.float32(low)) * np.float32(65535 / ((high - low) or 1.0))
    return np.rint(np.clip(scaled, 0, 65535)).astype(np.uint16)


def _range(values: np.ndarray) -> tuple[float, float]:
    flat = values.reshape(-1)
    some = flat[:: max(1, flat.size // _LOOKED_AT)]
    low, high = (float(v) for v in np.quantile(some, (_TAIL, 1 - _TAIL), method="nearest"))
    least, most = float(flat.min()), float(flat.max())
    if values.dtype.kind == "f" and low >= 0 and high <= 1 and high > 1 / 255:
        return 0.0, 1.0
    width = high - low
    if width == 0:
        return (low, high) if least == most else (least, most)
    return (least if low - least <= width else low), (most if most - high <= width else high)


def widened(values: np.ndarray, bits: int) -> np.ndarray:
    """uint16 samples of which only the low `bits` are used as uint16 over the whole range."""
    if bits >= 16:
        return values
    top = (1 << bits) - 1
    return (np.minimum(values, top).astype(np.uint32) * 65535 // top).astype(np.uint16)


def used_bits(values: np.ndarray, declared: int) -> int:
    """How many bits the samples of a 16-bit file use, 8 to 16.

    Cameras and microscopes keep 10 to 14 bits in words of 16: as they stand they are all but
    black. What fills at most 12 bits is taken for such.
    """
    if declared < 16:
        return max(8, declared)
    most = int(values.max(initial=0))
    return max(8, most.bit_length()) if 0 < most < 4096 else 16

"""Two pictures of the same, brought to one brightness and contrast."""

from __future__ import annotations

import numpy as np

_SKIP = 7  # of the pixels one in so many says how bright the whole is
_VARIED = 16.0  # variance in gray levels below which nothing can be fitted


def fit(one: np.ndarray, other: np.ndarray, inside: np.ndarray) -> tuple[float, float, bool]:
    """(gain, offset, whether they are for the other) that bring two pictures to one brightness and contrast:
    of both ways, and of two starts, the one that fits most of the picture best, so that what lies over a part
    of it does not count."""
    x, y = one[inside][::_SKIP], other[inside][::_SKIP]
    near = np.abs(x - y)
    starts = np.ones(len(x), bool), near <= np.quantile(near, 0.7)
    ways = [(*_line(x, y, kept), False) for kept in starts] + [(*_line(y, x, kept), True) for kept in starts]
    return min(ways)[1:]


def fitted(one: np.ndarray, other: np.ndarray, gain: float, offset: float, turned: bool) -> tuple[np.ndarray, np.ndarray]:
    """The pictures with one of them changed so."""
    if turned:
        return one, np.clip(gain * other + offset, 0, 255)
    return np.clip(gain * one + offset, 0, 255), other


def _line(x: np.ndarray, y: np.ndarray, kept: np.ndarray) -> tuple[float, float, float]:
    """(how far 70 % of y lie from it at most, gain, offset) of the line through (x, y), by least squares over
    what fits; what is cut off at white or black is left out."""
    gain, offset = 1.0, 0.0
    whole = (y > 3) & (y < 251)
    for _ in range(3):
        some = kept & whole if (kept & whole).sum() > 0.05 * len(x) else kept
        spread = float(x[some].var()) if some.any() else 0.0
        if spread < _VARIED:
            break
        gain = float(((x[some] - x[some].mean()) * (y[some] - y[some].mean())).mean()) / spread
        gain = min(max(gain, 0.3), 3.0)
        offset = float(y[some].mean() - gain * x[some].mean())
        apart = np.abs(np.clip(gain * x + offset, 0, 255) - y)
        kept = apart <= np.quantile(apart, 0.75)
    apart = np.abs(np.clip(gain * x + offset, 0, 255) - y)
    return float(np.quantile(apart, 0.7)) / max(gain, 1.0), gain, offset

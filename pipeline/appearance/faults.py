"""What is wrong with a picture as a picture: blurred, dark, overexposed, flat, tiny, of an odd shape.

The bounds were chosen on 150 photographs of clothing, of which none by itself is called so; changed, so many are:

    blurred       by a Gaussian of 1 px of the thumbnail 34 %, of 1.5 px 83 %, of 2 px 97 %; shaken over 15 px 89 %
    dark          by 2 stops 7 %, by 3 92 %, by 4 all
    overexposed   by 1 stop 4 %, by 2 20 %, by 3 28 %

Many of these lie on a light ground, which then is white, and what stands on a white ground is no fault: else 34
pictures of 1,070 things were called overexposed that are cut out, now 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

_BLURRED = 0.58  # sharpness
_DARK = 0.35  # of 95 % of the picture
_BURNT, _NO_DARK = 0.3, 0.2  # so much is white, and next to nothing is darker than that
_GROUND = 0.7  # of the border: what stands on a white ground is no fault
_FLAT = 0.15  # from the darkest to the lightest
_TINY = 40_000  # px: 200 × 200
_LONG = 3.0  # times as long as wide


def _flat(of: Mapping[str, np.ndarray]) -> np.ndarray:
    return (of["lightest"] - of["darkest"] < _FLAT) & ~(of["dark"] < _DARK)  # what is dark is near to flat by itself


_TESTS: dict[str, Callable[[Mapping[str, np.ndarray]], np.ndarray]] = {
    "blurred": lambda of: (of["sharpness"] < _BLURRED) & ~_flat(of),
    "dark": lambda of: of["dark"] < _DARK,
    "overexposed": lambda of: (of["burnt"] >= _BURNT) & (of["darkest"] >= _NO_DARK) & (of["ground"] < _GROUND) & ~_flat(of),
    "flat": _flat,
    "tiny": lambda of: of["width"] * of["height"] < _TINY,
    "odd shape": lambda of: np.maximum(of["width"], of["height"]) >= _LONG * np.minimum(of["width"], of["height"]),
}

FAULTS = tuple(_TESTS)
"""What they are called, in addresses too."""


def faults(of: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Which images (n,) have which fault: {name: (n,) bool}.

    of: the figures of `pictures.appearance.FIGURES`, and width and height in px, each (n,) float, NaN where it is
    not known; what is not known is no fault.
    """
    with np.errstate(invalid="ignore"):
        return {name: test(of) for name, test in _TESTS.items()}

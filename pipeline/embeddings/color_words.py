"""Words for colors, and what each of them looks like.

A word stands for a region of the colors there are: a span of hue, lightness and chroma in
OKLCh (Ottosson 2020, "A perceptual color space for image processing"), with soft borders.
The eleven basic terms are those of Berlin & Kay (1969); where they begin and end was set by
looking at charts of them. Other words are a color and its neighborhood.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

_STEPS = 33
"""Levels per channel of the lattice of all colors: 8 of 255 apart."""
_HUE, _LIGHTNESS, _CHROMA = 12.0, 0.08, 0.03
"""Width of a region's soft borders: degrees, and OKLCh's own units."""
_NAMED, _GIVEN = 0.05, 0.015
"""Standard deviations in OKLab around a color that a word names, and around one given in figures.
Palettes of the sample gallery, five colors each, find their pictures with R-precision 0.95 at
0.015, 0.85 at 0.03, 0.60 at 0.06."""

PLAIN = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "beige", "white", "gray", "black")
"""Of any two colors there are, each has one of these names: the eleven basic terms, one between green
and blue, and what sand, skin and light wood have, which would else be brown or white."""

_ANY = (0.0, 0.0)
_REGIONS: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "red": ((5, 42), (0.15, 0.72), (0.08, 1)),
    "orange": ((42, 75), (0.5, 0.9), (0.09, 1)),
    "brown": ((35, 95), (0.15, 0.68), (0.03, 0.13)),
    "yellow": ((78, 115), (0.65, 1), (0.08, 1)),
    "green": ((112, 170), (0.15, 0.95), (0.04, 1)),
    "teal": ((168, 215), (0.2, 0.95), (0.03, 1)),
    "blue": ((215, 290), (0.15, 0.95), (0.03, 1)),
    "purple": ((285, 345), (0.12, 0.8), (0.04, 1)),
    "pink": ((330, 30), (0.55, 0.95), (0.05, 1)),
    "beige": ((50, 105), (0.7, 0.93), (0.025, 0.075)),
    "gray": (_ANY, (0.2, 0.9), (-1, 0.02)),
    "white": (_ANY, (0.9, 2), (-1, 0.03)),
    "black": (_ANY, (-1, 0.22), (-1, 0.03)),
    "black and white": (_ANY, (-1, 2), (-1, 0.015)),
    "dark": (_ANY, (-1, 0.32), (-1, 1)),
    "light": (_ANY, (0.8, 2), (-1, 1)),
    "pastel": (_ANY, (0.75, 0.95), (0.03, 0.1)),
    "pale": (_ANY, (0.7, 0.97), (0.01, 0.07)),
    "muted": (_ANY, (0.3, 0.75), (0.015, 0.07)),
    "vivid": (_ANY, (0.3, 0.95), (0.17, 1)),
    "warm": ((20, 100), (0.3, 0.95), (0.05, 1)),
    "cold": ((190, 290), (0.2, 0.95), (0.03, 1)),
}  # fmt: skip
"""{word: hue in degrees from … to, lightness 0–1, chroma 0–0.33}; `_ANY`: all hues."""

_COLORS = {
    "aqua": "#3fd0d4", "burgundy": "#6e1630", "charcoal": "#36393f", "cream": "#f6edd2",
    "crimson": "#b8142f", "cyan": "#20c8dc", "gold": "#d4a628", "indigo": "#3a2f8f", "ivory": "#f4efdf",
    "khaki": "#b3a66e", "lavender": "#bda8e0", "lilac": "#c49fd6", "magenta": "#d0209c", "maroon": "#661a22",
    "mint": "#a4e4c0", "navy": "#18275c", "ochre": "#c4862e", "olive": "#6e7230", "rust": "#a4482a",
    "scarlet": "#e02a20", "sepia": "#8a6a4a", "silver": "#bcc0c4", "tan": "#c8a67c",
    "turquoise": "#38c4b8", "violet": "#7a3fc0",
}  # fmt: skip

_SHADES: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "dark": ((-1, 0.45), (-1, 1)), "deep": ((-1, 0.5), (0.05, 1)), "light": ((0.7, 2), (-1, 1)),
    "pale": ((0.7, 2), (-1, 0.09)), "pastel": ((0.72, 2), (-1, 0.11)), "bright": ((0.55, 2), (0.12, 1)),
    "vivid": ((0.3, 2), (0.15, 1)), "muted": ((0.3, 0.8), (-1, 0.08)),
}  # fmt: skip
"""What a word before a color leaves of it: lightness and chroma."""

_SYNONYMS = {
    "grey": "gray", "violett": "violet", "golden": "gold", "silvery": "silver", "navy blue": "navy", "bright": "vivid",
    "colorful": "vivid", "colourful": "vivid", "neon": "vivid", "monochrome": "black and white",
    "grayscale": "black and white", "greyscale": "black and white", "b&w": "black and white",
    "black & white": "black and white", "black-and-white": "black and white", "colorless": "black and white",
    "cool": "cold", "gloomy": "dark", "pastels": "pastel", "cherry red": "crimson", "wine red": "burgundy",
    "bordeaux": "burgundy", "fuchsia": "magenta", "sky blue": "light blue", "baby blue": "pale blue",
}  # fmt: skip
_SAMPLES = {
    "black and white": "#8a8a8a", "dark": "#1f1d22", "light": "#f2ead8", "pastel": "#f3c6cf", "pale": "#e4e0ee",
    "muted": "#8f867c", "vivid": "#f0288c", "warm": "#e8873a", "cold": "#3f86c6",
}  # fmt: skip
"""Of words that say no one color."""
_HEX = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})", re.ASCII)


@lru_cache
def terms() -> tuple[str, ...]:
    """The words there are, those before a color not counted, in the order of the table."""
    return (*_REGIONS, *_COLORS)


def find(words: str) -> str | None:
    """The term that this is, as `membership` knows it: a word, a word before a color (`dark red`,
    `light blue`), or hexadecimal (`#c8452b`); None: it is no color."""
    asked = " ".join(words.casefold().split())
    asked = _SYNONYMS.get(asked, asked)
    if asked in _REGIONS or asked in _COLORS:
        return asked
    if _HEX.fullmatch(asked):
        return "#{:02x}{:02x}{:02x}".format(*rgb(asked))
    shade, _, color = asked.partition(" ")
    color = _SYNONYMS.get(color, color)
    colored = color in _COLORS or color in PLAIN
    return f"{shade} {color}" if shade in _SHADES and colored else None


@lru_cache(maxsize=64)
def sample(term: str) -> str:
    """A color to show beside a term, as #rrggbb: one of those that are that most of all."""
    if term.startswith("#") or term in _COLORS:
        return _COLORS.get(term, term)
    if term in _SAMPLES:
        return _SAMPLES[term]
    degrees = membership(term)
    place = oklab(lattice()[degrees > 0.9 * degrees.max()])
    middle = np.square(place - place.mean(axis=0)).sum(axis=1).argmin()
    return "#{:02x}{:02x}{:02x}".format(*lattice()[degrees > 0.9 * degrees.max()][middle].tolist())


def rgb(code: str) -> tuple[int, int, int]:
    """`#rgb` or `#rrggbb`, in any case, as 0–255; ValueError for anything else."""
    found = _HEX.fullmatch(code.strip().casefold())
    if not found:
        raise ValueError(f"{code!r} is no color; write it as #rrggbb.")
    digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
    return tuple(int(digits[at : at + 2], 16) for at in (0, 2, 4))


@lru_cache
def lattice() -> np.ndarray:
    """Colors at even steps through all there are: (35937, 3) uint8 sRGB."""
    levels = np.linspace(0, 255, _STEPS).round().astype(np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)


@lru_cache(maxsize=64)
def membership(term: str) -> np.ndarray:
    """How far each color of the lattice is what a term of `find` says: (35937,) float64, 0–1."""
    if term in _REGIONS:
        return _inside(*_REGIONS[term])
    if term.startswith("#"):
        return around(rgb(term))
    if term in _COLORS:
        return around(rgb(_COLORS[term]), _NAMED)
    shade, color = term.split(" ", 1)
    left = membership(color) * _inside(_ANY, *_SHADES[shade])
    return left if left.max() > 0.1 else membership(color)  # black is no lighter than it is


def around(color: tuple[int, int, int], spread: float = _GIVEN) -> np.ndarray:
    """How near each color of the lattice is to one: (35937,) float64, 0–1, 1 for the nearest."""
    apart = np.square(oklab(lattice()) - oklab(np.array([color]))).sum(axis=1)
    return np.exp((apart.min() - apart) / (2 * spread**2))


def shares(pixels: np.ndarray) -> dict[str, float]:
    """How much of some pixels (n, 3) uint8 each of the plain colors takes: sums to 1."""
    found = np.bincount(named()[places(pixels)], minlength=len(PLAIN)) / len(pixels)
    return dict(zip(PLAIN, found.tolist()))


def places(colors: np.ndarray) -> np.ndarray:
    """Where the nearest colors of the lattice are to some (…, 3) uint8: (…) int64."""
    return np.rint(colors.astype(np.float32) * (_STEPS - 1) / 255).astype(np.int64) @ (_STEPS * _STEPS, _STEPS, 1)


def called(term: str) -> np.ndarray:
    """How far each color of the lattice is called by a term of `find`: (35937,) float64, 0–1. A plain
    color is that or is not: where one ends, the next one begins."""
    return (named() == PLAIN.index(term)).astype(np.float64) if term in PLAIN else membership(term)


@lru_cache
def named() -> np.ndarray:
    """Which of the plain colors each color of the lattice is, most of all: (35937,) int64, places in `PLAIN`."""
    from scipy.spatial import cKDTree

    degrees = np.stack([membership(name) for name in PLAIN])
    found, between = degrees.argmax(axis=0), degrees.max(axis=0) <= 0
    near = oklab(lattice()) * (1, 2, 2)  # a hue apart is more of another color than a shade apart
    found[between] = found[~between][cKDTree(near[~between]).query(near[between])[1]]
    return found


def _inside(hue: tuple[float, float], lightness: tuple[float, float], chroma: tuple[float, float]) -> np.ndarray:
    place = oklab(lattice())
    found = _band(place[:, 0], lightness, _LIGHTNESS) * _band(np.hypot(place[:, 1], place[:, 2]), chroma, _CHROMA)
    if hue == _ANY:
        return found
    half = (hue[1] - hue[0]) % 360 / 2
    turned = np.degrees(np.arctan2(place[:, 2], place[:, 1])) - hue[0] - half
    return found * np.clip((half - np.abs((turned + 180) % 360 - 180)) / _HUE + 0.5, 0, 1)


def _band(values: np.ndarray, span: tuple[float, float], soft: float) -> np.ndarray:
    return np.clip((values - span[0]) / soft + 0.5, 0, 1) * np.clip((span[1] - values) / soft + 0.5, 0, 1)


def oklab(colors: np.ndarray) -> np.ndarray:
    """sRGB (n, 3) 0–255 as OKLab (n, 3) float64: lightness 0–1, and two axes of color."""
    light = np.asarray(colors, np.float64) / 255
    light = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    cones = np.cbrt(light @ np.array(_TO_CONES).T)
    return cones @ np.array(_TO_LAB).T


_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)

"""What the gallery holds: one entry a picture, decided before anything is painted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.gallery.ferns import fern
from pipeline.gallery.landscapes import desert_dunes, dusk_seascape, misty_forest, mountain_haze
from pipeline.gallery.materials import brick_wall, marbled_paper, tree_rings, woven_fabric
from pipeline.gallery.objects import flag, flower, hot_air_balloons
from pipeline.gallery.palettes import PALETTES
from pipeline.gallery.patterns import contour_map, stained_glass, truchet_tiles
from pipeline.gallery.scene import Scene
from pipeline.gallery.skies import night_skyline, planet, spiral_galaxy

THEMES: dict[str, Callable[[Scene], np.ndarray]] = {
    "brick-wall": brick_wall,
    "contour-map": contour_map,
    "desert-dunes": desert_dunes,
    "dusk-seascape": dusk_seascape,
    "fern": fern,
    "flag": flag,
    "flower": flower,
    "hot-air-balloons": hot_air_balloons,
    "marbled-paper": marbled_paper,
    "misty-forest": misty_forest,
    "mountain-haze": mountain_haze,
    "night-skyline": night_skyline,
    "planet": planet,
    "spiral-galaxy": spiral_galaxy,
    "stained-glass": stained_glass,
    "tree-rings": tree_rings,
    "truchet-tiles": truchet_tiles,
    "woven-fabric": woven_fabric,
}
"""Every theme by the name of its folder: a painter takes a scene and gives (h, w, 3) uint8 RGB."""

LAYOUTS = 4
PALETTES_PER_THEME = 6
DUPLICATE_EVERY = 10
"""One near duplicate for every so many originals."""

CHANGES = ("crop", "recolor", "reencode", "rotate")
SIZES = ((384, 384), (384, 288), (288, 384))


@dataclass(frozen=True)
class Entry:
    """One picture to paint, in full: what a worker needs to know and the truth file tells.

    `number` seeds its chance together with the gallery's seed; a near duplicate carries
    the number of its original, the change made to it, and the original's path.
    """

    number: int
    path: str
    theme: str
    palette: str
    layout: int
    width: int
    height: int
    change: str = ""
    duplicate_of: str = ""


def chance(seed: int, *what: int) -> np.random.Generator:
    """The chance of a gallery's seed, any whole number, for one of its pictures or for its plan."""
    return np.random.default_rng([seed % 2**64, *what])


def plan(seed: int) -> list[Entry]:
    """Every picture of the gallery of this seed, originals first, then near duplicates."""
    rng = chance(seed, 0)
    originals: list[Entry] = []
    names = list(PALETTES)
    for theme in THEMES:
        start = int(rng.integers(len(names)))
        for turn in range(PALETTES_PER_THEME):
            palette = names[(start + turn) % len(names)]
            for layout in range(LAYOUTS):
                number = len(originals)
                width, height = SIZES[int(rng.choice(3, p=(0.5, 0.3, 0.2)))]
                suffix = _suffix(number)
                path = f"{theme}/{palette}-{layout + 1}{suffix}"
                entry = Entry(number, path, theme, palette, layout, width, height)
                originals.append(entry)
    # One from every ten, each time from another place among them: layouts take turns.
    blocks = range(len(originals) // DUPLICATE_EVERY)
    chosen = [originals[DUPLICATE_EVERY * k + 7 * k % DUPLICATE_EVERY] for k in blocks]
    return originals + [
        _duplicate(original, CHANGES[k % len(CHANGES)], names) for k, original in enumerate(chosen)
    ]


def _suffix(number: int) -> str:
    """Mostly JPEG, now and then PNG or WebP, as folders of pictures are."""
    return {7: ".png", 19: ".webp"}.get(number % 29, ".jpg")


def _duplicate(original: Entry, change: str, names: list[str]) -> Entry:
    palette = original.palette
    if change == "recolor":
        palette = names[(names.index(palette) + 3) % len(names)]
    stem = original.path.rsplit(".", 1)[0]
    return Entry(
        number=original.number,
        path=f"{stem}-{change}.jpg",
        theme=original.theme,
        palette=palette,
        layout=original.layout,
        width=original.width,
        height=original.height,
        change=change,
        duplicate_of=original.path,
    )

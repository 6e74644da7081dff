"""Copies found by Likeness and by imagededup, in one run: `python -m tests.beside_imagededup PHOTOS --count 100`.

Outside the suite; imagededup is none of Likeness' requirements: `pip install --no-deps imagededup PyWavelets` and
matplotlib, or have them on PYTHONPATH. Draws photographs and makes of each the copies that imagededup publishes
figures of, and an exact one (tests/copies.py). As there, all pairs of one photograph's pictures count, and every
method has its default: a distance of 10 of 64 bits. Its network is left out, whose weights have to be downloaded.
Prints a table for the README: share of pairs found by kind of change, of all pairs, precision, seconds.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import os
import random
import tempfile
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np

from pipeline import duplicates
from pipeline.errors import ImageError
from pipeline.pictures import decoding
from tests.copies import IMAGEDEDUP
from tests.measure_copies import library_of

EXACT = "exact"
_METHODS = ("PHash", "DHash", "AHash", "WHash")
_BITS = 10  # imagededup's default

Pairs = set[frozenset]


def written(folder: Path, photos: Path, count: int, skip: int) -> dict[str, tuple[int, str]]:
    """Photographs and their copies by name: which photograph, and what became of it; "" for itself."""
    files = sorted(file for file in photos.rglob("*") if decoding.is_image_name(file))
    random.Random(0).shuffle(files)
    made = {}
    for number, file in enumerate(files[skip : skip + count]):
        try:
            pixels = decoding.decode(decoding.read(file))
        except ImageError:
            continue
        pictures = {"": pixels, **{kind: change(pixels) for kind, change in IMAGEDEDUP.items()}}
        for at, (kind, picture) in enumerate(pictures.items()):
            name = f"{number:04}-{at}.jpg"
            (folder / name).write_bytes(decoding.encode_jpeg(np.ascontiguousarray(picture), 90))
            made[name] = number, kind
        (folder / f"{number:04}-x.jpg").write_bytes((folder / f"{number:04}-0.jpg").read_bytes())
        made[f"{number:04}-x.jpg"] = number, EXACT
    return made


def by_likeness(folder: Path, data: Path) -> Pairs:
    """The pairs of images that Likeness puts into one group, from nothing."""
    library = library_of(folder, data)
    return {frozenset((a.path, b.path)) for group in duplicates.find(library) for a, b in combinations(group.images, 2)}


def by_imagededup(folder: Path, name: str) -> Pairs:
    """The pairs that a method of imagededup finds, from nothing."""
    from imagededup import methods

    method = getattr(methods, name)(verbose=False)
    found = method.find_duplicates(image_dir=str(folder), max_distance_threshold=_BITS)
    return {frozenset((one, other)) for one, others in found.items() for other in others}


def seconds() -> float:
    """Of the processor, by this process and those it has waited for."""
    return sum(os.times()[:4])


def row(title: str, found: Pairs, made: dict[str, tuple[int, str]], took: float) -> str:
    """One line of the table."""
    had, wanted = Counter(), Counter()
    for one, other in combinations(made, 2):
        if made[one][0] == made[other][0]:
            right = frozenset((one, other)) in found
            kinds = {made[one][1], made[other][1]} - {""}
            for kind in ["all", *(kinds if "" in (made[one][1], made[other][1]) else ())]:
                wanted[kind] += 1
                had[kind] += right
    wrong = sum(len({made[name][0] for name in pair}) > 1 for pair in found)
    shares = " | ".join(f"{had[kind] / wanted[kind]:.3f}" for kind in [EXACT, *IMAGEDEDUP, "all"])
    return f"| {title} | {shares} | {1 - wrong / max(1, len(found)):.3f} | {took:.0f} s |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--skip", type=int, default=0, help="leave out the first, on which thresholds were chosen")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        folder.mkdir()
        made = written(folder, given.photos, given.count, given.skip)
        print(f"{len(made):,} pictures of {len({number for number, _ in made.values()}):,} photographs\n")
        print(f"| | {' | '.join([EXACT, *IMAGEDEDUP])} | all pairs | precision | processor |")
        print("|---" * (len(IMAGEDEDUP) + 5) + "|")
        ways = [("Likeness", lambda: by_likeness(folder, Path(place) / "data"))]
        if importlib.util.find_spec("imagededup"):
            ways += [(f"imagededup {name}", lambda name=name: by_imagededup(folder, name)) for name in _METHODS]
        for title, way in ways:
            began = seconds()
            print(row(title, way(), made, seconds() - began), flush=True)


if __name__ == "__main__":
    main()

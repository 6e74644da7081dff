"""How well copies are found, and what else is taken for one: `python -m tests.measure_copies PHOTOS --count 100`.

Outside the suite. Draws photographs, puts a changed copy of each beside it for every change of tests/copies.py,
makes a library of all and looks for duplicates. A pair counts as found where both are in one group. Precision is
of all pairs in groups that are not of one original: each wrong one is printed. `--flat` does the same for the 324
flat pictures of tests/flat_pictures.py; `--skip N` leaves out the first ones, on which thresholds were chosen.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from pipeline import duplicates, index
from pipeline.errors import ImageError
from pipeline.extraction.embed import embed
from pipeline.extraction.scan import scan
from pipeline.library import Library
from pipeline.pictures import decoding
from tests import flat_pictures
from tests.copies import CHANGES, LETTERS

Truth = dict[frozenset, str]


def written(folder: Path, photos: Path, count: int, skip: int) -> tuple[Truth, dict[str, str]]:
    """Originals and copies: which pairs are copies, and of what kind; the original of each file."""
    files = sorted(file for file in photos.rglob("*") if decoding.is_image_name(file))
    random.Random(0).shuffle(files)
    truth, of = {}, {}
    for number, file in enumerate(files[skip : skip + count]):
        try:
            pixels = decoding.decode(decoding.read(file))
        except ImageError:
            continue
        first = f"{number:04}.jpg"
        (folder / first).write_bytes(file.read_bytes())
        of[first] = first
        for kind, change in CHANGES.items():
            name = f"{number:04}-{kind}.jpg"
            (folder / name).write_bytes(decoding.encode_jpeg(np.ascontiguousarray(change(pixels)), 90))
            truth[frozenset((first, name))], of[name] = kind, first
    return truth, of


def flat(folder: Path) -> tuple[Truth, dict[str, str]]:
    """The same of the flat pictures."""
    originals, copies, pairs = flat_pictures.made()
    of = {name: name for name in originals}
    for name, pixels in originals.items():
        (folder / name).write_bytes(cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes())
    for name, (pixels, quality) in copies.items():
        (folder / name).write_bytes(decoding.encode_jpeg(pixels, quality))
    truth = {}
    for pair in pairs:
        first, copy = sorted(pair, key=lambda name: name.startswith("copy-"))
        truth[pair], of[copy] = copy.split("-")[1], first
    return truth, of


def library_of(folder: Path, data: Path) -> Library:
    """A library by color and texture."""
    library = Library(data, create=True)
    scan(library, folder)
    embed(library, ["color", "sift"])
    index.build(library)
    return library


def main() -> None:
    """Print recall by change, precision, and what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--flat", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        folder.mkdir()
        truth, of = flat(folder) if given.flat else written(folder, given.photos, given.count, given.skip)
        library = library_of(folder, Path(place) / "data")
        began = time.process_time()
        groups = duplicates.find(library)
        report(groups, truth, of)
        print(f"{library.counts()['ok']:,} pictures, {time.process_time() - began:.1f} s of the processor")


def report(groups: list[duplicates.Group], truth: Truth, of: dict[str, str]) -> None:
    """Of pairs of an original and its copy: found or not; of all pairs in groups: right or not."""
    found = {frozenset((a.path, b.path)) for group in groups for a, b in combinations(group.images, 2)}
    wanted, had = Counter(truth.values()), Counter(kind for pair, kind in truth.items() if pair in found)
    for kind, count in wanted.items():
        missed = sorted(min(pair, key=len) for pair, one in truth.items() if one == kind and pair not in found)
        print(f"{kind:12} {had[kind]:4} of {count:4}  {had[kind] / count:.3f}  {' '.join(missed[:6])}")
    letters = [kind for kind in LETTERS if kind in wanted]
    if letters:
        print(f"letters      {sum(had[kind] for kind in letters) / sum(wanted[kind] for kind in letters):.3f}")
    wrong = [pair for pair in found if len({of[name] for name in pair}) > 1]
    print(f"recall {sum(had.values()) / len(truth):.3f}, precision {1 - len(wrong) / max(1, len(found)):.3f} "
          f"({len(wrong)} of {len(found)} pairs wrong)")
    for group in groups:
        for pair in group.pairs:
            paths = [next(row.path for row in group.images if row.id == i) for i in (pair.one, pair.other)]
            if of[paths[0]] != of[paths[1]]:
                print("  wrong:", *paths, pair.reason.kind, pair.reason.text)


if __name__ == "__main__":
    main()

"""The figures of `pictures.appearance` of every image, as `appearance/measured.npz`; only what changed is looked at.

They come from the thumbnails, so that no picture is decoded again, and a library from before there were
any gets them with its next run: 0.5 ms of the processor an image.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from pipeline import settings
from pipeline.errors import ImageError
from pipeline.library import Library, derived, hashes
from pipeline.library.vectors import chunks
from pipeline.pictures import appearance, decoding
from pipeline.progress import Progress, Silent

FEW = 2_000
"""Images that a page looks at itself, in a second."""
_PLACE = "appearance/measured"
_in_memory: WeakKeyDictionary[Library, tuple[int, Measured, bool]] = WeakKeyDictionary()
"""What is known in which generation, and whether of all images."""


@dataclass(frozen=True, eq=False)
class Measured:
    """ids: (n,) int64 ascending. figures: (n, 7) float32, `appearance.FIGURES`; a row of NaN where the
    thumbnail cannot be read."""

    ids: np.ndarray
    figures: np.ndarray

    def of(self, ids: np.ndarray, name: str) -> np.ndarray:
        """A figure of images (k,) int64: (k,) float64, NaN where it is not known."""
        if not len(self.ids):
            return np.full(len(ids), np.nan)
        at = np.searchsorted(self.ids, ids).clip(max=len(self.ids) - 1)
        found = self.figures[at, appearance.FIGURES.index(name)].astype(np.float64)
        return np.where(self.ids[at] == ids, found, np.nan)


def measured(library: Library, progress: Progress = Silent(), most: int | None = None) -> Measured:
    """The figures of all images that have a thumbnail, as kept or found now. most: where more have to be
    looked at, only what is kept is told."""
    now = library.generation()
    memory = _in_memory.get(library)
    if memory is None or memory[0] != now or not (memory[2] or most is not None):
        memory = _in_memory[library] = (now, *_brought_up(library, now, progress, most))
    return memory[1]


def at_hand(library: Library) -> Measured:
    """As `measured`, without keeping a page waiting."""
    return measured(library, most=FEW)


def _brought_up(library: Library, now: int, progress: Progress, most: int | None) -> tuple[Measured, bool]:
    """What is known, and whether of all that there are."""
    key = derived.key_of(appearance.VERSION, appearance.FIGURES)
    kept = derived.load(library, _PLACE, key)
    known = _nothing() if kept is None else Measured(kept.arrays["ids"], kept.arrays["figures"])
    if kept is not None and kept.about["generation"] == now:
        return known, True
    having = _having(library)
    changed = having if kept is None else hashes.changed_since(library, kept.about["generation"])
    stays = np.isin(known.ids, having) & ~np.isin(known.ids, changed)
    missing = np.setdiff1d(having, known.ids[stays])
    if kept is not None and not len(missing) and stays.all():
        return known, True
    if most is not None and len(missing) > most:
        return known, False
    progress.start("appearance", len(missing))
    ids = np.concatenate([known.ids[stays], missing])
    figures = np.concatenate([known.figures[stays], *_looked_at(library, missing.tolist(), progress)])
    order = np.argsort(ids)
    found = Measured(ids[order], figures[order])
    derived.offer(library, _PLACE, key, {"ids": found.ids, "figures": found.figures}, {"generation": now})
    return found, True


def _having(library: Library) -> np.ndarray:
    """The `ok` images that have a thumbnail, (n,) int64 ascending."""
    sql = "SELECT id FROM images WHERE state = 'ok' ORDER BY id"
    ids = np.fromiter((row[0] for row in library.db.execute(sql)), np.int64)
    return np.setdiff1d(ids, np.array(library.without_thumbnail(), np.int64), assume_unique=True)


def _looked_at(library: Library, ids: list[int], progress: Progress) -> Iterator[np.ndarray]:
    """Figures of ascending ids, a chunk after the other."""
    with ThreadPoolExecutor(settings.cores()) as threads:
        for chunk in chunks(ids):
            marks = ",".join("?" * len(chunk))
            rows = dict(library.db.execute(f"SELECT image_id, jpeg FROM thumbnails WHERE image_id IN ({marks})", chunk))
            yield np.stack(list(threads.map(_measure, (rows.get(one) for one in chunk))))
            progress.advance(len(chunk))


def _measure(jpeg: bytes | None) -> np.ndarray:
    try:
        return appearance.measure(decoding.decode(jpeg or b"", decoding.THUMBNAIL_SIDE))
    except ImageError:
        return np.full(len(appearance.FIGURES), np.nan, np.float32)


def _nothing() -> Measured:
    return Measured(np.zeros(0, np.int64), np.zeros((0, len(appearance.FIGURES)), np.float32))

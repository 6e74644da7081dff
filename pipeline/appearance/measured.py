"""The figures of `pictures.appearance` of every image, as `appearance/measured.npz`; only what changed is looked at.

They come from the thumbnails, so that no picture is decoded again, and a library from before there were
any gets them with its next run: 0.5 ms of the processor an image.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from pipeline import settings
from pipeline.errors import ImageError
from pipeline.library import Library, derived, hashes
from pipeline.library.followed import Followed
from pipeline.library.vectors import chunks
from pipeline.pictures import appearance, decoding
from pipeline.progress import Progress, Silent

FEW = 2_000
"""Images that a page looks at itself, in a second."""


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


class _Following(Followed[Measured]):
    place, title = "appearance/measured", "appearance"

    def key(self, library: Library) -> str:
        return derived.key_of(appearance.VERSION, appearance.FIGURES)

    def having(self, library: Library) -> np.ndarray:
        """The `ok` images that have a thumbnail."""
        sql = "SELECT id FROM images WHERE state = 'ok' ORDER BY id"
        ids = np.fromiter((row[0] for row in library.db.execute(sql)), np.int64)
        return np.setdiff1d(ids, np.array(library.without_thumbnail(), np.int64), assume_unique=True)

    def changed(self, library: Library, generation: int) -> np.ndarray:
        return hashes.changed_since(library, generation)

    def look(self, library: Library, ids: np.ndarray, progress: Progress) -> Measured:
        return Measured(ids, np.concatenate([_nothing().figures, *_looked_at(library, ids.tolist(), progress)]))

    def nothing(self) -> Measured:
        return _nothing()


_following = _Following()


def measured(library: Library, progress: Progress = Silent(), most: int | None = None) -> Measured:
    """The figures of all images that have a thumbnail, as kept or found now. most: where more have to be
    looked at, only what is kept is told."""
    return _following.of(library, progress, most)


def at_hand(library: Library) -> Measured:
    """As `measured`, without keeping a page waiting."""
    return measured(library, most=FEW)


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

"""What of a library is taken along, and where it is written."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from pipeline import columns
from pipeline.errors import EmbeddingError, SettingsError
from pipeline.library import ImageRow, Library, notes


@dataclass(frozen=True)
class Wanted:
    """where: conditions that images meet. collection: only its images. embeddings: names; none: all there are.
    places: whether it may say where files lie. copy: whether files go along, where a kind can have them."""

    where: str = ""
    collection: str = ""
    embeddings: tuple[str, ...] = ()
    places: bool = True
    copy: bool = False

    def ids(self, library: Library) -> np.ndarray:
        """The images, (n,) int64 ascending; raises QueryError and NoteError for what there is not, and SettingsError
        where there are none."""
        table = columns.of(library).now()
        passed = table.all_passing(columns.parse(self.where))
        found = table.ids if passed is None else table.ids[passed]
        if self.collection:
            found = np.intersect1d(found, notes.collected(library, self.collection))
        if not len(found):
            raise SettingsError("There is no image to export.")
        return found.astype(np.int64)

    def names(self, library: Library) -> tuple[str, ...]:
        """The embeddings; EmbeddingError for one there is not."""
        known = library.embeddings()
        for name in self.embeddings:
            if name not in known:
                raise EmbeddingError(f"This library has no embedding {name!r}; it has: {', '.join(known) or 'none'}.")
        return self.embeddings or tuple(known)


@contextmanager
def written(target: Path, mode: str = "wb", **how) -> Iterator[IO]:
    """A file that is there whole or not at all; raises SettingsError where it cannot be written.

    A link is followed. Into a pipe or a device what comes is written as it comes: nothing takes its place.
    """
    if _is_stream(target):
        try:
            file = open(target, mode, **how)
        except OSError as error:
            raise SettingsError(f"{target} cannot be written ({error.strerror}).") from None
        with file:
            yield file
        return
    target = target.resolve() if target.is_symlink() else target
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        opened = open(beside, mode.replace("w", "x"), **how)  # for whom the person's umask lets it be
    except OSError as error:
        raise SettingsError(f"{target} cannot be written ({error.strerror}).") from None
    try:
        with opened as file:
            yield file
        with suppress(OSError):
            shutil.copymode(target, beside)  # of what it takes the place of
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def _is_stream(target: Path) -> bool:
    return target.is_relative_to("/dev") or target.is_relative_to("/proc") or (os.path.exists(target) and not os.path.isfile(target))


def still(library: Library, ids: np.ndarray) -> tuple[np.ndarray, dict[int, ImageRow]]:
    """Those of some images that nobody has forgotten since, and what they are."""
    rows = library.images_by_id(ids.tolist())
    return ids[np.isin(ids, list(rows))], rows


def vectors(library: Library, name: str, ids: np.ndarray) -> np.ndarray:
    """Vectors of images, (n, dim) float32, rows of NaN for those that have none."""
    having, rows = library.vectors(name, ids.tolist())
    found = np.full((len(ids), rows.shape[1]), np.nan, np.float32)
    found[np.searchsorted(ids, having)] = rows
    return found

"""The folders of a library: forgotten, or found again elsewhere. Files are never touched."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import LibraryError
from pipeline.extraction.walk import as_on_disk
from pipeline.library import Library
from pipeline.library.images import from_database, printable
from pipeline.stores import StoreError, is_address, join, objects
from pipeline.stores.address import is_inside

_LOOKED_FOR = 200
"""Known files that are looked for at a new place before it is believed."""


def root_of(library: Library, folder: Path | str) -> str:
    """The scanned folder or address that is meant; raises LibraryError with those there are."""
    known = library.roots()
    if folder in known:
        return str(folder)
    given = os.path.abspath(folder)
    for text in (str(folder), given, str(as_on_disk(Path(given))), os.path.realpath(given)):
        for root in known:
            if text in (root, printable(root)):
                return root
    listed = "; ".join(map(printable, known)) or "none"
    raise LibraryError(f"{printable(str(folder))} is no folder of this library; there are: {listed}.")


def is_there(root: str) -> bool:
    """Whether anything lies in a scanned folder; an empty one is the place of a drive that is not mounted.
    Stores are not asked: they are taken for there."""
    if is_address(root):
        return True
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def forget(library: Library, folder: Path | str) -> int:
    """Forget a scanned folder with its images, their vectors and notes; returns how many images."""
    return library.remove_root(root_of(library, folder))


def relocate(library: Library, old: Path | str, new: Path | str) -> int:
    """Say that a scanned folder lies elsewhere now, on a disk or at an address, without reading it; returns
    how many images it has.

    Raises LibraryError when `old` is none, or nothing of what is known is at the new place.
    """
    root, place = root_of(library, old), _place(new)
    sample = library.db.execute(
        "SELECT path FROM images WHERE root_id = ? AND state != 'missing' ORDER BY id LIMIT ?",
        [library.root_id(root), _LOOKED_FOR],
    ).fetchall()
    if sample and not any(_is_at(join(place, from_database(path))) for (path,) in sample):
        raise LibraryError(
            f"Nothing of what is known in {printable(root)} is in {printable(place)}; "
            f"{printable(from_database(sample[0][0]))} is not, for one."
        )
    _refuse_overlap(library, root, place)
    return library.relocate_root(root, place)


def _place(new: Path | str) -> str:
    """Where a folder is said to be now, in full; LibraryError where there is none."""
    if is_address(new):
        return str(new)
    place = as_on_disk(Path(os.path.abspath(new)))
    if not place.is_dir():
        raise LibraryError(f"There is no folder {printable(str(place))}.")
    return place.resolve().as_posix()


def _is_at(place: str) -> bool:
    """Whether a file or an object is there. Raises LibraryError where a store does not say."""
    if not is_address(place):
        return os.path.lexists(place)
    try:
        objects.about(place)
        return True
    except FileNotFoundError:
        return False
    except StoreError as error:
        raise LibraryError(f"{printable(place)} cannot be looked for ({error}).") from None


def _refuse_overlap(library: Library, root: str, place: str) -> None:
    """A folder may not come to lie inside another one of the library, nor around it."""
    for other in library.roots():
        if other not in (root, place) and (is_inside(place, other) or is_inside(other, place)):
            raise LibraryError(
                f"{printable(place)} and {printable(other)}, which is in the library already, lie inside one "
                "another. Scan the outer one: pictures are known by their content."
            )

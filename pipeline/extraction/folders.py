"""The folders of a library: forgotten, or found again elsewhere. Files are never touched."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import LibraryError
from pipeline.extraction.walk import as_on_disk
from pipeline.library import Library
from pipeline.library.images import from_database, printable

_LOOKED_FOR = 200
"""Known files that are looked for at a new place before it is believed."""


def root_of(library: Library, folder: Path | str) -> str:
    """The scanned folder that is meant; raises LibraryError with those there are."""
    known = library.roots()
    given = os.path.abspath(folder)
    for text in (str(folder), given, str(as_on_disk(Path(given))), os.path.realpath(given)):
        for root in known:
            if text in (root, printable(root)):
                return root
    listed = "; ".join(map(printable, known)) or "none"
    raise LibraryError(f"{printable(str(folder))} is no folder of this library; there are: {listed}.")


def is_there(root: str) -> bool:
    """Whether anything lies in a scanned folder; an empty one is the place of a drive that is not mounted."""
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def forget(library: Library, folder: Path | str) -> int:
    """Forget a scanned folder with its images, their vectors and notes; returns how many images."""
    return library.remove_root(root_of(library, folder))


def relocate(library: Library, old: Path | str, new: Path | str) -> int:
    """Say that a scanned folder lies elsewhere now, without reading it; returns how many images it has.

    Raises LibraryError when `old` is none, or nothing of what is known is at the new place.
    """
    root, place = root_of(library, old), as_on_disk(Path(os.path.abspath(new)))
    if not place.is_dir():
        raise LibraryError(f"There is no folder {printable(str(place))}.")
    place = place.resolve()
    sample = library.db.execute(
        "SELECT path FROM images WHERE root_id = ? AND state != 'missing' ORDER BY id LIMIT ?",
        [library.root_id(root), _LOOKED_FOR],
    ).fetchall()
    if sample and not any(os.path.lexists(place / from_database(path)) for (path,) in sample):
        raise LibraryError(
            f"Nothing of what is known in {printable(root)} is in {printable(str(place))}; "
            f"{printable(from_database(sample[0][0]))} is not, for one."
        )
    _refuse_overlap(library, root, place)
    return library.relocate_root(root, place.as_posix())


def _refuse_overlap(library: Library, root: str, place: Path) -> None:
    """A folder may not come to lie inside another one of the library, nor around it."""
    for other in library.roots():
        if other not in (root, str(place)) and (place.is_relative_to(other) or Path(other).is_relative_to(place)):
            raise LibraryError(
                f"{printable(str(place))} and {printable(other)}, which is in the library already, lie inside one "
                "another. Scan the outer one: pictures are known by their content."
            )



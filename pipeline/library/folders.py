"""Check sums of folders whose files all lie as they are known; triggers drop one as soon as a row changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.library.images import to_database

if TYPE_CHECKING:
    from pipeline.library.library import Library

Sums = dict[str, tuple[int, bytes]]
"""By folder, relative to its root: how many images lie in it (not below it), and their sum."""


def sums(library: Library, root: str, top: str = "") -> Sums:
    """What is kept of the folders at and below root/top."""
    found = library.db.execute(
        "SELECT path, images, sum FROM folders WHERE root_id = (SELECT id FROM roots WHERE path = ?)",
        [to_database(root)])
    inside = f"{top}/" if top else ""
    return {path[:-1]: (images, bytes(made)) for path, images, made in found if path.startswith(inside)}


def keep(library: Library, root: str, made: Sums, generation: int) -> None:
    """Keep sums, unless an image has changed since `generation`, when the rows were read that they are of."""
    wanted = {folder: one for folder, one in made.items() if is_text(folder)}
    if not wanted or library.read_only:
        return
    with library.db.atomic():
        if library.images_generation() != generation:
            return
        library.db.conn.executemany(
            "INSERT OR REPLACE INTO folders VALUES ((SELECT id FROM roots WHERE path = ?), ?, ?, ?)",
            [(to_database(root), f"{folder}/" if folder else "", *one) for folder, one in wanted.items()],
        )


def is_text(path: str) -> bool:
    """Whether a path is UTF-8; of others no sum is kept."""
    return not isinstance(to_database(path), bytes)

"""Collections: named sets of images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.errors import NoteError
from pipeline.library import Library
from pipeline.library.notes.names import clean, each, now, said, spellings
from pipeline.library.vectors import chunks


@dataclass(frozen=True)
class Collection:
    """A named set of images; count is of those that are still in their folders."""

    name: str
    count: int
    created: str
    description: str = ""


def collections(library: Library) -> list[Collection]:
    """All collections, by name."""
    sql = (
        "SELECT c.name, count(i.id), c.created, c.description FROM collections c "
        "LEFT JOIN collection_images m ON m.collection_id = c.id "
        "LEFT JOIN images i ON i.id = m.image_id AND i.state = 'ok' "
        "GROUP BY c.id ORDER BY c.name"
    )
    return [Collection(*row) for row in library.db.execute(sql)]


def collected(library: Library, name: str) -> list[int]:
    """Ids of the `ok` images of a collection, ascending; NoteError when there is none of that name."""
    number = _collection(library, name)
    sql = (
        "SELECT m.image_id FROM collection_images m JOIN images i ON i.id = m.image_id "
        "WHERE m.collection_id = ? AND i.state = 'ok' ORDER BY m.image_id"
    )
    return [row[0] for row in library.db.execute(sql, [number])]


def members(library: Library, name: str) -> list[int]:
    """Ids of all images of a collection, ascending, those too that are not there at the moment;
    NoteError when there is none of that name."""
    sql = "SELECT image_id FROM collection_images WHERE collection_id = ? ORDER BY image_id"
    return [row[0] for row in library.db.execute(sql, [_collection(library, name)])]


def collections_of(library: Library, image: int) -> list[str]:
    """Names of the collections an image is in."""
    sql = (
        "SELECT c.name FROM collections c JOIN collection_images m ON m.collection_id = c.id "
        "WHERE m.image_id = ? ORDER BY c.name"
    )
    return [row[0] for row in library.db.execute(sql, [int(image)])]


def collections_among(library: Library, images: Sequence[int]) -> dict[int, list[str]]:
    """Image → the names of the collections it is in, for those that are in any."""
    found: dict[int, list[str]] = {}
    for chunk in chunks([int(image) for image in images]):
        sql = (
            "SELECT m.image_id, c.name FROM collections c JOIN collection_images m ON m.collection_id = c.id "
            f"WHERE m.image_id IN ({','.join('?' * len(chunk))}) ORDER BY c.name"
        )
        for image, name in library.db.execute(sql, chunk):
            found.setdefault(image, []).append(name)
    return found


def collect(library: Library, name: str, images: Iterable[int], *, created: str | None = None) -> str:
    """Add images to a collection, made where there is none of that name. Returns its name.

    created: of one that is made again, as it was (ISO 8601); a ValueError where it is no date.
    """
    name = clean(name, "collection")
    made = datetime.fromisoformat(created).isoformat(timespec="seconds") if created else now()
    with library.db.atomic():
        number = _number(library, name)
        if number is None:
            library.db.execute("INSERT INTO collections (name, created) VALUES (?, ?)", [name, made])
            number = _collection(library, name)
        each(library, "INSERT OR IGNORE INTO collection_images VALUES (?, ?)", number, images)
    return library.db.execute("SELECT name FROM collections WHERE id = ?", [number]).fetchone()[0]


def uncollect(library: Library, name: str, images: Iterable[int]) -> None:
    """Take images out of a collection; it stays, even when empty."""
    with library.db.atomic():
        number = _collection(library, name)
        each(
            library, "DELETE FROM collection_images WHERE collection_id = ? AND image_id = ?",
            number, images, only_known=False,
        )


def rename_collection(library: Library, old: str, new: str) -> str:
    """Give a collection another name; NoteError when another one has it. Returns the new name."""
    new = clean(new, "collection")
    with library.db.atomic():
        number = _collection(library, old)
        if _number(library, new) not in (None, number):
            raise NoteError(f"There is already a collection “{new}”; choose another name.")
        library.db.execute("UPDATE collections SET name = ? WHERE id = ?", [new, number])
    return new


def describe_collection(library: Library, name: str, description: str) -> None:
    """Say something of a collection, on one line; empty: nothing any more."""
    text = said(description, "collection")
    with library.db.atomic():
        library.db.execute(
            "UPDATE collections SET description = ? WHERE id = ?", [text, _collection(library, name)]
        )


def merge_collections(library: Library, name: str, into: str) -> list[int]:
    """Put the images of a collection into another one, and forget it. Returns the ids, ascending,
    that the other one did not have. A description goes along where the other has none."""
    with library.db.atomic():
        number, other = _collection(library, name), _collection(library, into)
        if number == other:
            raise NoteError("A collection cannot be merged with itself; choose another one.")
        added = sorted(set(members(library, name)) - set(members(library, into)))
        library.db.execute(
            "INSERT OR IGNORE INTO collection_images SELECT ?, image_id FROM collection_images WHERE collection_id = ?",
            [other, number],
        )
        library.db.execute(
            "UPDATE collections SET description = (SELECT description FROM collections WHERE id = ?) "
            "WHERE id = ? AND description = ''", [number, other],
        )
        library.db.execute("DELETE FROM collections WHERE id = ?", [number])
    return added


def drop_collection(library: Library, name: str) -> None:
    """Forget a collection; its images stay in the library."""
    with library.db.atomic():
        library.db.execute("DELETE FROM collections WHERE id = ?", [_collection(library, name)])


def _collection(library: Library, name: str) -> int:
    number = _number(library, name)
    if number is None:
        raise NoteError(f"There is no collection “{name.strip()}”.")
    return number


def _number(library: Library, name: str) -> int | None:
    """The collection of a name, in whichever spelling it stands in the library."""
    found = (library.db.execute("SELECT id FROM collections WHERE name = ?", [one]).fetchone() for one in spellings(name))
    return next((row[0] for row in found if row is not None), None)

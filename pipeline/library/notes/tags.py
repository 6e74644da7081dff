"""Tags on images, told apart without regard to case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.library import Library
from pipeline.library.notes.names import clean, each, spellings

_READ_ALL_ABOVE = 900  # images above which one pass over the tags is simpler than many IN (…)


def tags(library: Library) -> dict[str, int]:
    """Tag → number of `ok` images that carry it, by tag."""
    sql = (
        "SELECT t.tag, count(*) FROM tags t JOIN images i ON i.id = t.image_id "
        "WHERE i.state = 'ok' GROUP BY t.tag ORDER BY t.tag"
    )
    return dict(library.db.execute(sql))


def tags_of(library: Library, images: Sequence[int]) -> dict[int, list[str]]:
    """Image → its tags by name, for those images that have any."""
    found: dict[int, list[str]] = {}
    for tag, ids in _tagged_among(library, images):
        for image in ids:
            found.setdefault(image, []).append(tag)
    return found


def tag_counts(library: Library, images: Sequence[int]) -> dict[str, int]:
    """Tag → how many of these images carry it, by tag."""
    return {tag: len(ids) for tag, ids in _tagged_among(library, images)}


def _tagged_among(library: Library, images: Sequence[int]) -> list[tuple[str, list[int]]]:
    """Each tag that some of the images carry, by name, with those images, ascending."""
    wanted = {int(image) for image in images}
    sql = "SELECT tag, image_id FROM tags {} ORDER BY tag, image_id"
    if len(wanted) > _READ_ALL_ABOVE:
        rows = library.db.execute(sql.format(""))
    else:
        rows = library.db.execute(
            sql.format(f"WHERE image_id IN ({','.join('?' * len(wanted))})"), [*wanted]
        )
    found: dict[str, list[int]] = {}
    for tag, image in rows:
        if image in wanted:
            found.setdefault(tag, []).append(image)
    return list(found.items())


def tagged(library: Library, tag: str) -> list[int]:
    """Ids of the `ok` images that carry a tag, ascending."""
    names = spellings(tag)
    sql = (
        "SELECT DISTINCT t.image_id FROM tags t JOIN images i ON i.id = t.image_id "
        f"WHERE t.tag IN ({','.join('?' * len(names))}) AND i.state = 'ok' ORDER BY t.image_id"
    )
    return [row[0] for row in library.db.execute(sql, names)]


def tag(library: Library, images: Iterable[int], name: str) -> str:
    """Put a tag on images; in the spelling it first had. Returns that."""
    name = clean(name, "tag")
    with library.db.atomic():
        names = spellings(name)
        sql = f"SELECT tag FROM tags WHERE tag IN ({','.join('?' * len(names))}) LIMIT 1"
        first = library.db.execute(sql, names).fetchone()
        name = first[0] if first else name
        each(library, "INSERT OR IGNORE INTO tags (tag, image_id) VALUES (?, ?)", name, images)
    return name


def untag(library: Library, images: Iterable[int], name: str) -> None:
    """Take a tag off images."""
    wanted = list(images)
    with library.db.atomic():
        for one in spellings(name):
            each(library, "DELETE FROM tags WHERE tag = ? AND image_id = ?", one, wanted, only_known=False)

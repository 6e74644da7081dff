"""What the person adds to a library: collections, tags, names of clusters, ratings.

Nothing here can be computed again, so it lives in `images.db` beside the images and goes
with an image only when that is forgotten. Names and tags are one line of text, compared
without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from pipeline.errors import NoteError
from pipeline.library import Library
from pipeline.library.images import from_database, printable
from pipeline.library.schema_identity import with_ids, without_ids

LONGEST = 80
"""Characters of a name or a tag: what fits on a chip."""

_READ_ALL_ABOVE = 900  # images above which one pass over the tags is simpler than many IN (…)


@dataclass(frozen=True)
class Collection:
    """A named set of images; count is of those that are still in their folders."""

    name: str
    count: int
    created: str


@dataclass(frozen=True)
class Rating:
    """A person's word on one match of one query: value 1 good, −1 bad."""

    query: dict
    image_id: int
    path: str
    value: int
    rank: int
    score: float
    rated: str


# Collections


def collections(library: Library) -> list[Collection]:
    """All collections, by name."""
    sql = (
        "SELECT c.name, count(i.id), c.created FROM collections c "
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


def collect(library: Library, name: str, images: Iterable[int]) -> str:
    """Add images to a collection, made where there is none of that name. Returns its name."""
    name = clean(name, "collection")
    with library.db.atomic():
        library.db.execute(
            "INSERT INTO collections (name, created) VALUES (?, ?) ON CONFLICT DO NOTHING", [name, _now()]
        )
        number = _collection(library, name)
        _each(library, "INSERT OR IGNORE INTO collection_images VALUES (?, ?)", number, images)
    return library.db.execute("SELECT name FROM collections WHERE id = ?", [number]).fetchone()[0]


def uncollect(library: Library, name: str, images: Iterable[int]) -> None:
    """Take images out of a collection; it stays, even when empty."""
    with library.db.atomic():
        number = _collection(library, name)
        _each(
            library, "DELETE FROM collection_images WHERE collection_id = ? AND image_id = ?",
            number, images, only_known=False,
        )


def rename_collection(library: Library, old: str, new: str) -> str:
    """Give a collection another name; NoteError when another one has it. Returns the new name."""
    new = clean(new, "collection")
    with library.db.atomic():
        number = _collection(library, old)
        taken = library.db.execute(
            "SELECT 1 FROM collections WHERE name = ? AND id != ?", [new, number]
        ).fetchone()
        if taken:
            raise NoteError(f"There is already a collection “{new}”; choose another name.")
        library.db.execute("UPDATE collections SET name = ? WHERE id = ?", [new, number])
    return new


def drop_collection(library: Library, name: str) -> None:
    """Forget a collection; its images stay in the library."""
    with library.db.atomic():
        library.db.execute("DELETE FROM collections WHERE id = ?", [_collection(library, name)])


# Tags


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
    sql = (
        "SELECT t.image_id FROM tags t JOIN images i ON i.id = t.image_id "
        "WHERE t.tag = ? AND i.state = 'ok' ORDER BY t.image_id"
    )
    return [row[0] for row in library.db.execute(sql, [tag])]


def tag(library: Library, images: Iterable[int], name: str) -> str:
    """Put a tag on images; in the spelling it first had. Returns that."""
    name = clean(name, "tag")
    with library.db.atomic():
        first = library.db.execute("SELECT tag FROM tags WHERE tag = ? LIMIT 1", [name]).fetchone()
        name = first[0] if first else name
        _each(library, "INSERT OR IGNORE INTO tags (tag, image_id) VALUES (?, ?)", name, images)
    return name


def untag(library: Library, images: Iterable[int], name: str) -> None:
    """Take a tag off images."""
    with library.db.atomic():
        _each(library, "DELETE FROM tags WHERE tag = ? AND image_id = ?", name, images, only_known=False)


# Names of clusters


def name_cluster(
    library: Library, map_name: str, images: Sequence[int], name: str, members: np.ndarray | None = None
) -> None:
    """Name the cluster of a map that has these typical images; an empty name takes it back.

    A name hangs on images, not on a number, so that it survives when the map is clustered
    or laid out anew. members: ids of the whole cluster; to take a name back they find one
    that was given when the map was clustered otherwise, and hangs on other images.
    """
    name = clean(name, "cluster") if name.strip() else ""
    mine = {int(image) for image in images}
    inside = set() if name or members is None else set(members.tolist())
    with library.db.atomic():
        for number, _, kept in _named(library, map_name):
            if mine & kept or 2 * len(inside & kept) > len(kept):
                library.db.execute("DELETE FROM cluster_names WHERE id = ?", [number])
        known = library.images_by_id(sorted(mine))
        if name and known:
            number = library.db.execute(
                "INSERT INTO cluster_names (map, name) VALUES (?, ?)", [map_name, name]
            ).lastrowid
            library.db.conn.executemany(
                "INSERT INTO cluster_name_images VALUES (?, ?)", [(number, image) for image in known]
            )


def cluster_names(library: Library, map_name: str, ids: np.ndarray, cluster: np.ndarray) -> dict[int, str]:
    """The clusters of a map that have a name: {cluster: name}.

    ids (n,) int64 ascending and cluster (n,) int, −1 noise, as a map has them. A name
    belongs to the cluster that holds most of its images; a later name wins.
    """
    named: dict[int, str] = {}
    for _, name, kept in _named(library, map_name):
        images = np.array(sorted(kept), np.int64)
        at = np.minimum(np.searchsorted(ids, images), max(0, len(ids) - 1))
        present = at[ids[at] == images] if len(ids) else at[:0]
        votes = np.bincount(cluster[present] + 1, minlength=1)[1:]
        if len(votes) and votes.max() * 2 > len(present):
            named[int(votes.argmax())] = name
    return named


def _named(library: Library, map_name: str) -> list[tuple[int, str, set[int]]]:
    """The names given on a map, the oldest first: (number, name, typical images)."""
    found: dict[int, tuple[int, str, set[int]]] = {}
    for number, name, image in library.db.execute(
        "SELECT c.id, c.name, m.image_id FROM cluster_names c "
        "JOIN cluster_name_images m ON m.cluster_name_id = c.id WHERE c.map = ? ORDER BY c.id", [map_name]
    ):
        found.setdefault(number, (number, name, set()))[2].add(image)
    return list(found.values())


# Ratings


def rate(library: Library, query: dict, image: int, value: int, rank: int, score: float) -> None:
    """Keep a word on a match: 1 good, −1 bad, 0 takes it back.

    query: what was asked, as JSON can write it; images in it are texts that begin with
    `image:ID`, or numbers below `images`. rank counts from 1. A second word on the same
    match of the same query replaces the first.
    """
    asked, images = without_ids(query)
    with library.db.atomic():
        number = _query(library, asked, images)
        if not value:
            library.db.execute("DELETE FROM ratings WHERE query_id = ? AND image_id = ?", [number, int(image)])
            return
        if number is None:
            known = library.images_by_id(images)
            number = library.db.execute("INSERT INTO queries (asked) VALUES (?)", [asked]).lastrowid
            library.db.conn.executemany(
                "INSERT INTO query_images VALUES (?, ?, ?)",
                [(number, place, one if one in known else None) for place, one in enumerate(images)],
            )
        library.db.execute(
            "INSERT INTO ratings (query_id, image_id, value, rank, score, rated) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (query_id, image_id) DO UPDATE SET value = excluded.value, rank = excluded.rank, "
            "score = excluded.score, rated = excluded.rated",
            [number, int(image), int(np.sign(value)), int(rank), float(score), _now()],
        )


def ratings(library: Library, query: dict | None = None) -> list[Rating]:
    """The ratings of one query, or all, in the order they were given."""
    sql = (
        "SELECT r.query_id, r.image_id, i.path, r.value, r.rank, r.score, r.rated FROM ratings r "
        "JOIN images i ON i.id = r.image_id {} ORDER BY r.id"
    )
    if query is None:
        rows = library.db.execute(sql.format("")).fetchall()
    else:
        rows = library.db.execute(
            sql.format("WHERE r.query_id = ?"), [_query(library, *without_ids(query))]
        ).fetchall()
    queries = {number: _asked(library, number) for number in {row[0] for row in rows}}
    return [Rating(queries[row[0]], row[1], printable(from_database(row[2])), *row[3:]) for row in rows]


def _query(library: Library, asked: str, images: list[int]) -> int | None:
    """The number of a query that has been rated before, or None."""
    for (number,) in library.db.execute("SELECT id FROM queries WHERE asked = ?", [asked]).fetchall():
        if _images_of(library, number) == images:
            return number
    return None


def _asked(library: Library, number: int) -> dict:
    asked = library.db.execute("SELECT asked FROM queries WHERE id = ?", [number]).fetchone()[0]
    return with_ids(asked, _images_of(library, number))


def _images_of(library: Library, number: int) -> list[int | None]:
    sql = "SELECT image_id FROM query_images WHERE query_id = ? ORDER BY place"
    return [row[0] for row in library.db.execute(sql, [number])]


# What they share


def clean(name: str, kind: str) -> str:
    """A name on one line without outer spaces; NoteError when nothing or too much is left."""
    text = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not text:
        raise NoteError(f"A {kind} needs a name.")
    if len(text) > LONGEST:
        raise NoteError(f"That name is too long for a {kind}: at most {LONGEST} characters.")
    return text


def _collection(library: Library, name: str) -> int:
    row = library.db.execute("SELECT id FROM collections WHERE name = ?", [name.strip()]).fetchone()
    if row is None:
        raise NoteError(f"There is no collection “{name.strip()}”.")
    return row[0]


def _each(library: Library, sql: str, first, images: Iterable[int], *, only_known: bool = True) -> None:
    """Run a statement once per image with (first, image)."""
    wanted = [int(image) for image in images]
    if only_known:
        known = library.images_by_id(wanted)
        wanted = [image for image in wanted if image in known]
    library.db.conn.executemany(sql, [(first, image) for image in wanted])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

"""Files of one content: what is known of one holds for the others, wherever they lie.

An image that is missing, or cannot be read this time, keeps what was made of its content, and gives it as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pipeline.library import hashes
from pipeline.library.library import Library
from pipeline.library.vectors import chunks, table_of
from pipeline.pictures.hashes import VERSION

_AT_A_TIME = 2_000  # images per transaction, so that notes can be written in between

_SHARED = (
    "SELECT content_hash, id FROM images WHERE content_hash IN (SELECT content_hash FROM images "
    "WHERE content_hash IS NOT NULL GROUP BY content_hash HAVING count(*) > 1) ORDER BY id"
)
_TWIN = (
    "SELECT i.id, min(o.id) FROM images i JOIN images o ON o.content_hash = i.content_hash {having} "
    "WHERE i.id IN ({marks}) AND o.id != i.id GROUP BY i.id"
)


def spared(library: Library, ids: Collection[int]) -> list[int]:
    """Of images with one content all but the first, ascending: to look at that one is enough."""
    seen: set[str] = set()
    found = []
    for content, image_id in library.db.execute(_SHARED):
        if image_id in ids:
            if content in seen:
                found.append(image_id)
            seen.add(content)
    return found


def take_over(library: Library, names: Sequence[str]) -> int:
    """Give images what others of the same content have and they lack: thumbnail, hash and the current vectors
    of some embeddings. Returns how many images got any of it."""
    having = {image_id for _, image_id in library.db.execute(_SHARED)}
    if not having:
        return 0
    taken = _copy(library, having & set(library.without_thumbnail()), "JOIN thumbnails t ON t.image_id = o.id", (), (
        "UPDATE images SET (width, height) = (SELECT width, height FROM images WHERE id = ?2) WHERE id = ?1 AND width IS NULL",
        "INSERT INTO thumbnails (image_id, jpeg, crc) SELECT ?1, jpeg, crc FROM thumbnails WHERE image_id = ?2",
    ))  # fmt: skip
    taken |= _copy(library, having & set(hashes.pending(library)), "JOIN hashes h ON h.image_id = o.id AND h.version = ?", (VERSION,), (
        "INSERT INTO hashes SELECT ?1, average, difference, dct, version, ?3 FROM hashes WHERE image_id = ?2 "
        "ON CONFLICT DO UPDATE SET average = excluded.average, difference = excluded.difference, dct = excluded.dct, "
        "version = excluded.version, generation = excluded.generation",
    ))  # fmt: skip
    for name in names:
        taken |= _copy_vectors(library, name, having & set(library.pending(name)))
    return len(taken)


def _copy_vectors(library: Library, name: str, ids: Iterable[int]) -> set[int]:
    number = library.db.execute("SELECT id FROM embeddings WHERE name = ?", [name]).fetchone()[0]
    current = (
        "JOIN embeddings e ON e.id = ? JOIN vectors v ON v.embedding_id = e.id AND v.image_id = o.id "
        "AND v.extractor_id IS e.extractor_id"
    )
    return _copy(library, ids, current, (number,), (
        f"INSERT INTO {table_of(name)} SELECT ?1, vector FROM {table_of(name)} WHERE image_id = ?2 "
        "ON CONFLICT DO UPDATE SET vector = excluded.vector",
        f"INSERT INTO vectors SELECT embedding_id, ?1, extractor_id, ?3 FROM vectors WHERE embedding_id = {number} AND image_id = ?2 "
        "ON CONFLICT DO UPDATE SET extractor_id = excluded.extractor_id, generation = excluded.generation",
    ))  # fmt: skip


def _copy(library: Library, ids: Iterable[int], having: str, given: tuple, statements: Sequence[str]) -> set[int]:
    """Perform statements (?1: the image, ?2: its twin, ?3: the generation) for those of some images that have
    a twin with what `having` joins; returns these images."""
    pairs: list[tuple[int, int]] = []
    for chunk in chunks(sorted(ids)):
        sql = _TWIN.format(having=having, marks=",".join("?" * len(chunk)))
        pairs += library.db.execute(sql, [*given, *chunk])
    for start in range(0, len(pairs), _AT_A_TIME):
        with library.db.atomic():
            now = library.raise_generation()
            for statement in statements:
                used = 3 if "?3" in statement else 2
                library.db.conn.executemany(statement, [(*pair, now)[:used] for pair in pairs[start : start + _AT_A_TIME]])
    return {image_id for image_id, _ in pairs}

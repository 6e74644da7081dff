"""The table of perceptual hashes: one row an image, see `pipeline.pictures.hashes`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.library.images import later
from pipeline.library.library import Library
from pipeline.library.vectors import chunks
from pipeline.pictures.hashes import BYTES, NAMES, VERSION


def store(library: Library, rows: Iterable[tuple[int, np.ndarray]]) -> None:
    """Write hashes (image id, (24,) uint8)."""
    with library.db.atomic():
        now = library.raise_generation()
        library.db.conn.executemany(
            "INSERT INTO hashes VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET average = excluded.average, "
            "difference = excluded.difference, dct = excluded.dct, version = excluded.version, "
            "generation = excluded.generation",
            [
                (image_id, *(part.tobytes() for part in row.reshape(len(NAMES), 8)), VERSION, now)
                for image_id, row in rows
            ],
        )


def pending(library: Library) -> list[int]:
    """Ids of `ok` images whose hash is missing or stale."""
    every = (
        "SELECT (SELECT count(*) FROM hashes) = (SELECT coalesce(sum(images), 0) FROM image_tallies) "
        "AND NOT EXISTS (SELECT 1 FROM hashes WHERE version != ?)"
    )
    if library.db.execute(every, [VERSION]).fetchone()[0]:
        return []
    sql = (
        "SELECT id FROM images WHERE state = 'ok' "
        "AND id NOT IN (SELECT image_id FROM hashes WHERE version = ?)"
    )
    return [row[0] for row in library.db.execute(sql, [VERSION])]


def changed_since(library: Library, generation: int) -> np.ndarray:
    """Ids (n,) int64 ascending of images whose hash or state may have changed after a generation,
    forgotten ones included. A run that stores vectors changes neither."""
    return later(library.db, generation, {"images": "id", "hashes": "image_id"})


def read(library: Library, ids: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Current hashes of `ok` images: ids (n,) int64 ascending, rows (n, 24) uint8.

    With `ids`, of those among them that have one.
    """
    sql = (
        "SELECT h.image_id, CAST(h.average || h.difference || h.dct AS BLOB) FROM hashes h "
        "JOIN images i ON i.id = h.image_id AND i.state = 'ok' WHERE h.version = ? {} ORDER BY h.image_id"
    )
    if ids is None:
        found = library.db.execute(sql.format(""), [VERSION]).fetchall()
    else:
        found = []
        for chunk in chunks(sorted({int(i) for i in ids})):
            marks = ",".join("?" * len(chunk))
            asked = sql.format(f"AND h.image_id IN ({marks})")
            found += library.db.execute(asked, [VERSION, *chunk]).fetchall()
    rows = np.frombuffer(b"".join(row[1] for row in found), np.uint8)
    return np.array([row[0] for row in found], np.int64), rows.reshape(len(found), BYTES)

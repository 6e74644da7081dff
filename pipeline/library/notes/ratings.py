"""A person's words on the matches of queries.

A word is on an image as a match of what was asked for, however that was weighted and measured:
it is found again when the sliders stand elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np

from pipeline.library import Library
from pipeline.library.images import from_database, printable
from pipeline.library.notes.names import now
from pipeline.library.references import with_ids, without_ids


@dataclass(frozen=True)
class Rating:
    """A person's word on one match of one query: value 1 good, −1 bad.

    parts: {embedding: (what it said of the match, the fingerprint of its vectors then)}; none of what is older.
    """

    query: dict
    image_id: int
    path: str
    value: int
    rank: int
    score: float
    rated: str
    parts: dict[str, tuple[float, str | None]]


HOW = ("metric", "weights")
"""What of a query says how it is asked, and not for what."""
BY_ITSELF: dict = {}
"""The query of words on images by themselves, as matches of nothing."""


def rate(
    library: Library, query: dict, image: int, value: int, rank: int, score: float, parts: Mapping[str, float] | None = None
) -> None:
    """Keep a word on a match: 1 good, −1 bad, 0 takes it back.

    query: what was asked, as JSON can write it; images in it are texts that begin with
    `image:ID`, or numbers below `images`; HOW it was asked is kept with it. rank counts from
    1. A second word on an image as a match of the same replaces the first. parts: what each embedding says
    of the match; None: as it is kept.
    """
    asked, images = without_ids(query)
    made = {name: one.extractor for name, one in library.embeddings().items()}
    said = {name: [float(figure), made[name]] for name, figure in (parts or {}).items() if name in made and isfinite(figure)}
    kept = json.dumps(said) if said else None
    with library.db.atomic():
        if parts is None:
            kept = _kept_parts(library, asked, images, image)
        for alike in _alike(library, asked, images):
            library.db.execute("DELETE FROM ratings WHERE query_id = ? AND image_id = ?", [alike, int(image)])
        if not value:
            return
        number = next(iter(_alike(library, asked, images, how=True)), None)
        if number is None:
            known = library.images_by_id(images)
            number = library.db.execute("INSERT INTO queries (asked) VALUES (?)", [asked]).lastrowid
            library.db.conn.executemany(
                "INSERT INTO query_images VALUES (?, ?, ?)",
                [(number, place, one if one in known else None) for place, one in enumerate(images)],
            )
        library.db.execute(
            "INSERT INTO ratings (query_id, image_id, value, rank, score, rated, parts) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (query_id, image_id) DO UPDATE SET value = excluded.value, rank = excluded.rank, "
            "score = excluded.score, rated = excluded.rated, parts = excluded.parts",
            [number, int(image), int(np.sign(value)), int(rank), float(score), now(), kept],
        )


def ratings(library: Library, query: dict | None = None) -> list[Rating]:
    """The ratings of what a query asks for, however it was asked, or all, in the order they were given."""
    sql = (
        "SELECT r.query_id, r.image_id, i.path, r.value, r.rank, r.score, r.rated, r.parts FROM ratings r "
        "JOIN images i ON i.id = r.image_id {} ORDER BY r.id"
    )
    if query is None:
        rows = library.db.execute(sql.format("")).fetchall()
    else:
        alike = _alike(library, *without_ids(query))
        rows = library.db.execute(sql.format(f"WHERE r.query_id IN ({','.join('?' * len(alike))})"), alike).fetchall()
    queries = {number: _asked(library, number) for number in {row[0] for row in rows}}
    return [
        Rating(queries[row[0]], row[1], printable(from_database(row[2])), *row[3:-1],
               {name: tuple(said) for name, said in json.loads(row[-1] or "{}").items()})
        for row in rows
    ]  # fmt: skip


def _kept_parts(library: Library, asked: str, images: list[int], image: int) -> str | None:
    """What is kept of a match of the same, as it is written there."""
    alike = _alike(library, asked, images)
    sql = f"SELECT parts FROM ratings WHERE image_id = ? AND query_id IN ({','.join('?' * len(alike))})"
    row = library.db.execute(sql, [int(image), *alike]).fetchone()
    return row and row[0]


def _alike(library: Library, asked: str, images: list[int], *, how: bool = False) -> list[int]:
    """The numbers of rated queries that ask for the same; how: and in the same way."""
    wanted = asked if how else _wanted(asked)
    return [
        number for number, text in library.db.execute("SELECT id, asked FROM queries ORDER BY id").fetchall()
        if (text if how else _wanted(text)) == wanted and _images_of(library, number) == images
    ]


def _wanted(asked: str) -> str:
    """What a query asks for, without how."""
    return json.dumps({key: value for key, value in json.loads(asked).items() if key not in HOW}, sort_keys=True)


def _asked(library: Library, number: int) -> dict:
    asked = library.db.execute("SELECT asked FROM queries WHERE id = ?", [number]).fetchone()[0]
    return with_ids(asked, _images_of(library, number))


def _images_of(library: Library, number: int) -> list[int | None]:
    sql = "SELECT image_id FROM query_images WHERE query_id = ? ORDER BY place"
    return [row[0] for row in library.db.execute(sql, [number])]

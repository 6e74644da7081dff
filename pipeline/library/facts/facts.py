"""The door to facts: columns of all images, the facts of one, and what is yet to be read."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import NoteError
from pipeline.library.facts import words
from pipeline.library.facts.columns import KEYWORD, KNOWN, OWN, Column
from pipeline.library.vectors import chunks
from pipeline.pictures.metadata import READER, Metadata

if TYPE_CHECKING:
    from pipeline.library.library import Library

_STORED = tuple(one.name for one in fields(Metadata) if one.name != "keywords")
_PLAIN = tuple(name for name in KNOWN if name != KEYWORD)


@dataclass(frozen=True)
class ImageFacts:
    """What is known of one image.

    values: by column, in their order; those alone that say something. A keyword's and an own
    column's is a list, since there may be several; a date is ISO 8601 text. problem: what of
    the file's own could not be read.
    """

    values: dict[str, object] = field(default_factory=dict)
    problem: str | None = None


class Facts:
    """The facts of a library; shared by threads as the library is."""

    def __init__(self, library: Library):
        self._library = library
        self._lock = threading.Lock()
        self._columns: tuple[int, list[Column]] | None = None

    # Columns

    def columns(self) -> list[Column]:
        """The columns in which some image has a value, in the order of the screen, own ones last."""
        generation = self._library.notes_generation("facts")
        with self._lock:
            if self._columns is None or self._columns[0] != generation:
                self._columns = generation, self._filled()
            return list(self._columns[1])

    def _filled(self) -> list[Column]:
        db = self._library.db
        filled = db.execute(
            f"SELECT {', '.join(f'max({name} IS NOT NULL)' for name in _PLAIN)} FROM facts"
        ).fetchone()
        names = {name for name, any_ in zip(_PLAIN, filled) if any_}
        if db.execute("SELECT 1 FROM keywords LIMIT 1").fetchone():
            names.add(KEYWORD)
        own = db.execute("SELECT name, kind FROM own_columns ORDER BY position, id")
        return [KNOWN[name] for name in KNOWN if name in names] + [
            Column(OWN + name, name, kind) for name, kind in own
        ]

    def column(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """What images have in a column: ids (n,) int64 ascending, values (n,).

        Values are float64 of a number, datetime64[s] of a date (on the clock of who wrote it),
        else str objects. An image with several keywords or categories is there as often; one
        without is not. Images in any state. Raises NoteError for a column there is not.
        """
        if name == KEYWORD:
            sql, kind, given = (
                "SELECT image_id, keyword FROM keywords ORDER BY image_id, keyword",
                "category",
                [],
            )
        elif name in KNOWN:
            kind, given = KNOWN[name].kind, []
            sql = f"SELECT image_id, {name} FROM facts WHERE {name} IS NOT NULL ORDER BY image_id"
        else:
            number, kind = self._own(name)
            sql, given = (
                "SELECT image_id, value FROM own_facts WHERE column_id = ? ORDER BY image_id, value",
                [number],
            )
        rows = self._library.db.execute(sql, given).fetchall()
        ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        if kind == "number":
            return ids, np.fromiter((row[1] for row in rows), np.float64, len(rows))
        if kind == "date":
            return ids, np.array([row[1][:19] for row in rows], "datetime64[s]")
        values = np.empty(len(rows), object)
        values[:] = [row[1] for row in rows]
        return ids, values

    def _own(self, name: str) -> tuple[int, str]:
        found = self._library.db.execute(
            "SELECT id, kind FROM own_columns WHERE ? = 'own.' || name COLLATE NOCASE", [name]
        ).fetchone()
        if found is None:
            raise NoteError(f"There is no column “{name.removeprefix(OWN)}” in this library.")
        return found

    # Images

    def of(self, image: int) -> ImageFacts:
        """The facts of one image."""
        return self.of_images([image]).get(int(image), ImageFacts())

    def of_images(self, images: Sequence[int]) -> dict[int, ImageFacts]:
        """Image → its facts, of those images of which anything is known."""
        found: dict[int, ImageFacts] = {}
        keywords: dict[int, list[str]] = {}
        own: dict[int, dict[str, list]] = {}
        for chunk in chunks(sorted({int(image) for image in images})):
            marks = ",".join("?" * len(chunk))
            db = self._library.db
            for image, problem, *values in db.execute(
                f"SELECT image_id, problem, {', '.join(_PLAIN)} FROM facts WHERE image_id IN ({marks})", chunk
            ):
                told = {name: value for name, value in zip(_PLAIN, values) if value is not None}
                if told or problem:
                    found[image] = ImageFacts(told, problem)
            for image, keyword in db.execute(
                f"SELECT image_id, keyword FROM keywords WHERE image_id IN ({marks}) ORDER BY image_id, keyword",
                chunk,
            ):
                keywords.setdefault(image, []).append(keyword)
            for image, name, value in db.execute(
                "SELECT f.image_id, c.name, f.value FROM own_facts f JOIN own_columns c ON c.id = f.column_id "
                f"WHERE f.image_id IN ({marks}) ORDER BY f.image_id, c.position, c.id, f.value",
                chunk,
            ):
                own.setdefault(image, {}).setdefault(OWN + name, []).append(value)
        for image, several in keywords.items():
            found.setdefault(image, ImageFacts()).values[KEYWORD] = several
        for image, values in own.items():
            found.setdefault(image, ImageFacts()).values.update(values)
        return found

    def find(self, text: str, limit: int = 10_000) -> list[words.Found]:
        """`ok` images in whose names, facts and notes all the words are written, best first.

        As tuples (image id, score in 0–1, where); see `words.find`.
        """
        return words.find(self._library, text, limit)

    # Reading

    def pending(self) -> list[int]:
        """Ids of `ok` images whose file this version has not read for facts, ascending; without those of
        stores that nobody has fetched yet."""
        every = (
            "SELECT (SELECT count(*) FROM facts) = (SELECT coalesce(sum(images), 0) FROM image_tallies) "
            "AND NOT EXISTS (SELECT 1 FROM facts WHERE reader != ?)"
        )
        if self._library.db.execute(every, [READER]).fetchone()[0]:
            return []
        sql = (
            "SELECT id FROM images WHERE state = 'ok' AND id NOT IN (SELECT image_id FROM facts WHERE reader = ?) "
            "AND (width IS NOT NULL OR root_id NOT IN (SELECT id FROM roots WHERE path LIKE '%://%')) ORDER BY id"
        )
        return [row[0] for row in self._library.db.execute(sql, [READER])]

    def forget(self, ids: Iterable[int]) -> None:
        """Drop what the files of images said."""
        with self._library.db.atomic():
            self._library.db.conn.executemany("DELETE FROM facts WHERE image_id = ?", [(int(one),) for one in ids])

    def store(self, told: Iterable[tuple[int, Metadata]]) -> None:
        """Put what files say in the place of what was known of them; a person's own columns stay."""
        rows = [(int(image), one) for image, one in told]
        columns = ("image_id", *_STORED, "reader")
        values = ((image, *_row(one), READER) for image, one in rows)
        with self._library.db.atomic():
            db = self._library.db.conn
            ids = [(image,) for image, _ in rows]
            db.executemany("DELETE FROM facts WHERE image_id = ?", ids)
            db.executemany("DELETE FROM keywords WHERE image_id = ?", ids)
            db.executemany(
                f"INSERT INTO facts ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", values
            )
            db.executemany(
                "INSERT OR IGNORE INTO keywords (image_id, keyword) VALUES (?, ?)",
                [(image, keyword) for image, one in rows for keyword in one.keywords],
            )


def _row(one: Metadata) -> tuple:
    """Its values but the keywords, as they are stored."""
    return tuple(
        value for name, value in zip((f.name for f in fields(one)), astuple(one)) if name != "keywords"
    )

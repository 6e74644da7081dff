"""The one door to a data directory.

A library is `images.db` (the truth) and files derived from it. This module opens and
migrates it, knows the paths, and holds the reads and writes of images and thumbnails;
those of vectors and fitted codebooks come with it from `pipeline.vector_tables`.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from pipeline.embeddings import EMBEDDINGS
from pipeline.errors import LibraryError
from pipeline.library.locks import locked
from pipeline.library.schema import migrations
from pipeline.library.vectors import VectorTables, chunks, table_of

DATABASE = "images.db"


@dataclass(frozen=True)
class ImageRow:
    """One image of the library, without its vectors."""

    id: int
    root: str
    path: str
    label: str | None
    width: int | None
    height: int | None
    size: int
    mtime: float
    state: str
    reason: str | None

    @property
    def file(self) -> Path:
        """Where the file lies on disk."""
        return Path(self.root) / self.path


_ROW = "id, root, path, label, width, height, size, mtime, state, reason"


class Library(VectorTables):
    """An open library. One object may be shared by threads: each gets its own connection."""

    def __init__(self, data: str | Path, *, create: bool = False):
        """Open the library in directory `data`, migrating its schema.

        Raises LibraryError when there is none and `create` is false, or when the file is
        no database or was written by a newer Likeness.
        """
        self.data = Path(data)
        self._local = threading.local()
        if not create and not (self.data / DATABASE).is_file():
            raise LibraryError(
                f"There is no library in {self.data}. "
                "Make one with: python -m pipeline run FOLDER_OF_IMAGES"
            )
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            with locked(self.data / ".opening"):  # two processes may open a new library at once
                self.db.enable_wal()
                migrations.apply(self.db)
        except OSError as error:
            raise LibraryError(
                f"The data directory {self.data} cannot be used ({error.strerror})."
            ) from None
        except sqlite3.DatabaseError as error:
            raise LibraryError(f"{self.data / DATABASE} cannot be opened ({error}).") from None
        newer = [step.name for step in migrations.applied(self.db) if step.name not in _step_names()]
        if newer:
            raise LibraryError(
                f"The library in {self.data} was written by a newer Likeness ({newer[-1]})."
            )

    @property
    def db(self) -> Database:
        """This thread's connection."""
        database = getattr(self._local, "db", None)
        if database is None:
            connection = sqlite3.connect(self.data / DATABASE, timeout=60)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")
            database = self._local.db = Database(connection)
        return database

    def close(self) -> None:
        """Close this thread's connection; the next use opens another."""
        database = getattr(self._local, "db", None)
        if database is not None:
            database.close()
            self._local.db = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the library's writer lock; raises LibraryError when another run has it.

        The lock is the operating system's, so it goes with the process however that ends.
        """
        try:
            with locked(self.data / ".writing", wait=False):
                yield
        except BlockingIOError:
            raise LibraryError(
                f"Another run is at work on {self.data}; wait for it or stop it first."
            ) from None

    # Images

    def image(self, image_id: int) -> ImageRow | None:
        """One image by id, or None."""
        return self.images_by_id([image_id]).get(image_id)

    def images_by_id(self, ids: Sequence[int]) -> dict[int, ImageRow]:
        """The images among `ids` that exist, by id."""
        found = {}
        for chunk in chunks([int(i) for i in ids]):
            marks = ",".join("?" * len(chunk))
            for row in self.db.execute(f"SELECT {_ROW} FROM images WHERE id IN ({marks})", chunk):
                found[row[0]] = ImageRow(*row)
        return found

    def images(self, state: str = "ok", *, limit: int = -1, offset: int = 0) -> list[ImageRow]:
        """The images in a state (`ok`, `unreadable`, `missing`), ordered by id."""
        sql = f"SELECT {_ROW} FROM images WHERE state = ? ORDER BY id LIMIT ? OFFSET ?"
        return [ImageRow(*row) for row in self.db.execute(sql, [state, limit, offset])]

    def image_at(self, file: Path) -> ImageRow | None:
        """The image whose file this is, or None when it is not in the library."""
        file = file.resolve()
        for root in self.roots():
            if file.is_relative_to(root):
                row = self.db.execute(
                    f"SELECT {_ROW} FROM images WHERE root = ? AND path = ? AND state = 'ok'",
                    [root, file.relative_to(root).as_posix()],
                ).fetchone()
                if row:
                    return ImageRow(*row)
        return None

    def counts(self) -> dict[str, int]:
        """Number of images per state, all three named."""
        found = dict(self.db.execute("SELECT state, count(*) FROM images GROUP BY state"))
        return {state: found.get(state, 0) for state in ("ok", "unreadable", "missing")}

    def labels(self) -> dict[str, int]:
        """Label → number of `ok` images, largest first; images without label are left out."""
        sql = (
            "SELECT label, count(*) FROM images WHERE state = 'ok' AND label IS NOT NULL "
            "GROUP BY label ORDER BY count(*) DESC, label"
        )
        return dict(self.db.execute(sql))

    def roots(self) -> dict[str, int]:
        """Scanned folder → number of images that are not missing."""
        sql = "SELECT root, sum(state != 'missing') FROM images GROUP BY root ORDER BY root"
        return dict(self.db.execute(sql))

    def remove_root(self, root: str) -> int:
        """Forget every image of a scanned folder with its vectors; the files stay. Returns how many."""
        with self.db.atomic():
            ids = [row[0] for row in self.db.execute("SELECT id FROM images WHERE root = ?", [root])]
            self.forget_vectors(ids)
            self.db.execute("DELETE FROM images WHERE root = ?", [root])
        return len(ids)

    def mark(self, image_id: int, state: str, reason: str | None = None) -> None:
        """Set an image's state, and why."""
        self.db.execute(
            "UPDATE images SET state = ?, reason = ? WHERE id = ?", [state, reason, image_id]
        )

    def thumbnail(self, image_id: int) -> bytes | None:
        """JPEG bytes, long side 256 px, or None."""
        row = self.db.execute(
            "SELECT jpeg FROM thumbnails WHERE image_id = ?", [image_id]
        ).fetchone()
        return row[0] if row else None

    # Images and vectors together

    def store(
        self,
        thumbnails: Iterable[tuple[int, bytes]],
        vectors: dict[str, tuple[str, Sequence[int], np.ndarray]],
        failures: Iterable[tuple[int, str, str]] = (),
    ) -> None:
        """Write one batch in one transaction: all of it is kept, or nothing.

        thumbnails: (image id, JPEG). vectors: name → (fingerprint, ids, (n, dim) float32
        rows). failures: (image id, state, reason).
        """
        now = time.time_ns()
        with self.db.atomic():
            self.db.conn.executemany(
                "INSERT OR REPLACE INTO thumbnails (image_id, jpeg) VALUES (?, ?)", thumbnails
            )
            for name, (extractor, ids, rows) in vectors.items():
                self._put(name, extractor, ids, rows, now)
            for image_id, state, reason in failures:
                self.mark(image_id, state, reason)

    def forget_vectors(self, ids: Sequence[int]) -> None:
        """Drop thumbnails, hashes and vectors of images whose content has changed or gone."""
        tables = ["thumbnails", "hashes", *(table_of(name) for name in EMBEDDINGS)]
        for chunk in chunks(list(ids)):
            marks = ",".join("?" * len(chunk))
            for table in tables:
                self.db.execute(f"DELETE FROM {table} WHERE image_id IN ({marks})", chunk)


def _step_names() -> set[str]:
    return {step.name for step in migrations._migrations}

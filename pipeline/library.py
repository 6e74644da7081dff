"""The one door to a data directory.

A library is `images.db` (the truth) and files derived from it. This module opens and
migrates it, knows the paths, and holds the reads and writes that everything shares:
images, thumbnails, vectors and the fitted codebooks.
"""

from __future__ import annotations

import io
import json
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
from pipeline.errors import EmbeddingError, LibraryError
from pipeline.locks import locked
from pipeline.migrations import migrations

DATABASE = "images.db"
_CHUNK = 500  # ids per IN (…); SQLite's oldest limit on variables is 999


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


@dataclass(frozen=True)
class CurrentEmbedding:
    """What the library holds current for one embedding: its fingerprint and options."""

    name: str
    extractor: str
    dim: int
    options: dict


class Library:
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
        for chunk in _chunks([int(i) for i in ids]):
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

    # Embeddings and vectors

    def embeddings(self) -> dict[str, CurrentEmbedding]:
        """The embeddings this library has been given, in the order of the registry."""
        rows = {
            row[0]: CurrentEmbedding(row[0], row[1], row[2], json.loads(row[3]))
            for row in self.db.execute("SELECT name, extractor, dim, options FROM embeddings")
        }
        return {name: rows[name] for name in EMBEDDINGS if name in rows}

    def set_embedding(self, name: str, extractor: str, dim: int, options: dict) -> None:
        """Declare which extractor is current; vectors that carry another become stale."""
        self.db.execute(
            "INSERT INTO embeddings (name, extractor, dim, options) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET "
            "extractor = excluded.extractor, dim = excluded.dim, options = excluded.options",
            [name, extractor, dim, json.dumps(options)],
        )

    def fitted(self, name: str) -> tuple[dict[str, np.ndarray], int] | None:
        """A fitted codebook as arrays and the number of images it was learned from, or None."""
        row = self.db.execute(
            "SELECT fitted, fitted_on FROM embeddings WHERE name = ?", [name]
        ).fetchone()
        if row is None or row[0] is None:
            return None
        with np.load(io.BytesIO(row[0]), allow_pickle=False) as arrays:
            return dict(arrays), row[1]

    def set_fitted(self, name: str, arrays: dict[str, np.ndarray], fitted_on: int) -> None:
        """Keep a fitted codebook; `set_embedding` must have named the embedding before."""
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        self.db.execute(
            "UPDATE embeddings SET fitted = ?, fitted_on = ? WHERE name = ?",
            [buffer.getvalue(), fitted_on, name],
        )

    def coverage(self, name: str) -> dict[str, int]:
        """How many `ok` images have a current, a stale or no vector of an embedding."""
        sql = f"""
            SELECT coalesce(sum(v.extractor = e.extractor), 0),
                   coalesce(sum(v.extractor != e.extractor), 0),
                   coalesce(sum(v.image_id IS NULL), 0)
            FROM images i JOIN embeddings e ON e.name = ?
            LEFT JOIN {_table(name)} v ON v.image_id = i.id
            WHERE i.state = 'ok'
        """
        current, stale, missing = self.db.execute(sql, [name]).fetchone()
        return {"current": current, "stale": stale, "missing": missing}

    def pending(self, name: str) -> list[int]:
        """Ids of `ok` images whose vector of an embedding is missing or stale, ascending."""
        sql = f"""
            SELECT i.id FROM images i JOIN embeddings e ON e.name = ?
            LEFT JOIN {_table(name)} v ON v.image_id = i.id AND v.extractor = e.extractor
            WHERE i.state = 'ok' AND v.image_id IS NULL ORDER BY i.id
        """
        return [row[0] for row in self.db.execute(sql, [name])]

    def stamps(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Which current vectors there are: ids (n,) int64 ascending, stored_ns (n,) int64.

        Two equal answers mean the same vectors; derived files are keyed on it.
        """
        rows = self.db.execute(f"SELECT v.image_id, v.stored_ns {_current(name)}", [name]).fetchall()
        table = np.array(rows, np.int64).reshape(-1, 2)
        return table[:, 0].copy(), table[:, 1].copy()

    def vectors(
        self, name: str, ids: Sequence[int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Current vectors of `ok` images: ids (n,) int64 ascending, rows (n, dim) float32.

        With `ids`, those among them that have one. Rows have L2 norm 1, or are all zeros.
        """
        if ids is None:
            rows = self.db.execute(f"SELECT v.image_id, v.vector {_current(name)}", [name]).fetchall()
        else:
            rows = []
            for chunk in _chunks(sorted({int(i) for i in ids})):
                marks = ",".join("?" * len(chunk))
                rows += self.db.execute(
                    f"SELECT v.image_id, v.vector {_current(name, f'AND v.image_id IN ({marks})')}",
                    [name, *chunk],
                ).fetchall()
        found = np.array([row[0] for row in rows], np.int64)
        matrix = np.frombuffer(b"".join(row[1] for row in rows), "<f4")
        width = len(rows[0][1]) // 4 if rows else self._dim(name)
        return found, matrix.reshape(len(rows), width).astype(np.float32, copy=True)

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
                packed = np.ascontiguousarray(rows, dtype="<f4")
                self.db.conn.executemany(
                    f"INSERT OR REPLACE INTO {_table(name)} VALUES (?, ?, ?, ?)",
                    [(int(i), row.tobytes(), extractor, now) for i, row in zip(ids, packed)],
                )
            for image_id, state, reason in failures:
                self.mark(image_id, state, reason)

    def forget_vectors(self, ids: Sequence[int]) -> None:
        """Drop thumbnails, hashes and vectors of images whose content has changed or gone."""
        tables = ["thumbnails", "hashes", *(_table(name) for name in EMBEDDINGS)]
        for chunk in _chunks(list(ids)):
            marks = ",".join("?" * len(chunk))
            for table in tables:
                self.db.execute(f"DELETE FROM {table} WHERE image_id IN ({marks})", chunk)

    def _dim(self, name: str) -> int:
        row = self.db.execute("SELECT dim FROM embeddings WHERE name = ?", [name]).fetchone()
        return row[0] if row else 0


def _step_names() -> set[str]:
    return {step.name for step in migrations._migrations}


def _table(name: str) -> str:
    """The table of an embedding's vectors; only registered names become SQL."""
    if name not in EMBEDDINGS:
        raise EmbeddingError(
            f"There is no embedding {name!r}; there are: {', '.join(EMBEDDINGS)}."
        )
    return f"{name}_vectors"


def _current(name: str, condition: str = "") -> str:
    """FROM … of the current vectors of `ok` images, ascending by id; takes the name as parameter.

    The + keeps SQLite from walking all images by their state to find a few vectors.
    """
    return f"""
        FROM embeddings e JOIN {_table(name)} v ON v.extractor = e.extractor
        JOIN images i ON i.id = v.image_id AND +i.state = 'ok'
        WHERE e.name = ? {condition} ORDER BY v.image_id
    """


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]

"""A library's tables of vectors: what it holds current for each embedding, and codebooks.

One table an embedding, as `pipeline.migrations` makes them. Read and written through
`pipeline.library.Library`, which these methods are part of.
"""

from __future__ import annotations

import io
import json
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from pipeline.embeddings import EMBEDDINGS
from pipeline.errors import EmbeddingError

_CHUNK = 500  # ids per IN (…); SQLite's oldest limit on variables is 999


@dataclass(frozen=True)
class CurrentEmbedding:
    """What the library holds current for one embedding: its fingerprint and options."""

    name: str
    extractor: str
    dim: int
    options: dict


class VectorTables:
    """The reads and writes of vectors that a Library has; `db` is its connection."""

    @property
    @abstractmethod
    def db(self) -> Database:
        """This thread's connection."""

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
            LEFT JOIN {table_of(name)} v ON v.image_id = i.id
            WHERE i.state = 'ok'
        """
        current, stale, missing = self.db.execute(sql, [name]).fetchone()
        return {"current": current, "stale": stale, "missing": missing}

    def pending(self, name: str) -> list[int]:
        """Ids of `ok` images whose vector of an embedding is missing or stale, ascending."""
        sql = f"""
            SELECT i.id FROM images i JOIN embeddings e ON e.name = ?
            LEFT JOIN {table_of(name)} v ON v.image_id = i.id AND v.extractor = e.extractor
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
            for chunk in chunks(sorted({int(i) for i in ids})):
                marks = ",".join("?" * len(chunk))
                rows += self.db.execute(
                    f"SELECT v.image_id, v.vector {_current(name, f'AND v.image_id IN ({marks})')}",
                    [name, *chunk],
                ).fetchall()
        found = np.array([row[0] for row in rows], np.int64)
        matrix = np.frombuffer(b"".join(row[1] for row in rows), "<f4")
        width = len(rows[0][1]) // 4 if rows else self._dim(name)
        return found, matrix.reshape(len(rows), width).astype(np.float32, copy=True)

    def _put(self, name: str, extractor: str, ids: Sequence[int], rows: np.ndarray, now: int) -> None:
        """Write rows (n, dim) float32, made by an extractor of that fingerprint; `now` in ns."""
        packed = np.ascontiguousarray(rows, dtype="<f4")
        self.db.conn.executemany(
            f"INSERT OR REPLACE INTO {table_of(name)} VALUES (?, ?, ?, ?)",
            [(int(i), row.tobytes(), extractor, now) for i, row in zip(ids, packed)],
        )

    def _dim(self, name: str) -> int:
        row = self.db.execute("SELECT dim FROM embeddings WHERE name = ?", [name]).fetchone()
        return row[0] if row else 0


def table_of(name: str) -> str:
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
        FROM embeddings e JOIN {table_of(name)} v ON v.extractor = e.extractor
        JOIN images i ON i.id = v.image_id AND +i.state = 'ok'
        WHERE e.name = ? {condition} ORDER BY v.image_id
    """


def chunks(ids: list[int]) -> Iterator[list[int]]:
    """As many ids at a time as one statement takes."""
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]

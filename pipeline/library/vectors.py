"""A library's vectors: what it holds current for each embedding, and codebooks.

What is known about a vector (which extractor made it, when it was stored) lies in the narrow
table `vectors`; the bytes in one table an embedding, made when the embedding is first
declared. Read and written through `pipeline.library.Library`, which these methods are part of.
"""

from __future__ import annotations

import io
import json
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline import arrays as arrays_of
from pipeline.errors import EmbeddingError
from pipeline.library.schema.identity import vectors_table
from pipeline.library.sqlite import Database

_CHUNK = 500  # ids per IN (…); SQLite's oldest limit on variables is 999
_NAME = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,79}")


@dataclass(frozen=True)
class CurrentEmbedding:
    """What the library holds current for one embedding: its fingerprint and options.

    extractor: None where nothing computes the vectors: a person brought them along.
    """

    name: str
    extractor: str | None
    dim: int
    options: dict


class VectorTables:
    """The reads and writes of vectors that a Library has; `db` is its connection."""

    @property
    @abstractmethod
    def db(self) -> Database:
        """This thread's connection."""

    @abstractmethod
    def raise_generation(self) -> int:
        """Count a change, inside a transaction; returns the new generation."""

    # Embeddings

    def embeddings(self) -> dict[str, CurrentEmbedding]:
        """The embeddings this library has been given, by their positions."""
        sql = (
            "SELECT e.name, x.fingerprint, e.dim, e.options FROM embeddings e "
            "LEFT JOIN extractors x ON x.id = e.extractor_id ORDER BY e.position IS NULL, e.position, e.id"
        )
        return {
            row[0]: CurrentEmbedding(row[0], row[1], row[2], json.loads(row[3])) for row in self.db.execute(sql)
        }

    def set_embedding(
        self, name: str, extractor: str | None, dim: int, options: dict, position: int | None = None
    ) -> None:
        """Declare which extractor is current; vectors that carry another become stale.

        extractor None: nothing computes the vectors, they are brought along. position: place
        among the embeddings; None: the one it has, or behind all others. Raises
        EmbeddingError for a name that cannot be a table's.
        """
        if not _NAME.fullmatch(name):
            raise EmbeddingError(
                f"{name!r} cannot be the name of an embedding; use small letters, digits and _.:-, at most 80."
            )
        with self.db.atomic():
            before = self.embeddings().get(name)
            number = None if extractor is None else self._extractor_id(extractor)
            self.db.execute(
                "INSERT INTO embeddings (name, position, extractor_id, dim, options) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET extractor_id = excluded.extractor_id, dim = excluded.dim, "
                "options = excluded.options, position = coalesce(excluded.position, position)",
                [name, position, number, dim, json.dumps(options)],
            )
            if before is None:
                vectors_table(self.db, self._embedding_id(name), name)
            if before is None or before.extractor != extractor:
                self.raise_generation()

    def rename_extractor(self, before: str, after: str, least: int = 0) -> None:
        """Have all that carries a fingerprint carry another one: it is said more exactly now.

        Vectors of images with a long side below `least` px keep theirs, and so become stale.
        """
        with self.db.atomic():
            number = self._extractor_id(after)
            old = self._extractor_id(before)
            small = "SELECT id FROM images WHERE max(width, height) < ?"
            self.db.execute(
                f"UPDATE vectors SET extractor_id = ? WHERE extractor_id = ? AND image_id NOT IN ({small})",
                [number, old, least],
            )
            self.db.execute("UPDATE embeddings SET extractor_id = ? WHERE extractor_id = ?", [number, old])
            self.raise_generation()

    def drop_embedding(self, name: str) -> None:
        """Forget an embedding with all its vectors."""
        number = self._embedding_id(name)
        with self.db.atomic():
            self.db.execute(f"DROP TABLE {table_of(name)}")
            self.db.execute("DELETE FROM vectors WHERE embedding_id = ?", [number])
            self.db.execute("DELETE FROM embeddings WHERE id = ?", [number])
            self.raise_generation()

    def fitted(self, name: str) -> tuple[dict[str, np.ndarray], int] | None:
        """A fitted codebook as arrays and the number of images it was learned from, or None."""
        row = self.db.execute(
            "SELECT fitted, fitted_on FROM embeddings WHERE name = ?", [name]
        ).fetchone()
        if row is None or row[0] is None:
            return None
        with arrays_of.opened(io.BytesIO(row[0])) as arrays:
            return dict(arrays), row[1]

    def set_fitted(self, name: str, arrays: dict[str, np.ndarray], fitted_on: int) -> None:
        """Keep a fitted codebook; `set_embedding` must have named the embedding before."""
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        self.db.execute(
            "UPDATE embeddings SET fitted = ?, fitted_on = ? WHERE name = ?",
            [buffer.getvalue(), fitted_on, name],
        )

    # What is current, without reading a vector

    def coverage(self, name: str) -> dict[str, int]:
        """How many `ok` images have a current, a stale or no vector of an embedding."""
        having, current = self.db.execute(
            "SELECT coalesce(sum(t.images), 0), "
            "coalesce(sum(t.images) FILTER (WHERE t.extractor_id = coalesce(e.extractor_id, 0)), 0) "
            "FROM embeddings e JOIN vector_tallies t ON t.embedding_id = e.id WHERE e.id = ?",
            [self._embedding_id(name)],
        ).fetchone()
        ok = self.db.execute("SELECT coalesce(sum(images), 0) FROM image_tallies WHERE state = 'ok'").fetchone()[0]
        return {"current": current, "stale": having - current, "missing": ok - having}

    def pending(self, name: str) -> list[int]:
        """Ids of `ok` images whose vector of an embedding is missing or stale, ascending."""
        found = self.coverage(name)
        if not found["stale"] and not found["missing"]:
            return []
        sql = """
            SELECT i.id FROM images i JOIN embeddings e ON e.id = ?
            LEFT JOIN vectors v ON v.embedding_id = e.id AND v.image_id = i.id
                AND v.extractor_id IS e.extractor_id
            WHERE i.state = 'ok' AND v.image_id IS NULL ORDER BY i.id
        """
        return [row[0] for row in self.db.execute(sql, [self._embedding_id(name)])]

    def stamps(self, name: str, ids: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Which images have a current vector, and in which generation it was stored.

        Returns ids (n,) int64 ascending and generations (n,) int64, of `ok` images; with
        `ids`, of those among them.
        """
        sql = (
            "SELECT group_concat(image_id), group_concat(generation) "
            f"FROM (SELECT v.image_id, v.generation {_CURRENT})"
        )
        number = self._embedding_id(name)
        parts = []
        if ids is None:
            parts.append(self.db.execute(sql.format(""), [number]).fetchone())
        else:
            for chunk in chunks(sorted({int(i) for i in ids})):
                asked = sql.format(f"AND v.image_id IN ({','.join('?' * len(chunk))})")
                parts.append(self.db.execute(asked, [number, *chunk]).fetchone())
        # Parsed here: a million rows as Python objects take ten times as long.
        found = [[np.fromstring(text, np.int64, sep=",") for text in part] for part in parts if part[0]]
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return tuple(np.concatenate(column) for column in zip(*found))

    def summary(self, name: str) -> tuple[int, int, int]:
        """What changes with the current vectors of `ok` images: their number and two sums.

        Of the generations, and of generation times id, each modulo a prime: two libraries
        that agree in all three hold the same vectors, and no row has come to Python.
        """
        found = self.db.execute(
            "SELECT t.images, t.generations, t.products FROM embeddings e JOIN vector_tallies t "
            "ON t.embedding_id = e.id AND t.extractor_id = coalesce(e.extractor_id, 0) WHERE e.id = ?",
            [self._embedding_id(name)],
        ).fetchone()
        return tuple(found or (0, 0, 0))

    # The vectors themselves

    def vectors(self, name: str, ids: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Current vectors of `ok` images: ids (n,) int64 ascending, rows (n, dim) float32.

        With `ids`, of those among them that have one.
        """
        number = self._embedding_id(name)
        sql = f"""
            SELECT image_id, b.vector FROM (SELECT v.image_id {_CURRENT})
            JOIN {table_of(name)} b USING (image_id) ORDER BY image_id
        """
        rows = []
        if ids is None:
            rows = self.db.execute(sql.format(""), [number]).fetchall()
        else:
            for chunk in chunks(sorted({int(i) for i in ids})):
                asked = sql.format(f"AND v.image_id IN ({','.join('?' * len(chunk))})")
                rows += self.db.execute(asked, [number, *chunk]).fetchall()
        found = np.array([row[0] for row in rows], np.int64)
        matrix = np.frombuffer(b"".join(row[1] for row in rows), "<f4")
        width = len(rows[0][1]) // 4 if rows else self._dim(name)
        return found, matrix.reshape(len(rows), width).astype(np.float32, copy=True)

    def _put(self, name: str, extractor: str | None, ids: Sequence[int], rows: np.ndarray, now: int) -> None:
        """Write rows (n, dim) float32, made by an extractor of that fingerprint, in generation `now`."""
        packed = np.ascontiguousarray(rows, dtype="<f4")
        number, maker = self._embedding_id(name), None if extractor is None else self._extractor_id(extractor)
        self.db.conn.executemany(
            f"INSERT INTO {table_of(name)} VALUES (?, ?) ON CONFLICT DO UPDATE SET vector = excluded.vector",
            [(int(i), row.tobytes()) for i, row in zip(ids, packed)],
        )
        self.db.conn.executemany(
            "INSERT INTO vectors VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "extractor_id = excluded.extractor_id, generation = excluded.generation",
            [(number, int(i), maker, now) for i in ids],
        )

    def _embedding_id(self, name: str) -> int:
        row = self.db.execute("SELECT id FROM embeddings WHERE name = ?", [name]).fetchone()
        if row is None:
            raise EmbeddingError(
                f"This library has no embedding {name!r}; it has: {', '.join(self.embeddings()) or 'none'}."
            )
        return row[0]

    def _extractor_id(self, fingerprint: str) -> int:
        self.db.execute("INSERT INTO extractors (fingerprint) VALUES (?) ON CONFLICT DO NOTHING", [fingerprint])
        return self.db.execute("SELECT id FROM extractors WHERE fingerprint = ?", [fingerprint]).fetchone()[0]

    def _dim(self, name: str) -> int:
        row = self.db.execute("SELECT dim FROM embeddings WHERE name = ?", [name]).fetchone()
        return row[0] if row else 0


def table_of(name: str) -> str:
    """The table of an embedding's bytes, quoted; only what `set_embedding` accepts becomes SQL."""
    if not _NAME.fullmatch(name):
        raise EmbeddingError(f"There is no embedding {name!r}.")
    return f'"{name}_vectors"'


# The + keeps SQLite from walking all images by their state to find a few vectors.
_CURRENT = """
    FROM embeddings e JOIN vectors v ON v.embedding_id = e.id AND v.extractor_id IS e.extractor_id
    JOIN images i ON i.id = v.image_id AND +i.state = 'ok'
    WHERE e.id = ? {} ORDER BY v.image_id
"""


def chunks(ids: list[int]) -> Iterator[list[int]]:
    """As many ids at a time as one statement takes."""
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]

"""The one door to a data directory.

A library is `images.db` (the truth) and files derived from it. This module knows the
connections, the writer's lock, the counters of changes and the choices a person made; the
reads and writes of images come with it from `images`, those of vectors from `vectors`.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import ref
from zlib import crc32

import numpy as np

from pipeline.errors import LibraryError
from pipeline.library.connection import DATABASE, Connection, connect, prepare
from pipeline.library.facts import Facts
from pipeline.library.images import ImageTables
from pipeline.library.locks import locked
from pipeline.library.presence import Presence
from pipeline.library.vectors import VectorTables


class _OfThread:
    """A thread's connection to a library that is still there: it ends with its thread.

    Python keeps a connection's statements in a circle with it, which only the collector would
    find, and until then each ended thread would leave three open files.
    """

    def __init__(self, library: Library, db: Connection):
        self.db = db
        self._library = ref(library)

    def __del__(self) -> None:
        if self._library() is not None:  # else whoever reads from it still has it without the library
            with suppress(sqlite3.Error):
                self.db.close()


class Library(ImageTables, VectorTables):
    """An open library. One object may be shared by threads: each gets its own connection."""

    def __init__(self, data: str | Path, *, create: bool = False):
        """Open the library in directory `data`, migrating its schema.

        Raises LibraryError when there is none and `create` is false, or when the file is
        no database of ours or was written by a newer Likeness. Where nothing can be written,
        the library is opened for reading (`read_only`).
        """
        self.data = Path(data)
        self._local = threading.local()
        self.kept: dict[str, Any] = {}
        """What other rooms keep of it in memory, each by its name. It goes with the library, though it refers to it."""
        self.presence = Presence(self)
        if not create and not (self.data / DATABASE).is_file():
            raise LibraryError(
                f"There is no library in {self.data}. "
                "Make one with: python -m pipeline run FOLDER_OF_IMAGES"
            )
        self.read_only = prepare(self.data)
        self.facts = Facts(self)
        """What files say of themselves, and a person's tables of them."""

    @property
    def db(self) -> Connection:
        """This thread's connection; `atomic` waits for whoever writes."""
        own = getattr(self._local, "own", None)
        if own is None:
            own = self._local.own = _OfThread(self, connect(self.data, self.read_only))
        return own.db

    def close(self) -> None:
        """Close this thread's connection; the next use opens another."""
        own = getattr(self._local, "own", None)
        if own is not None:
            own.db.close()
            self._local.own = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the library's writer lock; raises LibraryError when another run has it.

        The lock is the operating system's, so it goes with the process however that ends.
        """
        if self.read_only:
            raise LibraryError(f"Nothing can be written in {self.data}: the library can only be read.")
        try:
            with locked(self.data / ".writing", wait=False):
                yield
        except BlockingIOError:
            raise LibraryError(
                f"Another run is at work on {self.data}; wait for it or stop it first."
            ) from None

    # Changes

    def generation(self) -> int:
        """Rises with every change of what can be found: images, states, vectors, hashes."""
        return self.notes_generation("images")

    def images_generation(self) -> int:
        """The generation in which an image came, changed or went last; storing vectors leaves it."""
        return self.db.execute(
            "SELECT max(coalesce((SELECT max(changed) FROM images), 0), "
            "coalesce((SELECT max(generation) FROM forgotten), 0))"
        ).fetchone()[0]

    def notes_generation(self, kind: str) -> int:
        """Rises with every change of `tags`, `collections`, `cluster_names`, `ratings`, `copies` or `facts`."""
        row = self.db.execute("SELECT value FROM generations WHERE name = ?", [kind]).fetchone()
        if row is None:
            raise ValueError(f"nothing counts the changes of {kind!r}")
        return row[0]

    def raise_generation(self) -> int:
        """Count a change of what can be found, inside a transaction; the new generation."""
        return self.db.execute(
            "UPDATE generations SET value = value + 1 WHERE name = 'images' RETURNING value"
        ).fetchone()[0]

    # How a person set the steps

    def choice(self, step: str) -> dict | None:
        """How a step was set last, or None where nobody has."""
        row = self.db.execute("SELECT options FROM choices WHERE step = ?", [step]).fetchone()
        return json.loads(row[0]) if row else None

    def choose(self, step: str, options: dict) -> None:
        """Remember how a step is set; JSON must be able to write it."""
        self.db.execute(
            "INSERT INTO choices VALUES (?, ?) ON CONFLICT DO UPDATE SET options = excluded.options",
            [step, json.dumps(options, sort_keys=True)],
        )

    # Images and vectors together

    def store(
        self,
        thumbnails: Iterable[tuple[int, bytes]],
        vectors: dict[str, tuple[str | None, Sequence[int], np.ndarray]],
        failures: Iterable[tuple] = (),
    ) -> None:
        """Write one batch in one transaction: all of it is kept, or nothing.

        thumbnails: (image id, JPEG). vectors: name → (fingerprint, ids, (n, dim) float32
        rows). failures: (image id, state, reason), or with a fourth, whether to try again on
        every run.
        """
        with self.db.atomic():
            now = self.raise_generation()
            self.db.conn.executemany(
                "INSERT INTO thumbnails (image_id, jpeg, crc) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET jpeg = excluded.jpeg, crc = excluded.crc",
                ((image_id, jpeg, crc32(jpeg)) for image_id, jpeg in thumbnails),
            )
            for name, (extractor, ids, rows) in vectors.items():
                self._put(name, extractor, ids, rows, now)
            for image_id, state, reason, *retry in failures:
                self.mark(image_id, state, reason, retry=bool(retry and retry[0]))

"""A library's images and the folders they were scanned from, see `pipeline.library.Library`."""

from __future__ import annotations

import json
import os
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import LibraryError
from pipeline.library.sqlite import Database
from pipeline.library.vectors import chunks, table_of
from pipeline.stores import is_address, join

_FORGOTTEN_AT_A_TIME = 2_000  # images per transaction, so that notes can be written in between

_SELECT = (
    "SELECT i.id, r.path, i.path, i.label, i.width, i.height, i.size, i.mtime, i.state, i.reason, "
    "i.content_hash, i.retry FROM images i JOIN roots r ON r.id = i.root_id"
)


@dataclass(frozen=True)
class ImageRow:
    """One image of the library, without its vectors.

    root, path: as the file system has them; where a name is no UTF-8, with surrogates, as
    Python's `os` gives and takes them. retry: it could not be read this time.
    """

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
    content_hash: str | None = None
    retry: bool = False

    @property
    def file(self) -> Path:
        """Where the file lies on disk; of images in a folder of this machine."""
        return Path(self.root) / self.path

    @property
    def place(self) -> str:
        """Where its bytes are: the path of a file, or an address (`stores`)."""
        return join(self.root, self.path)

    @property
    def shown(self) -> str:
        """The path as it can be printed."""
        return printable(self.path)


def to_database(name: str) -> str | bytes:
    """A path as it is stored: text, or the bytes themselves where they are no UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name)
    return name


def from_database(value: str | bytes) -> str:
    """A stored path as the file system takes it."""
    return os.fsdecode(value) if isinstance(value, bytes) else value


def printable(name: str) -> str:
    """A path that any encoding of Unicode can write; bytes that are no UTF-8 as \\xNN."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def row_of(values: Sequence) -> ImageRow:
    """A row as `_SELECT` gives it."""
    found = ImageRow(*values[:11], bool(values[11]))
    if isinstance(found.path, bytes) or isinstance(found.root, bytes):
        found = ImageRow(found.id, from_database(found.root), from_database(found.path), *values[3:11], found.retry)
    return found


def later(db: Database, generation: int, tables: Mapping[str, str]) -> np.ndarray:
    """Ids (n,) int64 ascending in rows of some tables {name: column of the id} that came or changed
    after a generation, and those of forgotten images."""
    found: list[int] = []
    for table, column in {**tables, "forgotten": "image_id"}.items():  # a UNION would read all of each, to merge them
        when = "changed" if table == "images" else "generation"
        found += (row[0] for row in db.execute(f"SELECT {column} FROM {table} WHERE {when} > ?", [generation]))
    return np.unique(np.array(found, np.int64))


def _ending(root: str, roots: Sequence[str]) -> str:
    """The last names of a folder's path, so many that no other one ends with them."""
    parts = root.split("/")
    for count in range(1, len(parts)):
        end = "/".join(parts[-count:])
        if not any(f"/{other}".endswith(f"/{end}") for other in roots if other != root):
            return end
    return root


class ImageTables:
    """The reads and writes of images and roots that a Library has; `db` is its connection."""

    @property
    @abstractmethod
    def db(self) -> Database:
        """This thread's connection."""

    def image(self, image_id: int) -> ImageRow | None:
        """One image by id, or None."""
        return self.images_by_id([image_id]).get(image_id)

    def images_by_id(self, ids: Sequence[int]) -> dict[int, ImageRow]:
        """The images among `ids` that exist, by id."""
        found = {}
        for chunk in chunks([int(i) for i in ids]):
            marks = ",".join("?" * len(chunk))
            for row in self.db.execute(f"{_SELECT} WHERE i.id IN ({marks})", chunk):
                found[row[0]] = row_of(row)
        return found

    def images(self, state: str = "ok", *, limit: int = -1, offset: int = 0) -> list[ImageRow]:
        """The images in a state (`ok`, `unreadable`, `missing`), ordered by id."""
        sql = f"{_SELECT} WHERE i.state = ? ORDER BY i.id LIMIT ? OFFSET ?"
        return [row_of(row) for row in self.db.execute(sql, [state, limit, offset])]

    def image_at(self, file: Path) -> ImageRow | None:
        """The image whose file this is, or None when it is not in the library."""
        file = Path(os.path.realpath(file))
        for root in self.roots():
            if file.is_relative_to(root):
                row = self.db.execute(
                    f"{_SELECT} WHERE r.path = ? AND i.path = ? AND i.state = 'ok'",
                    [to_database(root), to_database(file.relative_to(root).as_posix())],
                ).fetchone()
                if row:
                    return row_of(row)
        return None

    def told_apart(self, rows: Iterable[ImageRow]) -> list[str]:
        """The paths of images as they are printed: with so much of their folder as tells folders apart.

        With one scanned folder the path below it is enough.
        """
        names = self.root_names()
        if len(names) < 2:
            return [row.shown for row in rows]
        return [printable(f"{names[row.root]}/{row.path}") for row in rows]

    def root_names(self) -> dict[str, str]:
        """Scanned folder → so much of the end of its path as tells it apart from the others."""
        roots = list(self.roots())
        return {root: _ending(root, roots) for root in roots}

    def counts(self) -> dict[str, int]:
        """Number of images per state, all three named."""
        found = dict(self.db.execute("SELECT state, sum(images) FROM image_tallies GROUP BY state"))
        return {state: found.get(state, 0) for state in ("ok", "unreadable", "missing")}

    def labels(self) -> dict[str, int]:
        """Label → number of `ok` images, largest first; images without label are left out."""
        sql = (
            "SELECT label, count(*) FROM images WHERE state = 'ok' AND label IS NOT NULL "
            "GROUP BY label ORDER BY count(*) DESC, label"
        )
        return dict(self.db.execute(sql))

    def mark(self, image_id: int, state: str, reason: str | None = None, *, retry: bool = False) -> None:
        """Set an image's state, why, and whether it is to be tried again on every run."""
        self.db.execute(
            "UPDATE images SET state = ?, reason = ?, retry = ? WHERE id = ?", [state, reason, retry, image_id]
        )

    def thumbnail(self, image_id: int) -> bytes | None:
        """JPEG bytes, long side 256 px, or None."""
        row = self.db.execute(
            "SELECT jpeg FROM thumbnails WHERE image_id = ?", [image_id]
        ).fetchone()
        return row[0] if row else None

    def without_thumbnail(self) -> list[int]:
        """Ids of `ok` images that have none, ascending."""
        every = "SELECT (SELECT count(*) FROM thumbnails) = (SELECT coalesce(sum(images), 0) FROM image_tallies)"
        if self.db.execute(every).fetchone()[0]:
            return []
        sql = (
            "SELECT id FROM images WHERE state = 'ok' AND id NOT IN "
            "(SELECT +image_id FROM thumbnails INDEXED BY thumbnails_image) ORDER BY id"  # + : not by rowid, past the JPEGs
        )
        return [row[0] for row in self.db.execute(sql)]

    def changed_since(self, generation: int) -> np.ndarray:
        """Ids (n,) int64 ascending of what has changed after a generation, forgotten ones included."""
        return later(self.db, generation, {"images": "id", "vectors": "image_id", "hashes": "image_id"})

    # Roots

    def roots(self) -> dict[str, int]:
        """Scanned folder → number of images that are not missing, by name."""
        sql = (
            "SELECT r.path, coalesce(sum(t.images), 0) FROM roots r "
            "LEFT JOIN image_tallies t ON t.root_id = r.id AND t.state != 'missing' "
            "GROUP BY r.id ORDER BY r.path"
        )
        return {from_database(path): count for path, count in self.db.execute(sql)}

    def add_root(self, root: str) -> int:
        """The id of a scanned folder, entered where it is new."""
        self.db.execute("INSERT INTO roots (path) VALUES (?) ON CONFLICT DO NOTHING", [to_database(root)])
        return self.root_id(root)

    def root_id(self, root: str) -> int:
        """The id of a scanned folder; LibraryError when it is none."""
        row = self.db.execute("SELECT id FROM roots WHERE path = ?", [to_database(root)]).fetchone()
        if row is None:
            raise LibraryError(f"The folder {printable(root)} is not in this library; `status` lists those that are.")
        return row[0]

    def excluded(self, root: str) -> list[str]:
        """Patterns of what is left out of a scanned folder."""
        row = self.db.execute("SELECT exclude FROM roots WHERE path = ?", [to_database(root)]).fetchone()
        return json.loads(row[0]) if row else []

    def relocate_root(self, old: str, new: str) -> int:
        """Say that a scanned folder lies elsewhere now; nothing is read. Returns how many images it has.

        Raises LibraryError when `old` is none, or `new` is one already.
        """
        number = self.root_id(old)
        if new in self.roots():
            raise LibraryError(
                f"{printable(new)} is a folder of this library already. Scan it: what has come there from "
                f"{printable(old)} is known by its content."
            )
        with self.db.atomic():
            self.db.execute("UPDATE roots SET path = ? WHERE id = ?", [to_database(new), number])
            # Another disk numbers its files anew; that says nothing of what is in them.
            self.db.execute("UPDATE images SET ctime = NULL, device = NULL, inode = NULL WHERE root_id = ?", [number])
        return self.db.execute("SELECT count(*) FROM images WHERE root_id = ?", [number]).fetchone()[0]

    def drop_empty_roots(self) -> None:
        """Forget scanned folders that are not there any more and have no image left: they have moved."""
        empty = self.db.execute(
            "SELECT id, path FROM roots r WHERE NOT EXISTS (SELECT 1 FROM images i WHERE i.root_id = r.id)"
        ).fetchall()
        for number, path in empty:
            if is_address(from_database(path)) or not os.path.isdir(from_database(path)):
                self.db.execute("DELETE FROM roots WHERE id = ?", [number])

    def widen_root(self, root: str, around: str) -> None:
        """Let a folder that lies around a scanned one take its images over."""
        prefix = Path(root).relative_to(around).as_posix()
        label = printable(Path(root).name)
        with self.db.atomic():
            old, new = self.root_id(root), self.add_root(around)
            rows = self.db.execute("SELECT id, path FROM images WHERE root_id = ?", [old]).fetchall()
            self.db.conn.executemany(
                "UPDATE images SET root_id = ?, path = ?, label = coalesce(label, ?) WHERE id = ?",
                [(new, to_database(f"{prefix}/{from_database(path)}"), label, number) for number, path in rows],
            )
            references = self.db.execute("SELECT path FROM reference_folders WHERE root_id = ?", [old]).fetchall()
            self.db.conn.executemany(
                "INSERT OR IGNORE INTO reference_folders VALUES (?, ?)",
                [(new, to_database(f"{prefix}/{from_database(path)}".rstrip("/"))) for (path,) in references],
            )
            self.db.execute("DELETE FROM roots WHERE id = ?", [old])

    def remove_root(self, root: str) -> int:
        """Forget every image of a scanned folder with its vectors; the files stay. Returns how many."""
        number, count = self.root_id(root), 0
        while True:
            with self.db.atomic():
                gone = self.db.execute(
                    "DELETE FROM images WHERE id IN (SELECT id FROM images WHERE root_id = ? LIMIT ?)",
                    [number, _FORGOTTEN_AT_A_TIME],
                ).rowcount
                count += gone
                if gone < _FORGOTTEN_AT_A_TIME:
                    self.db.execute("DELETE FROM roots WHERE id = ?", [number])
                    return count

    def forget_vectors(self, ids: Iterable[int]) -> None:
        """Drop thumbnails, hashes and vectors of images whose content has changed or gone."""
        names = [row[0] for row in self.db.execute("SELECT name FROM embeddings")]
        tables = ["thumbnails", "hashes", *(table_of(name) for name in names)]
        with self.db.atomic():
            for chunk in chunks(list(ids)):
                marks = ",".join("?" * len(chunk))
                for table in tables:
                    self.db.execute(f"DELETE FROM {table} WHERE image_id IN ({marks})", chunk)

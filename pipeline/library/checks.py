"""What can be wrong inside `images.db`, and what of it can be put right here.

Notes, and what was brought along, are never touched: nobody could make them again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zlib import crc32

import numpy as np

from pipeline import processes
from pipeline.library import hashes
from pipeline.library.derived import UNREADABLE
from pipeline.library.facts import words
from pipeline.library.images import printable
from pipeline.library.library import Library
from pipeline.library.schema import migrations, tallies
from pipeline.library.schema.identity import vectors_table
from pipeline.library.sqlite import Database
from pipeline.library.vectors import chunks, table_of
from pipeline.pictures.thumbnails import is_whole
from pipeline.progress import Progress, Silent
from pipeline.stores import is_address

RESTORE = "bring back a backup: python -m pipeline restore FILE --force"
RUN = "it is computed by: python -m pipeline run"
BASIC = ("integrity", "tables")
"""Checks that the others rest on."""

_DERIVED = ("thumbnails", "hashes", "vectors")  # and the tables of vectors
_ROWS = 2_000  # read at a time
_NORM = 1e-3  # float32 sums of 2,000 squares stay far below


@dataclass(frozen=True)
class Finding:
    """One kind of damage in one place.

    check: the kind, a word. about: the table, embedding or file. count: rows, images or
    files concerned. cure: puts it right, or None; after it, vectors, thumbnails and hashes
    have to be computed where `computes` names an embedding or, "", none of them. way_out: what
    a person can do instead.
    """

    check: str
    about: str
    count: int
    text: str
    cure: Callable[[], object] | None = field(default=None, compare=False, repr=False)
    computes: str | None = None
    way_out: str = ""


def examine(library: Library, computed: Collection[str], progress: Progress = Silent()) -> Iterator[Finding]:
    """Everything wrong with a library's database; embeddings in `computed` can be made again.

    Where the database itself is damaged, or lacks tables, nothing more is looked at.
    """
    for basis in (_integrity, _schema):
        broken = list(basis(library))
        yield from broken
        if any(finding.check in BASIC for finding in broken):
            return
    yield from _references(library)
    for name in library.embeddings():
        yield from _facts(library, name, name in computed)
        yield from _codebook(library, name, name in computed)
    yield from _vectors(library, computed, progress)
    yield from _thumbnails(library, progress)
    yield from _hashes(library)
    yield from _counters(library)
    yield from _words(library)
    yield from _runs(library)
    yield from _folders(library)


def _integrity(library: Library) -> Iterator[Finding]:
    """Pages and trees of the file; an index of SQLite's can be written anew, nothing else."""
    try:
        said = [row[0] for row in library.db.execute("PRAGMA integrity_check(100)")]
    except sqlite3.DatabaseError as error:
        said = [str(error)]
    if said == ["ok"]:
        return
    only_indexes = all("index" in line and "Tree" not in line for line in said)
    cure = (lambda: library.db.execute("REINDEX")) if only_indexes else None
    yield Finding("integrity", "images.db", len(said), f"The database is damaged: {said[0]}.", cure, way_out=RESTORE)


def _schema(library: Library) -> Iterator[Finding]:
    """Tables, indexes and triggers that a library has."""
    made = Database(memory=True)
    migrations.apply(made)
    sql = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    there = {row[1] for row in library.db.execute(sql)}
    lost = [row for row in made.execute(sql).fetchall() if row[1] not in there]
    made.close()
    if tables := [row[1] for row in lost if row[0] == "table"]:
        yield Finding("tables", ", ".join(tables), len(tables), f"Tables are gone: {', '.join(tables)}.", way_out=RESTORE)
    elif lost:
        yield Finding(
            "schema", ", ".join(row[1] for row in lost), len(lost), f"{len(lost)} indexes or triggers of the database are gone.",
            lambda: [library.db.execute(row[2]) for row in lost],
        )  # fmt: skip
    for number, name in library.db.execute("SELECT id, name FROM embeddings").fetchall() if not lost else ():
        if not {f"{name}_vectors", f"{name}_vectors_deleted"} <= there:
            yield Finding(
                "tables", name, 1, f"The table of vectors of {name} is not whole.",
                lambda number=number, name=name: vectors_table(library.db, number, name),
            )  # fmt: skip


def _references(library: Library) -> Iterator[Finding]:
    """Rows that refer to what is not there."""
    found: dict[str, int] = {}
    for row in library.db.execute("PRAGMA foreign_key_check"):
        found[row[0]] = found.get(row[0], 0) + 1
    derived = {*_DERIVED, *(f"{name}_vectors" for name in library.embeddings())}
    for table, count in found.items():
        cure = (lambda table=table: _drop_orphans(library, table)) if table in derived else None
        text = f"{count:,} rows of {table} refer to something that is not there."
        yield Finding("orphans", table, count, text, cure, way_out=RESTORE)


def _drop_orphans(library: Library, table: str) -> None:
    keys = library.db.execute(f'PRAGMA foreign_key_list("{table}")').fetchall()
    with library.db.atomic():
        for _, _, parent, column, theirs, *_ in keys:
            library.db.execute(
                f'DELETE FROM "{table}" WHERE "{column}" IS NOT NULL '
                f'AND "{column}" NOT IN (SELECT "{theirs or "id"}" FROM "{parent}")'
            )


def _facts(library: Library, name: str, computed: bool) -> Iterator[Finding]:
    """Vectors of which nothing is known, and facts about vectors that are not there."""
    number = library.db.execute("SELECT id FROM embeddings WHERE name = ?", [name]).fetchone()[0]
    facts = f"SELECT image_id FROM vectors WHERE embedding_id = {number}"
    for check, table, mine, others, text in (
        ("facts", table_of(name), "", facts, "vectors of {} of which nothing is known"),
        ("bytes", "vectors", f"embedding_id = {number} AND ", f"SELECT image_id FROM {table_of(name)}",
         "vectors of {} are noted and not there"),
    ):  # fmt: skip
        where = f"FROM {table} WHERE {mine}image_id NOT IN ({others})"
        count = library.db.execute(f"SELECT count(*) {where}").fetchone()[0]
        if count:
            cure = (lambda where=where: library.db.execute(f"DELETE {where}")) if computed else None
            way_out = RUN if computed else f"bring the vectors of {name} along again, or {RESTORE}"
            yield Finding(check, name, count, f"{count:,} {text.format(name)}.", cure, name, way_out)


def _codebook(library: Library, name: str, computed: bool) -> Iterator[Finding]:
    try:
        library.fitted(name)
    except UNREADABLE as error:
        yield Finding(
            "codebook", name, 1, f"The codebook of {name} cannot be read ({error}); without it all its vectors are computed anew.",
            (lambda: library.db.execute("UPDATE embeddings SET fitted = NULL, fitted_on = NULL WHERE name = ?", [name]))
            if computed else None, name, RESTORE,
        )  # fmt: skip


def _vectors(library: Library, computed: Collection[str], progress: Progress) -> Iterator[Finding]:
    """Vectors of a wrong length, with values that are no numbers, or not of length 1."""
    known = library.embeddings()
    progress.start("vectors", sum(sum(library.coverage(name).values()) for name in known))
    for name, its in known.items():
        bad = list(_bad_vectors(library, name, its.dim, progress))
        if bad:
            cure = (lambda name=name, bad=bad: _delete(library, table_of(name), bad)) if name in computed else None
            way_out = RUN if name in computed else f"bring the vectors of {name} along again, or {RESTORE}"
            yield Finding("vectors", name, len(bad), f"{len(bad):,} vectors of {name} are damaged.", cure, name, way_out)


def _bad_vectors(library: Library, name: str, dim: int, progress: Progress) -> Iterator[int]:
    rows = library.db.execute(
        f"SELECT b.image_id, b.vector, v.extractor_id IS e.extractor_id FROM {table_of(name)} b "
        "JOIN embeddings e ON e.name = ? JOIN vectors v ON v.embedding_id = e.id AND v.image_id = b.image_id", [name]
    )
    while some := rows.fetchmany(_ROWS):
        for image_id, vector, current in some:
            if not isinstance(vector, bytes) or len(vector) % 4 or not vector or (current and len(vector) != 4 * dim):
                yield image_id
                continue
            values = np.frombuffer(vector, "<f4").astype(np.float64)
            norm = float(values @ values)
            if not (norm == 0 or abs(norm - 1) <= _NORM):  # NaN is neither
                yield image_id
        progress.advance(len(some))


def _thumbnails(library: Library, progress: Progress) -> Iterator[Finding]:
    without = library.without_thumbnail()
    if without:
        text = f"{len(without):,} images have no thumbnail."
        yield Finding("thumbnails", "missing", len(without), text, lambda: None, "", RUN)
    progress.start("thumbnails", library.db.execute("SELECT count(*) FROM thumbnails").fetchone()[0])
    bad = []
    rows = library.db.execute("SELECT image_id, jpeg, crc FROM thumbnails")
    while some := rows.fetchmany(_ROWS):
        bad += [image_id for image_id, jpeg, crc in some if not _as_stored(jpeg, crc)]
        progress.advance(len(some))
    if bad:
        text = f"{len(bad):,} thumbnails are damaged."
        yield Finding("thumbnails", "damaged", len(bad), text, lambda: _delete(library, "thumbnails", bad), "", RUN)


def _as_stored(jpeg: object, crc: int | None) -> bool:
    """Whether a thumbnail is what was stored; of those from before there were check sums, whether it opens."""
    if not isinstance(jpeg, bytes):
        return False
    return is_whole(jpeg) if crc is None else crc32(jpeg) == crc


def _hashes(library: Library) -> Iterator[Finding]:
    sql = "SELECT image_id FROM hashes WHERE length(average) != 8 OR length(difference) != 8 OR length(dct) != 8"
    bad = [row[0] for row in library.db.execute(sql)]
    if bad:
        text = f"{len(bad):,} hashes are damaged."
        yield Finding("hashes", "damaged", len(bad), text, lambda: _delete(library, "hashes", bad), "", RUN)
    if without := len(hashes.pending(library)):
        yield Finding("hashes", "missing", without, f"{without:,} images have no hash.", lambda: None, "", RUN)


def _delete(library: Library, table: str, ids: list[int]) -> None:
    with library.db.atomic():
        for chunk in chunks(ids):
            library.db.execute(f"DELETE FROM {table} WHERE image_id IN ({','.join('?' * len(chunk))})", chunk)


def _counters(library: Library) -> Iterator[Finding]:
    """The highest id ever given, and the number of changes: both may only rise."""
    for name, table, value, where, highest in (
        ("ids", "sqlite_sequence", "seq", "name = 'images'",
         "SELECT max(coalesce((SELECT max(id) FROM images), 0), coalesce((SELECT max(image_id) FROM forgotten), 0))"),
        ("changes", "generations", "value", "name = 'images'",
         "SELECT max(coalesce((SELECT max(changed) FROM images), 0), coalesce((SELECT max(generation) FROM vectors), 0), "
         "coalesce((SELECT max(generation) FROM hashes), 0), coalesce((SELECT max(generation) FROM forgotten), 0))"),
    ):  # fmt: skip
        most = library.db.execute(highest).fetchone()[0]
        row = library.db.execute(f"SELECT {value} FROM {table} WHERE {where}").fetchone()
        if row is None or row[0] < most:
            text = f"The counter of {name} stands at {row[0] if row else 'nothing'}, and {most} is taken."
            yield Finding("counters", name, 1, text, lambda t=table, v=value, m=most: _raise(library, t, v, m))
    if count := tallies.wrong(library.db):
        yield Finding("counters", "tallies", count, f"{count:,} kept figures are not what counting gives.", lambda: _recount(library))


def _words(library: Library) -> Iterator[Finding]:
    """Full text that does not hold the words of its table."""
    for name in words.out_of_step(library):
        yield Finding(
            "words", name, 1, f"The full text {name} is not in step with what is written.",
            lambda name=name: words.rebuild(library, name),
        )  # fmt: skip


def _recount(library: Library) -> None:
    with library.db.atomic():
        tallies.recount(library.db)


def _raise(library: Library, table: str, value: str, most: int) -> None:
    with library.db.atomic():
        if not library.db.execute(f"UPDATE {table} SET {value} = ? WHERE name = 'images'", [most]).rowcount:
            library.db.execute(f"INSERT INTO {table} (name, {value}) VALUES ('images', ?)", [most])


def _runs(library: Library) -> Iterator[Finding]:
    rows = library.db.execute("SELECT id, pid, process FROM runs WHERE state = 'running'").fetchall()
    dead = [row[0] for row in rows if row[1] is None or row[2] is None or processes.identity(row[1]) != row[2]]
    if dead:
        sql = f"UPDATE runs SET state = 'stopped', finished = ? WHERE id IN ({','.join(map(str, dead))})"
        now = datetime.now(UTC).isoformat(timespec="seconds")
        text = f"{len(dead):,} runs are noted as going on, and are not."
        yield Finding("runs", "running", len(dead), text, lambda: library.db.execute(sql, [now]))


def folders_away(library: Library) -> Iterator[tuple[str, int]]:
    """Scanned folders that are not there now, with how many images they have."""
    for root, count in library.roots().items():
        if count and not is_address(root) and not os.path.isdir(root):
            yield printable(root), count


def _folders(library: Library) -> Iterator[Finding]:
    for root, count in folders_away(library):
        yield Finding(
            "folders", root, count, f"The folder {root} with {count:,} images is not there now.",
            way_out="connect its disk; where it has moved: python -m pipeline relocate OLD NEW; else forget it",
        )  # fmt: skip


def incurable(finding: Finding, why: str) -> Finding:
    """The same where a cure would not help now."""
    return replace(finding, cure=None, computes=None, way_out=why)

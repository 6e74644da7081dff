"""Migration 0004: ids that are never used twice, foreign keys for all that refers to an image,
facts about vectors apart from their bytes, and counters that every change raises.

Applied on a connection without foreign keys, as SQLite asks for when a table is made anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from sqlite_utils import Database

from pipeline.library.schema import EMBEDDING_TABLES, migrations

MADE_OF_IMAGES = (
    "root_id", "path", "label", "size", "mtime", "content_hash", "width", "height", "state", "reason",
)
"""Columns of `images` whose change is a change of what can be found or shown."""

NOTES = {
    "tags": ("tags",),
    "collections": ("collections", "collection_images"),
    "cluster_names": ("cluster_names", "cluster_name_images"),
    "ratings": ("ratings",),
}
"""Counter → tables that raise it."""

_REFERENCE = re.compile(r"image:(\d+)")


@migrations(name="0004_identity")
def identity(db: Database) -> None:
    """An image keeps its id wherever its file goes; nobody else ever gets it."""
    known = _ids_ever_known(db)
    _roots_and_images(db)
    _vectors(db)
    _notes(db)
    _counters(db, known)
    # So that a run can be stopped by whoever shows it, even after a restart of that.
    db.execute("ALTER TABLE runs ADD COLUMN pid INTEGER")
    db.execute("ALTER TABLE runs ADD COLUMN process TEXT")
    db.execute("ALTER TABLE runs ADD COLUMN origin TEXT")


def vectors_table(db: Database, embedding_id: int, name: str) -> None:
    """Make the table of an embedding's bytes. Whoever deletes from it deletes the facts, too."""
    db.execute(
        f"""
        CREATE TABLE IF NOT EXISTS "{name}_vectors" (
            image_id INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
            vector BLOB NOT NULL         -- little-endian float32, L2 norm 1 (or all 0: nothing found)
        )
        """
    )
    db.execute(
        f"""
        CREATE TRIGGER IF NOT EXISTS "{name}_vectors_deleted" AFTER DELETE ON "{name}_vectors" BEGIN
            DELETE FROM vectors WHERE embedding_id = {embedding_id} AND image_id = OLD.image_id;
        END
        """
    )


def _roots_and_images(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE roots (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            path TEXT NOT NULL UNIQUE,   -- absolute folder that was scanned; BLOB where it is no UTF-8
            exclude TEXT NOT NULL DEFAULT '[]' -- JSON: patterns of what is left out below it
        )
        """
    )
    db.execute("INSERT INTO roots (path) SELECT DISTINCT root FROM images ORDER BY root")
    db.execute(
        """
        CREATE TABLE images_new (
            id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice
            root_id INTEGER NOT NULL REFERENCES roots (id) ON DELETE CASCADE,
            path TEXT NOT NULL,          -- relative to the root, with forward slashes; BLOB where it is no UTF-8
            label TEXT,                  -- name of the parent folder below the root; NULL in the root itself
            size INTEGER NOT NULL,       -- bytes
            mtime REAL NOT NULL,         -- seconds since 1970, as the file system says
            ctime REAL,                  -- likewise; NULL: not known yet
            device INTEGER,              -- with inode: two names of one file are one image
            inode INTEGER,
            content_hash TEXT,           -- BLAKE2b-128 of the file, hex
            width INTEGER,               -- px as seen, after the EXIF turn
            height INTEGER,
            state TEXT NOT NULL DEFAULT 'ok' CHECK (state IN ('ok', 'unreadable', 'missing')),
            reason TEXT,                 -- why the image is unreadable
            retry INTEGER NOT NULL DEFAULT 0, -- 1: it could not be read this time, and is tried again
            changed INTEGER NOT NULL DEFAULT 0 -- the generation in which this row changed last
        )
        """
    )
    db.execute(
        """
        INSERT INTO images_new
            (id, root_id, path, label, size, mtime, content_hash, width, height, state, reason, retry)
        SELECT i.id, r.id, i.path, i.label, i.size, i.mtime, i.content_hash, i.width, i.height, i.state, i.reason,
            i.state = 'unreadable' AND (i.content_hash IS NULL OR i.reason LIKE 'the file cannot be opened%'
                                        OR i.reason LIKE 'the file is not there%')
        FROM images i JOIN roots r ON r.path = i.root ORDER BY i.id
        """
    )
    db.execute("DROP TABLE images")
    db.execute("ALTER TABLE images_new RENAME TO images")
    # What is missing keeps its last place, where another file may be by now.
    db.execute("CREATE UNIQUE INDEX images_place ON images (root_id, path) WHERE state != 'missing'")
    db.execute("CREATE INDEX images_root ON images (root_id, state)")
    db.execute("CREATE INDEX images_content_hash ON images (content_hash)")
    db.execute("CREATE INDEX images_state ON images (state, label)")
    db.execute("CREATE INDEX images_changed ON images (changed)")
    # Whether there is a thumbnail is asked more often than for its bytes.
    db.execute("CREATE INDEX thumbnails_image ON thumbnails (image_id)")
    db.execute("CREATE TABLE forgotten (image_id INTEGER PRIMARY KEY, generation INTEGER NOT NULL)")
    db.execute("CREATE INDEX forgotten_generation ON forgotten (generation)")


def _vectors(db: Database) -> None:
    """The facts of each vector into one narrow table; the bytes are copied once."""
    db.execute("CREATE TABLE extractors (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE)")
    db.execute("ALTER TABLE embeddings RENAME TO embeddings_old")
    db.execute(
        """
        CREATE TABLE embeddings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            position INTEGER,            -- place among the others; NULL: behind them, in the order they came
            extractor_id INTEGER REFERENCES extractors (id), -- what a current vector carries; NULL: brought along
            dim INTEGER NOT NULL,
            options TEXT NOT NULL,       -- JSON: the settings the extractor was made with
            fitted BLOB,                 -- learned codebook as .npz without pickle, where there is one
            fitted_on INTEGER            -- images the codebook was learned from
        )
        """
    )
    db.execute(
        """
        CREATE TABLE vectors (
            embedding_id INTEGER NOT NULL REFERENCES embeddings (id) ON DELETE CASCADE,
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            extractor_id INTEGER REFERENCES extractors (id), -- stale when it is not the embedding's
            generation INTEGER NOT NULL, -- in which it was stored: derived files compare it
            PRIMARY KEY (embedding_id, image_id)
        ) WITHOUT ROWID
        """
    )
    db.execute("CREATE INDEX vectors_image ON vectors (image_id)")
    db.execute("CREATE INDEX vectors_generation ON vectors (generation)")
    for position, name in enumerate(EMBEDDING_TABLES):
        db.execute(f"ALTER TABLE {name}_vectors RENAME TO {name}_vectors_old")
        if db.execute("SELECT 1 FROM embeddings_old WHERE name = ?", [name]).fetchone():
            _take_over(db, position, name)
        db.execute(f"DROP TABLE {name}_vectors_old")
    db.execute("DROP TABLE embeddings_old")
    db.execute("ALTER TABLE hashes RENAME COLUMN stored_ns TO generation")


def _take_over(db: Database, position: int, name: str) -> None:
    """One embedding of an older library, its codebook and vectors."""
    old = f"{name}_vectors_old"
    db.execute(
        "INSERT OR IGNORE INTO extractors (fingerprint) SELECT extractor FROM embeddings_old WHERE name = ?", [name]
    )
    db.execute(f"INSERT OR IGNORE INTO extractors (fingerprint) SELECT DISTINCT extractor FROM {old}")
    db.execute(
        "INSERT INTO embeddings (name, position, extractor_id, dim, options, fitted, fitted_on) "
        "SELECT e.name, ?, x.id, e.dim, e.options, e.fitted, e.fitted_on "
        "FROM embeddings_old e JOIN extractors x ON x.fingerprint = e.extractor WHERE e.name = ?",
        [position, name],
    )
    number = db.execute("SELECT id FROM embeddings WHERE name = ?", [name]).fetchone()[0]
    vectors_table(db, number, name)
    db.execute(
        f"INSERT INTO vectors SELECT ?, v.image_id, x.id, v.stored_ns FROM {old} v "
        "JOIN extractors x ON x.fingerprint = v.extractor ORDER BY v.image_id", [number],
    )
    db.execute(f'INSERT INTO "{name}_vectors" SELECT image_id, vector FROM {old} ORDER BY image_id')


def _notes(db: Database) -> None:
    """Names of clusters and ratings refer by foreign key; no ids are left in JSON."""
    db.execute("ALTER TABLE cluster_names RENAME TO cluster_names_old")
    db.execute("CREATE TABLE cluster_names (id INTEGER PRIMARY KEY, map TEXT NOT NULL, name TEXT NOT NULL)")
    db.execute(
        """
        CREATE TABLE cluster_name_images ( -- typical images: where most of them are is the cluster
            cluster_name_id INTEGER NOT NULL REFERENCES cluster_names (id) ON DELETE CASCADE,
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            PRIMARY KEY (cluster_name_id, image_id)
        ) WITHOUT ROWID
        """
    )
    db.execute("CREATE INDEX cluster_name_images_image ON cluster_name_images (image_id)")
    db.execute("INSERT INTO cluster_names SELECT id, map, name FROM cluster_names_old")
    db.execute(
        "INSERT OR IGNORE INTO cluster_name_images SELECT c.id, i.id FROM cluster_names_old c, json_each(c.images) j "
        "JOIN images i ON i.id = j.value"
    )
    db.execute("DELETE FROM cluster_names WHERE id NOT IN (SELECT cluster_name_id FROM cluster_name_images)")
    db.execute("DROP TABLE cluster_names_old")
    db.execute("CREATE INDEX collection_images_image ON collection_images (image_id)")
    db.execute("ALTER TABLE ratings RENAME TO ratings_old")
    db.execute(
        """
        CREATE TABLE queries (
            id INTEGER PRIMARY KEY,
            asked TEXT NOT NULL          -- JSON: weights, metric, …; image:@0 stands for the first of query_images
        )
        """
    )
    db.execute("CREATE INDEX queries_asked ON queries (asked)")
    db.execute(
        """
        CREATE TABLE query_images (
            query_id INTEGER NOT NULL REFERENCES queries (id) ON DELETE CASCADE,
            place INTEGER NOT NULL,
            image_id INTEGER REFERENCES images (id) ON DELETE SET NULL, -- NULL: forgotten since
            PRIMARY KEY (query_id, place)
        ) WITHOUT ROWID
        """
    )
    db.execute("CREATE INDEX query_images_image ON query_images (image_id)")
    db.execute(
        """
        CREATE TABLE ratings (
            id INTEGER PRIMARY KEY,
            query_id INTEGER NOT NULL REFERENCES queries (id) ON DELETE CASCADE,
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            value INTEGER NOT NULL CHECK (value IN (-1, 1)),
            rank INTEGER NOT NULL,       -- place of the match when it was rated, 1 the first
            score REAL NOT NULL,
            rated TEXT NOT NULL,         -- UTC, ISO 8601
            UNIQUE (query_id, image_id)
        )
        """
    )
    db.execute("CREATE INDEX ratings_image ON ratings (image_id)")
    _ratings(db)
    db.execute("DROP TABLE ratings_old")
    db.execute(
        """
        CREATE TABLE choices (
            step TEXT PRIMARY KEY,       -- embed, index, map, …
            options TEXT NOT NULL        -- JSON: how the person set it
        )
        """
    )


def _ratings(db: Database) -> None:
    there = {row[0] for row in db.execute("SELECT id FROM images")}
    queries: dict[str, int] = {}
    for number, query, *rest in db.execute(
        "SELECT id, query, image_id, value, rank, score, rated FROM ratings_old ORDER BY id"
    ).fetchall():
        if query not in queries:
            asked, images = without_ids(json.loads(query))
            queries[query] = db.execute("INSERT INTO queries (asked) VALUES (?)", [asked]).lastrowid
            db.conn.executemany(
                "INSERT INTO query_images VALUES (?, ?, ?)",
                [(queries[query], place, image if image in there else None) for place, image in enumerate(images)],
            )
        db.execute("INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?)", [number, queries[query], *rest])


def without_ids(query: object) -> tuple[str, list[int]]:
    """A query as JSON in which places stand for the images it names, and those images.

    Images are named by texts that begin with `image:ID`, and by the numbers below `images`.
    """
    images: list[int] = []

    def placed(image: int | str) -> str:
        images.append(int(image))
        return f"image:@{len(images) - 1}"

    def strip(value: object, numbers: bool = False) -> object:
        if isinstance(value, dict):
            return {key: strip(value[key], key == "images") for key in sorted(value)}
        if isinstance(value, list | tuple):
            return [strip(item, numbers) for item in value]
        if numbers and isinstance(value, int):
            return {"image": placed(value)}
        found = _REFERENCE.match(value) if isinstance(value, str) else None
        return placed(found[1]) + value[found.end() :] if found else value

    text = json.dumps(strip(query), sort_keys=True)
    return text, images


def with_ids(asked: str, images: list[int | None]) -> dict:
    """What `without_ids` took apart; a forgotten image is `image:?`, or None among numbers."""

    def fill(value: object) -> object:
        if isinstance(value, dict):
            if value.keys() == {"image"} and str(value["image"]).startswith("image:@"):
                return images[int(value["image"][7:])]
            return {key: fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [fill(item) for item in value]
        found = re.match(r"image:@(\d+)", value) if isinstance(value, str) else None
        if not found:
            return value
        image = images[int(found[1])]
        return f"image:{'?' if image is None else image}{value[found.end():]}"

    return fill(json.loads(asked))


def _counters(db: Database, known: int) -> None:
    """Counters that rise with every change, by whatever statement, and the ids in use."""
    db.execute("CREATE TABLE generations (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID")
    last = db.execute(
        "SELECT max(coalesce((SELECT max(generation) FROM vectors), 0), "
        "coalesce((SELECT max(generation) FROM hashes), 0))"
    ).fetchone()[0]
    db.execute("INSERT INTO generations VALUES ('images', ?)", [last])
    for name in NOTES:
        db.execute("INSERT INTO generations VALUES (?, 0)", [name])
    if db.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'images'").fetchone() is None:
        db.execute("INSERT INTO sqlite_sequence VALUES ('images', 0)")
    db.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'images'", [known])
    for statement in _triggers():
        db.execute(statement)


def _triggers() -> Iterable[str]:
    raised = "UPDATE generations SET value = value + 1 WHERE name = '{}';"
    now = "(SELECT value FROM generations WHERE name = 'images')"
    touched = raised.format("images") + f" UPDATE images SET changed = {now} WHERE id = {{}};"
    differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in MADE_OF_IMAGES)
    yield f"CREATE TRIGGER images_inserted AFTER INSERT ON images BEGIN {touched.format('NEW.id')} END"
    yield (
        f"CREATE TRIGGER images_updated AFTER UPDATE OF {', '.join(MADE_OF_IMAGES)} ON images "
        f"WHEN {differs} BEGIN {touched.format('NEW.id')} END"
    )
    yield (
        f"CREATE TRIGGER images_deleted AFTER DELETE ON images BEGIN {raised.format('images')} "
        f"INSERT OR REPLACE INTO forgotten VALUES (OLD.id, {now}); END"
    )
    for table in ("vectors", "hashes"):
        yield (
            f"CREATE TRIGGER {table}_deleted AFTER DELETE ON {table} BEGIN {touched.format('OLD.image_id')} END"
        )
    yield (
        "CREATE TRIGGER roots_moved AFTER UPDATE OF path ON roots WHEN OLD.path IS NOT NEW.path "
        f"BEGIN {raised.format('images')} END"
    )
    for name, tables in NOTES.items():
        for table in tables:
            for event in ("INSERT", "UPDATE", "DELETE"):
                yield (
                    f"CREATE TRIGGER {table}_{event.lower()} AFTER {event} ON {table} "
                    f"BEGIN {raised.format(name)} END"
                )
    yield (  # a name none of whose images is left names nothing
        "CREATE TRIGGER cluster_name_empty AFTER DELETE ON cluster_name_images "
        "WHEN NOT EXISTS (SELECT 1 FROM cluster_name_images WHERE cluster_name_id = OLD.cluster_name_id) "
        "BEGIN DELETE FROM cluster_names WHERE id = OLD.cluster_name_id; END"
    )
    yield (  # and a query without a rating says nothing
        "CREATE TRIGGER query_unrated AFTER DELETE ON ratings "
        "WHEN NOT EXISTS (SELECT 1 FROM ratings WHERE query_id = OLD.query_id) "
        "BEGIN DELETE FROM queries WHERE id = OLD.query_id; END"
    )


def _ids_ever_known(db: Database) -> int:
    """The highest id of an image that anything in or beside the database names; 0 without any."""
    found = [db.execute("SELECT coalesce(max(id), 0) FROM images").fetchone()[0]]
    for (text,) in db.execute("SELECT images FROM cluster_names"):
        found += [image for image in json.loads(text) if isinstance(image, int)]
    for (text,) in db.execute("SELECT query FROM ratings"):
        found += without_ids(json.loads(text))[1]
    file = db.execute("PRAGMA database_list").fetchone()[2]
    for path in sorted(Path(file).parent.glob("*/*.npz")) if file else ():
        try:
            with np.load(path, allow_pickle=False) as arrays:
                if "ids" in arrays.files and arrays["ids"].size:
                    found.append(int(arrays["ids"].max()))
        except (OSError, ValueError, EOFError, KeyError, BadZipFile):
            continue  # a damaged file knows nothing any more
    return max(found)

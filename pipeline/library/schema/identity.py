"""Migration 0004: ids that are never used twice, foreign keys for all that refers to an image,
facts about vectors apart from their bytes, and counters that every change raises.

Applied on a connection without foreign keys, as SQLite asks for when a table is made anew.
"""

from __future__ import annotations

from pipeline.library.schema.first import EMBEDDING_TABLES, migrations
from pipeline.library.schema.identity_counters import counters, ids_ever_known
from pipeline.library.schema.identity_notes import notes
from pipeline.library.sqlite import Database


@migrations(name="0004_identity")
def identity(db: Database) -> None:
    """An image keeps its id wherever its file goes; nobody else ever gets it."""
    known = ids_ever_known(db)
    _roots_and_images(db)
    _vectors(db)
    notes(db)
    counters(db, known)
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

"""The schema of `images.db`, as numbered steps that are never edited once landed.

The comments inside the SQL are kept by SQLite: `.schema` in the sqlite3 shell shows them.
"""

from __future__ import annotations

from pipeline.library.sqlite import Database, Migrations

migrations = Migrations("likeness")

EMBEDDING_TABLES = ("color", "sift", "dreamsim", "efficientnet")


@migrations(name="0001_library")
def library(db: Database) -> None:
    """Images, thumbnails, one table of vectors per embedding, runs."""
    db.execute(
        """
        CREATE TABLE images (
            id INTEGER PRIMARY KEY,
            root TEXT NOT NULL,          -- absolute folder that was scanned
            path TEXT NOT NULL,          -- relative to root, with forward slashes
            label TEXT,                  -- name of the parent folder below root; NULL in root itself
            size INTEGER NOT NULL,       -- bytes
            mtime REAL NOT NULL,         -- seconds since 1970, as the file system says
            content_hash TEXT,           -- BLAKE2b-128 of the file, hex
            width INTEGER,               -- px as seen, after the EXIF turn
            height INTEGER,
            state TEXT NOT NULL DEFAULT 'ok' CHECK (state IN ('ok', 'unreadable', 'missing')),
            reason TEXT,                 -- why the image is unreadable
            UNIQUE (root, path)
        )
        """
    )
    db.execute("CREATE INDEX images_content_hash ON images (content_hash)")
    db.execute("CREATE INDEX images_state ON images (state, label)")
    db.execute(
        """
        CREATE TABLE thumbnails (
            image_id INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
            jpeg BLOB NOT NULL           -- long side 256 px
        )
        """
    )
    db.execute(
        """
        CREATE TABLE embeddings (
            name TEXT PRIMARY KEY,
            extractor TEXT NOT NULL,     -- what a current vector carries: name, version, parameters
            dim INTEGER NOT NULL,
            options TEXT NOT NULL,       -- JSON: the settings the extractor was made with
            fitted BLOB,                 -- learned codebook as .npz without pickle, where there is one
            fitted_on INTEGER            -- images the codebook was learned from
        )
        """
    )
    for name in EMBEDDING_TABLES:
        db.execute(
            f"""
            CREATE TABLE {name}_vectors (
                image_id INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
                vector BLOB NOT NULL,    -- little-endian float32, L2 norm 1 (or all 0: nothing found)
                extractor TEXT NOT NULL, -- stale when it differs from embeddings.extractor
                stored_ns INTEGER NOT NULL -- when, ns since 1970: derived files compare it
            )
            """
        )
    db.execute(
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            command TEXT NOT NULL,
            parameters TEXT NOT NULL,    -- JSON
            started TEXT NOT NULL,       -- UTC, ISO 8601
            finished TEXT,
            state TEXT NOT NULL,         -- running, done, failed, stopped
            stage TEXT,                  -- what is being done now
            done INTEGER NOT NULL DEFAULT 0,
            total INTEGER NOT NULL DEFAULT 0,
            failed INTEGER NOT NULL DEFAULT 0,
            message TEXT                 -- what came of it, or why it failed
        )
        """
    )


@migrations(name="0002_hashes")
def hashes(db: Database) -> None:
    """Perceptual hashes, in the manner of thumbnails: one row per image."""
    db.execute(
        """
        CREATE TABLE hashes (
            image_id INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
            average BLOB NOT NULL,       -- 8 bytes each, the first pixel's bit first: hex(average)
            difference BLOB NOT NULL,
            dct BLOB NOT NULL,
            version INTEGER NOT NULL,    -- stale when it is not the program's
            stored_ns INTEGER NOT NULL   -- when, ns since 1970: what is in memory compares it
        )
        """
    )
    db.execute("CREATE INDEX hashes_stored ON hashes (stored_ns)")


@migrations(name="0003_notes")
def notes(db: Database) -> None:
    """What the person adds: collections, tags, names of clusters, ratings of matches."""
    db.execute(
        """
        CREATE TABLE collections (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE COLLATE NOCASE,
            created TEXT NOT NULL        -- UTC, ISO 8601
        )
        """
    )
    db.execute(
        """
        CREATE TABLE collection_images (
            collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            PRIMARY KEY (collection_id, image_id)
        )
        """
    )
    db.execute(
        """
        CREATE TABLE tags (
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            tag TEXT NOT NULL COLLATE NOCASE,
            PRIMARY KEY (tag, image_id)
        )
        """
    )
    db.execute("CREATE INDEX tags_image ON tags (image_id)")
    db.execute(
        """
        CREATE TABLE cluster_names (
            id INTEGER PRIMARY KEY,
            map TEXT NOT NULL,           -- name of the map
            name TEXT NOT NULL,
            images TEXT NOT NULL         -- JSON: ids of typical images; where most of them are is the cluster
        )
        """
    )
    db.execute(
        """
        CREATE TABLE ratings (
            id INTEGER PRIMARY KEY,
            query TEXT NOT NULL,         -- JSON: what was searched with, by which weights and metric
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            value INTEGER NOT NULL CHECK (value IN (-1, 1)),
            rank INTEGER NOT NULL,       -- place of the match when it was rated, 1 the first
            score REAL NOT NULL,
            rated TEXT NOT NULL,         -- UTC, ISO 8601
            UNIQUE (query, image_id)
        )
        """
    )

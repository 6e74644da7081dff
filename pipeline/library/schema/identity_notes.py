"""Of migration 0004: notes refer to images by foreign keys."""

from __future__ import annotations

import json

from pipeline.library.references import without_ids
from pipeline.library.sqlite import Database


def notes(db: Database) -> None:
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

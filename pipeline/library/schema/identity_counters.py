"""Of migration 0004: counters that every change raises, and ids that are never used twice."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from zipfile import BadZipFile

from pipeline.arrays import opened
from pipeline.library.references import without_ids
from pipeline.library.sqlite import Database

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


def counters(db: Database, known: int) -> None:
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


def ids_ever_known(db: Database) -> int:
    """The highest id of an image that anything in or beside the database names; 0 without any."""
    found = [db.execute("SELECT coalesce(max(id), 0) FROM images").fetchone()[0]]
    for (text,) in db.execute("SELECT images FROM cluster_names"):
        found += [image for image in json.loads(text) if isinstance(image, int)]
    for (text,) in db.execute("SELECT query FROM ratings"):
        found += without_ids(json.loads(text))[1]
    file = db.execute("PRAGMA database_list").fetchone()[2]
    for path in sorted(Path(file).parent.glob("*/*.npz")) if file else ():
        try:
            with opened(path) as arrays:
                if "ids" in arrays.files and arrays["ids"].size:
                    found.append(int(arrays["ids"].max()))
        except (OSError, ValueError, EOFError, KeyError, BadZipFile):
            continue  # a damaged file knows nothing any more
    return max(found)

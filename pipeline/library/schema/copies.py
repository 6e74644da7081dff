"""Migration 0010: what a person decided on copies, and folders whose images are never set aside."""

from __future__ import annotations

from sqlite_utils import Database

from pipeline.library.schema.first import migrations

COUNTED = ("copy_decisions", "copy_decision_images", "reference_folders")
"""Tables that raise the counter `copies`."""


@migrations(name="0010_copies")
def copies(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE copy_decisions (
            id INTEGER PRIMARY KEY,
            verdict TEXT NOT NULL CHECK (verdict IN ('settled', 'apart')),
            made TEXT NOT NULL           -- UTC, ISO 8601
        )
        """
    )
    db.execute(
        """
        CREATE TABLE copy_decision_images ( -- of `settled`: part 1 is kept, 0 set aside; of `apart`: no image of
            decision_id INTEGER NOT NULL REFERENCES copy_decisions (id) ON DELETE CASCADE, -- one part is a copy of one
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,            -- of another
            part INTEGER NOT NULL,
            PRIMARY KEY (decision_id, image_id)
        ) WITHOUT ROWID
        """
    )
    db.execute("CREATE INDEX copy_decision_images_image ON copy_decision_images (image_id)")
    db.execute(
        """
        CREATE TABLE reference_folders (
            root_id INTEGER NOT NULL REFERENCES roots (id) ON DELETE CASCADE,
            path TEXT NOT NULL,          -- below the root as paths of images begin, without a last slash; '': all of it
            PRIMARY KEY (root_id, path)
        ) WITHOUT ROWID
        """
    )
    db.execute("INSERT INTO generations VALUES ('copies', 0)")
    for table in COUNTED:
        for event in ("INSERT", "UPDATE", "DELETE"):
            db.execute(
                f"CREATE TRIGGER {table}_{event.lower()} AFTER {event} ON {table} "
                "BEGIN UPDATE generations SET value = value + 1 WHERE name = 'copies'; END"
            )
    db.execute(  # of one image alone nothing is said
        "CREATE TRIGGER copy_decision_alone AFTER DELETE ON copy_decision_images "
        "WHEN (SELECT count(*) FROM copy_decision_images WHERE decision_id = OLD.decision_id) < 2 "
        "BEGIN DELETE FROM copy_decisions WHERE id = OLD.decision_id; END"
    )

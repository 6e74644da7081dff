"""Migration 0009: what a person says of a collection, beside its name."""

from __future__ import annotations

from sqlite_utils import Database

from pipeline.library.schema.first import migrations


@migrations(name="0009_descriptions")
def descriptions(db: Database) -> None:
    db.execute("ALTER TABLE collections ADD COLUMN description TEXT NOT NULL DEFAULT ''")

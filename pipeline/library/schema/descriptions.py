"""Migration 0009: what a person says of a collection, beside its name."""

from __future__ import annotations

from pipeline.library.schema.first import migrations
from pipeline.library.sqlite import Database


@migrations(name="0009_descriptions")
def descriptions(db: Database) -> None:
    db.execute("ALTER TABLE collections ADD COLUMN description TEXT NOT NULL DEFAULT ''")

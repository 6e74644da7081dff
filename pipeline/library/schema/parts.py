"""Migration 0011: what each embedding said of a rated match, of searches that cannot be asked again from here."""

from __future__ import annotations

from sqlite_utils import Database

from pipeline.library.schema.first import migrations


@migrations(name="0011_parts")
def parts(db: Database) -> None:
    db.execute("ALTER TABLE ratings ADD COLUMN parts TEXT")  # JSON: {embedding: [figure, fingerprint of its vectors]}

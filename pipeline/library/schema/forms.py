"""Migration 0012: labels with composed letters, as a scan gives them now. Of folders that came from a Mac those known
before had accents apart: with the next picture a label would have been two that read alike."""

from __future__ import annotations

from pipeline.forms import composed
from pipeline.library.schema.first import migrations
from pipeline.library.sqlite import Database


@migrations(name="0012_forms")
def forms(db: Database) -> None:
    labels = [label for (label,) in db.execute("SELECT DISTINCT label FROM images WHERE label IS NOT NULL").fetchall()]
    for label in labels:
        if composed(label) != label:
            db.execute("UPDATE images SET label = ? WHERE label = ?", [composed(label), label])

"""Migration 0007: which drives the images of a folder lie on, without reading all of them; and a
check sum of each thumbnail, so that a byte that has changed is noticed where the picture still opens."""

from __future__ import annotations

from pipeline.library.schema.first import migrations
from pipeline.library.sqlite import Database


@migrations(name="0007_drives")
def drives(db: Database) -> None:
    db.execute("CREATE INDEX images_drive ON images (root_id, device) WHERE state = 'ok'")
    db.execute("ALTER TABLE thumbnails ADD COLUMN crc INTEGER")  # CRC-32 of the JPEG; NULL: made before there was one

"""Migration 0008: a check sum of each folder whose files all lay as they are known.

While it is there, no row of an image in that folder has changed, whatever statement might
have done so: then a scan that finds the same sum on disk reads no row of it.
"""

from __future__ import annotations

from pipeline.library.schema.first import migrations
from pipeline.library.sqlite import Database

_OF = ("root_id", "path", "size", "mtime", "ctime", "device", "inode", "state")
_FORGET = """
    DELETE FROM folders WHERE root_id = {row}.root_id AND path = rtrim({row}.path, replace({row}.path, '/', ''));
    DELETE FROM folders WHERE typeof({row}.path) = 'blob' AND root_id = {row}.root_id;
"""


@migrations(name="0008_folders")
def folders(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE folders (
            root_id INTEGER NOT NULL REFERENCES roots (id) ON DELETE CASCADE,
            path TEXT NOT NULL,          -- as a path of an image begins: '' or with a slash at its end
            images INTEGER NOT NULL,     -- in the folder itself
            sum BLOB NOT NULL,           -- BLAKE2b-128 of what the file system says of their files
            PRIMARY KEY (root_id, path)
        ) WITHOUT ROWID
        """
    )
    old, new = _FORGET.format(row="OLD"), _FORGET.format(row="NEW")
    db.execute(f"CREATE TRIGGER folder_entered AFTER INSERT ON images BEGIN {new} END")
    db.execute(f"CREATE TRIGGER folder_left AFTER DELETE ON images BEGIN {old} END")
    db.execute(f"CREATE TRIGGER folder_touched AFTER UPDATE OF {', '.join(_OF)} ON images BEGIN {old} {new} END")

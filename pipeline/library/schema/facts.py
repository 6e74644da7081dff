"""Migration 0006: what files say of themselves, what a person's tables say, and words to find both by.

Full text lies in four indexes of SQLite's (FTS5), each beside a table that anybody can read:
names of files and folders, facts, the distinct keywords, tags and collections, and a person's
own texts. Triggers keep them in step, so that they hold whatever statement changes a row. A
tag on a hundred thousand images is one entry of `vocabulary`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.library.schema.first import migrations
from pipeline.library.sqlite import Database

WRITTEN = ("title", "caption", "prompt", "creator", "camera", "lens", "model", "generator")
"""Facts that are found by their words."""

_TOKENS = "tokenize = 'porter unicode61 remove_diacritics 2'"  # dresses is dress, Café is cafe

INDEXES = ("image_words", "fact_words", "vocabulary_words", "own_words")


@migrations(name="0006_facts")
def facts(db: Database) -> None:
    """Facts, keywords, own columns, and their words."""
    _tables(db)
    _indexes(db)
    for statement in _triggers():
        db.execute(statement)
    db.execute("INSERT INTO vocabulary (kind, text) SELECT DISTINCT 'tag', tag FROM tags")
    db.execute("INSERT INTO vocabulary (kind, text) SELECT 'collection', name FROM collections")
    db.execute("INSERT INTO image_words (image_words) VALUES ('rebuild')")
    db.execute("INSERT INTO generations VALUES ('facts', 0)")


def _tables(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE facts (             -- one row per image whose file was read for them; NULL: it does not say
            image_id INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
            taken TEXT,                  -- YYYY-MM-DDThh:mm:ss on the clock of the camera, with .fff and +hh:mm where told
            camera TEXT,
            lens TEXT,
            orientation INTEGER,         -- 1 to 8, as EXIF numbers them
            exposure REAL,               -- s
            aperture REAL,               -- f-number
            iso REAL,
            focal_length REAL,           -- mm
            latitude REAL,               -- degrees, north positive
            longitude REAL,              -- degrees, east positive
            title TEXT,
            caption TEXT,
            creator TEXT,
            copyright TEXT,
            rating INTEGER,              -- 0 to 5 stars; -1: rejected
            generator TEXT,              -- program that made the picture from a prompt
            prompt TEXT,
            negative_prompt TEXT,
            model TEXT,
            seed TEXT,                   -- up to 20 digits, more than an INTEGER holds
            problem TEXT,                -- what of it could not be read
            sidecar REAL,                -- mtime of the .xmp file that was read along, where there was one
            reader INTEGER NOT NULL      -- read again when it is not the program's
        )
        """
    )
    db.execute("CREATE INDEX facts_reader ON facts (reader)")
    db.execute(
        """
        CREATE TABLE keywords (          -- of the file itself; a person's are in tags
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            keyword TEXT NOT NULL COLLATE NOCASE,
            PRIMARY KEY (keyword, image_id)
        ) WITHOUT ROWID
        """
    )
    db.execute("CREATE INDEX keywords_image ON keywords (image_id)")
    db.execute(
        """
        CREATE TABLE own_columns (       -- columns of a person's own tables
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE COLLATE NOCASE,
            kind TEXT NOT NULL CHECK (kind IN ('number', 'date', 'category', 'text')),
            position INTEGER NOT NULL
        )
        """
    )
    db.execute(
        """
        CREATE TABLE own_facts (
            id INTEGER PRIMARY KEY,
            column_id INTEGER NOT NULL REFERENCES own_columns (id) ON DELETE CASCADE,
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            value NOT NULL,              -- REAL of a number, else TEXT; a date as in facts.taken
            UNIQUE (column_id, image_id, value)
        )
        """
    )
    db.execute("CREATE INDEX own_facts_image ON own_facts (image_id)")
    db.execute(
        """
        CREATE TABLE vocabulary (        -- every keyword, tag and collection there ever was
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('keyword', 'tag', 'collection')),
            text TEXT NOT NULL COLLATE NOCASE,
            UNIQUE (kind, text)
        )
        """
    )


def _indexes(db: Database) -> None:
    db.execute(
        """
        CREATE VIEW image_names AS       -- what is after the last / of a path, and what before it
        SELECT id, substr(path, length(folder) + 1) AS name, folder
        FROM (SELECT id, path, rtrim(path, replace(path, '/', '')) AS folder
              FROM (SELECT id, CAST(path AS TEXT) AS path FROM images))
        """
    )
    written = ", ".join(WRITTEN)
    db.execute(f"CREATE VIEW fact_texts AS SELECT image_id, {written} FROM facts WHERE {_some('facts')}")
    db.execute("CREATE VIEW own_texts AS SELECT id, value FROM own_facts WHERE typeof(value) = 'text'")
    for index, columns, content, key in (
        ("image_words", "name, folder", "image_names", "id"),
        ("fact_words", written, "fact_texts", "image_id"),
        ("vocabulary_words", "text", "vocabulary", "id"),
        ("own_words", "value", "own_texts", "id"),
    ):
        db.execute(
            f"CREATE VIRTUAL TABLE {index} USING fts5 "
            f"({columns}, content = '{content}', content_rowid = '{key}', {_TOKENS})"
        )


def _some(row: str) -> str:
    """Whether anything is written in a row of facts."""
    return " OR ".join(f"{row}.{column} IS NOT NULL" for column in WRITTEN)


def _triggers() -> Iterator[str]:
    yield from _of_names()
    columns, old, new = (", ".join(row + column for column in WRITTEN) for row in ("", "OLD.", "NEW."))
    yield from _kept(
        "fact_words", "facts", _some("{}"),
        f"INSERT INTO fact_words (fact_words, rowid, {columns}) VALUES ('delete', OLD.image_id, {old});",
        f"INSERT INTO fact_words (rowid, {columns}) VALUES (NEW.image_id, {new});",
    )
    yield from _kept(
        "own_words", "own_facts", "typeof({}.value) = 'text'",
        "INSERT INTO own_words (own_words, rowid, value) VALUES ('delete', OLD.id, OLD.value);",
        "INSERT INTO own_words (rowid, value) VALUES (NEW.id, NEW.value);",
    )
    told = "INSERT OR IGNORE INTO vocabulary (kind, text) VALUES ('{}', NEW.{});"
    for table, kind, column in (("keywords", "keyword", "keyword"), ("tags", "tag", "tag"),
                                ("collections", "collection", "name")):  # fmt: skip
        for event in ("INSERT", f"UPDATE OF {column}"):
            yield (
                f"CREATE TRIGGER vocabulary_{table}_{event[:6].lower()} AFTER {event} ON {table} "
                f"BEGIN {told.format(kind, column)} END"
            )
    yield (
        "CREATE TRIGGER vocabulary_words_inserted AFTER INSERT ON vocabulary "
        "BEGIN INSERT INTO vocabulary_words (rowid, text) VALUES (NEW.id, NEW.text); END"
    )
    for table in ("facts", "keywords", "own_columns", "own_facts"):
        for event in ("INSERT", "UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_{event.lower()} AFTER {event} ON {table} "
                "BEGIN UPDATE generations SET value = value + 1 WHERE name = 'facts'; END"
            )


def _kept(index: str, table: str, where: str, taken: str, put: str) -> Iterator[str]:
    """Triggers that keep an index in step with a table; where: which rows ({} OLD or NEW) it holds."""
    for name, event, row, change in (
        ("inserted", "AFTER INSERT", "NEW", put), ("deleted", "AFTER DELETE", "OLD", taken),
        ("leaving", "BEFORE UPDATE", "OLD", taken), ("updated", "AFTER UPDATE", "NEW", put),
    ):  # fmt: skip
        yield (
            f"CREATE TRIGGER {index}_{name} {event} ON {table} "
            f"WHEN {where.replace('{}', row)} BEGIN {change} END"
        )


def _of_names() -> Iterator[str]:
    """A path's words go before it changes and come after it has."""
    taken = (
        "INSERT INTO image_words (image_words, rowid, name, folder) "
        "SELECT 'delete', id, name, folder FROM image_names WHERE id = OLD.id;"
    )
    put = "INSERT INTO image_words (rowid, name, folder) SELECT id, name, folder FROM image_names WHERE id = NEW.id;"
    moved = "UPDATE OF path ON images WHEN OLD.path IS NOT NEW.path"
    yield f"CREATE TRIGGER image_words_inserted AFTER INSERT ON images BEGIN {put} END"
    yield f"CREATE TRIGGER image_words_leaving BEFORE {moved} BEGIN {taken} END"
    yield f"CREATE TRIGGER image_words_moved AFTER {moved} BEGIN {put} END"
    yield f"CREATE TRIGGER image_words_deleted BEFORE DELETE ON images BEGIN {taken} END"

"""Migration 0005: how many images and vectors there are of each kind, kept as they change.

Counting a million rows takes seconds; what a library is asked most often should take none.
Triggers keep the figures, so that they hold whatever statement changes a row.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.library.schema.first import migrations
from pipeline.library.sqlite import Database

PRIME = 2_147_483_629
"""Below 2³¹: a product of two remainders, summed a million times, stays exact."""

_OF_IMAGE = """
    INSERT INTO vector_tallies
    SELECT v.embedding_id, coalesce(v.extractor_id, 0), {sign}1, {sign}(v.generation % {prime}),
        {sign}((v.generation % {prime}) * (v.image_id % {prime}) % {prime})
    FROM vectors v WHERE v.image_id = {row}.id
    ON CONFLICT DO UPDATE SET images = images + excluded.images, generations = generations + excluded.generations,
        products = products + excluded.products;
"""
_OF_VECTOR = """
    INSERT INTO vector_tallies
    SELECT {row}.embedding_id, coalesce({row}.extractor_id, 0), {sign}1, {sign}({row}.generation % {prime}),
        {sign}(({row}.generation % {prime}) * ({row}.image_id % {prime}) % {prime})
    WHERE true
    ON CONFLICT DO UPDATE SET images = images + excluded.images, generations = generations + excluded.generations,
        products = products + excluded.products;
"""


_COUNTED = {
    "image_tallies": "SELECT root_id, state, count(*) FROM images GROUP BY root_id, state",
    "vector_tallies": "SELECT v.embedding_id, coalesce(v.extractor_id, 0), count(*), "
    f"sum(v.generation % {PRIME}), sum((v.generation % {PRIME}) * (v.image_id % {PRIME}) % {PRIME}) "
    "FROM vectors v CROSS JOIN images i ON i.id = v.image_id WHERE +i.state = 'ok' GROUP BY 1, 2",
}


@migrations(name="0005_tallies")
def tallies(db: Database) -> None:
    """Figures that were counted each time they were asked for."""
    db.execute(
        """
        CREATE TABLE image_tallies (
            root_id INTEGER NOT NULL,
            state TEXT NOT NULL,
            images INTEGER NOT NULL,
            PRIMARY KEY (root_id, state)
        ) WITHOUT ROWID
        """
    )
    db.execute(
        """
        CREATE TABLE vector_tallies (    -- of images in state ok
            embedding_id INTEGER NOT NULL,
            extractor_id INTEGER NOT NULL, -- 0: brought along
            images INTEGER NOT NULL,
            generations INTEGER NOT NULL, -- sum of generation, and of generation × id, each
            products INTEGER NOT NULL,   -- modulo 2147483629: they tell sets of vectors apart
            PRIMARY KEY (embedding_id, extractor_id)
        ) WITHOUT ROWID
        """
    )
    recount(db)
    for statement in _triggers():
        db.execute(statement)


def recount(db: Database) -> None:
    """Count all rows anew."""
    for table, counted in _COUNTED.items():
        db.execute(f"DELETE FROM {table}")
        db.execute(f"INSERT INTO {table} {counted}")


def wrong(db: Database) -> int:
    """How many figures are not those that counting all rows gives."""
    found = 0
    for table, counted in _COUNTED.items():
        kept = f"SELECT * FROM {table} WHERE images != 0"
        for one, other in ((kept, counted), (counted, kept)):
            found += db.execute(f"SELECT count(*) FROM (SELECT * FROM ({one}) EXCEPT SELECT * FROM ({other}))").fetchone()[0]
    return found


def _triggers() -> Iterator[str]:
    come = (
        "INSERT INTO image_tallies VALUES (NEW.root_id, NEW.state, 1) "
        "ON CONFLICT DO UPDATE SET images = images + 1;"
    )
    go = "UPDATE image_tallies SET images = images - 1 WHERE root_id = OLD.root_id AND state = OLD.state;"
    yield f"CREATE TRIGGER image_tally_inserted AFTER INSERT ON images BEGIN {come} END"
    yield f"CREATE TRIGGER image_tally_deleted AFTER DELETE ON images BEGIN {go} END"
    yield (
        "CREATE TRIGGER image_tally_updated AFTER UPDATE OF root_id, state ON images "
        f"WHEN OLD.root_id != NEW.root_id OR OLD.state != NEW.state BEGIN {go} {come} END"
    )
    yield (
        "CREATE TRIGGER image_tally_root AFTER DELETE ON roots "
        "BEGIN DELETE FROM image_tallies WHERE root_id = OLD.id; END"
    )
    # While the image is still there: its vectors go after it, when nothing tells its state any more.
    for name, event, row, sign in (
        ("forgotten", "BEFORE DELETE ON images WHEN OLD.state = 'ok'", "OLD", "-"),
        ("lost", "AFTER UPDATE OF state ON images WHEN OLD.state = 'ok' AND NEW.state != 'ok'", "OLD", "-"),
        ("back", "AFTER UPDATE OF state ON images WHEN OLD.state != 'ok' AND NEW.state = 'ok'", "NEW", ""),
    ):
        change = _OF_IMAGE.format(row=row, sign=sign, prime=PRIME)
        yield f"CREATE TRIGGER vector_tally_{name} {event} BEGIN {change} END"
    old, new = (_OF_VECTOR.format(row=row, sign=sign, prime=PRIME) for row, sign in (("OLD", "-"), ("NEW", "")))
    for name, event, row, change in (
        ("inserted", "INSERT", "NEW", new), ("deleted", "DELETE", "OLD", old), ("updated", "UPDATE", "NEW", old + new),
    ):
        yield (
            f"CREATE TRIGGER vector_tally_{name} AFTER {event} ON vectors "
            f"WHEN (SELECT state FROM images WHERE id = {row}.image_id) = 'ok' BEGIN {change} END"
        )
    yield (
        "CREATE TRIGGER vector_tally_embedding AFTER DELETE ON embeddings "
        "BEGIN DELETE FROM vector_tallies WHERE embedding_id = OLD.id; END"
    )

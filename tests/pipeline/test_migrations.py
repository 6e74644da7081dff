"""Libraries of every earlier schema come over with all that they hold."""

from __future__ import annotations

import json
import sqlite3
import unicodedata

import numpy as np
import pytest
from sqlite_utils import Database

from pipeline.errors import LibraryError
from pipeline.extraction.scan import scan
from pipeline.library import DATABASE, Library, notes
from pipeline.library import hashes as stored_hashes
from pipeline.library.schema import migrations
from pipeline.library.facts import words
from tests.conftest import tiny_picture, unit

STEPS = ["0002_hashes", "0003_notes", "0004_identity"]
IDS = [3, 4, 7, 8]
ROWS = unit(np.random.default_rng(0).normal(size=(len(IDS), 16)))


def old_library(data, before: str) -> None:
    """A library as an earlier version left it: the schema up to a step, and rows in every table."""
    db = Database(data / DATABASE)
    migrations.apply(db, stop_before=before)
    db["images"].insert_all(
        {"id": i, "root": f"/root{i % 2}", "path": f"a/{i}.jpg", "label": "a", "size": i, "mtime": i + 0.5,
         "content_hash": None if i == 8 else f"{i:032x}", "width": 4, "height": 3,
         "state": "unreadable" if i == 8 else "ok", "reason": "the file cannot be opened (EIO)" if i == 8 else None}
        for i in IDS
    )
    db["thumbnails"].insert_all({"image_id": i, "jpeg": b"jpeg%d" % i} for i in IDS)
    for name, stamp in (("sift", 900), ("color", 500)):
        db["embeddings"].insert({"name": name, "extractor": f"{name}/2 x", "dim": 16, "options": '{"x": 1}',
                                 "fitted": None, "fitted_on": None})
        db[f"{name}_vectors"].insert_all(
            {"image_id": i, "vector": row.tobytes(), "extractor": f"{name}/{1 if i == 4 else 2} x",
             "stored_ns": stamp + i} for i, row in zip(IDS, ROWS)
        )
    if before != "0002_hashes":
        db["hashes"].insert_all(
            {"image_id": i, "average": b"a" * 8, "difference": b"d" * 8, "dct": b"c" * 8, "version": 1,
             "stored_ns": 1_000 + i} for i in IDS
        )
    if before == "0004_identity":
        notes_of_old(db)
    db.conn.commit()
    db.close()


def notes_of_old(db: Database) -> None:
    db["collections"].insert({"id": 2, "name": "Wall", "created": "2026-01-01"})
    db["collection_images"].insert({"collection_id": 2, "image_id": 4})
    db["tags"].insert({"image_id": 7, "tag": "Blue"})
    db["cluster_names"].insert_all([
        {"id": 1, "map": "color", "name": "Skies", "images": "[3, 4, 90]"},
        {"id": 2, "map": "color", "name": "Nobody left", "images": "[91]"},
    ])
    query = {"plus": ["image:3~0,0,1,1", "upload:ab"], "minus": ["image:95"], "weights": {"color": 1.0}}
    db["ratings"].insert_all([
        {"id": 5, "query": json.dumps(query, sort_keys=True), "image_id": 7, "value": 1, "rank": 2, "score": 0.5,
         "rated": "2026-01-02"},
        {"id": 6, "query": json.dumps(query, sort_keys=True), "image_id": 4, "value": -1, "rank": 3, "score": 0.4,
         "rated": "2026-01-03"},
        {"id": 7, "query": json.dumps({"images": [3]}), "image_id": 4, "value": 1, "rank": 1, "score": 0.9,
         "rated": "2026-01-04"},
    ])


@pytest.mark.parametrize("before", STEPS)
def test_images_vectors_and_thumbnails_come_over_from_every_schema(tmp_path, before):
    old_library(tmp_path, before)
    library = Library(tmp_path)
    for i in IDS:
        row = library.image(i)
        assert (row.root, row.path, row.size, row.mtime) == (f"/root{i % 2}", f"a/{i}.jpg", i, i + 0.5)
        assert library.thumbnail(i) == b"jpeg%d" % i
    assert library.image(8).retry and not library.image(3).retry
    assert list(library.embeddings()) == ["color", "sift"]  # as the registry had them
    assert library.embeddings()["sift"].extractor == "sift/2 x" and library.embeddings()["sift"].options == {"x": 1}
    assert library.coverage("color") == {"current": 2, "stale": 1, "missing": 0} and library.pending("sift") == [4]
    ids, rows = library.vectors("sift")
    assert ids.tolist() == [3, 7] and np.array_equal(rows, ROWS[[0, 2]])
    # What was derived from the vectors compares these, and stays current.
    assert library.stamps("color")[1].tolist() == [503, 507]
    assert library.generation() >= (908 if before == "0002_hashes" else 1_008)
    assert stored_hashes.pending(library) == ([3, 4, 7] if before == "0002_hashes" else stored_hashes.pending(library))
    assert library.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert not library.db.execute("PRAGMA foreign_key_check").fetchall()
    assert not any(name.endswith(("_old", "_new")) for name in library.db.table_names())
    assert list(library.roots().items()) == [("/root0", 2), ("/root1", 2)]


@pytest.mark.parametrize("before", ["0005_tallies", "0006_facts"])
def test_what_is_written_about_images_is_found_after_a_migration(tmp_path, before):
    old_library(tmp_path, "0004_identity")
    db = Database(tmp_path / DATABASE)
    migrations.apply(db, stop_before=before)
    db.execute("INSERT INTO images (id, root_id, path, size, mtime) VALUES (9, 1, ?, 1, 0)", [b"caf\xe9 noir/9.jpg"])
    db.conn.commit()
    db.close()
    library = Library(tmp_path)
    assert [(one, where) for one, _, where in library.facts.find("BLUE")] == [(7, "tag")]
    assert [(one, where) for one, _, where in library.facts.find("walls")] == [(4, "collection")]
    assert [(one, where) for one, _, where in library.facts.find("noir 9 jpg")] == [(9, "file name")]
    assert library.facts.columns() == [] and library.facts.pending() == [3, 4, 7, 9]
    assert library.counts()["ok"] == 4 and notes.tagged(library, "blue") == [7]
    assert not words.out_of_step(library)
    assert not library.db.execute("PRAGMA foreign_key_check").fetchall()


def test_notes_come_over_and_refer_to_images(tmp_path):
    old_library(tmp_path, "0004_identity")
    library = Library(tmp_path)
    assert notes.collected(library, "wall") == [4] and notes.tagged(library, "blue") == [7]
    ids, cluster = np.array([3, 4, 7, 8]), np.array([0, 0, 1, 1])
    assert notes.cluster_names(library, "color", ids, cluster) == {0: "Skies"}
    assert library.db["cluster_names"].count == 1
    rated = notes.ratings(library)
    assert [(one.image_id, one.value, one.rank, one.rated) for one in rated] == [
        (7, 1, 2, "2026-01-02"), (4, -1, 3, "2026-01-03"), (4, 1, 1, "2026-01-04")]
    assert rated[0].query == {"plus": ["image:3~0,0,1,1", "upload:ab"], "minus": ["image:?"], "weights": {"color": 1.0}}
    assert [one.image_id for one in notes.ratings(library, {"images": [3]})] == [4]
    for table in ("cluster_names", "cluster_name_images", "queries", "ratings", "query_images"):
        for row in library.db[table].rows:
            assert "[3" not in str(row) and "image:3" not in str(row)


def test_an_id_is_never_used_again_whoever_knew_it_last(tmp_path):
    old_library(tmp_path, "0004_identity")
    (tmp_path / "maps").mkdir()
    np.savez(tmp_path / "maps" / "color.npz", ids=np.array([3, 4, 400]))
    (tmp_path / "maps" / "sift.npz").write_bytes(b"damaged")
    library = Library(tmp_path)
    new = {"root_id": library.root_id("/root0"), "path": "new.jpg", "size": 1, "mtime": 0.0}
    first = library.db["images"].insert(new).last_pk
    assert first == 401  # 95 stands in a rating, 91 in a name, 400 on a map
    library.db.execute("DELETE FROM images WHERE id = ?", [first])
    assert library.db["images"].insert(new).last_pk == 402
    library.remove_root("/root0")
    library.remove_root("/root1")
    assert library.db["images"].insert(new | {"root_id": library.add_root("/x")}).last_pk == 403


def test_vectors_are_copied_once_and_only_once(tmp_path):
    old_library(tmp_path, "0004_identity")
    with sqlite3.connect(tmp_path / DATABASE) as db:
        db.execute("CREATE TABLE copies (n INTEGER)")
    size, count = 40_000, 300
    db = Database(tmp_path / DATABASE)
    db["images"].insert_all({"id": 100 + i, "root": "/r", "path": f"{i}.jpg", "size": 1, "mtime": 0.0}
                            for i in range(count))
    db["color_vectors"].insert_all({"image_id": 100 + i, "vector": bytes(size), "extractor": "color/2 x",
                                    "stored_ns": 1} for i in range(count))
    db.conn.commit()
    db.close()
    before = (tmp_path / DATABASE).stat().st_size
    library = Library(tmp_path)
    library.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (tmp_path / DATABASE).stat().st_size < before + 1.2 * size * count
    assert library.coverage("color")["current"] == count + 2


def test_a_migration_that_is_cut_off_changes_nothing(tmp_path, monkeypatch):
    from pipeline.library.schema import identity

    old_library(tmp_path, "0004_identity")

    def cut_off(db, known):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(identity, "counters", cut_off)
    with pytest.raises(LibraryError, match="disk is full"):
        Library(tmp_path)
    monkeypatch.undo()
    assert notes.tagged(Library(tmp_path), "blue") == [7]


def test_a_database_that_is_none_of_ours_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / DATABASE) as db:
        db.execute("CREATE TABLE somebody (x)")
    with pytest.raises(LibraryError, match="none of Likeness's"):
        Library(tmp_path, create=True)
    assert Database(tmp_path / DATABASE).table_names() == ["somebody"]


def test_a_new_library_is_as_one_that_took_every_step(tmp_path):
    stepped = Database(tmp_path / "stepped.db")
    migrations.apply(stepped)
    made = Library(tmp_path / "data", create=True).db
    assert made.execute("PRAGMA journal_mode").fetchone() == ("wal",) and made.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
    assert made.execute(schema).fetchall() == stepped.execute(schema).fetchall()
    for table in set(made.table_names()) - {migrations.migrations_table}:
        assert list(made[table].rows) == list(stepped[table].rows), table


def test_ids_that_a_map_of_a_lost_database_names_are_not_given_again(tmp_path):
    (tmp_path / "maps").mkdir()
    np.savez(tmp_path / "maps" / "color.npz", ids=np.array([7, 900]))
    library = Library(tmp_path, create=True)
    root = library.add_root("/nowhere")
    assert library.db["images"].insert({"root_id": root, "path": "a.jpg", "size": 1, "mtime": 0.0}).last_pk > 900


def test_a_label_with_accents_apart_is_one_with_that_of_the_next_picture_of_its_folder(tmp_path):
    folder = tmp_path / "pictures" / unicodedata.normalize("NFD", "Été")
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(tiny_picture(1))
    library = Library(tmp_path / "data", create=True)
    scan(library, tmp_path / "pictures")
    library.db.execute("UPDATE images SET label = ?", [folder.name])  # as it was stored before
    library.db.execute("DELETE FROM _sqlite_migrations WHERE name = '0012_forms'")
    before = library.generation()
    library.close()
    library = Library(tmp_path / "data")
    assert library.labels() == {"Été": 1} and library.generation() > before
    (folder / "2.png").write_bytes(tiny_picture(2))
    scan(library, tmp_path / "pictures")
    assert library.labels() == {"Été": 2}

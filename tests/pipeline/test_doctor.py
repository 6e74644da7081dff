"""Every kind of damage made for real, found, and put right where it can be."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pipeline import index, maps
from pipeline.cli import main
from pipeline.doctor import doctor
from pipeline.errors import LibraryError
from pipeline.extraction.scan import scan
from pipeline.library import DATABASE, Library, hashes, notes
from pipeline.maps.distortion import distortion
from pipeline.pictures.thumbnails import is_whole
from pipeline.quality import agreement, kept
from pipeline.run import run
from tests.conftest import unit

pytestmark = pytest.mark.slow  # a whole run stands behind them

BROUGHT = "mine"  # an embedding that nothing computes


@pytest.fixture(scope="session")
def sound(once, pictures) -> Path:
    """A library of two folders of pictures with all that can be derived from it."""

    def fill(folder: Path) -> None:
        for theme in sorted(pictures.iterdir())[:2]:
            shutil.copytree(theme, folder / "pictures" / theme.name)
        library = Library(folder / "data", create=True)
        scan(library, folder / "pictures")
        ids = [row.id for row in library.images()]
        library.set_embedding(BROUGHT, None, 8, {})
        vectors = unit(np.random.default_rng(0).normal(size=(len(ids), 8)))
        library.store([], {BROUGHT: (None, ids, vectors)})
        run(library, folder / "pictures", embeddings="color,sift", map_options={"seed": 1})
        distortion(library, index.load(library), maps.load(library, "color"))
        agreement.compare(library, index.load(library), "color", "sift")
        kept.keep(library, {"kinds": []}, {"ids:color": np.arange(300)}, kept.state_of(library), len(ids))
        notes.tag(library, ids[:3], "harbor")
        library.close()

    return once("sound", fill)


@pytest.fixture
def library(sound, tmp_path) -> Library:
    shutil.copytree(sound, tmp_path / "copy")
    moved = Library(tmp_path / "copy" / "data")
    moved.db.execute("UPDATE roots SET path = ?", [str(tmp_path / "copy" / "pictures")])
    index.build(moved)  # a moved folder counts as a change
    return moved


def state(library: Library) -> dict:
    """What must be again as it was."""
    found = {name: [part.tolist() for part in library.vectors(name)] for name in library.embeddings()}
    found["thumbnails"] = library.db.execute("SELECT * FROM thumbnails ORDER BY image_id").fetchall()
    found["hashes"] = [part.tolist() for part in hashes.read(library)]
    found["tags"] = library.db.execute("SELECT * FROM tags ORDER BY image_id").fetchall()
    found["images"] = library.db.execute("SELECT id, path, state FROM images ORDER BY id").fetchall()
    opened = index.load(library)
    query = {name: library.vectors(name)[1][0] for name in opened.embeddings}
    found["search"] = opened.search(query, dict.fromkeys(query, 1.0), 5).ids.tolist()
    found["maps"] = {name: row["points"] for name, row in maps.about(library).items()}
    return found


def sql(*statements: str, keys: bool = True):
    def damage(library: Library) -> None:
        library.db.execute(f"PRAGMA foreign_keys = {keys:d}")
        for statement in statements:
            library.db.execute(statement)
        library.db.execute("PRAGMA foreign_keys = ON")

    return damage


def cut(pattern: str):
    def damage(library: Library) -> None:
        file = next(iter(library.data.glob(pattern)))
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return damage


def flip(pattern: str):
    """Another bit in the middle of a file, of an archive in its largest member: not every byte of a header counts."""

    def damage(library: Library) -> None:
        file = next(iter(library.data.glob(pattern)))
        data = bytearray(file.read_bytes())
        at = len(data) // 2
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                largest = max(archive.infolist(), key=lambda one: one.compress_size)
                following = [one.header_offset for one in archive.infolist() if one.header_offset > largest.header_offset]
                at = min([*following, archive.start_dir]) - largest.compress_size // 2
        data[at] ^= 0x40
        file.write_bytes(data)

    return damage


def drop(pattern: str):
    return lambda library: [file.unlink() for file in library.data.glob(pattern)]


def write(name: str):
    return lambda library: (library.data / name).write_text("half of something")


def vector(name: str, change):
    """Another vector of image 2, changed beneath everything that would notice."""

    def damage(library: Library) -> None:
        row = library.db.execute(f'SELECT vector FROM "{name}_vectors" WHERE image_id = 2').fetchone()[0]
        library.db.execute(f'UPDATE "{name}_vectors" SET vector = ? WHERE image_id = 2', [bytes(change(bytearray(row)))])

    return damage


def _flipped(row: bytearray) -> bytearray:
    row[np.abs(np.frombuffer(row, "<f4")).argmax() * 4 + 3] ^= 0x20
    return row


def _nan(row: bytearray) -> bytearray:
    return bytearray(np.float32(np.nan).tobytes()) + row[4:]


def index_of_tags_behind(library: Library) -> None:
    """A row that an index of SQLite's does not know."""
    row = library.db.execute("SELECT * FROM sqlite_master WHERE name = 'tags_image'").fetchone()
    library.close()
    for statement, values in (
        ("DELETE FROM sqlite_master WHERE name = 'tags_image'", ()),
        ("INSERT INTO tags (image_id, tag) VALUES (4, 'unseen')", ()),
        ("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row),
    ):
        db = sqlite3.connect(library.data / DATABASE)
        db.execute("PRAGMA writable_schema = ON")
        db.execute(statement, values)
        db.commit()
        db.close()


def thumbnail_that_still_opens(library: Library) -> None:
    """One bit of it is another, and no decoder minds."""
    jpeg = bytearray(library.thumbnail(2))
    for at in range(len(jpeg) // 2, len(jpeg)):
        jpeg[at] ^= 1
        if is_whole(bytes(jpeg)):
            break
        jpeg[at] ^= 1
    assert bytes(jpeg) != library.thumbnail(2)
    library.db.execute("UPDATE thumbnails SET jpeg = ? WHERE image_id = 2", [bytes(jpeg)])


def old_thumbnail_that_opens_and_is_none(library: Library) -> None:
    """Of a library from before there were check sums; only who decodes all of it sees the damage."""
    jpeg = bytearray(library.thumbnail(2))
    for at in range(2, len(jpeg)):
        jpeg[at] ^= 0xFF
        try:
            with Image.open(io.BytesIO(jpeg)) as picture:
                size = picture.size
                picture.load()
        except (OSError, SyntaxError, ValueError) as error:
            if "broken data stream" in str(error) and max(size) <= 256:
                break
        jpeg[at] ^= 0xFF
    else:
        pytest.fail("no such byte")
    library.db.execute("UPDATE thumbnails SET jpeg = ?, crc = NULL WHERE image_id = 2", [bytes(jpeg)])


CURABLE = {
    "index of SQLite": (index_of_tags_behind, ("integrity", "images.db")),
    "trigger": (sql("DROP TRIGGER tags_insert"), ("schema", "tags_insert")),
    "orphan thumbnail": (sql("INSERT INTO thumbnails SELECT 999, jpeg, crc FROM thumbnails LIMIT 1", keys=False), ("orphans", "thumbnails")),
    "orphan facts": (sql("INSERT INTO vectors SELECT embedding_id, 999, extractor_id, 1 FROM vectors LIMIT 1", keys=False), ("orphans", "vectors")),
    "vector without facts": (sql("DELETE FROM vectors WHERE image_id = 2 AND embedding_id = (SELECT id FROM embeddings WHERE name = 'color')"), ("facts", "color")),
    "facts without vector": (sql("DROP TRIGGER \"color_vectors_deleted\"", "DELETE FROM color_vectors WHERE image_id = 2"), ("bytes", "color")),
    "table of vectors": (sql("DROP TABLE color_vectors"), ("tables", "color")),
    "vector cut": (vector("color", lambda row: row[:-4]), ("vectors", "color")),
    "vector of odd bytes": (vector("sift", lambda row: row[:-1]), ("vectors", "sift")),
    "vector NaN": (vector("sift", _nan), ("vectors", "sift")),
    "vector flipped": (vector("sift", _flipped), ("vectors", "sift")),
    "codebook": (sql("UPDATE embeddings SET fitted = substr(fitted, 1, 3000) WHERE name = 'sift'"), ("codebook", "sift")),
    "thumbnail missing": (sql("DELETE FROM thumbnails WHERE image_id IN (2, 5)"), ("thumbnails", "missing")),
    "thumbnail cut": (sql("UPDATE thumbnails SET jpeg = substr(jpeg, 1, 900) WHERE image_id = 2"), ("thumbnails", "damaged")),
    "thumbnail text": (sql("UPDATE thumbnails SET jpeg = 'no picture' WHERE image_id = 2"), ("thumbnails", "damaged")),
    "thumbnail flipped": (thumbnail_that_still_opens, ("thumbnails", "damaged")),
    "old thumbnail": (old_thumbnail_that_opens_and_is_none, ("thumbnails", "damaged")),
    "hash cut": (sql("UPDATE hashes SET dct = x'00' WHERE image_id = 2"), ("hashes", "damaged")),
    "hash missing": (sql("DELETE FROM hashes WHERE image_id = 2"), ("hashes", "missing")),
    "ids": (sql("UPDATE sqlite_sequence SET seq = 3 WHERE name = 'images'"), ("counters", "ids")),
    "ids unknown": (sql("DELETE FROM sqlite_sequence WHERE name = 'images'"), ("counters", "ids")),
    "changes": (sql("UPDATE generations SET value = 0 WHERE name = 'images'"), ("counters", "changes")),
    "vector tally": (sql("UPDATE vector_tallies SET images = images + 1 WHERE embedding_id = 2"), ("counters", "tallies")),
    "image tally": (sql("DELETE FROM image_tallies"), ("counters", "tallies")),
    "run": (sql("INSERT INTO runs (command, parameters, started, state, pid, process) VALUES ('run', '{}', '', 'running', 1, 'before')"), ("runs", "running")),
    "index missing": (drop("index/*"), ("index", "missing")),
    "index cut": (cut("index/*.faiss"), ("index", "damaged")),
    "index flipped": (flip("index/*.faiss"), ("index", "damaged")),
    "rows flipped": (flip("index/*.npz"), ("index", "damaged")),
    "exact rows cut": (cut("index/*.rows"), ("index", "damaged")),
    "exact rows flipped": (flip("index/*.rows"), ("index", "damaged")),
    "what was learned flipped": (flip("index/*.learned"), ("index", "damaged")),
    "pointer": (cut("index/index.json"), ("index", "damaged")),
    "index stale": (sql("DELETE FROM color_vectors WHERE image_id = 2", "UPDATE images SET state = 'missing' WHERE id = 2"), ("index", "stale")),
    "map missing": (drop("maps/sift.npz"), ("maps", "sift missing")),
    "map cut": (cut("maps/sift.npz"), ("maps", "sift damaged")),
    "map flipped": (flip("maps/combined.npz"), ("maps", "combined damaged")),
    "map of nothing": (lambda library: shutil.copy(library.data / "maps/sift.npz", library.data / "maps/gone.npz"), ("kept", "maps/gone")),
    "distortion": (cut("distortion/*"), ("kept", "distortion/color")),
    "agreement": (flip("agreement/*"), ("kept", "agreement/color+sift")),
    "quality": (cut("quality/*"), ("kept", "quality/figures")),
    "temporary": (write("maps/sift.npz.0123abcd.tmp"), ("leftovers", "")),
    "stray index": (write("index/0123456789abcdef.faiss"), ("leftovers", "")),
}  # fmt: skip

UNLIKE = {
    "index stale": ("images", "color", "sift", BROUGHT, "hashes", "search", "maps"),
    "index of SQLite": ("tags",),
    "codebook": ("sift", "search"),  # learned anew
}
"""What the damage itself has changed in the library."""


def test_nothing_is_wrong_with_a_sound_library(library):
    assert doctor(library) == []
    assert doctor(library, repair=True) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", CURABLE)
def test_what_can_be_made_again_is_found_and_put_right(library, kind):
    damage, expected = CURABLE[kind]
    before = state(library)
    damage(library)
    library.close()
    library = Library(library.data)
    found = {(one.check, one.about): one for one in doctor(library)}
    assert found and all(one.state == "found" for one in found.values())
    assert {(one.check, one.about) for one in doctor(library)} == set(found), "looking has changed something"
    repaired = doctor(library, repair=True)
    assert {one.state for one in repaired} == {"repaired"}
    assert {*found, expected} <= {(one.check, one.about) for one in repaired}
    assert doctor(library) == []
    after = state(library)
    for part in UNLIKE.get(kind, ()):
        del before[part], after[part]
    for part in {"color", "sift"} & set(before):  # one row alone is multiplied in another order than many
        (ids, rows), (ids_after, rows_after) = before.pop(part), after.pop(part)
        assert ids == ids_after
        np.testing.assert_allclose(rows_after, rows, atol=1e-5)
    assert after == before


def _page(table: str):
    """Garbage over the first page of a table or an index."""

    def damage(library: Library) -> None:
        library.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = library.db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()[0]
        size = library.db.execute("PRAGMA page_size").fetchone()[0]
        library.close()
        with open(library.data / DATABASE, "r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"\x55" * size)

    return damage


INCURABLE = {
    "page": (_page("tags_image"), ("integrity", "images.db"), "restore"),
    "table gone": (sql("DROP TABLE tags"), ("tables", "tags"), "restore"),
    "orphan tag": (sql("INSERT INTO tags (image_id, tag) VALUES (999, 'lost')", keys=False), ("orphans", "tags"), "restore"),
    "image without folder": (sql("UPDATE images SET root_id = 77 WHERE id = 20", keys=False), ("orphans", "images"), "restore"),
    "brought vector": (vector(BROUGHT, _nan), ("vectors", BROUGHT), "along again"),
    "brought facts": (sql(f"DROP TRIGGER {BROUGHT}_vectors_deleted", f"DELETE FROM {BROUGHT}_vectors WHERE image_id = 2"), ("bytes", BROUGHT), "along again"),
}  # fmt: skip


@pytest.mark.parametrize("kind", INCURABLE)
def test_what_cannot_be_made_again_is_said_and_not_touched(library, kind):
    damage, expected, way_out = INCURABLE[kind]
    damage(library)
    library.close()

    def notes_and_brought() -> list:
        try:
            return library.db.execute(f'SELECT * FROM tags, "{BROUGHT}_vectors"').fetchall()
        except sqlite3.DatabaseError as error:
            return [str(error)]

    before = notes_and_brought()
    told = CliRunner().invoke(main, ["doctor", "--repair", "--json", "--data", str(library.data)])
    assert told.exit_code == 1
    left = {(one["check"], one["about"]): one for one in json.loads(told.stdout)}
    assert left[expected]["state"] == "left" and way_out in left[expected]["way_out"]
    assert notes_and_brought() == before
    again = CliRunner().invoke(main, ["doctor", "--data", str(library.data)])
    assert again.exit_code == 1 and left[expected]["text"] in again.output


def test_nothing_is_dropped_that_a_folder_away_is_needed_for(library):
    vector("color", _flipped)(library)
    sql("UPDATE thumbnails SET jpeg = substr(jpeg, 1, 900) WHERE image_id = 2")(library)
    before = library.db.execute("SELECT count(*), sum(length(jpeg)) FROM thumbnails").fetchone()
    folder = library.data.parent / "pictures"
    folder.rename(folder.with_name("unplugged"))
    left = {one.check: one for one in doctor(library, repair=True)}
    assert {"folders", "vectors", "thumbnails"} <= set(left) and {one.state for one in left.values()} == {"left"}
    assert "folder" in left["vectors"].way_out and "relocate" in left["folders"].way_out
    assert library.db.execute("SELECT count(*), sum(length(jpeg)) FROM thumbnails").fetchone() == before
    assert library.counts()["ok"] == 20
    folder.with_name("unplugged").rename(folder)
    assert {one.state for one in doctor(library, repair=True)} == {"repaired"}
    assert doctor(library) == []


def test_doctor_waits_for_a_run_only_to_repair(library):
    drop("index/*")(library)
    with library.writing():
        assert [one.check for one in doctor(library)] == ["index"]
        with pytest.raises(LibraryError, match="Another run"):
            doctor(library, repair=True)


def test_a_temporary_file_that_is_being_written_is_nobodys_leftover(library):
    from pipeline.library import derived

    with derived.replacing(library.data / "maps" / "color.npz") as temporary:
        temporary.write_bytes((library.data / "maps" / "color.npz").read_bytes())
        assert doctor(library) == []


def test_the_command_says_what_it_found_and_ends_with_1_until_nothing_is_left(library):
    words = ["doctor", "--data", str(library.data)]
    told = CliRunner().invoke(main, words)
    assert told.exit_code == 0 and told.stdout.strip() == "Nothing is wrong."
    cut("distortion/*")(library)
    told = CliRunner().invoke(main, words)
    assert told.exit_code == 1 and "found:" in told.stdout and "--repair" in told.stdout
    told = CliRunner().invoke(main, [*words, "--repair"])
    assert told.exit_code == 0 and "1 repaired, 0 left." in told.stdout
    (library.data / DATABASE).write_bytes(b"certainly no database" * 400)
    told = CliRunner().invoke(main, words)
    assert told.exit_code == 1 and "`restore`" in told.output and "Traceback" not in told.output


def test_a_thumbnail_is_whole_or_not(library):
    jpeg = library.thumbnail(1)
    assert is_whole(jpeg)
    assert not any(map(is_whole, (None, "text", b"", jpeg[:-2], jpeg[:500], jpeg[:300] + b"\xff\xd9", jpeg[2:])))

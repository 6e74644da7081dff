"""A library as one file, taken while another process writes, and brought back elsewhere."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import index
from pipeline.errors import LibraryError
from pipeline.library import DATABASE, Library, notes
from pipeline.library.backup import DERIVED, backup, restore
from pipeline.pictures.thumbnails import encode_jpeg
from pipeline.progress import Silent
from tests.conftest import synthetic_library

ROOT = Path(__file__).parents[2]

WRITER = """
import itertools, os, sys
from pipeline.library import Library, notes
library = Library(sys.argv[1])
for number in itertools.count():
    with library.db.atomic():
        library.store([(image, os.urandom(50_000)) for image in range(1, 21)], {})
        notes.tag(library, range(1, 21), f"round {number}")
    print(number, flush=True)
"""


@pytest.fixture
def filled(tmp_path) -> Library:
    """300 images with vectors, thumbnails, a codebook, notes and an index."""
    library = synthetic_library(tmp_path / "data", 300, {"color": 48, "sift": 16})
    jpeg = encode_jpeg(np.full((64, 64, 3), 99, np.uint8))
    library.store([(image, jpeg) for image in range(1, 301)], {})
    library.set_fitted("sift", {"centers": np.arange(12.0)}, 300)
    notes.tag(library, [1, 2, 3], "harbor")
    notes.collect(library, "best", [7, 8])
    notes.name_cluster(library, "color", [4, 5], "boats")
    notes.rate(library, {"images": [9]}, 10, 1, 1, 0.5)
    library.choose("map", {"seed": 3})
    index.build(library)
    return library


def content(library: Library) -> dict[str, list]:
    """Every row of every table."""
    tables = [row[0] for row in library.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: sorted(map(repr, library.db.execute(f'SELECT * FROM "{name}"'))) for name in tables}


def test_a_backup_brings_everything_back_elsewhere(filled, tmp_path):
    size = backup(filled, tmp_path / "one.backup")
    assert size == (tmp_path / "one.backup").stat().st_size
    assert [file.name for file in tmp_path.iterdir() if "one" in file.name] == ["one.backup"]
    assert restore(tmp_path / "one.backup", tmp_path / "new" / "place") is None
    there = Library(tmp_path / "new" / "place")
    assert content(there) == content(filled)
    assert there.fitted("sift")[0]["centers"].tolist() == filled.fitted("sift")[0]["centers"].tolist()
    assert there.db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert index.about(there) is None
    index.build(there)
    query = {"color": filled.vectors("color", [5])[1][0]}
    found = [index.load(one).search(query, {"color": 1.0}, 10) for one in (filled, there)]
    assert found[0].ids.tolist() == found[1].ids.tolist() and found[0].ids[0] == 5


def test_a_backup_is_of_one_moment_while_another_process_writes(filled, tmp_path):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(filled.data)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert writer.stdout.readline() == "0\n"
        rounds = []
        for number in range(4):
            file = tmp_path / f"{number}.backup"
            backup(filled, file)
            writer.stdout.readline()  # it goes on, and was not held up for good
            with sqlite3.connect(file) as copy:
                assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
                tagged = dict(copy.execute("SELECT tag, count(*) FROM tags WHERE tag LIKE 'round %' GROUP BY tag"))
            copy.close()
            assert set(tagged.values()) == {20}, "a transaction is in it by half"
            assert sorted(int(tag.split()[1]) for tag in tagged) == list(range(len(tagged)))
            rounds.append(len(tagged))
        assert rounds == sorted(rounds) and rounds[-1] > rounds[0]
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate()
    restore(tmp_path / "3.backup", tmp_path / "restored")
    assert notes.tags(Library(tmp_path / "restored"))["harbor"] == 3


def test_whoever_writes_all_the_time_does_not_make_the_copy_begin_anew(filled, tmp_path):
    rng = np.random.default_rng(0)
    filled.store([(image, rng.bytes(100_000)) for image in range(1, 301)], {})  # 30 MB: several steps
    other, steps = Library(filled.data), []

    class Writes(Silent):
        def advance(self, units: int = 1, failed: int = 0) -> None:
            steps.append(units)
            if len(steps) > 50:
                raise RuntimeError("the copy begins anew and anew")
            notes.tag(other, [1], f"while step {len(steps)}")

    backup(filled, tmp_path / "x.backup", progress=Writes())
    pages = (tmp_path / "x.backup").stat().st_size // filled.db.execute("PRAGMA page_size").fetchone()[0]
    assert len(steps) > 2 and sum(steps) == pages and min(steps) > 0
    assert len(notes.tags(other)) == 1 + len(steps)


@pytest.mark.parametrize(
    "file, said",
    [
        ("none/x.backup", "no directory"),
        ("there.backup", "there already"),
        ("folder", "is a directory"),
        ("data/images.db", "the library itself"),
        ("data/images.db-wal", "the library itself"),
        ("link.db", "the library itself"),
    ],
)
def test_what_cannot_be_a_backup_is_one_sentence(filled, tmp_path, file, said):
    (tmp_path / "there.backup").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.db").symlink_to(filled.data / DATABASE)
    before = content(filled)
    told = CliRunner().invoke(_main(), ["backup", str(tmp_path / file), "--data", str(filled.data)])
    assert told.exit_code == 1 and said in told.output and told.output.count("Error: ") == 1
    assert (tmp_path / "there.backup").read_text() == "mine" and content(filled) == before
    if said == "the library itself":
        with pytest.raises(LibraryError, match=said):
            backup(filled, tmp_path / file, force=True)


def test_with_force_a_backup_takes_the_place_of_another_and_what_killed_ones_left_goes(filled, tmp_path):
    file = tmp_path / "x.backup"
    backup(filled, file)
    left, other = tmp_path / "x.backup.0123abcd.tmp", tmp_path / "mine.tmp"
    left.write_text("half a backup")
    other.write_text("of another program")
    notes.tag(filled, [1], "later")
    backup(filled, file, force=True)
    restore(file, tmp_path / "new")
    assert "later" in notes.tags(Library(tmp_path / "new")) and not left.exists() and other.exists()


def _fills(command: list[str]) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(filled, tmp_path):
    """A disk of 256 kB, where one may be mounted; else a limit on the size of files."""
    small = tmp_path / "small"
    small.mkdir()
    words = [sys.executable, "-m", "pipeline", "backup", str(small / "x.backup"), "--data", str(filled.data)]
    mount = f"mount -t tmpfs -o size=256k none {small} && "
    able = _fills(["unshare", "-rm", "sh", "-c", mount + "true"]).returncode == 0 if shutil.which("unshare") else False
    limit = f'{mount} "$@"; code=$?; ls -A {small}; exit $code' if able else 'ulimit -f 128; exec "$@"'
    told = _fills([*(["unshare", "-rm"] if able else []), "sh", "-c", limit, "sh", *words])
    assert told.returncode == 1 and told.stderr.count("Error: ") == 1 and "Traceback" not in told.stderr
    assert ("is full; nothing was written" in told.stderr) if able else "cannot be written" in told.stderr
    assert told.stdout == "" and not [*small.iterdir()]


def test_a_damaged_library_makes_no_backup(filled, tmp_path):
    filled.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    page = filled.db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tags_image'").fetchone()[0]
    size = filled.db.execute("PRAGMA page_size").fetchone()[0]
    filled.close()
    with open(filled.data / DATABASE, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\x55" * size)
    with pytest.raises(LibraryError, match="damaged"):
        backup(Library(filled.data), tmp_path / "x.backup")
    assert not [*tmp_path.glob("x.backup*")]


# Restoring


@pytest.mark.parametrize(
    "kind, said",
    [
        ("missing", "no file"), ("text", "no library"), ("empty", "no library"), ("foreign", "none of Likeness's"),
        ("newer", "newer Likeness"), ("cut", "damaged"),
    ],
)
def test_what_is_no_backup_is_refused_and_nothing_is_made(filled, tmp_path, kind, said):
    file = tmp_path / "x.backup"
    backup(filled, file)
    if kind == "missing":
        file.unlink()
    elif kind == "text":
        file.write_text("certainly no database" * 400)
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        with sqlite3.connect(file) as db:
            if kind == "foreign":
                db.execute("DELETE FROM _sqlite_migrations")
            else:
                db.execute("UPDATE _sqlite_migrations SET name = '9999_future' WHERE name LIKE '0004%'")
        db.close()
    with pytest.raises(LibraryError, match=said):
        restore(file, tmp_path / "new")
    assert not [*(tmp_path / "new").glob("images*")]
    with pytest.raises(LibraryError, match=said):
        restore(file, filled.data, force=True)
    assert notes.tags(filled)["harbor"] == 3 and index.about(filled)["size"] == 300


def test_over_a_library_only_with_force_and_what_was_there_is_kept(filled, tmp_path):
    file = tmp_path / "x.backup"
    backup(filled, file)
    notes.tag(filled, [1], "later")
    with pytest.raises(LibraryError, match="--force"):
        restore(file, filled.data)
    (filled.data / "index" / "notes.txt").write_text("somebody's own")
    (filled.data / "index" / "0123456789abcdef.codes").write_text("of a larger index")
    (filled.data / "milvus").mkdir()  # an index there would take another library's images for its own
    for name in ("index.json", "0123456789abcdef.npz"):
        (filled.data / "milvus" / name).write_text("{}")
    with pytest.raises(LibraryError, match="end it first"):  # this process has it open
        restore(file, filled.data, force=True)
    assert index.about(filled)["size"] == 300 and "later" in notes.tags(filled)
    filled.close()
    kept = restore(file, filled.data, force=True)
    restored = Library(filled.data)
    assert "later" not in notes.tags(restored) and index.about(restored) is None
    assert [*(filled.data / "index").iterdir()] == [filled.data / "index" / "notes.txt"]
    assert not (filled.data / "milvus").exists()
    assert not (filled.data / f"{DATABASE}-wal").exists() or (filled.data / f"{DATABASE}-wal").stat().st_size == 0
    restore(kept, tmp_path / "before")
    assert "later" in notes.tags(Library(tmp_path / "before"))
    with restored.writing(), pytest.raises(LibraryError, match="run is at work"):
        restore(file, filled.data, force=True)


def test_a_directory_with_something_else_in_it_takes_force(filled, tmp_path):
    file, data = tmp_path / "x.backup", tmp_path / "pictures"
    backup(filled, file)
    for folder in DERIVED:
        (data / folder).mkdir(parents=True)
        (data / folder / "holiday.jpg").write_text("a picture")
    with pytest.raises(LibraryError, match="not empty"):
        restore(file, data)
    assert not (data / DATABASE).exists()
    restore(file, data, force=True)
    assert Library(data).counts()["ok"] == 300 and len([*data.glob("*/holiday.jpg")]) == len(DERIVED)


def test_a_log_without_its_database_does_not_meet_another(filled, tmp_path):
    """SQLite would take it for the new database's."""
    backup(filled, tmp_path / "x.backup")
    notes.tag(filled, [1], "in the log")
    data = tmp_path / "new"
    data.mkdir()
    shutil.copy(filled.data / f"{DATABASE}-wal", data / f"{DATABASE}-wal")
    assert (data / f"{DATABASE}-wal").stat().st_size > 0
    restore(tmp_path / "x.backup", data, force=True)
    assert "in the log" not in notes.tags(Library(data))


def test_a_run_that_went_on_when_the_copy_was_made_does_not_go_on_in_it(filled, tmp_path):
    filled.db.execute("INSERT INTO runs (command, parameters, started, state) VALUES ('run', '{}', '', 'running')")
    backup(filled, tmp_path / "x.backup")
    restore(tmp_path / "x.backup", tmp_path / "new")
    states = Library(tmp_path / "new").db.execute("SELECT state FROM runs").fetchall()
    assert states == [("stopped",)]


def _main():
    from pipeline.cli import main

    return main

"""Disks that are full or may only be read, databases that are locked or damaged: one clear
sentence, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.errors import LibraryError, sentence
from pipeline.extraction.scan import scan
from pipeline.library import DATABASE, Library, notes
from pipeline.library.runs import RunRecord
from pipeline.progress import Silent
from tests.conftest import tiny_picture


@pytest.fixture
def scanned(tmp_path) -> Library:
    (tmp_path / "in").mkdir()
    for number in range(12):
        (tmp_path / "in" / f"{number}.png").write_bytes(tiny_picture(number))
    library = Library(tmp_path / "data", create=True)
    scan(library, tmp_path / "in")
    return library


def test_notes_are_written_at_once_while_a_run_writes(scanned):
    """The other writer commits between the reading and the writing of the note."""
    held, wrote = threading.Event(), threading.Event()

    def run():
        other = Library(scanned.data)
        for number in range(40):
            with other.db.atomic():
                other.mark(1 + number % 12, "ok", str(number))
                held.set()
        wrote.set()

    thread = threading.Thread(target=run)
    thread.start()
    held.wait()
    for number in range(40):
        notes.tag(scanned, [1 + number % 12], f"tag {number}")
        notes.collect(scanned, "all", [1 + number % 12])
        notes.name_cluster(scanned, "color", [1 + number % 12], f"name {number}")
        notes.rate(scanned, {"images": [2]}, 1 + number % 12, 1, 1, 0.5)
    thread.join()
    assert wrote.is_set() and len(notes.tags(scanned)) == 40 and len(notes.collected(scanned, "all")) == 12


def test_a_full_disk_is_one_sentence_and_the_same_command_goes_on(scanned, tmp_path):
    for number in range(100, 400):
        (tmp_path / "in" / f"{number}.png").write_bytes(tiny_picture(number))
    pages = scanned.db.execute("PRAGMA page_count").fetchone()[0]
    scanned.db.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(sqlite3.OperationalError) as full, RunRecord(scanned, "scan", {}, Silent()):
        scan(scanned, tmp_path / "in")
    assert "disk is full" in sentence(full.value) and "goes on from here" in sentence(full.value)
    assert "disk is full" in scanned.db.execute("SELECT message FROM runs").fetchone()[0]
    assert scanned.counts()["ok"] == 12
    scanned.close()
    assert scan(scanned, tmp_path / "in").new == 300


def test_other_troubles_have_a_sentence_and_programming_errors_have_none(scanned, monkeypatch):
    other = sqlite3.connect(scanned.data / DATABASE)
    other.execute("BEGIN IMMEDIATE")
    scanned.db.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(sqlite3.OperationalError) as locked:
        scanned.mark(1, "ok")
    assert "Another program" in sentence(locked.value)
    other.close()
    assert "full" in sentence(OSError(28, "No space left on device"))
    assert sentence(FileNotFoundError(2, "x")) is None and sentence(ValueError("x")) is None
    with pytest.raises(sqlite3.OperationalError) as ours:
        scanned.db.execute("SELECT nonsense FROM images")
    assert sentence(ours.value) is None

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.status.status", fails)
    told = CliRunner().invoke(main, ["status", "--data", str(scanned.data)])
    assert told.exit_code == 1 and "Error: The disk is full." in told.output


def test_a_directory_that_has_gone_while_one_was_in_it_is_one_sentence(scanned, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    for words in (("scan", "in"), ("forget", "in"), ("relocate", "in", "out")):
        told = CliRunner().invoke(main, [*words, "--data", str(scanned.data)])
        assert told.exit_code == 1 and "Error: The directory that this was started in is not there any more" in told.output
    told = CliRunner().invoke(main, ["scan", str(tmp_path / "in"), "--data", str(scanned.data)])
    assert told.exit_code == 0, "whoever says where everything is need not be anywhere"


def test_what_is_given_for_a_folder_and_is_none_is_one_sentence(scanned, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jpg").write_bytes(b"x")
    for given, said in {"": "name of a folder is empty", " ": "name of a folder is empty", "a.jpg": "a.jpg is a file; name the folder",
                        "nothing": "There is no folder", "n" * 5_000: "There is no folder"}.items():
        for command in ("scan", "run"):
            told = CliRunner().invoke(main, [command, given, "--data", str(scanned.data)])
            assert told.exit_code and said in told.output and "Traceback" not in told.output


def test_a_place_that_may_only_be_read_and_a_limit_of_processes_are_named():
    assert sentence(OSError(30, "Read-only file system", "/dev/shm/x")) == "Nothing can be written in /dev/shm: its disk may only be read."
    for error in (RuntimeError("can't start new thread"), BlockingIOError(11, "Resource temporarily unavailable")):
        assert "ulimit -u" in sentence(error)
    assert sentence(RuntimeError("another one")) is None


def test_a_file_as_large_as_a_disk_allows_and_numbers_beyond_those_of_an_index_are_sentences(scanned):
    assert "FAT32" in sentence(OSError(27, "File too large"))
    told = CliRunner().invoke(main, ["index", "--ef-construction", "100000000000", "--data", str(scanned.data)])
    assert told.exit_code == 2 and "is not in the range" in told.output


def test_a_damaged_database_is_one_sentence(scanned):
    scanned.close()
    file = scanned.data / DATABASE
    whole = file.read_bytes()
    file.write_bytes(whole[:5000])
    told = CliRunner().invoke(main, ["status", "--data", str(scanned.data)])
    assert told.exit_code == 1 and "Traceback" not in told.output
    assert told.output.startswith("Error: ") and told.output.count("\n") == 1
    file.write_bytes(b"certainly no database" * 500)
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library(scanned.data)


def test_a_library_that_may_only_be_read_is_read(unopened_library, tmp_path, monkeypatch):
    data = tmp_path / "cd"
    shutil.copytree(unopened_library, data)
    for name in ("-wal", "-shm"):
        (data / (DATABASE + name)).unlink(missing_ok=True)
    before = sorted((file, file.stat().st_mtime_ns) for file in data.rglob("*"))
    asking = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode, **how: asking(path, mode, **how) and not (mode & os.W_OK and str(data) in str(path))
    )
    library = Library(data)
    assert library.read_only and library.counts()["ok"] == 60 and len(library.vectors("color")[0]) == 60
    with pytest.raises(LibraryError, match="only be read"), library.writing():
        pass
    with pytest.raises(sqlite3.OperationalError) as refused:
        notes.tag(library, [1], "no")
    assert "may only be read" in sentence(refused.value)
    told = CliRunner().invoke(main, ["status", "--data", str(data)])
    assert told.exit_code == 0 and "60 ok" in told.output
    told = CliRunner().invoke(main, ["search", str(library.image(1).file), "--data", str(data), "--top-k", "3"])
    assert told.exit_code == 0 and "3 matches" in told.output
    assert sorted((file, file.stat().st_mtime_ns) for file in data.rglob("*")) == before
    library.close()


def test_an_old_library_that_may_only_be_read_is_one_sentence(tmp_path, monkeypatch):
    from tests.pipeline.test_migrations import old_library

    old_library(tmp_path, "0003_notes")
    monkeypatch.setattr(os, "access", lambda path, mode, **how: not mode & os.W_OK)
    with pytest.raises(LibraryError, match="older Likeness.*Copy it"):
        Library(tmp_path)

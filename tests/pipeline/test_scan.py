"""Scanning: whatever happened to the files, the table ends as a fresh scan would write it."""

from __future__ import annotations

import os
import random
import shutil

import pytest

from pipeline.errors import LibraryError
from pipeline.extraction.scan import scan
from pipeline.library import Library


def table(library: Library) -> set:
    """What a scan is about, without ids."""
    sql = "SELECT path, label, content_hash, width, height, state FROM images WHERE state != 'missing'"
    return set(library.db.execute(sql))


def ids(library: Library) -> dict[str, int]:
    return {row.path: row.id for row in library.images()}


def test_any_sequence_of_changes_ends_as_a_fresh_scan(own_pictures, tmp_path):
    library = Library(tmp_path / "data", create=True)
    chance = random.Random(3)
    scan(library, own_pictures)
    for turn in range(12):
        files = sorted(f for f in own_pictures.rglob("*") if f.is_file())
        for file in chance.sample(files, 4):
            action = chance.choice(["delete", "rename", "move", "change", "copy", "touch", "spoil"])
            elsewhere = own_pictures / f"moved{turn}" / file.name
            elsewhere.parent.mkdir(exist_ok=True)
            if action == "delete":
                file.unlink()
            elif action == "rename":
                file.rename(file.with_stem(f"{file.stem}-{turn}"))
            elif action == "move":
                file.rename(elsewhere)
            elif action == "copy":
                shutil.copy(file, elsewhere)
            elif action == "touch":
                os.utime(file, (turn, turn))
            elif action == "change":
                other = chance.choice([f for f in files if f.exists()])
                if other != file:
                    shutil.copyfile(other, file)
                    os.utime(file, (1000 + turn, 1000 + turn))
            else:
                file.write_bytes(b"spoiled %d" % turn)
        scan(library, own_pictures)
        fresh = Library(tmp_path / f"fresh{turn}", create=True)
        scan(fresh, own_pictures)
        assert table(library) == table(fresh)


def test_renamed_files_keep_their_id_and_vectors(library, pictures, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(pictures, moved)
    library.db.execute("UPDATE roots SET path = ?", [str(moved.resolve())])
    before = ids(library)
    file = next(moved.rglob("*.jpg"))
    new = moved / "elsewhere" / "other.JPG"
    new.parent.mkdir()
    old_path = file.relative_to(moved).as_posix()
    file.rename(new)
    report = scan(library, moved)
    assert (report.renamed, report.new, report.missing) == (1, 0, 0)
    after = ids(library)
    assert after["elsewhere/other.JPG"] == before[old_path]
    assert library.coverage("color") == {"current": len(before), "stale": 0, "missing": 0}


def test_changed_content_loses_its_vectors_and_a_touch_does_not(library, pictures, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(pictures, folder)
    library.db.execute("UPDATE roots SET path = ?", [str(folder.resolve())])
    first, second, third = sorted(folder.rglob("*.jpg"))[:3]
    os.utime(first, (5, 5))
    shutil.copyfile(third, second)
    report = scan(library, folder)
    assert (report.changed, report.missing, report.new) == (1, 0, 0)
    assert library.coverage("sift")["missing"] == 1


def test_vanished_images_are_marked_and_come_back_with_their_vectors(library, pictures, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(pictures, folder)
    library.db.execute("UPDATE roots SET path = ?", [str(folder.resolve())])
    count = library.counts()["ok"]
    theme = sorted(folder.iterdir())[0]
    theme.rename(tmp_path / "away")
    gone = len(list((tmp_path / "away").iterdir()))
    assert scan(library, folder).missing == gone
    assert library.counts() == {"ok": count - gone, "unreadable": 0, "missing": gone}
    (tmp_path / "away").rename(theme)
    assert scan(library, folder).returned == gone
    assert library.coverage("color") == {"current": count, "stale": 0, "missing": 0}


def test_finds_every_extension_in_any_case_and_skips_the_hidden(own_pictures, tmp_path):
    source = next(own_pictures.rglob("*.jpg"))
    folder = tmp_path / "mixed"
    (folder / ".hidden").mkdir(parents=True)
    for name in ("a.JPG", "b.Jpeg", "c.png", "notes.txt", ".secret.jpg", ".hidden/d.jpg"):
        shutil.copy(source, folder / name)
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    library = Library(tmp_path / "data", create=True)
    scan(library, folder)
    assert {path for path, *_ in table(library)} == {"a.JPG", "b.Jpeg", "c.png"}
    assert all(row.label is None for row in library.images())


def test_what_cannot_be_read_is_the_same_in_every_scan_and_a_pipe_is_no_file(own_pictures, tmp_path):
    try:
        with open(os.fsencode(own_pictures) + b"/b\xe4d.jpg", "wb") as file:
            file.write(b"no picture")
    except OSError:
        pytest.skip("this file system takes no such name")
    os.mkfifo(own_pictures / "pipe.jpg")
    library = Library(tmp_path / "data", create=True)
    first = scan(library, own_pictures)
    assert (first.new, first.unreadable) == (21, 1)
    for _ in range(2):
        again = scan(library, own_pictures)
        assert (again.touched, again.unchanged, again.unreadable) == (0, 21, 1)
    (row,) = library.images("unreadable")
    assert os.fsencode(row.path) == b"b\xe4d.jpg" and row.shown == "b\\xe4d.jpg"


def test_folders_inside_and_around_a_scanned_one_do_not_list_a_file_twice(own_pictures, tmp_path):
    library = Library(tmp_path / "data", create=True)
    inner = sorted(own_pictures.iterdir())[0]
    scan(library, inner)
    before = {row.file: row.id for row in library.images()}
    scan(library, own_pictures)
    scan(library, inner)
    files = [f.resolve() for f in own_pictures.rglob("*") if f.is_file()]
    after = {row.file: row.id for row in library.images()}
    assert sorted(after) == sorted(files)
    assert all(after[file] == number for file, number in before.items())
    assert set(library.labels()) == {folder.name for folder in own_pictures.iterdir()}


def test_wrong_folders_say_so(tmp_path):
    library = Library(tmp_path / "data", create=True)
    with pytest.raises(LibraryError, match="no folder"):
        scan(library, tmp_path / "nowhere")
    (tmp_path / "bare").mkdir()
    with pytest.raises(LibraryError, match="No images"):
        scan(library, tmp_path / "bare")

"""The data directory: opened from blank, by several threads, and refused when it is not ours."""

from __future__ import annotations

import gc
import os
import shutil
import threading
from pathlib import Path
from weakref import ref

import numpy as np
import pytest
from sqlite_utils import Database

from pipeline import columns, status
from pipeline.errors import LibraryError
from pipeline.library import DATABASE, Library
from pipeline.library import hashes as stored_hashes
from pipeline.library.schema import migrations
from pipeline.extraction.scan import scan
from pipeline.run import demo_folder
from tests.conftest import synthetic_library


def test_a_new_library_takes_up_nothing_of_one_whose_file_alone_is_gone(tmp_path):
    file, log = tmp_path / DATABASE, tmp_path / f"{DATABASE}-wal"
    library = synthetic_library(tmp_path, 20, {"color": 8})
    left = log.read_bytes()  # as a writer that was cut off leaves it
    library.close()
    assert len(left) > 10_000
    file.unlink()
    log.write_bytes(left)
    library = Library(tmp_path, create=True)
    assert library.counts()["ok"] == 0 and not library.embeddings()
    assert library.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    library.close()
    assert not len(Library(tmp_path).roots())


def test_threads_read_the_same_library(made_library):
    library = Library(made_library)
    expected = library.vectors("color")[1].sum()
    sums = []
    threads = [
        threading.Thread(target=lambda: sums.append(library.vectors("color")[1].sum())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [expected] * 8


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not tell which files are open")
def test_what_a_thread_has_opened_is_closed_with_it_and_all_of_it_with_the_library(tmp_path):
    def opened() -> int:
        return sum(os.path.realpath(f"/proc/self/fd/{number}").startswith(str(tmp_path)) for number in os.listdir("/proc/self/fd"))

    library = synthetic_library(tmp_path / "data", 20, {"color": 8})
    seen = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(12):
            thread = threading.Thread(target=lambda: seen.append(len(columns.of(library).now())))
            thread.start()
            thread.join()
        assert seen == [20] * 12 and opened() <= 5  # the file, log and its index; SQLite keeps one more for the next
    finally:
        gc.enable()
    read = library.db.execute("SELECT id FROM images ORDER BY id")
    there = ref(library)
    del library
    gc.collect()
    assert there() is None and read.fetchone()[0] == 1  # who still reads goes on
    del read
    gc.collect()
    assert not opened()


def test_what_is_no_library_is_refused(tmp_path):
    with pytest.raises(LibraryError, match="no library"):
        Library(tmp_path)
    (tmp_path / "images.db").write_text("certainly not a database, but long enough " * 50)
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library(tmp_path)
    newer = tmp_path / "newer"
    Library(newer, create=True).close()
    Database(newer / "images.db")["_sqlite_migrations"].insert(
        {"migration_set": "likeness", "name": "9999_future", "applied_at": "2099-01-01"}
    )
    with pytest.raises(LibraryError, match="newer Likeness"):
        Library(newer)


def test_a_library_of_the_oldest_schema_opens_and_keeps_its_rows(tmp_path):
    old = Database(tmp_path / DATABASE)
    migrations.apply(old, stop_before="0002_hashes")
    assert "hashes" not in old.table_names()
    old["images"].insert({"id": 3, "root": "/nowhere", "path": "a/b.jpg", "size": 1, "mtime": 0.0})
    old["thumbnails"].insert({"image_id": 3, "jpeg": b"x"})
    old.close()
    library = Library(tmp_path)
    assert library.image(3).path == "a/b.jpg" and library.thumbnail(3) == b"x"
    assert stored_hashes.pending(library) == [3]
    stored_hashes.store(library, [(3, np.arange(24, dtype=np.uint8))])
    library.close()
    again = Library(tmp_path)
    assert stored_hashes.read(again)[1].tolist() == [list(range(24))]
    shown = again.db.execute("SELECT hex(average), hex(dct) FROM hashes").fetchone()
    assert shown == ("0001020304050607", "1011121314151617")
    again.db.execute("DELETE FROM images")
    assert again.db["hashes"].count == 0


def test_a_batch_is_stored_whole_or_not_at_all(tmp_path):
    library = synthetic_library(tmp_path, 10, {"color": 4})
    before = library.vectors("color")[1]
    with pytest.raises(Exception, match="FOREIGN KEY"):
        library.store([(5, b"x")], {"color": ("color/test", [5, 777], np.ones((2, 4), np.float32))})
    assert np.array_equal(library.vectors("color")[1], before)
    assert library.thumbnail(5) is None


def test_removing_a_folder_takes_everything_of_it(library):
    root = next(iter(library.roots()))
    assert library.remove_root(root) == 60
    for table in ("images", "thumbnails", "hashes", "color_vectors", "efficientnet_vectors"):
        assert library.db[table].count == 0


def test_the_sample_gallery_never_mixes_with_own_pictures(own_pictures, sample_gallery, tmp_path):
    data = tmp_path / "data"
    for place in (data / "gallery", data / "sample" / "gallery"):  # painted already, which takes a while
        shutil.copytree(sample_gallery, place)
    assert demo_folder(data, None) == (data, data / "gallery")
    scan(Library(data), data / "gallery")
    assert demo_folder(data, None) == (data, data / "gallery")
    assert demo_folder(data, own_pictures) == (data, own_pictures)
    assert Library(data).counts()["ok"] == 0
    scan(Library(data), own_pictures)
    assert demo_folder(data, None) == (data / "sample", data / "sample" / "gallery")
    assert demo_folder(data, own_pictures) == (data, own_pictures)
    assert list(Library(data).roots()) == [str(own_pictures.resolve())]


def test_vectors_of_another_version_are_told_to_be_stale(library):
    count = library.counts()["ok"]
    assert status.coverage(library, "color") == {"current": count, "stale": 0, "missing": 0}
    ours = library.embeddings()["color"].extractor
    library.db.execute(
        "UPDATE extractors SET fingerprint = ? WHERE fingerprint = ?", [ours.replace("color/", "color/0."), ours]
    )
    assert status.status(library)["embeddings"]["color"] == {"current": 0, "stale": count, "missing": 0}
    assert status.coverage(library, "sift")["stale"] == 0

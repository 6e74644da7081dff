"""What the pages may ask."""

from __future__ import annotations

import os

from dashboard.reads import Reads
from pipeline.library import Library
from pipeline.library.runs import RunRecord
from pipeline.progress import Silent


def test_labels_come_in_the_order_of_the_ids_by_either_way(library, monkeypatch):
    reads = Reads(library)
    ids = [row.id for row in library.images()][::-1] + [10**6]
    expected = [library.image(i).label for i in ids[:-1]] + [None]
    assert reads.labels_of(ids) == expected and len(set(expected)) > 3
    monkeypatch.setattr("dashboard.reads.reads._READ_ALL_ABOVE", 10)
    assert reads.labels_of(ids) == expected


def test_examples_are_different_images_that_exist(made_library):
    reads = Reads(Library(made_library))
    for count in (1, 8, 500):
        ids = reads.examples(count)
        assert len(ids) == len(set(ids)) == min(count, 60)
        assert all(reads.image(i) for i in ids)


def test_examples_start_with_an_exemplar_of_every_cluster(made_library):
    reads = Reads(Library(made_library))
    exemplars = reads.map("combined").exemplars[:, 0].tolist()
    assert exemplars and reads.examples(12)[: len(exemplars)] == exemplars[:12]


def test_examples_are_not_of_images_that_the_map_alone_still_has(library):
    reads = Reads(library)
    gone, missing = reads.map("combined").exemplars[:2, 0].tolist()
    library.db.execute("DELETE FROM images WHERE id = ?", [gone])
    library.mark(missing, "missing")
    assert not {gone, missing} & set(reads.examples(60)) and len(reads.examples(60)) == 58


def test_a_map_is_read_again_only_when_its_file_has_changed(library):
    reads = Reads(library)
    first = reads.map("color")
    assert reads.map("color") is first
    file = library.data / "maps" / "color.npz"
    os.utime(file, (file.stat().st_atime, file.stat().st_mtime + 5))
    assert reads.map("color") is not first


def test_without_an_index_there_is_nothing_to_search_by(tmp_path):
    reads = Reads(Library(tmp_path, create=True))
    assert reads.is_empty() and reads.embeddings() == () and reads.map_names() == []


def test_a_run_that_was_killed_does_not_look_like_one_going_on(library):
    RunRecord(library, "embed", {}, Silent()).__enter__().start("embed", 10)
    reads = Reads(library)
    assert reads.runs()[0].state == "stopped"
    with library.writing():
        assert reads.runs()[0].state == "running"

"""An index lies in its file and is mapped from there: a process that searches shares it with the others."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import pytest

from pipeline import index
from pipeline.library import Library
from tests.conftest import synthetic_library


def mapped(folder: Path) -> int:
    """Bytes of this process's memory that are files below a folder."""
    total = 0
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, _, _, _, _, *file = line.split(maxsplit=5)
        if file and file[0].startswith(f"{folder.resolve()}/"):
            start, end = (int(number, 16) for number in span.split("-"))
            total += end - start
    return total


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_loaded_index_is_mapped_from_its_file_and_not_copied(tmp_path):
    count, dims = 4_000, {"color": 64, "sift": 64}
    index.build(synthetic_library(tmp_path, count, dims))
    library = Library(tmp_path)
    kept = mapped(tmp_path / "index")
    loaded = index.load(library)
    loaded.vectors(loaded.ids()[:1])
    stored = sum(file.stat().st_size for file in (tmp_path / "index").iterdir())
    assert mapped(tmp_path / "index") - kept > 0.5 * stored
    assert loaded is not None


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted as Linux lists them")
def test_one_query_waits_for_no_other_thread(tmp_path):
    """FAISS would start as many as it may, and be done when the last that has nothing to do has been given a core."""
    library = synthetic_library(tmp_path, 80, {"color": 8, "sift": 12})
    opened, _ = index.build(library)
    query = {name: library.vectors(name, [7])[1][0] for name in ("color", "sift")}

    def started() -> int:
        faiss.omp_set_num_threads(6)  # of this thread, which has started none
        before = len(os.listdir("/proc/self/task"))
        for search in (opened.approximate, opened.search):
            assert search(query, {"color": 1.0, "sift": 1.0}, 5).ids[0] == 7
        return len(os.listdir("/proc/self/task")) - before

    with ThreadPoolExecutor(1) as one:
        assert one.submit(started).result() == 0

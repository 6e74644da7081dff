"""Derived files: keyed on what they were made from, replaced whole, and no loss where damaged."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pipeline import arrays
from pipeline.errors import LibraryError
from pipeline.library import Library, derived

ARRAYS = {"ids": np.arange(500), "xy": np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32)}


@pytest.fixture
def empty(tmp_path) -> Library:
    return Library(tmp_path / "data", create=True)


class Watched(io.BytesIO):
    """A file that counts from how many threads files of its kind are read at once."""

    counting, reading, most = threading.Lock(), 0, 0

    def read(self, size=-1):
        with self.counting:
            Watched.reading += 1
            Watched.most = max(Watched.most, Watched.reading)
        time.sleep(1e-4)  # another thread's turn
        found = super().read(size)
        with self.counting:
            Watched.reading -= 1
        return found


def test_arrays_are_read_one_file_at_a_time_by_all_threads():
    """Two at once can end in an error of Python 3.11's parser."""
    many, one = io.BytesIO(), io.BytesIO()
    np.savez(many, **ARRAYS)
    np.save(one, ARRAYS["xy"])

    def read(at: int) -> bool:
        if at % 2:
            return np.array_equal(arrays.read(Watched(one.getvalue())), ARRAYS["xy"])
        with arrays.opened(Watched(many.getvalue())) as opened:
            return all(np.array_equal(opened[name], array) for name, array in ARRAYS.items())

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(read, range(24)))
    assert Watched.most == 1


def test_what_was_stored_comes_back_for_its_key_and_for_no_other(empty):
    assert derived.read(empty, "maps/a") is None
    derived.store(empty, "maps/a", "k1", ARRAYS, {"note": "ä"})
    found = derived.load(empty, "maps/a", "k1")
    assert found.about == {"note": "ä"} and set(found.arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype
    assert derived.load(empty, "maps/a", "k2") is None and derived.load(empty, "maps/b", "k1") is None
    derived.store(empty, "maps/a", "k2", {"ids": np.zeros(2)})
    assert derived.load(empty, "maps/a", "k1") is None and len(derived.load(empty, "maps/a", "k2").arrays["ids"]) == 2
    derived.remove(empty, "maps/a")
    derived.remove(empty, "maps/a")
    assert derived.names(empty, "maps") == []
    for outside in ("maps/../../outside", "/etc/passwd", "maps/", "maps/.hidden", "a", "maps/b/c", "maps/b\n"):
        with pytest.raises(ValueError, match="no name"):
            derived.path(empty, outside)


def test_a_key_changes_with_every_part():
    parts = [("a", 1), ("a", 2), ("a1",), (np.array([1, 2]),), (np.array([1, 2], np.int32),),
             (np.array([[1, 2]]),), (np.array([1.0, 2.0]),), (np.array([1, 2]).view(np.float64),), ("a", 1, None)]  # fmt: skip
    assert len({derived.key_of(*each) for each in parts}) == len(parts)
    assert derived.key_of("a", np.arange(3)) == derived.key_of("a", np.arange(3))


def _compressed(read: derived.Derived) -> bytes:
    """The same archive compressed, as others write it, with a stream that is none."""
    file = io.BytesIO()
    about = np.array(json.dumps({**read.about, "key": read.key}))
    np.savez_compressed(file, about=about, **read.arrays)
    return file.getvalue().replace(file.getvalue()[2500:2600], b"\xff" * 100)


def test_every_kind_of_damage_is_as_no_file_and_is_told(empty):
    derived.store(empty, "maps/a", "k", ARRAYS, {"n": 1})
    file = derived.path(empty, "maps/a")
    whole = file.read_bytes()
    kinds = {f"cut at {at}": whole[:at] for at in (0, 1, 100, len(whole) // 2, len(whole) - 1)}
    for at in range(200, len(whole), len(whole) // 40):  # a bit that flipped
        kinds[f"bit at {at}"] = whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]
    kinds["compressed"] = _compressed(derived.read(empty, "maps/a"))
    kinds |= {"zeros": bytes(len(whole)), "text": b"not made by us", "pickle": b"\x80\x04K\x01."}
    for kind, content in kinds.items():
        file.write_bytes(content)
        found = derived.load(empty, "maps/a", "k")
        if found is not None:  # padding may change; what is read may not
            assert all(np.array_equal(found.arrays[name], ARRAYS[name]) for name in ARRAYS), kind
            continue
        with pytest.raises(derived.DamagedError, match="maps/a.npz is damaged: "):
            derived.read(empty, "maps/a")
    derived.store(empty, "maps/a", "k", ARRAYS)
    assert derived.load(empty, "maps/a", "k") is not None


def test_where_the_disk_is_full_the_file_before_stays_and_one_sentence_says_so(empty):
    derived.store(empty, "maps/a", "k1", ARRAYS)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, limits[1]))  # writes fail as they do without room
        with pytest.raises(LibraryError, match="maps/a.npz could not be written: file too large"):
            derived.store(empty, "maps/a", "k2", ARRAYS)
        derived.offer(empty, "maps/a", "k2", ARRAYS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert derived.load(empty, "maps/a", "k1") is not None
    assert [file.name for file in (empty.data / "maps").iterdir()] == ["a.npz"]


def test_a_folder_that_may_not_be_written_costs_the_file_and_nothing_else(empty):
    (empty.data / "maps").write_text("a file where the folder should be")
    with pytest.raises(LibraryError, match="could not be written"):
        derived.store(empty, "maps/a", "k", ARRAYS)
    derived.offer(empty, "maps/a", "k", ARRAYS)
    assert derived.load(empty, "maps/a", "k") is None


def test_what_a_killed_writer_left_goes_and_what_is_being_written_stays(empty):
    script = f"""
import os, signal
from pathlib import Path
from pipeline.library import derived
with derived.replacing(Path({str(derived.path(empty, "maps/a"))!r})) as temporary:
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False)
    assert len(os.listdir(empty.data / "maps")) == 1
    with derived.replacing(derived.path(empty, "maps/b")) as temporary:
        temporary.write_bytes(b"being written")
        derived.store(empty, "maps/a", "k", ARRAYS)
        assert sorted(os.listdir(empty.data / "maps")) == ["a.npz", temporary.name]
    assert derived.names(empty, "maps") == ["a", "b"]


def test_what_fails_while_it_is_written_leaves_nothing(empty):
    derived.store(empty, "maps/a", "k", ARRAYS)
    with pytest.raises(ZeroDivisionError), derived.replacing(derived.path(empty, "maps/a")) as temporary:
        temporary.write_bytes(b"half")
        _ = 1 / 0
    assert os.listdir(empty.data / "maps") == ["a.npz"]
    assert derived.load(empty, "maps/a", "k") is not None

"""Kill a run at random moments, again and again: nothing is lost, and the end is the same.

    python -m tests.kill_runs [KILLS] [IMAGES] [SEED]     50 kills, 500 pictures by default

The pictures are painted. A moment is a number of stored vectors, drawn from the seed, and a
fraction of a second beyond; where all are stored already, it meets the index or the maps.
Storing a batch is made slow, so that many kills meet one half stored. After each kill the
database is checked: of every image all is there that a batch stores of it, or nothing. Then
a run completes; it and those killed are recorded for what they were, and vectors, hashes and
maps equal those of an undisturbed run. tests/pipeline/test_kills.py does the same with few.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from pipeline import maps
from pipeline.library import Library, hashes

ROOT = Path(__file__).parents[1]
EMBEDDINGS = "color,sift"
PER_LIBRARY = 3
"""Kills before a run may complete."""
SLOW = "CREATE TRIGGER slow AFTER INSERT ON hashes BEGIN SELECT hex(randomblob(2000000)); END"
"""Makes a hash, the last that a batch stores of an image, take some 10 ms."""


def paint(folder: Path, count: int, seed: int = 0) -> None:
    """Pictures of coarse and fine noise, each its own, in five folders."""
    generator = np.random.default_rng(seed)
    for number in range(count):
        layers = [
            cv2.resize(generator.integers(0, 256, shape, np.uint8), (160, 120), interpolation=cv2.INTER_CUBIC)
            for shape in ((6, 8, 3), (30, 40, 3))
        ]
        file = folder / f"theme{number % 5}" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), cv2.addWeighted(layers[0], 0.6, layers[1], 0.4, 0))


def survive(pictures: Path, work: Path, kills: int, seed: int = 0, progress=print) -> int:
    """Kill so many runs over `pictures`, libraries in `work`: how many were at work when they were.

    AssertionError where something is lost.
    """
    whole = work / "whole"
    subprocess.run(_command(pictures, whole), check=True, capture_output=True, cwd=ROOT)
    total = _stored(whole)
    generator = np.random.default_rng(seed)
    met = 0
    for first in range(0, kills, PER_LIBRARY):
        data = work / f"killed-{first}"
        library = Library(data, create=True)
        library.db.execute(SLOW)
        library.close()
        ended = []
        for _ in range(min(PER_LIBRARY, kills - first)):
            before = _stamps(data)
            target = int(generator.integers(len(before), total + 1))
            beyond = generator.uniform(0, 0.2 if target < total else 1.0)
            met += _kill(_command(pictures, data), data, target, beyond)
            _check(data)
            ended = _ended(data, ended)
            progress(f"{met} kills: {_stored(data):,} of {total:,} vectors stored, {len(before):,} before")
            assert before.items() <= _stamps(data).items()
        before = _stamps(data)
        subprocess.run(_command(pictures, data), check=True, capture_output=True, cwd=ROOT)
        assert before.items() <= _stamps(data).items()
        _check(data)
        assert _ended(data, ended) == [*ended, "done"]
        _compare(whole, data)
    return met


def _kill(command: list[str], data: Path, target: int, beyond: float) -> bool:
    """Start a run and kill it, it alone, some time after so many vectors are stored; whether it was at work."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    while process.poll() is None and _stored(data) < target:
        time.sleep(0.02)
    try:
        process.wait(beyond)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def _command(pictures: Path, data: Path) -> list[str]:
    return [sys.executable, "-m", "pipeline", "run", str(pictures), "--data", str(data),
            "--embeddings", EMBEDDINGS, "--batch-size", "16", "--seed", "1"]


def _check(data: Path) -> None:
    """The database is whole, and so are whatever it refers to and what batches have stored."""
    with sqlite3.connect(data / "images.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        first = "vectors JOIN embeddings ON id = embedding_id AND name = 'color'"
        stored = [set(db.execute(f"SELECT image_id FROM {table}")) for table in ("thumbnails", "hashes", first)]
        assert stored[0] == stored[1] == stored[2]


def _ended(data: Path, before: list[str]) -> list[str]:
    """How the runs ended, after one more: those before it as they did, and a killed one is to be told of as stopped."""
    with sqlite3.connect(data / "images.db") as db:
        rows = db.execute("SELECT state, finished IS NOT NULL FROM runs ORDER BY id").fetchall()
    assert len(rows) <= len(before) + 1 and all(finished == (state != "running") for state, finished in rows)
    assert all(row == (state, True) for row, state in zip(rows, before if len(rows) > len(before) else before[:-1]))
    return ["stopped" if state == "running" else state for state, _ in rows]


def _stored(data: Path) -> int:
    """Vectors of all embeddings."""
    with sqlite3.connect(data / "images.db", timeout=60) as db:
        return db.execute("SELECT count(*) FROM vectors").fetchone()[0]


def _stamps(data: Path) -> dict[tuple[int, int], int]:
    """When each vector was stored: a run that goes on computes none of them again."""
    with sqlite3.connect(data / "images.db") as db:
        return {tuple(key): stamp for *key, stamp in db.execute("SELECT embedding_id, image_id, generation FROM vectors")}


def _compare(whole: Path, data: Path) -> None:
    """Vectors and codebook are those of an undisturbed run, and nothing is left to do."""
    one, other = Library(whole), Library(data)
    paths = [{row.path: row.id for row in library.images()} for library in (one, other)]
    assert paths[0].keys() == paths[1].keys() and paths[0]
    for name in EMBEDDINGS.split(","):
        assert one.embeddings()[name].extractor == other.embeddings()[name].extractor
        rows = [dict(zip(*library.vectors(name))) for library in (one, other)]
        for path, number in paths[0].items():
            difference = np.abs(rows[0][number] - rows[1][paths[1][path]]).max()
            assert difference < 1e-5, (name, path, difference)
    hashed = [dict(zip(ids.tolist(), rows.tolist())) for ids, rows in map(hashes.read, (one, other))]
    assert {path: hashed[0][i] for path, i in paths[0].items()} == {path: hashed[1][i] for path, i in paths[1].items()}
    assert not other.without_thumbnail()
    assert maps.names(one) == maps.names(other) != []
    for name in maps.names(one):
        drawn = [maps.load(library, name) for library in (one, other)]
        assert np.array_equal(drawn[0].ids, drawn[1].ids) and np.allclose(drawn[0].xy, drawn[1].xy, atol=1e-3), name


def main(kills: int = 50, images: int = 500, seed: int = 0) -> None:
    """Paint, kill, tell."""
    with tempfile.TemporaryDirectory(prefix="likeness-kills-") as folder:
        paint(Path(folder) / "pictures", images)
        met = survive(Path(folder) / "pictures", Path(folder) / "data", kills, seed)
    print(f"{met} of {kills} kills met a run at work; nothing was lost.")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

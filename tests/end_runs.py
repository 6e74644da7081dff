"""Tell a run to end at many moments, again and again: it always does, and nothing is lost.

    python -m tests.end_runs [MOMENTS] [IMAGES] [SEED] [STEP …]    40 moments, 12 pictures, all of a run by default

A moment is a call of a function of Python's in the run's main thread, drawn from the seed among all that an
undisturbed run makes: in the middle of loading a module, of a destructor, of a transaction. There the process
sends itself SIGTERM or, every third time, SIGINT. Each time the run must end with the status of one that was stopped, say so in a sentence
and no more, be recorded as stopped, and leave a whole database and no half-written file. Then the next goes on.
tests/pipeline/test_interrupts.py does the same with few.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.kill_runs import paint

_ROUND = 4
"""Moments for each library before a run may complete."""


def told(pictures: Path, work: Path, moments: int, seed: int = 0, steps: Sequence[str] = ("run",)) -> int:
    """Tell so many runs over `pictures` to end, libraries in `work`: how many did. steps: the commands that a run
    is. AssertionError where one does not end as it should."""
    generator = np.random.default_rng(seed)
    status, said, total = _run(steps, pictures, work / "whole", work / "said")
    assert status == 0, said
    met = 0
    for first in range(0, moments, _ROUND):
        data = work / f"told-{first}"
        for at in range(first, min(first + _ROUND, moments)):
            number = signal.SIGINT if at % 3 == 2 else signal.SIGTERM
            call = int(generator.integers(1, total))
            status, said, calls = _run(steps, pictures, data, work / "said", number, call)
            print(f"{number.name} at call {call:,} of {total:,}: status {status} after {calls:,}, {_states(data)}")
            met += _check(status, said, data, number, calls >= call)
        status, said, _ = _run(steps, pictures, data, work / "said")
        assert status == 0 and _states(data)[-1] == "done", said
        assert not list(data.rglob("*.tmp*"))
    return met


def _check(status: int, said: str, data: Path, number: int, reached: bool) -> bool:
    """Whether a run was told to end, and that it did as it should; one that had less to do is done."""
    if not reached:
        assert status == 0, said
        return False
    assert status == 128 + number, (status, said)
    assert said.splitlines()[-1].startswith("Stopped."), said
    assert "Traceback" not in said and "ignored" not in said, said
    if (data / "images.db").exists():
        assert not {"running", "failed"} & set(_states(data))
        with sqlite3.connect(data / "images.db") as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    return True


def _states(data: Path) -> list[str]:
    """How the runs of a library ended."""
    if not (data / "images.db").exists():
        return []
    with sqlite3.connect(data / "images.db", timeout=60) as db:
        found = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'runs'").fetchone()[0]
        return [row[0] for row in db.execute("SELECT state FROM runs ORDER BY id")] if found else []


def _run(steps: Sequence[str], pictures: Path, data: Path, said: Path, number: int = 0, call: int = 0) -> tuple[int, str, int]:
    """A run in a fork of this process, told to end at a call: (status, what it said, calls it has made).

    A fork, since most of a run over few pictures would be the start of Python.
    """
    counts, counted = os.pipe()
    child = os.fork()
    if child == 0:
        _in_the_child(steps, pictures, data, said, number, call, counted)
    os.close(counted)
    _, ended = os.waitpid(child, 0)
    with open(counts, "rb") as answer:
        told_of = answer.read()
    return os.waitstatus_to_exitcode(ended), said.read_text(), int(told_of or 0)


def _in_the_child(
    steps: Sequence[str], pictures: Path, data: Path, said: Path, number: int, call: int, counted: int
) -> None:
    from pipeline import host

    more = {"run": [pictures, "--embeddings", "color", "--workers", "1"], "scan": [pictures],
            "embed": ["--embeddings", "color", "--workers", "1"]}  # fmt: skip
    commands = [[step, *map(str, more.get(step, [])), "--data", str(data)] for step in steps]
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)
    calls = 0

    def count(frame, event, argument) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            signal.raise_signal(number)

    code = 1
    try:
        host.prepare()
        host.run(lambda: _traced(count, commands))
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stderr.flush()
        os.write(counted, str(calls).encode())
        os._exit(code)


def _traced(count, commands: list[list[str]]) -> None:
    from pipeline.cli import main

    sys.settrace(count)
    try:
        for words in commands:
            main(words, standalone_mode=False)
    finally:
        sys.settrace(None)


if __name__ == "__main__":
    import pipeline.cli.build
    import pipeline.run  # noqa: F401

    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a script it is ignored
    moments, images, seed = map(int, [*sys.argv[1:4], *("40", "12", "0")[len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as folder:
        paint(Path(folder) / "pictures", images, seed)
        met = told(Path(folder) / "pictures", Path(folder), moments, seed, sys.argv[4:] or ["run"])
    print(f"{met} of {moments} were told, and ended as they should.")

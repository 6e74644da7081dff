"""A command that is told to end ends, wherever in its work the signal is met."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import interrupts
from pipeline.library import Library
from pipeline.library.runs import RunRecord
from pipeline.progress import Silent

ROOT = Path(__file__).parents[2]

PROGRAM = """
import ctypes, json, os, signal, sqlite3, sys, time, weakref
from pipeline import host, interrupts

number = int(sys.argv[1])

class Destroyed:
    def __del__(self):
        signal.raise_signal(number)

class Patient:
    def __del__(self):
        time.sleep(60)

def destructor():
    Destroyed()

def again_and_again():
    Destroyed()
    Patient()
    Patient()

def what_the_collector_calls():
    held = type("Held", (), {})()
    watch = weakref.ref(held, lambda gone: signal.raise_signal(number))
    del held

def what_a_library_calls():
    call = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: signal.raise_signal(number))
    call()

def what_makes_another_error_of_it():
    db = sqlite3.connect(":memory:")
    db.create_function("told", 0, lambda: signal.raise_signal(number))
    db.execute("SELECT told()")

def whoever_takes_all_for_the_same():
    try:
        signal.raise_signal(number)
    except BaseException:
        pass

def where_it_can_be_raised():
    signal.raise_signal(number)

def work(place):
    try:
        try:
            place()
        except sqlite3.Error:
            pass
        for _ in range(600):
            time.sleep(0.1)  # the work goes on
        print("worked to its end")
    finally:
        for _ in range(6):
            time.sleep(0.1)  # longer than until it is told again
        print(place.__name__, "and cleaned up")

def before_it_begins():
    pass

places = [before_it_begins, destructor, again_and_again, what_the_collector_calls, what_a_library_calls, what_makes_another_error_of_it,
          whoever_takes_all_for_the_same, where_it_can_be_raised]
children = {}
for place in places:
    child = os.fork()
    if child == 0:
        host.prepare()
        if place is before_it_begins:
            signal.raise_signal(number)
        host.run(lambda: work(place))
        os._exit(0)  # it was not told
    children[child] = place.__name__
ended = {}
while children:
    child, status = os.wait()
    ended[children.pop(child)] = os.waitstatus_to_exitcode(status)
print(json.dumps(ended))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_passes_over_a_signal_is_told_again_and_what_cleans_up_is_not(number):
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(int(number))], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    *said, ended = told.stdout.splitlines()
    ended = json.loads(ended)
    assert len(ended) == 8 and set(ended.values()) == {128 + number}, told
    cleaned = [f"{name} and cleaned up" for name in ended if name != "before_it_begins"]
    assert sorted(said) == sorted(cleaned) and told.stderr == 8 * "Stopped.\n"


@pytest.mark.slow
def test_told_to_end_at_any_moment_a_run_ends_and_the_next_goes_on(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_runs", "4", "8", "3", "scan", "embed"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 of 4" in done.stdout


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_run_that_is_told_to_end_while_it_is_recorded_is_told_of_as_stopped(tmp_path):
    """At every call that is made for the record's sake, in its transactions and beside them."""
    library = Library(tmp_path / "data", create=True)
    states, calls, at = set(), 0, 0

    def count(frame, event, argument) -> None:
        nonlocal calls
        calls += frame.f_code is not RunRecord.__exit__.__code__  # before its first line it can do nothing
        if calls == at:
            raise KeyboardInterrupt

    while calls >= at:
        calls, at = 0, at + 1
        before = sys.gettrace()
        sys.settrace(count)
        try:
            with RunRecord(library, "run", {}, Silent()) as record:
                record.start("embed", 1)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        assert not library.db.conn.in_transaction, at
        states.update(row[0] for row in library.db.execute("SELECT state FROM runs"))
    assert at > 50 and states == {"done", "stopped"}


def test_handlers_of_a_library_do_not_stay():
    def ours(number, frame):
        raise AssertionError

    before = signal.signal(signal.SIGTERM, ours)
    try:
        with interrupts.kept():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        assert signal.getsignal(signal.SIGTERM) is ours
    finally:
        signal.signal(signal.SIGTERM, before)

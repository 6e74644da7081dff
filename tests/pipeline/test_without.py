"""Pandas hidden from one thread while something is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_pandas_is_hidden_from_the_thread_that_asks_for_it_and_from_no_other(tmp_path):
    (tmp_path / "pandas.py").write_text("here = True")
    told = """
import threading
from pipeline.without import without_pandas
def found():
    try:
        import pandas
    except ImportError:
        return False
    return pandas.here
def of_another():
    answers = []
    thread = threading.Thread(target=lambda: answers.append(found()))
    thread.start()
    thread.join()
    return answers[0]
with without_pandas():
    with without_pandas():
        assert not found()
    assert not found() and of_another() and found(), "once it is loaded it stays"
assert found()
"""
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    ran = subprocess.run([sys.executable, "-c", told], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr

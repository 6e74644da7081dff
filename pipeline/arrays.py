"""Reading NumPy's files in a process of several threads: one at a time, and never what is pickled.

NumPy has Python's parser read the head of each array, and that of Python 3.11 counts its depth for all threads
together: two at once now and then end in a SystemError (CPython, gh-106905).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

_READING = threading.RLock()


@contextmanager
def opened(file: Path | IO[bytes]) -> Iterator[np.lib.npyio.NpzFile]:
    """The arrays of an .npz file, to be read while it is open; raises what `numpy.load` raises."""
    with _READING, np.load(file, allow_pickle=False) as arrays:
        yield arrays


def read(file: Path | IO[bytes]) -> np.ndarray:
    """The array of an .npy file; raises what `numpy.load` raises."""
    with _READING:
        return np.load(file, allow_pickle=False)

"""Advisory locks between processes; the operating system frees them however a process ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: no advisory lock, one writer is the person's care
    fcntl = None


@contextmanager
def locked(file: Path, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a file; raises BlockingIOError when it is taken and we do not wait."""
    with open(file, "w") as handle:
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Hold a file that is being written, made where there is none; BlockingIOError where somebody else does."""
    with open(file, "ab") as handle:
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            handle.close()  # Windows renames no open file
        yield


def unheld(files: Iterable[Path]) -> list[Path]:
    """The files that nobody holds; none where the system cannot say."""
    found = []
    for file in files if fcntl else ():
        with suppress(OSError), held(file):
            found.append(file)
    return found

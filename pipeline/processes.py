"""Processes that work for this one: how they start, how they end, what one piece of work may cost.

A process that is killed cannot end its children, so they watch it. A picture can be made to
hang a decoder or to need any amount of memory, so the kernel watches them.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

SPAWN = multiprocessing.get_context("spawn")
"""How they are started. Not fork: it would copy the locks of other threads (OpenMP, torch)
in any state."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_KEPT_BYTES = 256 << 20  # a worker's free memory that is not given back
_OWN_PAGES_BYTES = 32 << 20  # blocks from here on always are: decoded pictures of 11 megapixels

_GRACE = 10.0  # seconds to finish what they are at; a decoder that hangs would never


class ParentPipe:
    """A pipe of which the workers hold the `end`: they end when the other end is closed, by
    `close` or with this process, however that ends."""

    def __init__(self) -> None:
        self.end, self._own = SPAWN.Pipe(duplex=False)

    def close(self) -> None:
        """Have the workers end, some seconds from now at the latest."""
        self._own.close()


@contextmanager
def deaf() -> Iterator[None]:
    """Processes that are started in the block hear neither Ctrl-C nor SIGTERM before they call
    `end_with_parent`: while they load what they need, they would end with pages of errors."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # if it were started in the block, it would lift it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent(end: Connection) -> None:
    """What a worker process calls first: being stopped is the parent's affair, its end is theirs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(end,), daemon=True).start()


def _watch(end: Connection) -> None:
    with suppress(EOFError, OSError):
        end.recv_bytes()
    if multiprocessing.parent_process().is_alive():
        time.sleep(_GRACE)
    os._exit(1)


def keep_memory() -> None:
    """Let the C library keep freed memory for the next picture.

    By default glibc gives SIFT's pyramid back after each picture, and the kernel clears the
    same pages again for the next: a third of the detector's time, a fifth of painting. Other C
    libraries have no such switch.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_M_MMAP_THRESHOLD, _OWN_PAGES_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


@dataclass(frozen=True)
class Limits:
    """What one piece of work may cost: seconds on the clock, bytes above what the process has
    at its start. 0: no limit."""

    seconds: float
    memory: int


def limit_memory(most: int) -> None:
    """From now on allocating more than so many bytes fails, as a MemoryError of whoever asks.

    Only where the system has such a limit and says what the process holds (Linux); elsewhere
    there is none.
    """
    if not most or resource is None:
        return
    try:
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = held + most if soft == resource.RLIM_INFINITY else min(held + most, soft)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    except (OSError, ValueError):
        return


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """The kernel ends this process (SIGALRM) when the block takes longer.

    A decoder that hangs inside C holds Python's lock, so nothing in this process could. Only
    in a main thread, and not on Windows.
    """
    if not seconds or not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def identity(pid: int) -> str | None:
    """What tells a process from every other that has or will have its number: the number and
    when it started, since this start of the machine. None: no such process is at work."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        if stat.parent.parent.joinpath("self").exists():  # Linux
            fields = stat.read_text().rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            return None if fields[0] in "ZX" else f"{pid} {fields[19]} {boot}"
        said = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=10, check=True,
            env={**os.environ, "LC_ALL": "C"},
        ).stdout.strip()
        return f"{pid} {said}" if said else None
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return None

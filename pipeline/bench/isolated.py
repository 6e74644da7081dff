"""Every measurement in a process of its own: its peak memory is its own, and nothing that
ran before has warmed or burdened it.

It is forked, where the system can, from a process that has read our modules, NumPy and FAISS and
computed nothing: a second of the processor each that is no part of what is measured.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from pathlib import Path

from threadpoolctl import threadpool_limits

from pipeline import settings
from pipeline.errors import LikenessError
from pipeline.processes import ParentPipe, end_with_parent

_FRESH = multiprocessing.get_context("forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn")
_THREADS = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def measured(function: Callable, *arguments) -> tuple[dict, float]:
    """Call a module's function in a fresh process: (what it returns, peak memory in MB).

    Both sides of a comparison get as many threads as `settings.cores()` allows. Raises
    LikenessError when the process dies, as it does when memory runs out.
    """
    parent = ParentPipe()
    if _FRESH.get_start_method() == "forkserver":
        _FRESH.set_forkserver_preload(["pipeline.bench"])
    with ProcessPoolExecutor(1, _FRESH, _start, (parent.end, dict(os.environ))) as pool:
        try:
            return pool.submit(_call, function, arguments).result()
        except BrokenProcessPool:
            raise LikenessError("the measuring process died; most often memory ran out.") from None
        finally:
            parent.close()  # else Ctrl-C would wait for the whole measurement


def _start(parent: Connection, environment: dict[str, str]) -> None:
    end_with_parent(parent)
    os.environ.clear()
    os.environ.update(environment)  # it may have changed since the process that is forked was started
    for name in _THREADS:
        os.environ[name] = str(settings.cores())  # before numba and torch are imported


def _call(function: Callable, arguments: tuple) -> tuple[dict, float]:
    import cv2
    import faiss

    cv2.setNumThreads(settings.cores())
    faiss.omp_set_num_threads(settings.cores())
    with threadpool_limits(settings.cores()):
        answer = function(*arguments)
    return answer, peak_memory()


def peak_memory() -> float:
    """Most memory this process has had at a time, mapped files included, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent had before this process began
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1e3 * 1.024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def processor_seconds() -> float:
    """Time of the processor that this process has used, and its children that have ended: what else runs on
    the machine changes it little."""
    return sum(os.times()[:4])

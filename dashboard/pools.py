"""Threads for requests of unlike length, so that none waits behind another kind.

What a person waits for with the pointer on a picture is answered in milliseconds; a
coloring by agreement takes seconds, a zip as long as the line to its reader is slow. Each
request therefore works on the threads of its pool, which a callback or route names with
`dashboard.access.needs`.
"""

from __future__ import annotations

import ctypes
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from threadpoolctl import ThreadpoolController
from waitress.task import ThreadedTaskDispatcher

from pipeline.settings import cores

QUICK, MODELS, LONG, PICTURES, TRANSFER = "quick", "models", "long", "pictures", "transfer"

THREADS = {
    QUICK: 8,  # a page loads some dozens of thumbnails beside its callbacks
    MODELS: 4,  # they take turns at the models; reading and decoding overlaps
    LONG: 4,  # colorings, clusters at another granularity
    PICTURES: 6,  # originals; those that browsers do not show are decoded, two at a time
    TRANSFER: 8,  # files going out and pictures coming from the web: they wait, mostly
}

_HEAPS = -8  # M_ARENA_MAX of malloc.h
_CALLBACK = "/_dash-update-component"
_HEAD = 4_096  # bytes of a callback's request: its first value is the name of its outputs
_OUTPUT = re.compile(rb'\s*\{\s*"output"\s*:\s*("(?:[^"\\]|\\.)*")')


def multiply_alone() -> None:
    """Have each product of matrices computed by the thread that asks for it, in the whole process; to be called by its
    first thread, since OpenBLAS listens to no other.

    Its own threads wait for one another by turning round: beside other work a product then takes many times as
    long, and the threads of requests share the cores already. Libraries that use OpenMP stay as they are.
    """
    for library in ThreadpoolController().select(user_api="blas").lib_controllers:
        if getattr(library, "threading_layer", "") == "pthreads":
            library.set_num_threads(1)


def few_heaps() -> None:
    """Have threads take their memory from a heap a core, two at least; to be called before they do.

    glibc gives eight heaps a core to threads, and what each has held once it keeps. Measured on a library of 600 on two
    cores: 300 times Why leave 765 MB in place of 484, 16 maps as files 1,019 MB in place of 401, in the same time.
    """
    with suppress(OSError, AttributeError):  # what is not glibc has no such heaps
        ctypes.CDLL(None).mallopt(_HEAPS, max(2, cores()))


@dataclass(frozen=True)
class Plan:
    """Which pool a request works on. callbacks: by the name of the outputs. routes: by the
    beginning of the path below the mount; what is in neither is quick."""

    callbacks: Mapping[str, str]
    routes: Mapping[str, str]

    def pool_of(self, path: str, head: bytes) -> str:
        """The pool for a path, mounts and prefixes before it, and the first bytes of its body."""
        if path.endswith(_CALLBACK):
            found = _OUTPUT.match(head)
            return self.callbacks.get(json.loads(found[1]), QUICK) if found else QUICK
        return next((pool for start, pool in self.routes.items() if start in path), QUICK)


class Pools:
    """Stands in for waitress' one pool of threads. Each pool keeps the order of its requests."""

    def __init__(self, quick: ThreadedTaskDispatcher, plan: Plan, threads: Mapping[str, int] = THREADS):
        """quick: the server's own pool, which goes on with the quick ones."""
        self._plan = plan
        self._pools = {QUICK: quick}
        for name, count in threads.items():
            pool = self._pools.setdefault(name, ThreadedTaskDispatcher())
            pool.set_thread_count(count)

    def add_task(self, channel) -> None:
        """Have a connection's next request answered."""
        self._pools[self._pool_of(channel)].add_task(channel)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End all threads; what is at work gets `timeout` seconds."""
        for pool in self._pools.values():  # all at once: each then waits for its own
            pool.set_thread_count(0)
        return all([pool.shutdown(cancel_pending, timeout) for pool in self._pools.values()])

    def _pool_of(self, channel) -> str:
        request = channel.requests[0]
        if request.error:
            return QUICK
        body = request.get_body_stream()
        head = body.read(_HEAD)
        body.seek(0)
        return self._plan.pool_of(request.path, head)

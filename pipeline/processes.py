"""Processes that work for this one: they leave Ctrl-C to it, and end when it lets go of them.

A process that is killed cannot end its children. Those of `concurrent.futures` would wait
for work for ever, with all their memory.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection

SPAWN = multiprocessing.get_context("spawn")
"""How they are started. Not fork: it would copy the locks of other threads (OpenMP, torch)
in any state."""

_GRACE = 10.0  # seconds to finish what they are at; a decoder that hangs would never


class Leash:
    """A pipe of which the workers hold the `end`: they end when the other end is closed, by
    `let_go` or with this process, however that ends."""

    def __init__(self) -> None:
        self.end, self._hand = SPAWN.Pipe(duplex=False)

    def let_go(self) -> None:
        """Have the workers end, some seconds from now at the latest."""
        self._hand.close()


def follow(end: Connection) -> None:
    """What a worker process calls first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(end,), daemon=True).start()


def _end_with(end: Connection) -> None:
    with suppress(EOFError, OSError):
        end.recv_bytes()
    if multiprocessing.parent_process().is_alive():
        time.sleep(_GRACE)
    os._exit(1)

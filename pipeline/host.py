"""The process that a command is: what it may use, what it prints to, how it ends.

Work does not end because nobody reads what is printed: a closed pipe, a terminal that went
away, an encoding that lacks a letter. Where output itself is what was asked for and it could
not be written, the command says so at its end. Imports nothing heavy: a process that may use
too little memory is told so before a library dies of it.
"""

from __future__ import annotations

import atexit
import codecs
import errno
import io
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from pipeline import interrupts

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

LEAST_SPACE = 2_000_000_000
"""Address space below which NumPy, OpenCV and FAISS cannot even be loaded (two cores; measured:
1.2 GB fail, 0.8 GB end in a segmentation fault, 2 GB are enough)."""
NETWORK_SPACE = 5_000_000_000
"""The same for torch and a network: 3 GB fail, 5 GB are enough."""

_PER_CORE = 100_000_000  # stacks and buffers that libraries set aside for each thread

_status = 1  # of this process at its end, as far as is known


class Stream(io.TextIOWrapper):
    """A text stream that writes what it can: letters its encoding lacks are escaped, and once
    writing fails, the rest is passed over."""

    lost: OSError | None = None
    """Why something could not be written; None while all was, and where the reader has left."""

    def write(self, text: str) -> int:
        self._try(super().write, text)
        return len(text)

    def flush(self) -> None:
        self._try(super().flush)

    def _try(self, action: Callable, *arguments) -> None:
        try:
            action(*arguments)
        except OSError as error:
            left = error.errno in (errno.EPIPE, errno.EIO)  # `| head`, a closed terminal
            self.lost = self.lost or (None if left else error)
            # What is still held back would be tried again at every write and at the end.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)


def prepare() -> None:
    """What a command's process does first, before anything heavy is imported.

    Ends the process with one sentence where it may use too little memory.
    """
    interrupts.end_at_once()
    atexit.register(_leave)  # before all others, so that it runs after them
    sys.stdout, sys.stderr = _forgiving(sys.stdout, 1), _forgiving(sys.stderr, 2)
    lacking = too_little(LEAST_SPACE)
    if lacking:
        print(f"Error: {lacking}", file=sys.stderr)
        sys.exit(1)


def run(main: Callable) -> None:
    """Run a click command as this process's own; ends the process."""
    global _status
    interrupts.listen()
    try:
        main()
        _status = 0
    except SystemExit as end:
        _status = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    finally:
        heard = interrupts.take()
        interrupts.end_at_once(lambda: _status)
        sys.stdout.flush()
        if heard is not None:  # where nobody else could: in the middle of reading the command line, say
            print("Stopped.", file=sys.stderr)
            _status = interrupts.status(heard)
            sys.exit(_status)
        if sys.stdout.lost is not None:
            print(f"Error: the output could not be written ({sys.stdout.lost.strerror}).", file=sys.stderr)
            _status = 1
            sys.exit(1)


def _leave() -> None:
    """End the process here where daemon threads are still at work, with its status.

    In native code they do not notice that the interpreter ends: a network that is being made
    ready would meet the destructors of its own library, and the process would abort.
    """
    if any(thread.daemon for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(_status)


def too_little(needed: int) -> str | None:
    """Why this process cannot have so many bytes of address space, in one sentence; None where it can."""
    needed += _PER_CORE * max(0, (os.cpu_count() or 1) - 2)
    space = address_space()
    if space is None or space >= needed:
        return None
    return (
        f"this process may use only {space / 1e9:.1f} GB of address space (ulimit -v), and about "
        f"{needed / 1e9:.1f} GB are needed; raise that limit."
    )


def address_space() -> int | None:
    """Bytes of address space this process may use, or None for no limit."""
    if resource is None:
        return None
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def memory() -> int | None:
    """Bytes of memory there are for this process and its workers: the machine's, or what a
    container (control group) leaves it; None where that is not known."""
    found = []
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            found.append(int(Path(file).read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    try:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        pass
    return min(found, default=None)


def _forgiving(stream, number: int) -> Stream:
    """A stream that takes the place of one of the process's own, which may be closed."""
    if stream is None:
        raw, encoding = open(os.devnull, "wb"), "utf-8"
    else:
        encoding, raw = stream.encoding, stream.detach()
    if codecs.lookup(encoding).name == "ascii":  # what click, too, takes for a mistake of the environment
        encoding = "utf-8"
    lines = number == 2 or raw.isatty()
    return Stream(raw, encoding, errors="backslashreplace", line_buffering=lines)

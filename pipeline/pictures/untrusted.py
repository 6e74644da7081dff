"""Pictures from outside, decoded in a process of their own.

A decoder that crashes, hangs or takes too much memory takes that process along and not this
one. Few of them live long; one that is lost is replaced with the next picture. Each picture
is decoded once, at all sizes that are asked for, and what its file says of itself is read there, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import cv2
import numpy as np

from pipeline.errors import ImageError, TransientImageError
from pipeline.pictures import decoding, metadata
from pipeline.pictures.info import UNTRUSTED, Limits
from pipeline.pictures.metadata.text import keywords
from pipeline.processes import limit_memory, time_limit

SECONDS = 10.0
"""How long one picture may take."""

PROCESSES = 2
"""How many pictures are decoded at a time."""

_START_SECONDS = 60.0  # to import the decoders, on a busy machine
_SPARE_MEMORY = 3 * 2**29  # bytes that a process may take beyond what it has when it is ready
_GRACE = 5.0  # seconds that a process is given to be ended by the one that asks
_FILES = 64

_PROGRAM = "from pipeline.pictures import untrusted; untrusted.work({0})"


@dataclass(frozen=True)
class Looked:
    """pictures: (h, w, 3) uint8 sRGB for each side that was asked for. keywords: what the file says of itself, where
    that was asked for."""

    pictures: list[np.ndarray]
    keywords: tuple[str, ...] = ()


def decode(
    data: bytes, sides: Sequence[int] = (decoding.WORK_SIDE,), limits: Limits = UNTRUSTED, seconds: float = SECONDS
) -> list[np.ndarray]:
    """As `decoding.decode_sides`: (h, w, 3) uint8 sRGB for each side.

    Raises ImageError with the reason, also when decoding crashed or took longer than `seconds`.
    """
    return _pool.ask((data, tuple(sides), limits), seconds).pictures


def looked_at(data: bytes, sides: Sequence[int], limits: Limits = UNTRUSTED, seconds: float = SECONDS) -> Looked:
    """As `decode`, with the keywords of the file."""
    return _pool.ask((data, tuple(sides), limits), seconds, with_keywords=True)


class Pool:
    """At most `count` processes, started when they are needed."""

    def __init__(self, count: int = PROCESSES):
        self._free = threading.BoundedSemaphore(count)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []

    def ask(self, task: tuple[bytes, tuple[int, ...], Limits], seconds: float, with_keywords: bool = False) -> Looked:
        """What is in a file of these bytes, at these sides, within these limits; raises ImageError with the reason."""
        with self._free:
            child = self._child()
            try:
                child.send((*task, with_keywords, seconds))
                answer = child.answer(seconds)
            except BaseException:
                child.end()
                raise
            with self._lock:
                self._idle.append(child)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _child(self) -> _Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.is_alive():
                    return child
                child.end()
        return _Child()

    def close(self) -> None:
        """End the processes that are idle."""
        with self._lock:
            while self._idle:
                self._idle.pop().end()


class _Child:
    """One process; it ends when this one does, since the pipe is then closed."""

    def __init__(self):
        self._pipe, end = Pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM.format(end.fileno())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                pass_fds=[end.fileno()], start_new_session=True,  # Ctrl-C is for this process
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"},
            )
        except OSError as error:
            self._pipe.close()
            raise TransientImageError(f"no process could be started to decode it ({error.strerror})") from None
        finally:
            end.close()
        try:
            ready = self._pipe.poll(_START_SECONDS) and self._pipe.recv_bytes() == b"ready"
        except (EOFError, OSError):
            ready = False
        if not ready:
            self.end()
            raise TransientImageError("the process that decodes it did not start")

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, task: tuple) -> None:
        """Raises TransientImageError when the process has ended since it was last used."""
        try:
            self._pipe.send(task)
        except OSError:
            raise TransientImageError("the process that decodes it has ended; try again") from None

    def answer(self, seconds: float) -> Looked | Exception:
        """What was seen, or the reason why nothing; raises ImageError when the process is lost."""
        try:
            if not self._pipe.poll(seconds):
                raise ImageError(f"it took longer than {seconds:g} seconds to decode")
            return _unpacked(self._pipe.recv_bytes())
        except (EOFError, OSError):
            raise ImageError("the decoder crashed on it") from None

    def end(self) -> None:
        with suppress(OSError):
            self._pipe.close()
        with suppress(OSError):
            self._process.kill()
        self._process.wait()


_pool = Pool()


def work(number: int) -> None:
    """In the process: decode what comes through the pipe of that file descriptor till it is closed."""
    pipe = Connection(number)
    _limit_resources()
    pipe.send_bytes(b"ready")
    with suppress(EOFError, OSError):
        while True:
            data, sides, limits, with_keywords, seconds = pipe.recv()
            with time_limit(seconds + _GRACE):  # should the asking process be gone by then
                pipe.send_bytes(_answered(data, sides, limits, with_keywords))
            del data


def _answered(data: bytes, sides: tuple[int, ...], limits: Limits, with_keywords: bool) -> bytes:
    """As `_unpacked` takes it. No pickle: who takes over a decoder may send what they like."""
    try:
        pictures = decoding.decode_sides(data, sides, limits)
        head = {"shapes": [pixels.shape for pixels in pictures]}
        if with_keywords:
            head["keywords"] = metadata.read(data).keywords
        return b"\n".join([json.dumps(head).encode(), b"".join(pixels.tobytes() for pixels in pictures)])
    except TransientImageError as error:
        head = {"again": str(error)}
    except ImageError as error:
        head = {"reason": str(error)}
    except MemoryError:
        head = {"again": "there was not enough memory to decode it"}
    return json.dumps(head).encode() + b"\n"


def _unpacked(answer: bytes) -> Looked | Exception:
    head, _, body = answer.partition(b"\n")
    said = json.loads(head)
    if "shapes" not in said:
        return TransientImageError(said["again"]) if "again" in said else ImageError(said["reason"])
    pictures, at = [], 0
    for height, width, _ in said["shapes"]:
        count = height * width * 3
        pictures.append(np.frombuffer(body, np.uint8, count, at).reshape(height, width, 3).copy())
        at += count
    return Looked(pictures, keywords(said.get("keywords", ())))


def _limit_resources() -> None:
    """No files are written, no memory beyond what a picture may take."""
    cv2.setNumThreads(1)
    decoding.warm_up()
    limit_memory(_SPARE_MEMORY)
    with suppress(ImportError, ValueError, OSError):  # not on every system, and not to be widened
        import resource

        for what, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, _FILES)):
            resource.setrlimit(what, (value, value))

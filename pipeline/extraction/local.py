"""The pool of this machine: processes that read, decode and prepare, see `worker`.

A process takes one chunk of a batch at a time. Where one ends in the middle, it is known
which image it was at: the others go to the next process, that one is tried once more by
itself, and when it ends a process again, it gets the reason.
"""

from __future__ import annotations

import pickle
import signal
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from pipeline import settings
from pipeline.embeddings import Extractor, FittedExtractor
from pipeline.errors import LikenessError
from pipeline.extraction import worker
from pipeline.extraction.pool import Describe, Look, Prepared
from pipeline.extraction.worker import Codebook
from pipeline.processes import SPAWN, Limits, ParentPipe, deaf

_CHUNK = 16  # images per message to a process: few enough to share out, many enough to be cheap
_WORTH = 2  # chunks for each process that is started: by the time it can work, another has looked at one
_STILLBORN = 3  # processes in a row that end before they are ready: no image is to blame
_TRIES = 2  # times that an image may end a process
_PATIENCE = 20.0  # seconds that the thread is given to end; Ctrl-C may have left a lock held that it waits for

_KILLED = {-signal.SIGTERM, -getattr(signal, "SIGKILL", 9)}


@dataclass
class _Batch:
    """Tasks that were sent out together, and their answers as they come."""

    kind: str
    tasks: list
    codebooks: dict[str, Codebook]
    answers: list[Prepared | None]
    ended: dict[int, int] = field(default_factory=dict)
    """Task → how many processes have ended on it."""


@dataclass
class _Chunk:
    """Some tasks of a batch, by their places in it, for one process."""

    batch: _Batch
    places: list[int]


@dataclass
class _Process:
    """A worker process: what it is at, where in it, whether it has ever answered, and which codebooks it has."""

    process: BaseProcess
    connection: Connection
    place: Sequence[int]
    chunk: _Chunk | None = None
    ready: bool = False
    codebooks: dict[str, Codebook] = field(default_factory=dict)


class LocalPool:
    """Worker processes that outlive a decoder's crash; they start with the first batch.

    The same processes serve before and after a codebook is learned: it reaches each with the
    first chunk that needs it, and never lies in a file that a killed run would leave. A thread
    of its own hands out chunks, so that nobody waits while this process encodes or stores.
    """

    def __init__(self, extractors: Sequence[Extractor], count: int = 0, limits: Limits | None = None):
        self.count = count or settings.worker_count()
        self._extractors = pickle.dumps(list(extractors))
        self._limits = settings.picture_limits() if limits is None else limits
        self._parent = ParentPipe()
        self._codebooks: dict[str, Codebook] = {}
        self._batches: deque[_Batch] = deque()
        # Shared with the thread, under the lock of `_changed`:
        self._changed = threading.Condition()
        self._chunks: deque[_Chunk] = deque()
        self._error: Exception | None = None
        self._closed = False
        # The thread's own:
        self._workers: list[_Process] = []
        self._stillborn = 0
        self._bell, self._ring = SPAWN.Pipe(duplex=False)
        self._thread: threading.Thread | None = None

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(self, *exc) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._batches)

    def look(self, tasks: Sequence[Look]) -> None:
        self._send("look", list(tasks))

    def describe(self, tasks: Sequence[Describe]) -> None:
        self._send("describe", list(tasks))

    def publish(self, extractor: FittedExtractor) -> None:
        self._codebooks[extractor.name] = extractor.to_arrays()

    def receive(self) -> list[Prepared]:
        batch = self._batches.popleft()
        with self._changed:
            self._changed.wait_for(lambda: self._error or None not in batch.answers)
            if self._error:
                raise self._error
        return batch.answers

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._chunks.clear()
        self._batches.clear()
        self._parent.close()
        if self._thread is not None:
            self._ring.send(None)
            with suppress(RuntimeError):  # Ctrl-C while it was started: it ends by itself
                self._thread.join(_PATIENCE)

    def _send(self, kind: str, tasks: list) -> None:
        batch = _Batch(kind, tasks, dict(self._codebooks), [None] * len(tasks))
        self._batches.append(batch)
        places = range(len(tasks))
        with self._changed:
            self._chunks.extend(
                _Chunk(batch, list(places[start : start + _CHUNK])) for start in range(0, len(tasks), _CHUNK)
            )
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="extraction", daemon=True)
            self._thread.start()
        self._ring.send(None)

    # In the thread

    def _run(self) -> None:
        """Hand out chunks and take answers until the pool is closed."""
        try:
            while not self._closed:
                self._hand_out()
                by_handle: dict = {self._bell: None}
                for it in self._workers:
                    by_handle |= {it.connection: it, it.process.sentinel: it}
                heard = [by_handle[handle] for handle in connection.wait(list(by_handle))]
                if None in heard:
                    self._bell.recv()
                for it in {id(it): it for it in heard if it is not None}.values():
                    self._hear(it)
        except Exception as error:  # whoever waits for a batch raises it
            with self._changed:
                self._error = error
                self._changed.notify_all()
        finally:
            for it in self._workers:
                it.process.kill()  # they hold nothing that could be lost
                it.process.join()
                it.connection.close()

    def _hand_out(self) -> None:
        """Give every idle process a chunk, and start processes while there are chunks left."""
        with self._changed:
            idle = [it for it in self._workers if it.ready and it.chunk is None]
            while self._chunks and idle:
                self._give(idle.pop(), self._chunks.popleft())
            starting = sum(not it.ready for it in self._workers)
            missing = min(self.count - len(self._workers), -(-len(self._chunks) // _WORTH) - starting)
        for _ in range(missing):
            self._workers.append(self._started())

    def _started(self) -> _Process:
        ours, theirs = SPAWN.Pipe()
        place = SPAWN.RawArray("q", 2)
        arguments = (theirs, self._parent.end, self._extractors, self._limits, place)
        process = SPAWN.Process(target=worker.serve, args=arguments, daemon=True)
        with deaf():
            process.start()
        theirs.close()  # else its end would not be heard
        return _Process(process, ours, place)

    def _give(self, it: _Process, chunk: _Chunk) -> None:
        it.chunk = chunk
        it.place[0], it.place[1] = 0, worker.IDLE
        known, wanted = it.codebooks, chunk.batch.codebooks
        new = {name: codebook for name, codebook in wanted.items() if known.get(name) is not codebook}
        it.codebooks = known | new
        try:
            it.connection.send((chunk.batch.kind, new, [chunk.batch.tasks[at] for at in chunk.places]))
        except OSError:
            pass  # it has ended: its sentinel says so

    def _hear(self, it: _Process) -> None:
        """An answer, or the end of a process."""
        try:
            answer = it.connection.recv() if it.connection.poll() else _ENDED
        except (EOFError, OSError):
            answer = _ENDED
        if answer is _ENDED:
            if it.process.is_alive():
                it.process.join(1)
            self._bury(it)
            return
        if isinstance(answer, Exception):
            raise answer
        self._stillborn = 0
        if not it.ready:
            it.ready = True
            return
        chunk, it.chunk = it.chunk, None
        with self._changed:
            for at, item in zip(chunk.places, answer):
                chunk.batch.answers[at] = item
            self._changed.notify_all()

    def _bury(self, it: _Process) -> None:
        """Take up again what a process that has ended was at."""
        it.process.kill()
        it.process.join()
        it.connection.close()
        self._workers.remove(it)
        if not it.ready:
            self._stillborn += 1
            if self._stillborn >= _STILLBORN:  # else every image would be called unreadable
                raise LikenessError(
                    "The processes that look at the images end as soon as they start; "
                    "what is printed above may say why."
                )
        if it.chunk is not None:
            with self._changed:
                self._blame(it.chunk, *it.place, it.process.exitcode)
                self._changed.notify_all()

    def _blame(self, chunk: _Chunk, at: int, phase: int, code: int) -> None:
        """Send out again what a chunk has left; an image that has ended enough processes is done with."""
        batch = chunk.batch
        if phase in (worker.IDLE, worker.ENCODING) and len(chunk.places) > 1:  # which one is not known
            self._chunks.extendleft(_Chunk(batch, [place]) for place in reversed(chunk.places))
            return
        place = chunk.places[at]
        others = [other for other in chunk.places if other != place]
        batch.ended[place] = batch.ended.get(place, 0) + 1
        if batch.ended[place] < _TRIES:
            self._chunks.appendleft(_Chunk(batch, [place]))
        else:
            reason, retry = self._reason(phase, code)
            image_id = batch.tasks[place][0]
            batch.answers[place] = Prepared(image_id, state="unreadable", reason=reason, retry=retry)
        if others:
            self._chunks.appendleft(_Chunk(batch, others))

    def _reason(self, phase: int, code: int) -> tuple[str, bool]:
        """Why an image ended a process, and whether it may not do so the next time."""
        if hasattr(signal, "SIGALRM") and code == -signal.SIGALRM:
            seconds = f"{self._limits.seconds:g} s"
            if phase == worker.READING:
                return f"its file could not be read within {seconds}", True
            return f"the decoder did not finish within {seconds}", False
        if code in _KILLED:
            return "the process that looked at it was killed, as when memory runs out", True
        return "the decoder crashed on it", False


_ENDED = object()

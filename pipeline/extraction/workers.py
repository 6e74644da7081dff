"""Worker processes: each reads and decodes a picture once and makes of it all that is asked.

Batches go out and come back in order. What travels is small: thumbnails, hashes, rows of
vectors, the inputs of a network, and the samples that a codebook is learned from.
"""

from __future__ import annotations

import ctypes
import logging
import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.embeddings import Extractor, FittedExtractor
from pipeline.errors import ImageError, LikenessError
from pipeline.pictures import decoding, hashes
from pipeline.processes import SPAWN, Leash, follow

_TASK = 16  # images per message to a worker: few enough to share out, many enough to be cheap

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_KEPT_BYTES = 256 << 20  # a worker's free memory that is not given back
_OWN_PAGES_BYTES = 32 << 20  # blocks from here on always are: decoded pictures of 11 megapixels


@dataclass
class Prepared:
    """What a worker made of one image; `reason` instead where it could not be read.

    `arrays`: a finished row (dim,) float32 of each classical embedding, or what the
    network's `encode` takes. `samples`: of embeddings whose codebook is yet to be learned.
    """

    image_id: int
    thumbnail: bytes = b""
    hash: np.ndarray | None = None
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    samples: dict[str, list[np.ndarray]] = field(default_factory=dict)
    state: str = "ok"
    reason: str = ""


@dataclass
class _Batch:
    """Tasks that were sent out together, to which pool, and their answers to come."""

    work: Callable
    tasks: list[tuple]
    pool: ProcessPoolExecutor
    futures: list[Future]


class Workers:
    """A pool of processes that decode and prepare; survives a decoder that crashes.

    They start with the first batch. The same processes serve before and after a codebook
    is learned: it reaches them as a file.
    """

    def __init__(self, count: int, extractors: Sequence[Extractor]):
        self.count = count
        # As they are now: once a network is loaded, its extractor can no longer be sent.
        self._extractors = pickle.dumps(list(extractors))
        self._leash = Leash()
        self._pool: ProcessPoolExecutor | None = None
        self._under_way: deque[_Batch] = deque()
        self._folder: tempfile.TemporaryDirectory | None = None
        self._fits: dict[str, str] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exc) -> None:
        self._leash.let_go()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        if self._folder is not None:
            self._folder.cleanup()

    def __len__(self) -> int:
        """Batches under way."""
        return len(self._under_way)

    def look(self, tasks: list[tuple[int, str, list[str]]]) -> None:
        """Send out images: (id, file, names of the embeddings wanted)."""
        self._send(_look, tasks)

    def describe(self, tasks: list[tuple[int, dict[str, list[np.ndarray]]]]) -> None:
        """Send out samples of images seen before their codebook was: (id, name → sample)."""
        self._send(_describe, tasks)

    def publish(self, extractor: FittedExtractor) -> None:
        """Give the workers a codebook; batches sent from now on are prepared with it."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="likeness-")
        path = Path(self._folder.name) / f"{extractor.name}.npz"
        np.savez(path, **extractor.to_arrays())
        self._fits[extractor.name] = str(path)

    def receive(self) -> list[Prepared]:
        """Wait for the oldest batch; when a worker died, find the image that kills it.

        Raises LikenessError where no worker can be started at all.
        """
        batch = self._under_way.popleft()
        try:
            answers = [item for future in batch.futures for item in future.result()]
            if len(answers) == len(batch.tasks):
                return answers
        except BrokenProcessPool:
            pass
        if self._pool is batch.pool:  # else it was replaced when a batch before this one broke
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        return self._one_by_one(batch)

    def _started(self, count: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            count, SPAWN, initializer=_start_worker, initargs=(self._extractors, self._leash.end)
        )

    def _send(self, work: Callable, tasks: list[tuple]) -> None:
        pool = self._pool = self._pool or self._started(self.count)
        fits = dict(self._fits)
        try:
            futures = [
                pool.submit(work, fits, tasks[start : start + _TASK])
                for start in range(0, len(tasks), _TASK)
            ]
        except BrokenProcessPool:
            futures = []
        self._under_way.append(_Batch(work, tasks, pool, futures))

    def _one_by_one(self, batch: _Batch) -> list[Prepared]:
        """A batch again, with nothing else under way in its process: what ends it is to blame."""
        answers: list[Prepared] = []
        while len(answers) < len(batch.tasks):
            with self._started(1) as pool:
                try:
                    pool.submit(_ready).result()
                except BrokenProcessPool:  # else every image would be called unreadable
                    raise LikenessError(
                        "The processes that look at the images end as soon as they start; "
                        "what is printed above may say why."
                    ) from None
                try:
                    for task in batch.tasks[len(answers) :]:
                        answers += pool.submit(batch.work, dict(self._fits), [task]).result()
                except BrokenProcessPool:
                    image_id = batch.tasks[len(answers)][0]
                    answers.append(
                        Prepared(image_id, state="unreadable", reason="the decoder crashed on it")
                    )
        return answers


# In the worker processes: what `_start_worker` was given, and which codebooks are loaded.
_extractors: dict[str, Extractor] = {}
_loaded: dict[str, str] = {}


def _start_worker(extractors: bytes, leash: Connection) -> None:
    follow(leash)
    cv2.setNumThreads(1)  # the processes are the parallelism
    threadpool_limits(1)
    _keep_memory()
    logging.getLogger().setLevel(logging.ERROR)
    _extractors.update({extractor.name: extractor for extractor in pickle.loads(extractors)})


def _keep_memory() -> None:
    """Let the C library keep freed memory for the next picture.

    By default glibc gives SIFT's pyramid back after each picture, and the kernel clears the
    same pages again for the next: a third of the detector's time. Other C libraries have no
    such switch.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_M_MMAP_THRESHOLD, _OWN_PAGES_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def _ready() -> None:
    """Answered by a process that has started."""


def _load(fits: dict[str, str]) -> None:
    """Load the codebooks that came after this process had started."""
    for name, path in fits.items():
        if _loaded.get(name) != path:
            with np.load(path, allow_pickle=False) as arrays:
                _extractors[name].load_arrays(dict(arrays))
            _loaded[name] = path


def _look(fits: dict[str, str], tasks: list[tuple[int, str, list[str]]]) -> list[Prepared]:
    _load(fits)
    return _encoded([_seen(*task) for task in tasks])


def _describe(fits: dict[str, str], tasks: list[tuple[int, dict]]) -> list[Prepared]:
    _load(fits)
    items = []
    for image_id, samples in tasks:
        arrays = {name: _extractors[name].prepare_sample(s) for name, s in samples.items()}
        items.append(Prepared(image_id, arrays=arrays))
    return _encoded(items)


def _seen(image_id: int, file: str, names: list[str]) -> Prepared:
    """Decode one image and prepare it, or say why it cannot be decoded."""
    try:
        pixels = decoding.decode(decoding.read(Path(file)))
    except ImageError as error:
        state = "unreadable" if Path(file).exists() else "missing"
        return Prepared(image_id, state=state, reason=str(error))
    item = Prepared(image_id, decoding.thumbnail(pixels), hashes.compute(pixels))
    for name in names:
        extractor = _extractors[name]
        if isinstance(extractor, FittedExtractor) and not extractor.is_fitted:
            item.samples[name] = extractor.sample(pixels)
        else:
            item.arrays[name] = extractor.prepare(pixels)
    return item


def _encoded(items: list[Prepared]) -> list[Prepared]:
    """Finish the rows of classical embeddings here; networks encode beside their device."""
    for name, extractor in _extractors.items():
        having = [item for item in items if name in item.arrays]
        if having and not extractor.uses_network:
            rows = extractor.encode([item.arrays[name] for item in having])
            for item, row in zip(having, rows):
                item.arrays[name] = row
    return items

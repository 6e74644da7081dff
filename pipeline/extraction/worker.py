"""What runs in a worker process: read, decode and prepare one image after the other.

One decode feeds thumbnail, hash and every extractor. Each image has its limits of time and
memory; which one is being worked on stands in memory that outlives this process.
"""

from __future__ import annotations

import logging
import os
import pickle
import traceback
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from multiprocessing.connection import Connection

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.embeddings import Extractor, FittedExtractor
from pipeline.errors import ImageError, TransientImageError
from pipeline.extraction.ahead import Ahead
from pipeline.extraction.pool import Prepared, Reading
from pipeline.pictures import decoding, hashes, metadata
from pipeline.processes import Limits, end_with_parent, keep_memory, limit_memory, time_limit
from pipeline.stores import is_address

Codebook = dict[str, np.ndarray]
"""What an embedding has learned of a sample, see `FittedExtractor.to_arrays`."""

IDLE, READING, AT_WORK, ENCODING = range(4)
"""Phases: between tasks; waiting for a file's bytes; decoding and describing; rows of a whole chunk."""

NO_MEMORY = "there is not enough memory to look at it"


def serve(connection: Connection, parent: Connection, extractors: bytes, limits: Limits, place) -> None:
    """Answer chunks of tasks until the parent lets go.

    place: two shared integers, the task of the chunk that is worked on and the phase.
    """
    end_with_parent(parent)
    cv2.setNumThreads(1)  # the processes are the parallelism
    threadpool_limits(1)
    keep_memory()
    logging.getLogger().setLevel(logging.ERROR)
    worker = Worker(pickle.loads(extractors), limits, place)
    decoding.warm_up()
    limit_memory(limits.memory)
    connection.send(None)
    while True:
        kind, codebooks, tasks = connection.recv()
        try:
            answer: object = worker.answer(kind, codebooks, tasks)
        except Exception as error:  # a programming error: the parent raises it
            error.add_note("in a worker process:\n" + traceback.format_exc())
            answer = error
        connection.send(answer)


class Worker:
    """The extractors of this process, with the codebooks that come after it has started."""

    def __init__(self, extractors: list[Extractor], limits: Limits, place) -> None:
        self._extractors = {extractor.name: extractor for extractor in extractors}
        self._limits = limits
        self._place = place

    def answer(self, kind: str, codebooks: dict[str, Codebook], tasks: list) -> list[Prepared]:
        """One answer per task; kind: `look` or `describe`; codebooks: by embedding, from now on."""
        for name, arrays in codebooks.items():
            self._extractors[name].load_arrays(arrays)
        look = kind == "look"
        ahead = Ahead([task[1] for task in tasks] if look else [])
        items = []
        for at, task in enumerate(tasks):
            self._place[0], self._place[1] = at, READING if look else AT_WORK
            with time_limit(self._limits.seconds):
                items.append(self._look(*task, partial(ahead.read, at)) if look else self._describe(*task))
        self._place[1] = ENCODING
        items = self._encoded(items)
        self._place[1] = IDLE
        return items

    def _look(self, image_id: int, file: str, names: list[str], read: Callable[[], bytes]) -> Prepared:
        """Decode one image and prepare it, or say why it cannot be decoded. read: gives its bytes."""
        try:
            data = read()
            self._place[1] = AT_WORK
            pixels = decoding.decode(data)
            item = Prepared(image_id, decoding.thumbnail(pixels), hashes.compute(pixels))
            if is_address(file):
                item.reading = _reading(data)
            for name in names:
                self._prepare(item, name, pixels)
            return item
        except ImageError as error:
            state = "missing" if _has_gone(file) else "unreadable"
            return Prepared(image_id, state=state, reason=str(error), retry=isinstance(error, TransientImageError))
        except MemoryError:
            return Prepared(image_id, state="unreadable", reason=NO_MEMORY, retry=True)
        except cv2.error as error:
            if error.code != cv2.Error.StsNoMem:
                raise
            return Prepared(image_id, state="unreadable", reason=NO_MEMORY, retry=True)

    def _prepare(self, item: Prepared, name: str, pixels: np.ndarray) -> None:
        extractor = self._extractors[name]
        if isinstance(extractor, FittedExtractor) and not extractor.is_fitted:
            item.samples[name] = extractor.sample(pixels)
        else:
            item.arrays[name] = extractor.prepare(pixels)

    def _describe(self, image_id: int, samples: dict[str, list[np.ndarray]]) -> Prepared:
        arrays = {name: self._extractors[name].prepare_sample(s) for name, s in samples.items()}
        return Prepared(image_id, arrays=arrays)

    def _encoded(self, items: list[Prepared]) -> list[Prepared]:
        """Finish the rows of classical embeddings here; networks encode beside their device."""
        for name, extractor in self._extractors.items():
            having = [item for item in items if name in item.arrays]
            if having and not extractor.uses_network:
                rows = extractor.encode([item.arrays[name] for item in having])
                for item, row in zip(having, rows):
                    item.arrays[name] = row
        return items


def _reading(data: bytes) -> Reading:
    info = decoding.probe(data)
    return Reading(blake2b(data, digest_size=16).hexdigest(), info.width, info.height, metadata.read(data))


def _has_gone(file: str) -> bool:
    """Whether a file is no more; not where its folder is empty or gone, too: a drive may be unplugged. What a
    store has not any more the next scan finds out."""
    try:
        return not os.path.lexists(file) and bool(os.listdir(os.path.dirname(file)))
    except OSError:
        return False

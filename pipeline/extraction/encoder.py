"""Networks at work on what the workers have prepared, in a thread of their own."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

import numpy as np

from pipeline.embeddings import Extractor
from pipeline.extraction.pool import Prepared
from pipeline.settings import EmbedOptions

Vectors = dict[str, tuple[str, list[int], np.ndarray]]
"""Embedding → fingerprint, images, their vectors (n, dim)."""


class Encoder:
    """A thread that makes vectors of what workers have prepared, one batch after the other."""

    def __init__(self, options: EmbedOptions):
        self._step = options.model_batch_size
        self._thread = ThreadPoolExecutor(1, "encode")
        self._stopped = False

    def __enter__(self) -> Encoder:
        return self

    def __exit__(self, *exc) -> None:
        self._stopped = True
        self._thread.shutdown(cancel_futures=True)

    def send(self, extractors: Mapping[str, Extractor], batch: list[Prepared]) -> Future[Vectors]:
        """The vectors of a batch, once they are made."""
        return self._thread.submit(self._vectors, extractors, batch)

    def _vectors(self, extractors: Mapping[str, Extractor], batch: list[Prepared]) -> Vectors:
        found: Vectors = {}
        for name, extractor in extractors.items():
            left = [item for item in batch if name in item.arrays]
            arrays = [item.arrays.pop(name) for item in left]
            if extractor.uses_network and left:
                arrays = list(self._encoded(extractor, arrays))
            done = [item for item in batch if name in item.rows]
            if arrays := [*arrays, *(item.rows.pop(name) for item in done)]:
                ids = [item.image_id for item in (*left, *done)]
                found[name] = (extractor.fingerprint, ids, np.stack(arrays))
        return found

    def _encoded(self, network: Extractor, arrays: list[np.ndarray]) -> np.ndarray:
        """n prepared arrays → (n, dim) float32, as many at a time as the options say."""
        parts = []
        for start in range(0, len(arrays), self._step):
            if self._stopped:  # nobody waits for the rest
                raise CancelledError
            parts.append(network.encode(arrays[start : start + self._step]))
        return np.concatenate(parts)

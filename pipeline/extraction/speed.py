"""How long a run will take, measured on a few drawn pictures before it starts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import numpy as np

from pipeline.embeddings import Extractor, FittedExtractor, about
from pipeline.pictures import decoding

TOLD_FROM = 60.0
"""Seconds from which on it is said."""

_TIMED = 8  # pictures through a network at once; a first time makes its kernels ready


def sentence(extractors: Mapping[str, Extractor], needs: Iterable[list[str]], workers: int) -> str | None:
    """How fast the networks are here and how long the images will take; None for a short run.

    needs: the embeddings that each image still needs. workers: processes that prepare pictures.
    A network has all cores, so times add up; the other embeddings share what the workers have.
    Without a network a run shows its rate at once, and nothing is tried.
    """
    counts: dict[str, int] = {}
    images = 0
    for names in needs:
        images += 1
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    networks = {name: extractor for name, extractor in extractors.items() if extractor.uses_network and counts.get(name)}
    if not networks:
        return None
    picture = _drawn()
    each = {name: _of_network(extractor, picture) for name, extractor in networks.items()}
    total = sum(each[name] * counts[name] for name in networks)
    if total < TOLD_FROM / 2:  # whatever the others take, that is no long run
        return None
    total += _of_workers([extractors[name] for name in counts if name in extractors], picture) * images / max(1, workers)
    if total < TOLD_FROM:
        return None
    rates = ", ".join(f"{about(name).title} {_rate(1 / seconds)} images a second" for name, seconds in each.items())
    return f"{rates} here: about {duration(total)} for {images:,} images."


def duration(seconds: float) -> str:
    """A time as one says it: 50 seconds, 4 minutes, 2.5 hours, 3 days."""
    for unit, size, least in (("day", 86_400, 2), ("hour", 3_600, 2), ("minute", 60, 1.5)):
        if seconds >= least * size:
            count = seconds / size
            told = f"{count:.0f}" if count >= 5 or unit == "minute" else f"{round(2 * count) / 2:g}"
            return f"{told} {unit}s"
    return f"{max(1, round(seconds / 5) * 5)} seconds"


def _of_network(extractor: Extractor, picture: np.ndarray) -> float:
    """Seconds an image takes in its network, which is loaded for it."""
    prepared = [extractor.prepare(picture)] * _TIMED
    extractor.encode(prepared)
    started = time.perf_counter()
    extractor.encode(prepared)
    return (time.perf_counter() - started) / _TIMED


def _of_workers(extractors: Iterable[Extractor], picture: np.ndarray) -> float:
    """Seconds a worker process takes for an image, once it has taken its first."""
    encoded = decoding.encode_jpeg(picture)
    for _ in range(2):
        started = time.perf_counter()
        decoding.decode(encoded)
        for extractor in extractors:
            learning = isinstance(extractor, FittedExtractor) and not extractor.is_fitted
            (extractor.sample if learning else extractor.prepare)(picture)
    return time.perf_counter() - started


def _drawn() -> np.ndarray:
    """A picture with edges and plain parts, as photographs have them: (384, 512, 3) uint8."""
    random = np.random.default_rng(0)
    cells = [random.integers(0, 256, (side, side, 3)) for side in (4, 24, 128)]
    rows, columns = np.mgrid[:384, :512]
    return np.mean([one[rows * len(one) // 384, columns * len(one) // 512] for one in cells], axis=0).astype(np.uint8)


def _rate(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"

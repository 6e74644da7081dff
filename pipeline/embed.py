"""The resumable batch loop: one decode feeds every extractor that still needs the image.

    worker processes   read, decode, thumbnail, `prepare` of every extractor in need
    this process       `encode` (the networks live here), then one transaction per batch

At most two batches are under way, so memory does not grow with the library, and a kill
loses at most the batch that was not yet stored.
"""

from __future__ import annotations

import logging
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from pipeline import hashes, images, settings
from pipeline.embeddings import Extractor, FittedExtractor, create
from pipeline.embeddings.dreamsim import unavailable_reason
from pipeline.errors import EmbeddingError, ImageError
from pipeline.library import Library
from pipeline.progress import Progress, Silent
from pipeline.settings import EmbedOptions, ExtractorOptions

AUTO = ("color", "sift", "dreamsim")
STAND_IN = "efficientnet"

FIT_SAMPLE = 1500
"""Images a codebook is learned from at most: beyond, its figures no longer move."""
REFIT_BELOW, REFIT_GROWTH = 500, 4
"""A codebook from fewer images than this is learned anew when the library has grown so many times."""

_SAMPLES = 128  # images between two updates while learning
_TASK = 16  # images per message to a worker: few enough to share out, many enough to be cheap


@dataclass
class EmbedReport:
    """What the loop did: images done and failed, and vectors computed per embedding."""

    done: int = 0
    failed: int = 0
    vectors: dict[str, int] = field(default_factory=dict)


@dataclass
class _Prepared:
    """What a worker made of one image; `reason` instead where it could not be read."""

    image_id: int
    thumbnail: bytes = b""
    hash: np.ndarray | None = None
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    sample: list[np.ndarray] = field(default_factory=list)
    state: str = "ok"
    reason: str = ""


def choose(text: str, options: ExtractorOptions, progress: Progress = Silent()) -> list[str]:
    """Read `auto` or a comma-separated list into names of embeddings.

    `auto` puts efficientnet in dreamsim's place where its weights cannot be had, and says
    so in one sentence. Raises EmbeddingError for an unknown name.
    """
    if text.strip() != "auto":
        names = [name.strip() for name in text.split(",") if name.strip()]
        if not names:
            raise EmbeddingError("Name at least one embedding, or auto.")
        for name in names:
            create(name, options)
        return list(dict.fromkeys(names))
    reason = unavailable_reason(options)
    if reason is None:
        return list(AUTO)
    progress.say(f"{reason} Going on with {STAND_IN} in dreamsim's place.")
    return [STAND_IN if name == "dreamsim" else name for name in AUTO]


def embed(
    library: Library,
    names: Sequence[str],
    extractor_options: ExtractorOptions = ExtractorOptions(),
    options: EmbedOptions = EmbedOptions(),
    progress: Progress = Silent(),
) -> EmbedReport:
    """Compute every missing or stale vector of the named embeddings.

    Unreadable images are recorded with their reason and skipped. Raises EmbeddingError
    for unknown names and WeightsUnavailableError where a network cannot be loaded.
    """
    extractors = {name: create(name, extractor_options) for name in names}
    report = EmbedReport(vectors=dict.fromkeys(names, 0))
    with _Workers(options.workers or settings.cores()) as pool:
        for name, extractor in extractors.items():
            if isinstance(extractor, FittedExtractor):
                _ready(library, name, extractor, pool, progress, report)
            library.set_embedding(
                name, extractor.fingerprint, extractor.dim, _kept(extractor_options)
            )
        needs = _needs(library, names)
        if not needs:
            return report
        progress.start("embed", len(needs))
        pool.load(list(extractors.values()))
        for batch in _in_batches(library, needs, options.batch_size, pool, _prepare_many):
            _encode_and_store(library, extractors, batch, options, report)
            failed = sum(item.state != "ok" for item in batch)
            report.done += len(batch) - failed
            report.failed += failed
            progress.advance(len(batch), failed)
    return report


def _kept(options: ExtractorOptions) -> dict:
    """The options as the library remembers them."""
    return {key: str(value) if isinstance(value, Path) else value
            for key, value in asdict(options).items() if key != "device"}


def _needs(library: Library, names: Sequence[str]) -> dict[int, list[str]]:
    """Image id → embeddings it still needs; without a thumbnail or hash, perhaps none but that."""
    sql = (
        "SELECT id FROM images WHERE state = 'ok' AND id NOT IN (SELECT image_id FROM thumbnails)"
    )
    needs: dict[int, list[str]] = {row[0]: [] for row in library.db.execute(sql)}
    needs |= {image_id: [] for image_id in hashes.pending(library)}
    for name in names:
        for image_id in library.pending(name):
            needs.setdefault(image_id, []).append(name)
    return dict(sorted(needs.items()))


def _in_batches(
    library: Library,
    needs: dict[int, list[str]],
    batch_size: int,
    pool: _Workers,
    work: Callable,
) -> Iterator[list[_Prepared]]:
    """What the workers make of images, in order, the next batch under way while one is used."""
    ids = list(needs)
    under_way: deque[_Batch] = deque()
    for start in range(0, len(ids), batch_size):
        rows = library.images_by_id(ids[start : start + batch_size])
        tasks = [(i, str(row.file), needs[i]) for i, row in rows.items()]
        under_way.append(pool.submit(work, tasks))
        if len(under_way) > 1:
            yield pool.collect(under_way.popleft())
    while under_way:
        yield pool.collect(under_way.popleft())


def _encode_and_store(
    library: Library,
    extractors: dict[str, Extractor],
    batch: list[_Prepared],
    options: EmbedOptions,
    report: EmbedReport,
) -> None:
    vectors = {}
    for name, extractor in extractors.items():
        having = [item for item in batch if name in item.arrays]
        if not having:
            continue
        step = options.model_batch_size if extractor.uses_network else len(having)
        rows = np.concatenate(
            [
                extractor.encode([item.arrays[name] for item in having[start : start + step]])
                for start in range(0, len(having), step)
            ]
        )
        vectors[name] = (extractor.fingerprint, [item.image_id for item in having], rows)
        report.vectors[name] += len(having)
    readable = [item for item in batch if item.state == "ok"]
    with library.db.atomic():
        library.store(
            [(item.image_id, item.thumbnail) for item in readable],
            vectors,
            [(item.image_id, item.state, item.reason) for item in batch if item.state != "ok"],
        )
        hashes.store(library, [(item.image_id, item.hash) for item in readable])


def _ready(
    library: Library,
    name: str,
    extractor: FittedExtractor,
    pool: _Workers,
    progress: Progress,
    report: EmbedReport,
) -> None:
    """Load the library's codebook into an extractor, or learn it from a sample.

    The sampled images get their vectors at once: they are not looked at twice.
    """
    total = library.counts()["ok"]
    kept = library.fitted(name)
    if kept is not None and extractor.made(library.embeddings()[name].extractor):
        arrays, fitted_on = kept
        if fitted_on >= REFIT_BELOW or total < REFIT_GROWTH * fitted_on:
            extractor.load_arrays(arrays)
            return
        progress.say(f"The library has grown: learning the codebook of {name} anew.")
    ids = [row[0] for row in library.db.execute("SELECT id FROM images WHERE state = 'ok'")]
    generator = np.random.default_rng(0)
    chosen = sorted(generator.permutation(ids)[:FIT_SAMPLE].tolist())
    progress.start(f"learn {name}", len(chosen))
    pool.load([extractor])
    samples, failures = {}, []
    for batch in _in_batches(library, dict.fromkeys(chosen, [name]), _SAMPLES, pool, _sample_many):
        progress.advance(len(batch))
        samples |= {item.image_id: item.sample for item in batch if item.state == "ok"}
        failures += [(item.image_id, item.state, item.reason) for item in batch if item.state != "ok"]
    extractor.fit(list(samples.values()))
    prepared = [extractor.prepare_sample(sample) for sample in samples.values()]
    vectors = (extractor.fingerprint, list(samples), extractor.encode(prepared)) if samples else None
    with library.db.atomic():
        library.set_embedding(name, extractor.fingerprint, extractor.dim, {})
        library.set_fitted(name, extractor.to_arrays(), len(chosen))
        library.store([], {name: vectors} if vectors else {}, failures)
    report.vectors[name] += len(samples)
    report.failed += len(failures)


@dataclass
class _Batch:
    """Tasks that were sent out together, and their answers to come."""

    work: Callable
    tasks: list[tuple[int, str, list[str]]]
    futures: list[Future]


class _Workers:
    """A pool of processes that decode and prepare; survives a decoder that crashes."""

    def __init__(self, count: int):
        self._count = count
        self._extractors: list[Extractor] = []
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *exc) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def load(self, extractors: list[Extractor]) -> None:
        """Give the workers these extractors, fitted where they need it."""
        self._extractors = extractors
        self._start()

    def _start(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._pool = ProcessPoolExecutor(
            self._count,
            # Not fork: it would copy the threads' locks of OpenMP and torch in any state.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(self._extractors,),
        )

    def submit(self, work: Callable, tasks: list[tuple[int, str, list[str]]]) -> _Batch:
        """Send out tasks (image id, file, names of embeddings) to `work`, a function of many."""
        try:
            futures = [
                self._pool.submit(work, tasks[start : start + _TASK])
                for start in range(0, len(tasks), _TASK)
            ]
        except BrokenProcessPool:
            futures = []
        return _Batch(work, tasks, futures)

    def collect(self, batch: _Batch) -> list[_Prepared]:
        """Wait for the answers; when a worker died, find the image that kills it."""
        try:
            answers = [item for future in batch.futures for item in future.result()]
            if len(answers) == len(batch.tasks):
                return answers
        except BrokenProcessPool:
            pass
        self._start()
        return [self._alone(batch.work, task) for task in batch.tasks]

    def _alone(self, work: Callable, task: tuple[int, str, list[str]]) -> _Prepared:
        try:
            return self._pool.submit(work, [task]).result()[0]
        except BrokenProcessPool:
            self._start()
            return _Prepared(task[0], state="unreadable", reason="the decoder crashed on it")


# In the worker processes: what `_start_worker` was given.
_extractors: dict[str, Extractor] = {}


def _start_worker(extractors: list[Extractor]) -> None:
    cv2.setNumThreads(1)  # the processes are the parallelism
    threadpool_limits(1)
    logging.getLogger().setLevel(logging.ERROR)
    _extractors.update({extractor.name: extractor for extractor in extractors})


def _prepare_many(tasks: list[tuple[int, str, list[str]]]) -> list[_Prepared]:
    return [_decoded(image_id, file, _prepare, names) for image_id, file, names in tasks]


def _sample_many(tasks: list[tuple[int, str, list[str]]]) -> list[_Prepared]:
    return [_decoded(image_id, file, _sample, names) for image_id, file, names in tasks]


def _decoded(image_id: int, file: str, use: Callable, names: list[str]) -> _Prepared:
    """What `use` makes of a decoded image, or why the image cannot be decoded."""
    try:
        pixels = images.decode(images.read(Path(file)))
    except ImageError as error:
        state = "unreadable" if Path(file).exists() else "missing"
        return _Prepared(image_id, state=state, reason=str(error))
    return use(image_id, pixels, names)


def _prepare(image_id: int, pixels: np.ndarray, names: list[str]) -> _Prepared:
    arrays = {name: _extractors[name].prepare(pixels) for name in names}
    return _Prepared(image_id, images.thumbnail(pixels), hashes.compute(pixels), arrays)


def _sample(image_id: int, pixels: np.ndarray, names: list[str]) -> _Prepared:
    (name,) = names
    return _Prepared(image_id, sample=_extractors[name].sample(pixels))

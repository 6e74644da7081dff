"""The resumable batch loop: one decode feeds every extractor that still needs the image.

    worker processes   read, decode, thumbnail, hash, the classical embeddings, `prepare` of
                       a network's input
    this process       codebooks are learned, one transaction per batch
    a thread of it     networks encode, a batch after the other

A few batches are under way at most, so memory does not grow with the library, and a kill
loses at most the batches that were not yet stored. While a codebook is learned, workers go
on with a bounded number of images; their keypoints are kept instead of looked at again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.embeddings import EMBEDDINGS, Extractor, FittedExtractor, engines
from pipeline.errors import WeightsUnavailableError
from pipeline.extraction import plan, speed
from pipeline.extraction.encoder import Encoder
from pipeline.extraction.entering import enter_read, refuse_outage
from pipeline.extraction.plan import Given
from pipeline.extraction.pool import MakePool, Pool, Prepared
from pipeline.extraction.pools import LOCAL, pool_on
from pipeline.library import Library
from pipeline.library import hashes as stored_hashes
from pipeline.library import twins
from pipeline.progress import Progress, Silent
from pipeline.settings import EmbedOptions, worker_count

FIT_SAMPLE = 1500
"""Images a codebook is learned from at most: beyond, its figures no longer move."""
REFIT_BELOW, REFIT_GROWTH = 500, 4
"""A codebook from fewer images than this is learned anew when the library has grown so many times."""

_AHEAD, _AHEAD_MOST = 256, 1024
"""Images per worker, and at all, that are looked at while a codebook is learned: their
keypoints take some 40 kB each."""

_ENCODING = 2
"""Batches that wait for the network, or are in it, while the next is received."""


@dataclass
class EmbedReport:
    """What the loop did: images done and failed, those that got what files of the same content have, and
    vectors computed per embedding."""

    done: int = 0
    failed: int = 0
    taken: int = 0
    vectors: dict[str, int] = field(default_factory=dict)


def embed(
    library: Library,
    names: Sequence[str],
    given: Given = {},
    options: EmbedOptions = EmbedOptions(),
    progress: Progress = Silent(),
    make_pool: MakePool | None = None,
) -> EmbedReport:
    """Compute every missing or stale vector of the named embeddings.

    given: options to change, by embedding; what is not named stays as the library remembers
    it. make_pool: who looks at the pictures; None: as the options say. Unreadable images are
    recorded with their reason and skipped. Raises EmbeddingError for unknown names and
    WeightsUnavailableError where a network cannot be loaded.
    """
    make_pool = make_pool or pool_on(options.on)
    extractors = plan.extractors(library, names, given, options.device, progress)
    report = EmbedReport(vectors=dict.fromkeys(names, 0))
    learning = []
    for name, extractor in list(extractors.items()):
        if not _fetched(library, extractor, progress):
            del extractors[name]
        elif isinstance(extractor, FittedExtractor) and not _restored(library, name, extractor, progress):
            learning.append(name)
        else:
            _register(library, extractor, progress)
    report.taken = twins.take_over(library, [name for name in extractors if name not in learning])
    needs = _needs(library, list(extractors), learning)
    if not needs and not learning:
        return report
    spared = twins.spared(library, needs)
    first = sorted(needs.keys() - set(spared))
    if options.on == LOCAL:
        _foretell(extractors, needs, options, progress)
    progress.start("embed", len(needs))
    with closing(make_pool(list(extractors.values()), options.workers)) as pool, Encoder(options) as encoder:
        loop = _Loop(library, extractors, needs, pool, encoder, options, progress, report)
        chosen = _sample(first) if learning else []
        rest = loop.pieces(sorted(set(first) - set(chosen)))
        if learning:
            loop.learn(learning, chosen, rest)
        loop.finish(rest)
        if spared:
            loop.share(spared)
    return report


def _foretell(extractors: Mapping[str, Extractor], needs: Mapping[int, list[str]], options: EmbedOptions, progress: Progress) -> None:
    """Say how long it will take, which tries the networks, and of which it is known now that they run slower than they could."""
    if told := speed.sentence(extractors, needs.values(), options.workers or worker_count()):
        progress.say(told)
    for name in {name for names in needs.values() for name in names} & extractors.keys():
        blueprint = extractors[name].blueprint()
        if blueprint is not None and (why := engines.slower(blueprint, options.device)):
            progress.say(f"{name}: {why}")


def _fetched(library: Library, extractor: Extractor, progress: Progress) -> bool:
    """Have here what the extractor needs; False where that cannot be had and nothing needs it."""
    try:
        extractor.fetch(progress)
    except WeightsUnavailableError:
        if extractor.name not in library.embeddings() or library.pending(extractor.name):
            raise
        return False
    return True


def _register(library: Library, extractor: Extractor, progress: Progress = Silent()) -> None:
    """Make it the library's current extractor of its embedding, and its options the remembered ones."""
    before = library.embeddings().get(extractor.name)
    if before and before.extractor != extractor.fingerprint and extractor.adopts(before.extractor):
        least = extractor.adopts_from(before.extractor)
        library.rename_extractor(before.extractor, extractor.fingerprint, least)
        if least and (count := library.coverage(extractor.name)["stale"]):
            progress.say(f"{count:,} images below {least} px are looked at again by {extractor.name}: it knows them better now.")
    known = list(EMBEDDINGS)
    position = known.index(extractor.name) if extractor.name in known else None
    library.set_embedding(
        extractor.name, extractor.fingerprint, extractor.dim, extractor.options.as_json(), position
    )


def _restored(library: Library, name: str, extractor: FittedExtractor, progress: Progress) -> bool:
    """Load the library's codebook into an extractor; False where one must be learned."""
    kept = library.fitted(name)
    if kept is None or not extractor.made(library.embeddings()[name].extractor):
        return False
    arrays, fitted_on = kept
    if fitted_on < REFIT_BELOW and library.counts()["ok"] >= REFIT_GROWTH * fitted_on:
        progress.say(f"The library has grown: learning the codebook of {name} anew.")
        return False
    extractor.load_arrays(arrays)
    return True


def _needs(library: Library, names: Sequence[str], learning: Sequence[str]) -> dict[int, list[str]]:
    """Image id → embeddings it still needs; without a thumbnail or hash, perhaps none but that.

    What a codebook is yet to be learned for (`learning`), every image needs.
    """
    sql = "SELECT id FROM images WHERE state = 'ok'"
    needs: dict[int, list[str]] = {image_id: [] for image_id in library.without_thumbnail()}
    needs |= {image_id: [] for image_id in stored_hashes.pending(library)}
    for name in names:
        everyone = (row[0] for row in library.db.execute(sql))
        for image_id in everyone if name in learning else library.pending(name):
            needs.setdefault(image_id, []).append(name)
    return dict(sorted(needs.items()))


def _sample(ids: list[int]) -> list[int]:
    """The images a codebook is learned from, ascending; the same for the same library."""
    return sorted(np.random.default_rng(0).permutation(ids)[:FIT_SAMPLE].tolist())


@dataclass
class _Loop:
    """One run over the images in need."""

    library: Library
    extractors: dict[str, Extractor]
    needs: dict[int, list[str]]
    pool: Pool
    encoder: Encoder
    options: EmbedOptions
    progress: Progress
    report: EmbedReport
    held: dict[int, dict[str, list[np.ndarray]]] = field(default_factory=dict)
    """Image id → name → sample, of images seen before the codebook was learned."""
    encoding: deque[tuple[list[Prepared], Future]] = field(default_factory=deque)
    """Answers whose vectors are being made, oldest first."""

    def pieces(self, ids: list[int]) -> Iterator[list[tuple[int, str, list[str]]]]:
        """The images as batches of tasks for the workers."""
        for start in range(0, len(ids), self.options.batch_size):
            rows = self.library.images_by_id(ids[start : start + self.options.batch_size])
            yield [(i, row.place, self.needs[i]) for i, row in rows.items()]

    def learn(self, names: list[str], chosen: list[int], rest: Iterator) -> None:
        """Learn codebooks from the chosen images, the workers busy with others meanwhile.

        All else that these images need is stored as it comes.
        """
        for piece in self.pieces(chosen):
            self.pool.look(piece)
            if len(self.pool) > 1:
                self._take(self.pool.receive())
        sampled = len(self.pool)
        ahead = max(1, min(_AHEAD_MOST, _AHEAD * self.pool.count) // self.options.batch_size)
        for piece in rest:
            self.pool.look(piece)
            if len(self.pool) >= sampled + ahead:
                break
        for _ in range(sampled):
            self._take(self.pool.receive())
        with threadpool_limits(1):  # the workers have the other cores, and sums keep their order
            for name in names:
                extractor = self.extractors[name]
                extractor.fit([self.held[i][name] for i in chosen if i in self.held])
                with self.library.db.atomic():
                    _register(self.library, extractor)
                    self.library.set_fitted(name, extractor.to_arrays(), len(chosen))
                self.pool.publish(extractor)
        self._describe()

    def finish(self, rest: Iterator) -> None:
        """Look at the images left, the next batch under way while one is used."""
        piece = next(rest, None)
        while piece is not None or len(self.pool):
            while piece is not None and len(self.pool) < 2:
                self.pool.look(piece)
                piece = next(rest, None)
            self._take(self.pool.receive())
            self._describe()
        self._store(0)

    def share(self, spared: Sequence[int]) -> None:
        """Give images what others of the same content have by now; look at those that still lack something,
        since the other could not be read."""
        self.report.taken += twins.take_over(self.library, list(self.extractors))
        self.needs = _needs(self.library, list(self.extractors), ())
        left = [image_id for image_id in spared if image_id in self.needs]
        self.progress.advance(len(spared) - len(left))
        self.finish(self.pieces(left))

    def _describe(self) -> None:
        """Have what is held described by the codebook that is there now."""
        held, self.held = list(self.held.items()), {}
        for start in range(0, len(held), self.options.batch_size):
            self.pool.describe(held[start : start + self.options.batch_size])

    def _take(self, batch: list[Prepared]) -> None:
        """Have an answer of the workers encoded, and store what has been."""
        self.held |= {item.image_id: item.samples for item in batch if item.samples}
        self.encoding.append((batch, self.encoder.send(self.extractors, batch)))
        self._store(_ENCODING)

    def _store(self, left: int) -> None:
        """Store answers, oldest first, until so many are left whose vectors are still being made."""
        while len(self.encoding) > left:
            batch, vectors = self.encoding[0][0], self.encoding[0][1].result()
            self.encoding.popleft()
            refuse_outage(self.library, batch)
            seen = [item for item in batch if item.hash is not None]
            failures = [(it.image_id, it.state, it.reason, it.retry) for it in batch if it.state != "ok"]
            with self.library.db.atomic():
                self.library.store([(item.image_id, item.thumbnail) for item in seen], vectors, failures)
                stored_hashes.store(self.library, [(item.image_id, item.hash) for item in seen])
                enter_read(self.library, [(item.image_id, item.reading) for item in seen if item.reading])
            for name, (_, ids, _) in vectors.items():
                self.report.vectors[name] += len(ids)
            self.report.done += len(seen)
            self.report.failed += len(failures)
            self.progress.advance(len(seen) + len(failures), len(failures))

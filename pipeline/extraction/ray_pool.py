"""The pool of a Ray cluster, or of Ray on this machine: actors that read, decode, prepare and encode.

An actor has a core, and on a machine with GPUs a share of one. It has a process of its own for the
pictures (`local`), so that what ends or hangs a decoder ends no actor; networks run in the actor itself,
so that the one process that stores is not what all machines wait for. An actor that is lost Ray starts
again, where there is room; what it was at is given to the others meanwhile. Looking at a picture twice
changes nothing. Answers come back to the one process that stores them. The machines must find the files
under the same names, as on a share or in a store.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import floor

from pipeline import interrupts, settings
from pipeline.embeddings import Extractor, FittedExtractor
from pipeline.errors import LikenessError, SettingsError
from pipeline.extraction.local import LocalPool
from pipeline.extraction.pool import Describe, Look, Prepared
from pipeline.processes import Limits

_CHUNK = 16  # images per message to an actor
_AHEAD = 4  # chunks an actor has: enough while this process stores a batch
_TRIES = 5  # times that a chunk may lose its actor
_ALONE = 120.0  # seconds without any actor, after which nobody will come


@dataclass(eq=False)
class _Batch:
    """Chunks that were sent out together, and their answers as they come."""

    answers: list[list[Prepared] | None]


@dataclass(eq=False)
class _Chunk:
    batch: _Batch
    place: int
    kind: str
    tasks: list
    fits: dict
    lost: int = 0
    """How many actors have ended with it."""


class _Actor:
    """What runs on a machine of the cluster."""

    def __init__(self, extractors: bytes, limits: Limits, gpu: bool):
        os.environ["LIKENESS_THREADS"] = "1"  # others have the other cores
        # Else each process for pictures would first read the program that this one is, Ray: a second of the processor.
        vars(sys.modules["__main__"]).pop("__file__", None)
        made = pickle.loads(extractors)
        self._networks = [extractor for extractor in made if extractor.uses_network]
        for network in self._networks:
            if not gpu and network.device == "auto":
                network.device = "cpu"
        self._pool = LocalPool(made, 1, limits)
        self._fits: dict[str, int] = {}

    def here(self) -> None:
        """Answers as soon as it can work."""

    def work(self, kind: str, tasks: list, fits: dict) -> list[Prepared]:
        """One answer per task. fits: by embedding, which codebook, and the reference to it."""
        import ray

        for name, (number, kept) in fits.items():
            if self._fits.get(name) != number:
                self._pool.publish(pickle.loads(ray.get(kept[0])))
                self._fits[name] = number
        getattr(self._pool, kind)(tasks)
        items = self._pool.receive()
        for network in list(self._networks):
            self._encode(network, [item for item in items if network.name in item.arrays])
        return items

    def _encode(self, network: Extractor, items: list[Prepared]) -> None:
        """Put rows in the place of what a network takes. Where it cannot be had here (no weights, too little
        memory) that goes back as it is: who stores runs it."""
        if not items:
            return
        try:
            rows = network.encode([item.arrays[network.name] for item in items])
        except LikenessError:
            self._networks.remove(network)
            return
        for item, row in zip(items, rows):
            del item.arrays[network.name]
            item.rows[network.name] = row


class RayPool:
    """address: of a cluster (`auto` for the one of this machine, `ray://HOST:10001` from outside);
    None: Ray is started here and ended with the pool. count 0: as many actors as there are cores."""

    def __init__(
        self, extractors: Sequence[Extractor], count: int = 0, limits: Limits | None = None, *, address: str | None = None
    ):
        self._ray = _imported()
        self._own = not self._ray.is_initialized()
        if self._own:
            _connect(self._ray, address, count)
        self.count = count or int(self._ray.cluster_resources().get("CPU", 1))
        kept = pickle.dumps(list(extractors))
        limits = settings.picture_limits() if limits is None else limits
        kind = self._ray.remote(num_cpus=1, max_restarts=-1)(_Actor)
        shares = gpu_shares([node["Resources"] for node in self._ray.nodes() if node["Alive"]], self.count)
        self._actors = [kind.options(num_gpus=share).remote(kept, limits, share > 0) for share in shares]
        self._busy = [0] * self.count
        self._fits: dict[str, tuple[int, list]] = {}
        self._batches: deque[_Batch] = deque()
        self._waiting: deque[_Chunk] = deque()
        self._running: dict = {}
        self._coming: dict = {}
        self._alone: float | None = None  # since when those that were to come back did not, and nobody else answered

    def __enter__(self) -> RayPool:
        return self

    def __exit__(self, *exc) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def actors(self) -> list:
        """The handles of the actors."""
        return self._actors

    def look(self, tasks: Sequence[Look]) -> None:
        self._send("look", list(tasks))

    def describe(self, tasks: Sequence[Describe]) -> None:
        self._send("describe", list(tasks))

    def publish(self, extractor: FittedExtractor) -> None:
        number = self._fits.get(extractor.name, (0,))[0] + 1
        self._fits[extractor.name] = number, [self._ray.put(pickle.dumps(extractor))]

    def receive(self) -> list[Prepared]:
        batch = self._batches.popleft()
        while None in batch.answers:
            self._hand_out()
            patience = None if self._running else _ALONE
            done, _ = self._ray.wait([*self._running, *self._coming], num_returns=1, timeout=patience)
            if not done:
                raise LikenessError(f"No machine of the cluster has answered for {_ALONE:g} s. What is stored is kept.")
            if done[0] in self._coming:
                self._welcome(done[0])
            else:
                self._take(done[0])
        self._hand_out()
        return [item for part in batch.answers for item in part]

    def close(self) -> None:
        for kept in (self._waiting, self._batches, self._running, self._coming):
            kept.clear()
        if self._own:
            self._ray.shutdown()
            return
        for actor in self._actors:
            with suppress(Exception):  # it may have gone already
                self._ray.kill(actor)

    def _send(self, kind: str, tasks: list) -> None:
        parts = [tasks[start : start + _CHUNK] for start in range(0, len(tasks), _CHUNK)]
        batch = _Batch([None] * len(parts))
        self._batches.append(batch)
        self._waiting.extend(_Chunk(batch, at, kind, part, dict(self._fits)) for at, part in enumerate(parts))
        self._hand_out()

    def _hand_out(self) -> None:
        """Give chunks to the actors with the fewest, up to so many each."""
        away = set(self._coming.values())
        while self._waiting and (free := [at for at, busy in enumerate(self._busy) if busy < _AHEAD and at not in away]):
            at = min(free, key=self._busy.__getitem__)
            chunk = self._waiting.popleft()
            self._running[self._actors[at].work.remote(chunk.kind, chunk.tasks, chunk.fits)] = at, chunk
            self._busy[at] += 1

    def _take(self, done) -> None:
        """An answer, or the loss of an actor: what it was at goes to the others."""
        at, chunk = self._running.pop(done)
        self._busy[at] -= 1
        errors = self._ray.exceptions
        try:
            chunk.batch.answers[chunk.place] = self._ray.get(done)
            self._alone = None
        except errors.RayTaskError as error:
            raise error.as_instanceof_cause() from None
        except errors.RayError as error:
            chunk.lost += 1
            if chunk.lost >= _TRIES:
                said = str(error).strip().splitlines()[0]
                raise LikenessError(f"The cluster lost the same work {_TRIES} times: {said}") from error
            self._waiting.appendleft(chunk)
            self._await(at)

    def _await(self, at: int) -> None:
        """Give an actor nothing until it says that it is there again."""
        if at not in self._coming.values():
            self._coming[self._actors[at].here.remote()] = at

    def _welcome(self, done) -> None:
        at = self._coming.pop(done)
        try:
            self._ray.get(done)
            self._alone = None
        except self._ray.exceptions.RayError as error:
            self._alone = self._alone or time.monotonic()
            if not self._running and time.monotonic() - self._alone > _ALONE:  # they end as soon as they are made, say
                raise LikenessError(f"No actor of the cluster can work: {_last_line(error)}") from error
            time.sleep(0.2)
            self._await(at)


def _last_line(error: Exception) -> str:
    """Of what Ray says of an actor that could not be made the line that says why."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()


def gpu_shares(machines: Sequence[Mapping[str, float]], count: int) -> list[float]:
    """How much of a GPU each of `count` actors asks for: those on a machine that has some share them evenly,
    the others ask for none. machines: what Ray says that each has, CPU and GPU."""
    shares = []
    for has in sorted(machines, key=lambda has: -has.get("GPU", 0)):
        cores = int(has.get("CPU", 0))
        shares += [min(1.0, floor(1e4 * has.get("GPU", 0) / cores) / 1e4)] * cores if cores else []
    return (shares + [0.0] * count)[:count]


def _imported():
    try:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machine
        import ray
    except ImportError:
        raise SettingsError("--on ray needs a package: pip install ray") from None
    return ray


def _connect(ray, address: str | None, count: int) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    here = {"include_dashboard": False, "num_cpus": max(count, settings.cores())} if address is None else {}
    try:
        with interrupts.kept():  # it sets handlers of its own, which end the process
            ray.init(address=address, **quiet, **here)
    except SystemExit:  # one of them has been called
        raise interrupts.Terminated from None
    except Exception as error:  # Ray, gRPC and the client each raise their own
        raise LikenessError(unconnected(address, error)) from error


def unconnected(address: str | None, error: Exception) -> str:
    """Why there is no working on a cluster, in one sentence."""
    said = str(error).strip() or type(error).__name__
    versions = [version for _, version in re.findall(r"\b(Ray|Python): (\S+)", said)]
    if "mismatch" in said and len(versions) == 4:
        return "The cluster at {} has Ray {} and Python {}, here are Ray {} and Python {}: they have to be the same.".format(address, *versions)
    return f"No Ray cluster answers at {address or 'this machine'}: {said.splitlines()[0]}"

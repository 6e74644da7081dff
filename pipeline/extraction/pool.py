"""The contract of extraction: tasks go out, prepared images come in.

The batch loop (`embed`) knows only this. `local` keeps it with processes of this machine;
what keeps it elsewhere only has to give the same answers in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from pipeline.embeddings import Extractor, FittedExtractor
from pipeline.pictures.metadata import Metadata


@dataclass(frozen=True)
class Reading:
    """What an object of a store turned out to be when it was read: its hash (`images.content_hash`), its pixels,
    and what it says of itself. Of a file of this machine a scan has told this already."""

    content: str
    width: int
    height: int
    told: Metadata


@dataclass
class Prepared:
    """What was made of one image; `state` and `reason` instead where that could not be.

    `arrays`: a finished row (dim,) float32 of each classical embedding, or what a network's
    `encode` takes; `rows`: finished rows of networks, where those who looked at it ran them,
    too. `samples`: of embeddings whose codebook is yet to be learned. `retry`: the reason may
    be gone the next time (a share that did not answer, memory that was short); without it the
    file itself is to blame.
    """

    image_id: int
    thumbnail: bytes = b""
    hash: np.ndarray | None = None
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    rows: dict[str, np.ndarray] = field(default_factory=dict)
    samples: dict[str, list[np.ndarray]] = field(default_factory=dict)
    state: str = "ok"
    reason: str = ""
    retry: bool = False
    reading: Reading | None = None


Look = tuple[int, str, list[str]]
"""An image to look at: its id, its file or address, the embeddings wanted of it."""
Describe = tuple[int, dict[str, list[np.ndarray]]]
"""An image seen before its codebook was: its id, its sample by embedding."""


class Pool(Protocol):
    """Batches go out and come back in the order they went; several may be under way.

    An image that cannot be read, or that ends or hangs whoever reads it, is an answer with
    its reason and never an error of the batch. A batch that was sent before `publish` may be
    prepared with or without what was published.
    """

    count: int
    """How many images are worked on at once."""

    def look(self, tasks: Sequence[Look]) -> None:
        """Send out a batch of images to read, decode and prepare."""

    def describe(self, tasks: Sequence[Describe]) -> None:
        """Send out a batch of samples to prepare by the codebooks that have been published."""

    def publish(self, extractor: FittedExtractor) -> None:
        """Give out a codebook; batches sent from now on are prepared with it."""

    def receive(self) -> list[Prepared]:
        """Wait for the oldest batch under way: one answer per task, in the order of the tasks.

        Raises LikenessError where nobody can be set to work at all.
        """

    def __len__(self) -> int:
        """Batches under way."""

    def close(self) -> None:
        """End whatever works, and forget what is under way."""


MakePool = Callable[[Sequence[Extractor], int], Pool]
"""Makes a pool for these extractors and so many images at once (0: as many as there are cores)."""

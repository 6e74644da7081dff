"""The contract of an embedding, on one screen.

An extractor turns decoded pictures into unit vectors. It works in two steps so that the
batch loop can run the first in worker processes and the second where the network lives:

    prepare   one decoded picture → a small array        (worker process, pure CPU)
    encode    a batch of prepared arrays → vectors        (worker, or beside the network)

For a classical descriptor `prepare` does the work and `encode` only stacks. A new embedding
is one such class in a file of its own, and one line in the registry (`pipeline.embeddings`);
`tests/pipeline/test_embeddings.py` holds every entry of the registry to this contract.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pipeline.embeddings.engines.contract import Blueprint
from pipeline.embeddings.options import Options
from pipeline.progress import Progress, Silent


class Extractor(ABC):
    """Computes one embedding. Heavy imports and weights load at first use, never in __init__.

    A decoded picture is (h, w, 3) uint8 RGB as `pipeline.pictures.decoding.decode` returns it.
    An extractor can be pickled at any time: networks are held by `models`, not by it.
    """

    name: str
    """The embedding's name in code, tables and options: `color`, `sift`, …"""
    version: int
    """Raised whenever the same picture would give another vector."""
    dim: int
    """Length of a vector."""
    options_type: ClassVar[type[Options]] = Options
    """The dataclass of what can be set."""
    uses_network: ClassVar[bool] = False
    """True when `encode` runs a neural network and so belongs beside the device."""

    def __init__(self, options: Options | None = None, device: str = "auto") -> None:
        """options: of `options_type`; None: its defaults. device: where a network runs, which
        changes no vector; ignored by the others."""
        self.options = self.options_type() if options is None else options
        self.device = device

    @classmethod
    def unavailable(cls, options: Options) -> str | None:
        """Why this embedding cannot be computed here now, in one sentence; None where it can.

        Answers within 15 s and loads nothing.
        """
        return None

    @classmethod
    def is_here(cls, options: Options) -> bool:
        """Whether all it needs is on this machine already; looks at the disk alone."""
        return True

    def adopts(self, fingerprint: str) -> bool:
        """Whether vectors of this other fingerprint are taken for this extractor's own: an
        earlier version of Likeness said less about the same vectors."""
        return False

    def adopts_from(self, fingerprint: str) -> int:
        """From which long side on, px, vectors of an adopted fingerprint are this extractor's own;
        pictures below have to be looked at again. 0: all are."""
        return 0

    @classmethod
    def check(cls, options: Options) -> None:
        """Raises EmbeddingError where the options name a network that there is not; reads no weights."""

    def blueprint(self) -> Blueprint | None:
        """The network that it runs; None where it runs none. Raises WeightsUnavailableError where its weights
        are not here."""
        return None

    def fetch(self, progress: Progress = Silent()) -> None:
        """Have here what `encode` needs and is not on this machine yet, before the first picture.

        The fingerprint counts only after it. Raises WeightsUnavailableError.
        """

    def facts(self) -> dict[str, object]:
        """All that the vectors depend on besides name and version, in a fixed order."""
        return self.options.changing()

    @property
    def fingerprint(self) -> str:
        """Name, version and facts as readable text, e.g. `color/2 bins=16`; loads nothing.

        Vectors carrying another fingerprint are stale.
        """
        facts = "".join(f" {key}={value}" for key, value in self.facts().items())
        return f"{self.name}/{self.version}{facts}"

    def made(self, fingerprint: str) -> bool:
        """Whether this version of the extractor, with whatever facts, made such vectors."""
        return fingerprint.split(" ")[0] == f"{self.name}/{self.version}"

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """One decoded picture → what `encode` takes a batch of."""
        return image

    @abstractmethod
    def encode(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """A batch of n prepared arrays → (n, dim) float32, rows of L2 norm 1.

        A picture in which the method finds nothing (no SIFT keypoint) gets a row of zeros.
        """

    def encode_text(self, text: str) -> np.ndarray | None:
        """Words as a direction in the space of the vectors: (dim,) float32, L2 norm 1. None: it
        knows no such words, or none at all, and has no say where they are searched for.
        """
        return None

    def fit_text(self, text: str, rows: np.ndarray) -> np.ndarray | None:
        """How likely pictures show what words say by their vectors (n, dim): (n,) float64, logarithms of
        0–1, NaN for rows of zeros. None: it knows no more than the cosine with `encode_text`.
        """
        return None

    def encode_palette(self, colors: Sequence[str], shares: Sequence[float]) -> np.ndarray | None:
        """Colors (`#rrggbb`) and how much of a picture each takes (sum 1), as a direction: (dim,)
        float32, L2 norm 1; None: it has no say in colors alone.
        """
        return None

    def regions(self, image: np.ndarray) -> Regions | None:
        """What it sees where in a decoded picture; None: it cannot say."""
        return None

    def fit_direction(self, text: str, row: np.ndarray) -> np.ndarray | None:
        """The way in which a vector (dim,) would have to change for words to fit it better by `fit_text`:
        the gradient there, (dim,) float32; products with what regions show say where the words are. None:
        it knows no more than the direction of `encode_text`.
        """
        return None

    def extract(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """A batch of n decoded pictures → (n, dim) float32, rows of L2 norm 1 or 0."""
        if not len(images):
            return np.zeros((0, self.dim), np.float32)
        return self.encode([self.prepare(image) for image in images])


@dataclass(frozen=True)
class Regions:
    """What a network sees in the cells of a grid over a picture.

    features: (rows, columns, dim) float32. box: the part of the picture that the grid covers: left, top, right,
    bottom, as shares of its sides; beyond 0–1 where the picture was filled up. pooled: whether the mean of the
    features, made 1 long, is the picture's vector; else they are tokens beside the one that is.
    """

    features: np.ndarray
    box: tuple[float, float, float, float]
    pooled: bool = True


class FittedExtractor(Extractor):
    """An extractor whose codebook is learned once from a sample and kept in the library.

    Its fingerprint names the codebook, and so counts only once it is fitted.
    """

    @property
    @abstractmethod
    def is_fitted(self) -> bool:
        """Whether `prepare` and `encode` can be called."""

    @abstractmethod
    def sample(self, image: np.ndarray) -> list[np.ndarray]:
        """What one decoded picture gives to the fit: a bounded list of arrays (worker process)."""

    @abstractmethod
    def prepare_sample(self, sample: list[np.ndarray]) -> np.ndarray:
        """What `prepare` would give for the sampled picture, without a second look at it."""

    @abstractmethod
    def fit(self, samples: Sequence[list[np.ndarray]], seed: int = 0) -> None:
        """Learn from what `sample` returned for each sampled picture."""

    @abstractmethod
    def to_arrays(self) -> dict[str, np.ndarray]:
        """The learned state as plain arrays, for `numpy.savez` without pickle."""

    @abstractmethod
    def load_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Restore what `to_arrays` gave; the fingerprint is then the same as after `fit`."""


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Scale each row of (n, d) to L2 norm 1 as float32; rows of zeros stay zeros."""
    rows = np.asarray(rows, dtype=np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 1e-12)

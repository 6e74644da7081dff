"""The contract of an embedding, on one screen.

An extractor turns decoded pictures into unit vectors. It works in two steps so that the
batch loop can run the first in worker processes and the second where the network lives:

    prepare   one decoded picture → a small array        (worker process, pure CPU)
    encode    a batch of prepared arrays → vectors        (worker, or beside the network)

For a classical descriptor `prepare` does the work and `encode` only stacks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from pipeline.settings import ExtractorOptions


class Extractor(ABC):
    """Computes one embedding. Heavy imports and weights load at first use, never in __init__.

    A decoded picture is (h, w, 3) uint8 RGB as `pipeline.pictures.decoding.decode` returns it.
    """

    name: str
    """The embedding's name in code, tables and options: `color`, `sift`, …"""
    title: str
    """What the dashboard calls it: `Color`, `Texture & shape`, `Meaning`."""
    version: int
    """Raised whenever the same picture would give another vector."""
    dim: int
    """Length of a vector."""
    uses_network = False
    """True when `encode` runs a neural network and so belongs beside the device."""
    needs_fit = False
    """True when `fit` must have seen a sample of the library before `prepare` works."""

    @classmethod
    def configured(cls, options: ExtractorOptions) -> Extractor:
        """An extractor set up as the options say; each class takes what concerns it."""
        return cls()

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Name, version and parameters as readable text, e.g. `color/1 bins=16`.

        Vectors carrying another fingerprint are stale. Cheap: loads nothing.
        """

    def made(self, fingerprint: str) -> bool:
        """Whether this version of the extractor, with whatever parameters, made such vectors."""
        return fingerprint.split(" ")[0] == f"{self.name}/{self.version}"

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """One decoded picture → what `encode` takes a batch of."""
        return image

    @abstractmethod
    def encode(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """A batch of n prepared arrays → (n, dim) float32, rows of L2 norm 1.

        A picture in which the method finds nothing (no SIFT keypoint) gets a row of zeros.
        """

    def extract(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """A batch of n decoded pictures → (n, dim) float32, rows of L2 norm 1 or 0."""
        if not len(images):
            return np.zeros((0, self.dim), np.float32)
        return self.encode([self.prepare(image) for image in images])


class FittedExtractor(Extractor):
    """An extractor whose codebook is learned once from a sample and kept in the library."""

    needs_fit = True

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

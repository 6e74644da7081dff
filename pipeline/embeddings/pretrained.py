"""Published networks through the packages that bring them: what timm's and open_clip's have in common."""

from __future__ import annotations

import pickle
import zipfile
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from pipeline.embeddings import dense, engines, hub, models
from pipeline.embeddings.base import Extractor, Regions, unit_rows
from pipeline.embeddings.described import Described, remembered
from pipeline.embeddings.options import Options, option
from pipeline.embeddings.preprocessing import Preprocessing
from pipeline.errors import EmbeddingError, WeightsUnavailableError
from pipeline.progress import Progress, Silent

DAMAGED = (
    *(OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, AttributeError),
    *(pickle.UnpicklingError, zipfile.BadZipFile),
)
"""How damaged or foreign files of weights show themselves in torch, safetensors and zipfile."""


@dataclass(frozen=True)
class PretrainedOptions(Options):
    """Which network, and where its weights lie."""

    model: str = option("", "Which network, as its package names it.", flag="")
    weights: Path | None = option(None, "File with its weights.", flag="", file=True, changes_vectors=False)
    """None: Hugging Face's cache on this machine, or its hub. Not where they lie but what is in
    them makes the vectors, and is in the fingerprint."""


class Pretrained(Extractor):
    """The pooled features of a published network, L2-normalized, prepared as its package does."""

    version = 1
    packages: ClassVar[tuple[str, ...]]
    """Those that build the network, by their names on PyPI."""
    options_type = PretrainedOptions
    uses_network = True

    def __init__(self, options: PretrainedOptions | None = None, device: str = "auto"):
        super().__init__(options, device)
        self._preprocessing: Preprocessing | None = None

    @staticmethod
    @abstractmethod
    def described(model: str) -> Described:
        """What the package knows of a network; EmbeddingError with the nearest names for one it does not.

        Imports the package, which takes seconds, and reads no weights.
        """

    @staticmethod
    @abstractmethod
    def module(described: Described, file: Path):
        """The network as torch's module, for evaluation: normalized pictures → (n, dim); its weights from a file."""

    @staticmethod
    def dense_module(described: Described, file: Path):
        """The same up to where its features have a place: → (n, dim, rows, columns); raises NoRegions."""
        raise dense.NoRegions

    @property
    def about(self) -> Described:
        """What the package knows of this network."""
        return self._about(self.options.model)

    @classmethod
    def _about(cls, model: str) -> Described:
        return remembered(cls.packages[0], model, cls.described)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.about.dim

    @classmethod
    def check(cls, options: PretrainedOptions) -> None:
        cls.described(options.model)

    @classmethod
    def unavailable(cls, options: PretrainedOptions) -> str | None:
        described, given = cls._about(options.model), options.weights
        if given:
            return None if given.is_file() else f"There is no file {given} with the weights of {described.exact}."
        if described.source is None:
            return f"No weights of {described.exact} are published that could be fetched."
        lacking = described.source.lacking()
        if lacking is None:
            return None
        return f"The weights of {described.exact} are not on this machine and cannot be downloaded ({lacking})."

    @classmethod
    def is_here(cls, options: PretrainedOptions) -> bool:
        return cls._file(options) is not None

    @classmethod
    def _file(cls, options: PretrainedOptions) -> Path | None:
        """The file with the weights, where it is on this machine."""
        if options.weights:
            return options.weights if options.weights.is_file() else None
        source = cls._about(options.model).source
        return source and source.here()

    def fetch(self, progress: Progress = Silent()) -> None:
        self._prepared_by()
        if self.is_here(self.options):
            return
        if reason := self.unavailable(self.options):
            raise WeightsUnavailableError(f"{reason} {self.way_out}")
        self.about.source.fetch(f"the weights of {self.about.exact}", progress)

    @property
    def way_out(self) -> str:
        """What a person can do where the weights cannot be had."""
        return f"Connect to the network, or give the file: --weights {self.name}=FILE."

    def facts(self) -> dict[str, object]:
        file = self._file(self.options)
        weights = "none" if file is None else hub.digest(file)[:4].hex()
        return {"model": self.about.exact, "input": self.about.preprocessing, "weights": weights}

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """A decoded picture → (side, side, 3) uint8 RGB."""
        return self._prepared_by()(image)

    def _prepared_by(self) -> Preprocessing:
        """Travels to worker processes, which do not import the package for it."""
        if self._preprocessing is None:
            self._preprocessing = self.about.preprocessing
        return self._preprocessing

    def encode(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """n arrays (side, side, 3) uint8 → (n, dim) float32, rows of L2 norm 1.

        Raises WeightsUnavailableError when the weights cannot be had or are of another network.
        """
        self.fetch()
        return unit_rows(models.shared((self.fingerprint, self.device), self._load)(prepared))

    def regions(self, image: np.ndarray) -> Regions | None:
        """The cells of its last feature map, or its tokens; None where the network has none that are known."""
        self.fetch()
        seen = models.shared((self.fingerprint, self.device, "regions"), self._load_dense)
        return seen.regions(self.prepare(image), self._prepared_by().box(image))

    def _load(self) -> engines.Network:
        return engines.load(self.blueprint(), self.device)

    def blueprint(self) -> engines.Blueprint:
        return self._blueprint("", self.module)

    def _load_dense(self) -> dense.Dense:
        return dense.load(self._blueprint("-regions", self.dense_module), self.device, self.encode)

    def _blueprint(self, suffix: str, module: Callable[[Described, Path], Any]) -> engines.Blueprint:
        """The network as `module` makes it; suffix: of its name, where that is not the whole of it."""
        described, file = self.about, self._file(self.options)
        if file is None:
            raise WeightsUnavailableError(f"The weights of {described.exact} are not here. {self.way_out}")
        how, packages = described.preprocessing, " ".join(f"{name} {version(name)}" for name in self.packages)
        name = self.name if self.options.model in self.name else f"{self.name}-{self.options.model}"
        return engines.Blueprint(
            name=f"{name}{suffix}", made_of=f"{packages} {described.exact} {hub.digest(file).hex()}{suffix}",
            side=how.side, mean=how.mean, std=how.std,
            module=lambda: loaded(lambda: module(described, file), described, file),
        )  # fmt: skip


def loaded(load, described: Described, file: Path):
    """What `load` gives; WeightsUnavailableError where the file is damaged or of another network."""
    from safetensors import SafetensorError

    try:
        return load()
    except (*DAMAGED, SafetensorError) as error:
        first = str(error).strip().partition("\n")[0].partition(". ")[0].rstrip(".: ") or type(error).__name__
        raise WeightsUnavailableError(
            f"{file} cannot be loaded as the weights of {described.exact} ({first[:200]})."
        ) from error


def unknown(package: str, model: str, known: Iterable[str]) -> EmbeddingError:
    """The error for a network that a package does not have."""
    near = get_close_matches(model, list(known), 3, 0.5)
    return EmbeddingError(f"{package} has no network {model!r}." + (f" There is: {', '.join(near)}." if near else ""))

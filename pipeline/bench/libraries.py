"""What is measured on: synthetic libraries, made and indexed once per size."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline import index as indexes
from pipeline.bench import synthetic
from pipeline.bench.isolated import measured
from pipeline.errors import LikenessError
from pipeline.library import Library
from pipeline.progress import Progress
from pipeline.settings import IndexOptions


@dataclass(frozen=True)
class Built:
    """A synthetic library with its index: what building it took, and its size on disk."""

    data: Path
    seconds: float
    peak_mb: float
    index_mb: float
    effort: dict[str, int]
    """efSearch that the index measured it needs, by the embedding that dominates the weights."""


class Libraries:
    """A directory of synthetic libraries by size; the caller removes it in the end."""

    def __init__(self, folder: Path, dims: dict[str, int], progress: Progress):
        self.folder, self.dims, self.progress = folder, dims, progress
        self._built: dict[int, Built] = {}

    def built(self, count: int) -> Built:
        """The library of `count` images with an index of the default kind."""
        if count not in self._built:
            data = self.stored(count)
            answer, peak = measured(build_index, data, IndexOptions())
            self._built[count] = Built(data, answer["seconds"], peak, answer["index_mb"], answer["effort"])
        return self._built[count]

    def stored(self, count: int, name: str = "", shapes: Mapping[str, synthetic.Shape] = synthetic.REAL) -> Path:
        """The directory of a library of `count` images of such vectors, without an index."""
        data = self.folder / f"{count}{name}"
        if not data.exists():
            need = 2.5 * 4 * count * sum(self.dims.values())
            if shutil.disk_usage(self.folder).free < need:
                raise LikenessError(
                    f"{count:,} synthetic images need {need / 1e9:.0f} GB of free disk beside {self.folder.parent}."
                )
            data.mkdir()
            try:
                measured(synthetic.store, data, count, self.dims, shapes)
            except BaseException:  # half a library would pass for a whole one
                shutil.rmtree(data, ignore_errors=True)
                raise
        return data

    def forget(self, count: int) -> None:
        """Free the disk."""
        self._built.pop(count, None)
        shutil.rmtree(self.folder / str(count))


def build_index(data: Path, options: IndexOptions) -> dict:
    """What the command `index` does, timed: vectors read, index built, measured and saved."""
    library = Library(data)
    started = time.perf_counter()
    index, _ = indexes.build(library, None, options)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "index_mb": indexes.measured(library)["bytes"] / 1e6, "effort": indexes.measured(library)["effort"]}

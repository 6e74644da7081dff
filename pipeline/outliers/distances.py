"""How far each image is from its nearest, by embedding, as it is kept: `outliers/NAME.npz`.

The figure is the mean of the cosine distances to the ten nearest (Angiulli & Pizzuti 2002, "Fast outlier
detection in high dimensional spaces"; ten, so that two or three copies of an odd one stay odd).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from pipeline.embeddings import about
from pipeline.library import Library, derived
from pipeline.library.derived import DamagedError

K = 10
FENCE = 1.5
"""Beyond the upper quartile by so many times the distance of the quartiles one is an outlier (Tukey 1977)."""
LEAST = 30
"""Of fewer images nobody is called so."""
_FOLDER = "outliers"
_in_memory: WeakKeyDictionary[Library, tuple[object, list[Distances]]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Distances:
    """By one embedding, called title. ids: (n,) int64 ascending. apart: (n,) float32 in [0, 2]. stamps: (n,) int64,
    the generation of the vector that it was found with."""

    name: str
    title: str
    ids: np.ndarray
    apart: np.ndarray
    stamps: np.ndarray

    @cached_property
    def outlying(self) -> np.ndarray:
        """Which are outliers: (n,) bool."""
        return self.unlikely > FENCE

    @cached_property
    def unlikely(self) -> np.ndarray:
        """How far beyond the upper quartile, in distances of the quartiles: (n,) float64."""
        if len(self.ids) < LEAST:
            return np.zeros(len(self.ids))
        low, high = np.quantile(self.apart, [0.25, 0.75])
        return (self.apart - high) / max(high - low, 1e-6)


def version(library: Library) -> tuple:
    """Changes with what is kept; empty where nothing is."""
    found = []
    for name in library.embeddings():
        try:
            found.append((name, path(library, name).stat().st_mtime_ns))
        except OSError:
            continue
    return tuple(found)


def kept(library: Library) -> list[Distances]:
    """What is kept by each embedding, in the order of the library."""
    now = version(library)
    memory = _in_memory.get(library)
    if memory is None or memory[0] != now:
        there = [read(library, name) for name, _ in now]
        memory = _in_memory[library] = (now, [one for one in there if one is not None])
    return memory[1]


def far(library: Library, ids: np.ndarray, name: str | None = None) -> np.ndarray:
    """How far images (k,) int64 are from all others, (k,) float64: by one embedding, by its name or its title, or by
    that by which each is farthest; as `Distances.unlikely`, NaN where nothing is known."""
    found = np.full(len(ids), np.nan)
    for one in kept(library):
        if name not in (None, one.name, one.title) or not len(one.ids):
            continue
        at = np.searchsorted(one.ids, ids).clip(max=len(one.ids) - 1)
        found = np.fmax(found, np.where(one.ids[at] == ids, one.unlikely[at], np.nan))
    return found


def read(library: Library, name: str) -> Distances | None:
    """What is kept by an embedding as it is set up now; None where nothing is, or it cannot be read."""
    found = derived.load(library, f"{_FOLDER}/{name}", key(library, name))
    return found and Distances(name, _title(library, name), *(found.arrays[part] for part in ("ids", "apart", "stamps")))


def keep(library: Library, name: str, ids: np.ndarray, apart: np.ndarray, stamps: np.ndarray) -> None:
    """Keep figures, as `Distances` has them; on a disk that takes nothing they are not kept."""
    arrays = {"ids": ids, "apart": apart.astype(np.float32), "stamps": stamps}
    about = {"summary": list(library.summary(name))}
    derived.offer(library, f"{_FOLDER}/{name}", key(library, name), arrays, about)


def is_current(library: Library, name: str) -> bool:
    """Whether it is of the vectors that there are now; told without reading one."""
    try:
        found = derived.read(library, f"{_FOLDER}/{name}", key(library, name), arrays=False)
    except DamagedError:
        return False
    return found is not None and found.about.get("summary") == list(library.summary(name))


def path(library: Library, name: str) -> Path:
    """Where the figures of an embedding are kept."""
    return derived.path(library, f"{_FOLDER}/{name}")


def key(library: Library, name: str) -> str:
    """Changes with what makes the vectors, and with what is written here."""
    return derived.key_of(K, library.embeddings()[name].extractor)


def _title(library: Library, name: str) -> str:
    """The embedding's title, with its name where another one has the same."""
    title = about(name).title
    return f"{title} ({name})" if [about(one).title for one in library.embeddings()].count(title) > 1 else title

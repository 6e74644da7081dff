"""What is found of each image once and kept as a derived file: only what changed is looked at again.

Of many images it is kept part by part, so that who is stopped goes on from there.

Of a library's present generation it is remembered in memory, so that who asks again reads nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from pipeline.library import derived
from pipeline.library.library import Library
from pipeline.progress import Progress, Silent


class _OfImages(Protocol):
    """A dataclass of arrays."""

    ids: np.ndarray
    """(n,) int64 ascending: the images that were looked at."""


Found = TypeVar("Found", bound=_OfImages)

PART = 50_000
"""Images that are looked at before what is found is kept."""


class Followed(ABC, Generic[Found]):
    """Something to be found of images, and how it is kept."""

    place: str
    """The name of the derived file: a folder and a name."""
    title: str
    """What the stage is called in which images are looked at."""

    def __init__(self) -> None:
        self._in_memory: WeakKeyDictionary[Library, tuple[int, Found, bool]] = WeakKeyDictionary()
        """What is known in which generation, and whether of all images."""

    def of(self, library: Library, progress: Progress = Silent(), most: int | None = None) -> Found:
        """What is known of all images that have what is looked at, as kept or found now. most: where more
        images have to be looked at, only what is kept of those that have not changed is told."""
        now = library.generation()
        memory = self._in_memory.get(library)
        if memory is None or memory[0] != now or not (memory[2] or most is not None):
            memory = self._in_memory[library] = (now, *self._brought_up(library, now, progress, most))
        return memory[1]

    def _brought_up(self, library: Library, now: int, progress: Progress, most: int | None) -> tuple[Found, bool]:
        """What is known, and whether of all that there are."""
        key = self.key(library)
        kept = derived.load(library, self.place, key)
        known = self.unpacked(kept.arrays) if kept is not None else self.nothing()
        if kept is not None and kept.about["generation"] == now and kept.about.get("whole", True):
            return known, True
        having = self.having(library)
        changed = self.changed(library, kept.about["generation"]) if kept is not None else having
        stays = np.isin(known.ids, having) & ~np.isin(known.ids, changed)
        missing = np.setdiff1d(having, known.ids[stays])
        if kept is not None and not len(missing) and stays.all():
            derived.offer(library, self.place, key, kept.arrays, {"generation": now})  # who comes next need not compare
            return known, True
        known = self.joined(known, stays, self.nothing())
        if most is not None and len(missing) > most:
            return known, False
        progress.start(self.title, len(missing))
        for start in range(0, len(missing) or 1, PART):
            new = self.look(library, missing[start : start + PART], progress)
            known = self.joined(known, np.ones(len(known.ids), bool), new)
            about = {"generation": now, "whole": start + PART >= len(missing)}
            derived.offer(library, self.place, key, self.packed(known), about)
        return known, True

    @abstractmethod
    def key(self, library: Library) -> str:
        """Of `derived.key_of`: another one where the same images would be told of otherwise."""

    @abstractmethod
    def having(self, library: Library) -> np.ndarray:
        """The images of which there is something to look at, (n,) int64 ascending."""

    def changed(self, library: Library, generation: int) -> np.ndarray:
        """Those of which that has changed since a generation, and perhaps others, (k,) int64."""
        return library.changed_since(generation)

    @abstractmethod
    def look(self, library: Library, ids: np.ndarray, progress: Progress) -> Found:
        """What is found of images (k,) int64 ascending, perhaps none. Advances `progress` by k."""

    @abstractmethod
    def nothing(self) -> Found:
        """What is known of no image."""

    def joined(self, known: Found, stays: np.ndarray, new: Found) -> Found:
        """Those of the known that stay, (n,) bool, and the new, in the order of their ids.

        As here where each array has a row an image.
        """
        order = np.argsort(np.concatenate([known.ids[stays], new.ids]))
        pairs = {field.name: (getattr(known, field.name)[stays], getattr(new, field.name)) for field in fields(known)}
        return type(known)(**{name: np.concatenate(pair)[order] for name, pair in pairs.items()})

    def packed(self, found: Found) -> dict[str, np.ndarray]:
        """As arrays to keep, `ids` among them."""
        return {field.name: getattr(found, field.name) for field in fields(found)}

    def unpacked(self, arrays: dict[str, np.ndarray]) -> Found:
        """What `packed` made arrays of."""
        return type(self.nothing())(**arrays)

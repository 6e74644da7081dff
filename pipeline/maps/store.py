"""The maps of a library as they are kept: one derived file each, `maps/NAME.npz`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from pipeline.embeddings import usual
from pipeline.errors import LibraryError
from pipeline.library import Library, derived
from pipeline.maps.neighbors import COMBINED
from pipeline.settings import MapOptions

_FOLDER = "maps"
_ARRAYS = ("ids", "xy", "xyz", "cluster", "placed", "stamps", "exemplars")


@dataclass(frozen=True)
class Map:
    """A map as saved. n points in the order of `ids`.

    ids: (n,) int64 ascending. xy: (n, 2), xyz: (n, 3) float32, arbitrary units.
    cluster: (n,) int32, 0 the largest, −1 noise. placed: (n,) bool, True where the point
    was put among its neighbors after the fit. stamps: (n,) int64, which vectors the
    points stand for. exemplars: (clusters, 4) int64 image ids, the most typical first, −1
    where there are fewer. extractors: fingerprint of each embedding the map is made of.
    """

    name: str
    ids: np.ndarray
    xy: np.ndarray
    xyz: np.ndarray
    cluster: np.ndarray
    placed: np.ndarray
    stamps: np.ndarray
    exemplars: np.ndarray
    extractors: dict[str, str]
    options: MapOptions
    left_out: int = 0
    """Images that have vectors but no place here: empty ones, or those above the limit."""
    weights: dict[str, float] = field(default_factory=dict)
    """How much each embedding counted, where it is of several."""
    made_from: str = ""
    """Changes with the vectors that the library had when the map was last found current."""

    @property
    def clusters(self) -> int:
        """How many clusters there are, noise not counted."""
        return len(self.exemplars)


def known(library: Library, name: object) -> str:
    """The name of a map that has been made, as given; raises LibraryError for anything else.

    What comes from an address, a form or a callback passes through here before it names a file.
    """
    made = names(library)
    if name not in made:
        there = ", ".join(made) if made else "none; make them with: python -m pipeline map"
        raise LibraryError(f"There is no map {name!r:.80}; there are: {there}.")
    return str(name)


def path(library: Library, name: str) -> Path:
    """Where a map is kept; raises LibraryError for what can be no map of this library."""
    return derived.path(library, _place(library, name))


def load(library: Library, name: str) -> Map:
    """A saved map; raises LibraryError when it has not been made, or cannot be read."""
    way_out = "Make it with: python -m pipeline map"
    try:
        found = derived.read(library, _place(library, name))
        if found is None:
            raise LibraryError(f"The map of {name} has not been made yet. {way_out}")
        return _unpacked(library, name, found)
    except derived.DamagedError:
        raise LibraryError(f"The map of {name} is damaged. {way_out}") from None


def save(library: Library, new: Map) -> None:
    """Keep a map in place of the one before; raises LibraryError where it cannot be written."""
    arrays = {name: getattr(new, name) for name in _ARRAYS}
    derived.store(library, _place(library, new.name), new.made_from, arrays, _about(new))


def remove(library: Library, name: str) -> None:
    """Drop a map, if it is there."""
    derived.remove(library, _place(library, name))


def names(library: Library) -> list[str]:
    """The maps that have been made and are not damaged, the combination first."""
    return [name for name, row in _found(library).items() if row is not None]


def about(library: Library) -> dict[str, dict]:
    """Per map: points, clusters, noise, whether it is stale, and whether it is damaged.

    Reads no map whole. One that cannot be read has no points, and is stale too.
    """
    report = {}
    for name, told in _found(library).items():
        if told is None:
            report[name] = {"points": 0, "clusters": 0, "noise": 0, "stale": True, "damaged": True}
        else:
            report[name] = {key: told[key] for key in ("points", "clusters", "noise")}
            stale = told["made_from"] != made_from(library, list(told["extractors"]))
            report[name] |= {"stale": stale, "damaged": False}
    return report


def is_stale(library: Library, shown: Map) -> bool:
    """Whether a map is not of the vectors that the library has now."""
    return shown.made_from != made_from(library, list(shown.extractors))


def made_from(library: Library, embeddings: list[str]) -> str:
    """A key that changes with the current vectors of some embeddings, with what makes them, and
    with how much each counts where that is not the same."""
    current, weights = library.embeddings(), usual(embeddings)
    parts: list = [] if weights == equal(embeddings) else [tuple(weights.items())]
    for name in embeddings:
        parts += [name, current[name].extractor, library.summary(name)] if name in current else [name]
    return derived.key_of(*parts)


def equal(embeddings: Iterable[str]) -> dict[str, float]:
    """How much each counted in maps of a version that weighed all alike."""
    return dict.fromkeys(embeddings, 1.0)


def stamps(library: Library, embeddings: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The images with a current vector of any of some embeddings (n,) ascending, and a number for
    each that changes with these vectors: (n,) int64."""
    columns = [library.stamps(name) for name in embeddings]
    ids = np.unique(np.concatenate([having for having, _ in columns]))
    found = np.zeros(len(ids), np.int64)
    for having, stored in columns:
        found[np.searchsorted(ids, having)] += stored
    return ids, found


def _place(library: Library, name: str) -> str:
    possible = [COMBINED, *library.embeddings()]
    if name not in possible:
        raise LibraryError(f"There is no map {name!r:.80}; there can be: {', '.join(possible)}.")
    return f"{_FOLDER}/{name}"


def _about(saved: Map) -> dict:
    """What is told of a map beside its arrays."""
    return {
        "options": asdict(saved.options), "extractors": saved.extractors, "weights": saved.weights, "left_out": saved.left_out,
        "made_from": saved.made_from, "points": len(saved.ids), "clusters": saved.clusters,
        "noise": int((saved.cluster < 0).sum()),
    }  # fmt: skip


def _found(library: Library) -> dict[str, dict | None]:
    """Per map that is there what is told of it, its arrays left unread; None where it is damaged."""
    there = set(derived.names(library, _FOLDER))
    return {name: _told(library, name) for name in [COMBINED, *library.embeddings()] if name in there}


def _told(library: Library, name: str) -> dict | None:
    try:
        found = derived.read(library, _place(library, name), arrays=False)
        if found is None or "points" in found.about:
            return found and found.about
        whole = derived.read(library, _place(library, name))
        return whole and _about(_unpacked(library, name, whole))
    except derived.DamagedError:
        return None


def _unpacked(library: Library, name: str, found: derived.Derived) -> Map:
    """A map from its file; raises DamagedError where the file is of another kind."""
    try:
        told, arrays = found.about, {key: found.arrays[key] for key in _ARRAYS}
        saved = Map(name=name, extractors=told["extractors"], options=MapOptions(**told["options"]),
                    left_out=told["left_out"], made_from=told.get("made_from", ""),
                    weights=told.get("weights") or equal(told["extractors"]), **arrays)  # fmt: skip
    except (KeyError, TypeError) as error:
        raise derived.DamagedError(f"The map of {name} is of another kind: {error}.") from None
    if "made_from" not in told and _is_of(library, saved):  # by a version that told less
        return replace(saved, made_from=made_from(library, list(saved.extractors)))
    return saved


def _is_of(library: Library, saved: Map) -> bool:
    """Whether the vectors that a map stands for, point by point, are those that the library has."""
    current = library.embeddings()
    if saved.left_out or any(n not in current or current[n].extractor != x for n, x in saved.extractors.items()):
        return False
    ids, current_stamps = stamps(library, list(saved.extractors))
    return np.array_equal(saved.ids, ids) and np.array_equal(saved.stamps, current_stamps)

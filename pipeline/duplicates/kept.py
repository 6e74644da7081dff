"""The copies and the similar images that were found last, with what they were found among."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from pipeline.duplicates.eyes import KINDS, Reason
from pipeline.duplicates.groups import Group, Pair, find, still
from pipeline.duplicates.similar import similar
from pipeline.library import Library, derived
from pipeline.progress import Progress, Silent

_PLACE = "duplicates/found"
VERSION = "10"
"""Another one where other groups would be found in the same library: what was kept is then found anew."""


@dataclass(frozen=True)
class Found:
    """groups: of copies, of images that are still in their folders. similar (n, 2) int64: pairs of images, none of them a
    copy that another picture stands for, and scores (n,) float32, the highest first. at: when they were looked for, ISO
    8601. images: among how many. current: whether no image has changed since."""

    groups: list[Group]
    similar: np.ndarray
    scores: np.ndarray
    at: str
    images: int
    current: bool


def look(library: Library, progress: Progress = Silent(), *, anew: bool = False) -> Found:
    """Find copies and similar images and keep them. anew: also where no image has changed since the last time.

    Raises as `groups.find` does.
    """
    known = None if anew else read(library)
    if known is not None and known.current:
        return known
    generation = library.generation()
    groups = find(library, progress)
    pairs, scores = similar(library, groups, progress)
    _keep(library, groups, pairs, scores, generation)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Found(groups, pairs, scores, at, library.counts()["ok"], library.generation() == generation)


def stamp(library: Library) -> int:
    """Changes whenever something else is kept; 0 where nothing is."""
    file = derived.path(library, _PLACE)
    return file.stat().st_mtime_ns if file.is_file() else 0


def read(library: Library) -> Found | None:
    """What was found last; None where nothing was, or it cannot be read."""
    found = derived.load(library, _PLACE, VERSION)
    if found is None:
        return None
    arrays, about = found.arrays, found.about
    return Found(
        _groups(library, arrays), arrays["similar"], arrays["scores"], about["at"], about["images"],
        library.generation() == about["generation"],
    )


def _keep(library: Library, groups: list[Group], pairs: np.ndarray, scores: np.ndarray, generation: int) -> None:
    every = [(group.best, pair) for group in groups for pair in group.pairs]
    arrays = {
        "best": np.array([best for best, _ in every], np.int64),
        "pairs": np.array([(pair.one, pair.other) for _, pair in every], np.int64).reshape(-1, 2),
        "kinds": np.array([KINDS.index(pair.reason.kind) for _, pair in every], np.uint8),
        "texts": np.array([pair.reason.text for _, pair in every], np.str_),
        "added": np.array([pair.reason.added for _, pair in every], np.int64),
        "similar": pairs, "scores": scores,
    }
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "images": library.counts()["ok"], "generation": generation,
    }
    derived.offer(library, _PLACE, VERSION, arrays, about)


def _groups(library: Library, arrays: dict[str, np.ndarray]) -> list[Group]:
    reasons = zip(arrays["kinds"].tolist(), arrays["texts"].tolist(), arrays["added"].tolist())
    stars: dict[int, list[Pair]] = {}
    for best, (one, other), (kind, text, added) in zip(arrays["best"].tolist(), arrays["pairs"].tolist(), reasons):
        stars.setdefault(best, []).append(Pair(one, other, Reason(KINDS[kind], text, added=added)))
    return still(library, stars)

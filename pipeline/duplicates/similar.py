"""Images that are alike and no copies: further shots of a series, the same thing seen otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from pipeline import index as indexes
from pipeline.duplicates.groups import Group
from pipeline.library import Library
from pipeline.progress import Progress, Silent

LEAST = 0.6
"""Score, by all embeddings as a search has them, below which two images are never called similar here: of 3,781
photographs of clothing 79 % of the pairs from 0.6 to 0.65 are of one class, 89 % from there to 0.7: the same kind of
thing on the same ground."""
USUAL = 0.75
"""What is asked for where nobody has said: the same piece seen again, or one hardly told from it. Of those photographs
149 pairs, all but one of one class; judged on 1,070 others, of many things: 72 pairs, all of one class, copies among
them, where 0.65 to 0.7 are further cars in the same street."""

_NEIGHBORS = 10
_MOST = 500_000  # pairs, the most alike: of a million frames of films all have neighbors


def similar(library: Library, groups: Iterable[Group], progress: Progress = Silent()) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (n, 2) int64 of similar images, lower id first, and their scores (n,) float32, the highest first.

    Of a group of copies only the one that explains the others takes part.
    """
    index = indexes.load(library)
    copies = {row.id for group in groups for row in group.images if row.id != group.best}
    ids = index.ids()
    ids = ids[~np.isin(ids, sorted(copies))]
    if len(ids) < 2:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.float32)
    progress.start("similar", len(ids))
    found = index.neighbors(ids, min(_NEIGHBORS, len(ids) - 1), among=ids, progress=progress)
    at, place = np.nonzero((found.scores >= LEAST) & (found.ids >= 0))
    pairs = np.sort(np.stack([ids[at], found.ids[at, place]], axis=1).astype(np.int64), axis=1)
    pairs, first = np.unique(pairs, axis=0, return_index=True)
    scores = found.scores[at, place][first].astype(np.float32)
    order = np.argsort(-scores, kind="stable")[:_MOST]
    return pairs[order], scores[order]


Near = dict[int, dict[int, float]]
"""Image → those that are similar to it, with their scores."""


def near(pairs: np.ndarray, scores: np.ndarray, least: float) -> Near:
    """Of pairs and scores as of `similar` those from `least` on, by image."""
    enough = int(np.searchsorted(-scores, -np.float32(least), side="right"))
    found: Near = {}
    for (one, other), score in zip(pairs[:enough].tolist(), scores[:enough].tolist()):
        found.setdefault(one, {})[other] = score
        found.setdefault(other, {})[one] = score
    return found


def among(near: Near, ids: Collection[int]) -> Near:
    """The same among some images alone."""
    kept = {image: {other: score for other, score in near[image].items() if other in ids} for image in ids if image in near}
    return {image: others for image, others in kept.items() if others}


def stars(near: Near) -> list[tuple[int, dict[int, float]]]:
    """Groups of similar images: the one that is like all of them, and each other's score with it.

    The most alike begin: who has most such neighbors takes those that nobody has yet.
    """
    taken: set[int] = set()
    made = []
    for best in sorted(near, key=lambda image: (-len(near[image]), image)):
        if best in taken:
            continue
        mine = {other: score for other, score in near[best].items() if other not in taken}
        if mine:
            taken |= {best, *mine}
            made.append((best, mine))
    return made

"""What is seen in each image: the kinds its EfficientNet vector is sure of.

The stored vector is the network's feature at length 1. Its own length is nearly the same for
all photographs, so that its classifier can be asked again without the picture, and nothing
is computed while images are embedded. Kept as `things/seen.npz`; only what changed is looked at.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from pipeline.embeddings import efficientnet, imagenet
from pipeline.library import Library, derived
from pipeline.library.followed import Followed
from pipeline.progress import Progress, Silent
from pipeline.things.kinds import kinds

NAME = efficientnet.EfficientNet.name
SURE = 0.5
"""Share from which it is said of an image that it shows a kind."""
LEAST = 0.1
"""Smaller shares are not kept."""
_FINE = 200  # steps of a share as it is kept
_STEP = 8192  # vectors at a time: 42 MB, and 33 MB of shares
_FEW = 2_000  # images that a search looks at itself, in half a second
_VERSION = 1


@dataclass(frozen=True, eq=False)
class Seen:
    """ids: (n,) int64 ascending. The kinds of image i are those at ends[i-1] … ends[i] of
    kind (m,) int16, numbers in `kinds()`, with share (m,) float32 in [0.1, 1], the largest first."""

    ids: np.ndarray
    ends: np.ndarray
    kind: np.ndarray
    share: np.ndarray

    def of(self, image: int) -> list[tuple[str, float]]:
        """What is seen in an image and how surely, surest first; of equal kinds the narrower first."""
        at = int(np.searchsorted(self.ids, image))
        if at >= len(self.ids) or self.ids[at] != image:
            return []
        part = slice(int(self.ends[at - 1]) if at else 0, int(self.ends[at]))
        found = [(kinds()[k], float(share)) for k, share in zip(self.kind[part], self.share[part])]
        found.sort(key=lambda one: (-round(one[1], 2), len(one[0].classes)))
        return [(kind.name, share) for kind, share in found]

    def likely(self, classes: Collection[int]) -> tuple[np.ndarray, np.ndarray]:
        """Images of which a kind was kept that is all of some classes of ImageNet: ids (k,) int64 ascending,
        and the largest share of such a kind (k,) float32."""
        inside = np.array([set(kind.classes) <= set(classes) for kind in kinds()])
        at = np.flatnonzero(inside[self.kind])
        at = at[np.flatnonzero(np.diff(self.rows[at], prepend=-1))]  # of each image the first, and so the surest
        return self.ids[self.rows[at]], self.share[at]

    @cached_property
    def rows(self) -> np.ndarray:
        """The place in `ids` of each entry, (m,) int64 ascending."""
        return np.repeat(np.arange(len(self.ids)), np.diff(self.ends, prepend=0))


def available(library: Library) -> bool:
    """Whether anything can be seen: the library has EfficientNet's vectors, and not others of that name."""
    known = library.embeddings().get(NAME)
    return known is not None and known.dim == efficientnet.EfficientNet.dim and library.summary(NAME)[0] > 0


class _Following(Followed[Seen]):
    place, title = "things/seen", "things"

    def key(self, library: Library) -> str:
        return derived.key_of(_VERSION, efficientnet.LENGTH, LEAST, len(kinds()), library.embeddings()[NAME].extractor)

    def having(self, library: Library) -> np.ndarray:
        return library.stamps(NAME)[0]

    def look(self, library: Library, ids: np.ndarray, progress: Progress) -> Seen:
        return _look(library, ids, progress)

    def nothing(self) -> Seen:
        return _nothing()

    def joined(self, known: Seen, stays: np.ndarray, new: Seen) -> Seen:
        return _merged(known, stays, new)

    def packed(self, found: Seen) -> dict[str, np.ndarray]:
        return {"ids": found.ids, "ends": found.ends, "kind": found.kind, "share": np.round(found.share * _FINE).astype(np.uint8)}

    def unpacked(self, arrays: dict[str, np.ndarray]) -> Seen:
        return Seen(arrays["ids"], arrays["ends"], arrays["kind"], arrays["share"].astype(np.float32) / _FINE)


_following = _Following()


def seen(library: Library, progress: Progress = Silent(), most: int | None = None) -> Seen:
    """What is seen in all images that have the vector, as kept or found now; empty without any. most: where
    more images have to be looked at, only what is kept is told."""
    return _following.of(library, progress, most) if available(library) else _nothing()


def at_hand(library: Library) -> Seen:
    """As `seen`, without keeping a search waiting."""
    return seen(library, most=_FEW)


def shares(vectors: np.ndarray) -> np.ndarray:
    """How surely each kind is seen by vectors (n, 1280) of length 1: (n, kinds) float32 in [0, 1].

    A kind's share is the sum over its classes of what a softmax of the classifier gives them.
    In a picture without features (a row of zeros) nothing is seen.
    """
    odds = efficientnet.class_shares(vectors)
    odds[~vectors.any(axis=1)] = 0
    return odds @ _members()


@lru_cache
def _members() -> np.ndarray:
    """Which classes are of which kind: (1000, kinds) float32, 1 or 0."""
    members = np.zeros((imagenet.COUNT, len(kinds())), np.float32)
    for column, kind in enumerate(kinds()):
        members[list(kind.classes), column] = 1
    return members


def _look(library: Library, ids: np.ndarray, progress: Progress) -> Seen:
    parts = [_nothing()]
    for start in range(0, len(ids), _STEP):
        some, vectors = library.vectors(NAME, ids[start : start + _STEP].tolist())
        parts.append(_kept(some, shares(vectors)))
        progress.advance(len(some))
    ends = np.cumsum(np.concatenate([np.diff(part.ends, prepend=0) for part in parts]))
    return Seen(
        np.concatenate([part.ids for part in parts]), ends,
        np.concatenate([part.kind for part in parts]), np.concatenate([part.share for part in parts]),
    )


def _kept(ids: np.ndarray, share: np.ndarray) -> Seen:
    """Of shares (n, kinds) those that are kept, rounded as they are."""
    rows, kind = np.nonzero(share >= LEAST)
    found = share[rows, kind]
    order = np.lexsort((-found, rows))
    ends = np.cumsum(np.bincount(rows, minlength=len(ids)))
    return Seen(ids, ends, kind[order].astype(np.int16), np.round(found[order] * _FINE).astype(np.float32) / _FINE)


def _nothing() -> Seen:
    return Seen(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int16), np.zeros(0, np.float32))


def _merged(known: Seen, stays: np.ndarray, new: Seen) -> Seen:
    """Those of the known that stay, and the new, in the order of their ids."""
    ids = np.concatenate([known.ids[stays], new.ids])
    counts = np.concatenate([np.diff(known.ends, prepend=0)[stays], np.diff(new.ends, prepend=0)])
    entries = stays[known.rows] if len(known.kind) else np.zeros(0, bool)
    kind, share = (np.concatenate([old[entries], fresh]) for old, fresh in ((known.kind, new.kind), (known.share, new.share)))
    order = np.argsort(ids, kind="stable")
    owners = np.repeat(np.argsort(order, kind="stable"), counts)  # the place that each entry's image comes to
    entry = np.argsort(owners, kind="stable")
    return Seen(ids[order], np.cumsum(counts[order]), kind[entry], share[entry])

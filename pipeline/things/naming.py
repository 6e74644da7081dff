"""Names for groups of images out of what is seen in them: "airliners", "dogs and foxes"."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import log

import numpy as np

from pipeline.embeddings import imagenet
from pipeline.things.kinds import kinds
from pipeline.things.seen import Seen

ENOUGH = 0.5
"""The share, on average over a group's images, that its name must have. Below it has none."""
_BOTH = 0.6  # what two kinds must have together, and each of them
_EACH = 0.2
_TOGETHER = 0.9  # two words say less than one
_WIDEST = 120  # classes of a kind that may stand beside another: "dogs and foxes", not "animals and vehicles"
_TELLING = 1.15  # what is everywhere must be that much more here
_CANDIDATES = 12


@dataclass(frozen=True)
class Name:
    """What a group is called, in the plural, and the kinds' share of it, in [0.5, 1]."""

    text: str
    share: float


def names(found: Seen, ids: np.ndarray, group: np.ndarray, count: int) -> list[Name | None]:
    """A name for each of `count` groups of images, or None where nothing is sure.

    ids (n,) int64 ascending, group (n,) int of each, −1 for none. The kind (or two) with the
    largest share × log(classes / its classes): sure and narrow. A kind that half of all
    images are of names a group only where it is more frequent than elsewhere.
    """
    table, everywhere = _table(found, ids, group, count)
    return [_named(row, everywhere, count) for row in table]


def _table(found: Seen, ids: np.ndarray, group: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean share of each kind in each group (count, kinds), and in all images (kinds,)."""
    total = len(kinds())
    table, everywhere = np.zeros((count, total)), np.zeros(total)
    if not len(ids) or not len(found.kind):
        return table, everywhere
    at = np.searchsorted(ids, found.ids).clip(max=len(ids) - 1)
    there = ids[at] == found.ids
    owner, known = group[at][found.rows], there[found.rows]
    inside = known & (owner >= 0)
    np.add.at(table, (owner[inside], found.kind[inside]), found.share[inside])
    np.add.at(everywhere, found.kind[known], found.share[known])
    sizes = np.bincount(group[group >= 0], minlength=count)[:count]
    return table / np.maximum(1, sizes)[:, None], everywhere / len(ids)


def _named(share: np.ndarray, everywhere: np.ndarray, count: int) -> Name | None:
    known = kinds()
    telling = (everywhere < ENOUGH) | (share >= _TELLING * everywhere) | (count < 2)
    candidates = [int(k) for k in np.argsort(-share)[:_CANDIDATES] if share[k] >= _EACH and telling[k]]
    best, name = 0.0, None
    for k in candidates:
        gain = share[k] * _narrow(len(known[k].classes))
        if share[k] >= ENOUGH and gain > best:
            best, name = gain, Name(known[k].plural, float(share[k]))
    for a, b in combinations([k for k in candidates if len(known[k].classes) <= _WIDEST], 2):
        both = float(share[a] + share[b])
        if both < _BOTH or set(known[a].classes) & set(known[b].classes):
            continue
        gain = _TOGETHER * both * _narrow(len(known[a].classes) + len(known[b].classes))
        if gain > best:
            best, name = gain, Name(f"{known[a].plural} and {known[b].plural}", min(1.0, both))
    return name


def _narrow(classes: int) -> float:
    return log(imagenet.COUNT / classes)

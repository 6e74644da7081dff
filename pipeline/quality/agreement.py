"""Agreement, image by image: how far two embeddings name the same ten nearest neighbors.

Found once for a pair and kept as `agreement/A+B.npz`, keyed on the vectors of the index that
it was found with. Of a large library only images drawn evenly are asked about; their
neighbors are looked for among all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline import settings
from pipeline.embeddings import usual
from pipeline.errors import EmbeddingError
from pipeline.index import Index
from pipeline.library import Library, derived
from pipeline.maps.distortion import ALL_BELOW
from pipeline.maps.neighbors import COMBINED, others
from pipeline.progress import Progress, Silent
from pipeline.quality import retrieval

K = retrieval.K
_STEP = 512  # queries at a time: their neighbors' vectors are 26 MB at 1,280 dimensions
_VERSION = 1


@dataclass(frozen=True)
class Agreement:
    """How far two embeddings agree on images that both see something in.

    ids: (n,) int64 ascending. share: (n,) float32 in [0, 1], of the nearest by one those
    that the other names. apart: (n,) float32, how much nearer the neighbors by one are to
    it than the other's, as a multiple of how much nearer than any image neighbors are on
    average; tells images of equal share apart. first, second: (n, k) int64 image ids of
    the neighbors by the embedding asked for first and second, nearest first, k ≤ 10.
    among: images there were to be neighbors; more than n where only some were asked about.
    """

    ids: np.ndarray
    share: np.ndarray
    apart: np.ndarray
    first: np.ndarray
    second: np.ndarray
    among: int

    def ranking(self, agreeing: bool = False) -> np.ndarray:
        """Positions (n,) int64, the images disagreed on most first, or those agreed on."""
        order = np.lexsort((self.ids, -self.apart, self.share))
        return order[::-1] if agreeing else order


def compare(
    library: Library, index: Index, a: str, b: str, progress: Progress = Silent()
) -> Agreement:
    """The agreement of two embeddings, as kept or found now; raises EmbeddingError for others."""
    kept = cached(library, index, a, b)
    if kept is not None:
        return kept
    first, second = sorted((a, b))
    with threadpool_limits(settings.cores()):
        found = _find(index, first, second, progress)
    arrays = {name: getattr(found, name) for name in ("ids", "share", "apart", "first", "second")}
    key = _key(library, index, first, second)
    derived.offer(library, _place(first, second), key, arrays, {"among": found.among})
    return found if (a, b) == (first, second) else _turned(found)


def cached(library: Library, index: Index, a: str, b: str) -> Agreement | None:
    """The agreement as kept for the vectors of this index, or None."""
    _check(index, a, b)
    first, second = sorted((a, b))
    kept = derived.load(library, _place(first, second), _key(library, index, first, second))
    if kept is None:
        return None
    found = Agreement(**kept.arrays, among=kept.about["among"])
    return found if (a, b) == (first, second) else _turned(found)


def _check(index: Index, a: str, b: str) -> None:
    known = [*index.embeddings, COMBINED]
    for name in (a, b):
        if name not in known:
            raise EmbeddingError(f"{name!r} is not in the index; there are: {', '.join(known)}.")
    if a == b:
        raise EmbeddingError("Agreement takes two different embeddings.")


def _turned(found: Agreement) -> Agreement:
    return Agreement(found.ids, found.share, found.apart, found.second, found.first, found.among)


def _find(index: Index, first: str, second: str, progress: Progress) -> Agreement:
    """Neighbors by both, what they share, and how far apart they are."""
    ids = np.intersect1d(index.ids(_name(first)), index.ids(_name(second)))
    k = min(K, len(ids) - 1)
    if k < 1:
        nothing = np.zeros(0, np.float32)
        none = np.zeros((0, 0), np.int64)
        return Agreement(np.zeros(0, np.int64), nothing, nothing, none, none, len(ids))
    asked = np.linspace(0, len(ids) - 1, min(ALL_BELOW, len(ids))).round().astype(np.int64)
    progress.start("agreement", 4 * len(asked))
    mine = others(index, first, ids, asked, k, progress)
    theirs = others(index, second, ids, asked, k, progress)
    shared = (mine[:, :, None] == theirs[:, None]).sum(axis=(1, 2))
    apart = _gap(index, first, ids[asked], ids[mine], ids[theirs], progress)
    apart += _gap(index, second, ids[asked], ids[theirs], ids[mine], progress)
    return Agreement(
        ids=ids[asked],
        share=(shared / k).astype(np.float32),
        apart=apart / 2,
        first=ids[mine],
        second=ids[theirs],
        among=len(ids),
    )


def _name(name: str) -> str | None:
    """An embedding as the index is asked for it; None for all of them."""
    return None if name == COMBINED else name


def _gap(index: Index, name: str, own, mine, theirs, progress: Progress) -> np.ndarray:
    """How much nearer the embedding's own neighbors are than the other's: (q,) float32.

    own: (q,), mine and theirs: (q, k) int64 image ids. The unit is how much nearer than
    just any image the own neighbors are, on average.
    """
    name = _name(name)
    center = np.mean([index.vectors(own[at : at + _STEP], name).mean(axis=0)
                      for at in range(0, len(own), _STEP)], axis=0)
    gaps, typical = [], []
    for start in range(0, len(own), _STEP):
        part = slice(start, start + _STEP)
        vectors = index.vectors(own[part], name)
        close = []
        for near in (mine[part], theirs[part]):
            around = index.vectors(near.ravel(), name).reshape(*near.shape, -1).mean(axis=1)
            close.append(np.einsum("qd,qd->q", vectors, around))
        gaps.append(close[0] - close[1])
        typical.append(close[0] - vectors @ center)
        progress.advance(len(vectors))
    unit = float(np.mean(np.concatenate(typical)))
    return (np.concatenate(gaps) / (unit if unit > retrieval.TIED else 1.0)).astype(np.float32)


def _place(first: str, second: str) -> str:
    return f"agreement/{first}+{second}"


def _key(library: Library, index: Index, first: str, second: str) -> str:
    """Changes with the vectors that the agreement rests on, and with what is written here."""
    used = [n for n in index.embeddings if n in (first, second) or COMBINED in (first, second)]
    parts: list = [usual(used)] if COMBINED in (first, second) else []
    for name in used:
        ids, stamps = library.stamps(name)
        held = np.isin(ids, index.ids(name))
        parts += [ids[held], stamps[held]]
    return derived.key_of(_VERSION, K, ALL_BELOW, first, second, used, *parts)

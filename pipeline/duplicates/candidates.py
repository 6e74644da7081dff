"""Which pairs of images are worth a look: a few for each image, whatever the size of the library.

The nearest by perceptual hash, as they are and turned or mirrored, and the nearest by SIFT-VLAD and by color (where a
library has no SIFT-VLAD, by each embedding it has). Flat pictures have hundreds of equally near ones by such coarse
measures; of these the nearest in detail are taken.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import faiss
import numpy as np

from pipeline import embeddings, settings
from pipeline import index as indexes
from pipeline.library import Library
from pipeline.pictures import decoding
from pipeline.search.hash_index import HashIndex
from pipeline.search.hash_tables import HashTables

BITS = 24
"""Hash distance, of 192 bits, up to which pictures are laid over one another as a whole:
copies saved again had at most 7, recolored ones 15; one pair in 100,000 others had 23."""

SURE_BITS, SURE_TURNED_BITS = 15, 11
"""Up to so many, the nearest are found among any number of images; beyond, of very many a few are missed."""

NEIGHBORS = 5
COSINE = 0.2
"""An image is compared with so many neighbors above this cosine: 298 of 300 copies of
photographs are among them, with 1.9 to 3.9 pairs an image."""

COLOR_NEIGHBORS, COLOR_COSINE = 2, 0.85
"""The same by color, for parts with something laid over: a veil of letters aslant takes the texture from them (of eight among
3,781 photographs of clothing two were in reach by it) and hardly the color (all eight came first). 0.7 pairs an image."""

TURNED_BITS = 20
"""The same for turned pictures, of the 128 bits of which it is known how they turn."""

_SCANNED = 50_000  # vectors up to which all are compared; a graph is walked where there are more
_SIDE, _COARSE, _DIM = 48, 8, 256

Turn = tuple[int, bool]
"""Quarters counterclockwise after mirroring, and whether it is mirrored."""

TURNS: tuple[Turn, ...] = ((1, False), (2, False), (0, True), (1, True), (2, True), (3, True))
"""All ways but the one back of a quarter: that is a quarter the other way round."""


@dataclass(slots=True)
class Candidate:
    """A pair to look at: its hash distance where near, how the first is turned to be near the second, and
    whether to look by keypoints."""

    bits: int | None = None
    turns: list[Turn] = field(default_factory=list)
    by_points: bool = False


Pairs = dict[tuple[int, int], Candidate]


def candidates(library: Library, hash_index: HashIndex, left_out: Collection[int]) -> Pairs:
    """The pairs to look at, lower id first, without some images."""
    single = ~np.isin(hash_index.ids, list(left_out))
    those = HashIndex(hash_index.ids[single], hash_index.rows[single])
    pairs: Pairs = {}
    crowded = _by_hash(pairs, those)
    _by_turned_hash(pairs, those)
    _by_embedding(pairs, library, those.ids)
    _by_detail(pairs, library, those.ids[crowded])
    return pairs


def _pair(pairs: Pairs, one: int, other: int) -> Candidate:
    return pairs.setdefault((min(one, other), max(one, other)), Candidate())


def _by_hash(pairs: Pairs, hash_index: HashIndex) -> np.ndarray:
    """The nearest few as they are; which images have more of them than that, (n,) bool."""
    at, others, distances = near(hash_index.rows)
    for one, other, bits in zip(hash_index.ids[at].tolist(), hash_index.ids[others].tolist(), distances.tolist()):
        _pair(pairs, one, other).bits = bits
    return np.bincount(at, minlength=len(hash_index)) > NEIGHBORS


def _by_turned_hash(pairs: Pairs, hash_index: HashIndex) -> None:
    for turn, at, others in near_turned(hash_index.rows):
        quarters, mirror = turn
        for one, other in zip(hash_index.ids[at].tolist(), hash_index.ids[others].tolist()):
            # Of the lower one to the higher; a mirrored turn is its own way back.
            forth = turn if one < other or mirror else (-quarters % 4, mirror)
            candidate = _pair(pairs, one, other)
            if forth not in candidate.turns:
                candidate.turns.append(forth)


def near(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of hashes (n, 24) uint8 the nearest few of each: its place (p,), the other's (p,), bits that differ (p,)."""
    found, distances = HashTables(rows, BITS, SURE_BITS).nearest(rows, NEIGHBORS + 2)
    close = (found >= 0) & (found != np.arange(len(rows))[:, None])
    return np.nonzero(close)[0], found[close], distances[close]


def near_turned(rows: np.ndarray) -> Iterator[tuple[Turn, np.ndarray, np.ndarray]]:
    """The same of pictures that are turned: how, the place (p,) of what is turned, that of the other (p,)."""
    rows = turning(rows)
    asked = np.concatenate([turned(rows, *turn) for turn in TURNS])  # each table is made once for all of them
    every, _ = HashTables(rows, TURNED_BITS, SURE_TURNED_BITS).nearest(asked, 3)
    for turn, found in zip(TURNS, np.split(every, len(TURNS))):
        close = (found >= 0) & (found != np.arange(len(rows))[:, None])
        yield turn, np.nonzero(close)[0], found[close]


def turning(rows: np.ndarray) -> np.ndarray:
    """The two hashes (n, 16) uint8 of which it is known how they turn: average and DCT."""
    return np.ascontiguousarray(np.hstack([rows[:, :8], rows[:, 16:24]]))


def turned(rows: np.ndarray, quarters: int, mirror: bool) -> np.ndarray:
    """The hashes (n, 16) uint8 of pictures that are mirrored and then turned counterclockwise.

    The average hash is a picture itself. Mirrored, the waves of the DCT that are odd across change their sign,
    and a bit says about as much as a sign, since their median is near 0.
    """
    bits = np.unpackbits(rows, axis=1).reshape(-1, 2, 8, 8)
    average, waves = bits[:, 0], bits[:, 1]
    odd = (np.arange(1, 9) % 2).astype(np.uint8)
    if mirror:
        average, waves = average[:, :, ::-1], waves ^ odd[None, None, :]
    for _ in range(quarters % 4):  # transposed, then mirrored top to bottom
        average, waves = average.transpose(0, 2, 1)[:, ::-1], waves.transpose(0, 2, 1) ^ odd[None, :, None]
    return np.packbits(np.stack([average, waves], axis=1).reshape(len(rows), -1), axis=1)


def _by_embedding(pairs: Pairs, library: Library, ids: np.ndarray) -> None:
    index = indexes.load(library)
    for name, (count, least) in asked_of(index.embeddings).items():
        having = np.intersect1d(index.ids(name), ids)
        if len(having) < 2:
            continue
        found = index.neighbors(having, min(count, len(having) - 1), {name: 1.0}, among=having)
        for at, place in np.argwhere((found.scores >= least) & (found.ids >= 0)):
            _pair(pairs, int(having[at]), int(found.ids[at, place])).by_points = True


def asked_of(names: Sequence[str]) -> dict[str, tuple[int, float]]:
    """By which of some embeddings neighbors are taken, how many, and above which cosine."""
    role = {name: embeddings.about(name).role for name in names}
    asked = {name: (NEIGHBORS, COSINE) for name in role if role[name] == "texture"}
    if asked:
        asked |= {name: (COLOR_NEIGHBORS, COLOR_COSINE) for name in role if role[name] == "color"}
    return asked or dict.fromkeys(role, (NEIGHBORS, COSINE))


def _by_detail(pairs: Pairs, library: Library, ids: np.ndarray) -> None:
    """The nearest of those that the hash cannot tell apart, as they are and turned by a half."""
    # A kilobyte each: of a hundred thousand frames of a film the pictures themselves would be 20 GB.
    seen = [(int(i), detail(decoding.decode(jpeg))) for i in ids if (jpeg := library.thumbnail(int(i)))]
    if len(seen) < 2:
        return
    ids = np.array([image_id for image_id, _ in seen])
    rows = np.stack([row for _, row in seen])
    faiss.omp_set_num_threads(settings.cores())
    index = faiss.IndexFlatL2(_DIM) if len(rows) <= _SCANNED else faiss.IndexHNSWFlat(_DIM, 16)
    index.add(rows)
    for at, places in enumerate(index.search(rows, NEIGHBORS + 1)[1]):
        for place in places:
            if place not in (at, -1):
                candidate = _pair(pairs, int(ids[at]), int(ids[place]))
                candidate.bits = BITS if candidate.bits is None else candidate.bits


def detail(pixels: np.ndarray) -> np.ndarray:
    """(256,) float32 of a picture (h, w, 3) uint8 RGB: what stands out of its surroundings, and a little of
    its colors, in a random projection, which keeps distances (Johnson and Lindenstrauss 1984)."""
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    fine = cv2.resize(lab, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    fine -= cv2.blur(fine, (9, 9))
    coarse = cv2.resize(lab, (_COARSE, _COARSE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.concatenate([fine.ravel(), coarse.ravel()]) @ _projection()


@functools.cache
def _projection() -> np.ndarray:
    rows = 3 * (_SIDE * _SIDE + _COARSE * _COARSE)
    return np.random.default_rng(0).standard_normal((rows, _DIM), np.float32) / np.float32(np.sqrt(_DIM))

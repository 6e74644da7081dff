"""Which images of a library a picture from outside is a copy of. It is looked at as pairs within the library are, and
forgotten; what the library has is not changed."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import faiss
import numpy as np

from pipeline.duplicates import candidates as pairs
from pipeline.duplicates.candidates import BITS, NEIGHBORS, TURNED_BITS, TURNS, Candidate
from pipeline.duplicates.eyes import IDENTICAL, KINDS, Eyes, Reason
from pipeline.library import Library
from pipeline.pictures import decoding, hashes, marks
from pipeline.search import Searcher
from pipeline.search.hash_index import HashIndex

SIDE = marks.SIDE
"""Long side, px, at which a picture is wanted: small marks are looked for in full size."""

_OUTSIDE = -1  # an id that no image has
_CROWD = 300  # equally near ones by the hash that are compared in detail


@dataclass(frozen=True)
class Copy:
    """An image, by id, that a picture is a copy of, and why."""

    image: int
    reason: Reason


def content_of(data: bytes) -> str:
    """What a file is known by, as `images.content_hash` has it."""
    return blake2b(data, digest_size=16).hexdigest()


def copies_of(searcher: Searcher, picture: np.ndarray, content: str = "") -> list[Copy]:
    """The images that a picture (h, w, 3) uint8 RGB, long side `SIDE` px or as it is, is a copy of: the same file
    where there is one, else what it is most plainly a copy of first.

    content: of its file, see `content_of`. Raises StaleIndexError where the library has no index.
    """
    same = _same_file(searcher.library, content)
    if same:
        return [Copy(image, Reason(IDENTICAL, "identical file")) for image in same]
    eyes = Eyes(searcher.library, {_OUTSIDE: picture})
    looked = ((image, eyes.compare(_OUTSIDE, image, one)) for image, one in _candidates(searcher, picture).items())
    found = [Copy(image, reason) for image, reason in looked if reason is not None]
    return sorted(found, key=lambda one: (KINDS.index(one.reason.kind), one.image))


def _same_file(library: Library, content: str) -> list[int]:
    sql = "SELECT id FROM images WHERE content_hash = ? AND state = 'ok' ORDER BY id"
    return [row[0] for row in library.db.execute(sql, [content])] if content else []


def _candidates(searcher: Searcher, picture: np.ndarray) -> dict[int, Candidate]:
    """The images that are worth a look, by id; as `candidates.candidates` has them for images of the library."""
    small = decoding.resize(picture, decoding.WORK_SIDE)
    index, row = searcher.hashes.now()[0], hashes.compute(small)
    found: dict[int, Candidate] = {}
    crowd = _by_hash(found, index, row)
    _by_turned_hash(found, index, row)
    _by_embedding(found, searcher, small)
    _by_detail(found, searcher.library, small, crowd)
    return found


def _by_hash(found: dict[int, Candidate], index: HashIndex, row: np.ndarray) -> list[int]:
    """The nearest few as they are; all that are as near where that are more."""
    ids, distances = index.search(row, _CROWD)
    near = ids[distances <= BITS].tolist()
    for image, bits in zip(near[: NEIGHBORS + 2], distances.tolist()):
        found.setdefault(image, Candidate()).bits = bits
    return near if len(near) > NEIGHBORS else []


def _by_turned_hash(found: dict[int, Candidate], index: HashIndex, row: np.ndarray) -> None:
    """Those that it is near to when it is turned and mirrored; here a quarter is asked for both ways."""
    turns = (*TURNS, (3, False))
    asked = np.concatenate([pairs.turned(pairs.turning(row[None]), *turn) for turn in turns])
    flat = faiss.IndexBinaryFlat(8 * asked.shape[1])
    flat.add(pairs.turning(index.rows))
    distances, places = flat.search(asked, min(3, max(1, len(index))))
    for at, place in np.argwhere((distances <= TURNED_BITS) & (places >= 0)):
        found.setdefault(int(index.ids[places[at, place]]), Candidate()).turns.append(turns[at])


def _by_embedding(found: dict[int, Candidate], searcher: Searcher, picture: np.ndarray) -> None:
    index = searcher.index()
    for name, (count, least) in pairs.asked_of(index.embeddings).items():
        extractor = searcher.extractor(name)
        if extractor is None:
            continue
        near = index.search({name: extractor.extract([picture])[0]}, {name: 1.0}, count)
        for image in near.ids[near.scores >= least].tolist():
            found.setdefault(image, Candidate()).by_points = True


def _by_detail(found: dict[int, Candidate], library: Library, picture: np.ndarray, crowd: list[int]) -> None:
    """The nearest of those that the hash cannot tell apart."""
    seen = [(image, pairs.detail(decoding.decode(jpeg))) for image in crowd if (jpeg := library.thumbnail(image))]
    mine = pairs.detail(decoding.decode(decoding.thumbnail(picture))) if seen else None
    far = {image: float(np.linalg.norm(row - mine)) for image, row in seen}
    for image in sorted(far, key=far.get)[:NEIGHBORS]:
        candidate = found.setdefault(image, Candidate())
        candidate.bits = BITS if candidate.bits is None else candidate.bits

"""Groups of images that are copies of one another: the same file, saved again, smaller,
brighter, recolored, cropped, turned a little, mirrored.

Candidates come from indexes, a few per image: the nearest by perceptual hash, and the
nearest by SIFT-VLAD (where a library has none, by each embedding it has). Each pair is
then looked at: the thumbnails are laid over one another, as a whole where the hashes are
near, else as common keypoints say, also mirrored, and must agree place by place (see
`alignment`). A copy that was moved must have kept its colors: another flower of the same
kind in other colors is no copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from pipeline import embeddings
from pipeline import index as indexes
from pipeline.errors import LibraryError
from pipeline.library import ImageRow, Library
from pipeline.library.images import printable
from pipeline.pictures import alignment, decoding, hashes
from pipeline.pictures.alignment import Picture
from pipeline.progress import Progress, Silent
from pipeline.search.hash_index import HashIndex

BITS = 24
"""Hash distance, of 192 bits, up to which pictures are laid over one another as a whole:
copies saved again had at most 7, recolored ones 15; one pair in 100,000 others had 23."""

NEIGHBORS = 5
COSINE = 0.2
"""An image is compared with so many neighbors above this cosine: 298 of 300 copies of
photographs are among them, with 1.9 pairs an image. Color's neighbors would add none."""

_PICTURES = 1_000  # kept with their keypoints, 300 KB each


@dataclass(frozen=True)
class Group:
    """Images that are copies of one another, by id, and why: one sentence a pair."""

    images: tuple[ImageRow, ...]
    reasons: tuple[str, ...]


@dataclass(slots=True)
class _Candidate:
    """A pair of images to look at: its hash distance where near, and if by keypoints too."""

    bits: int | None = None
    by_points: bool = False


@dataclass
class _Groups:
    """Union–find over image ids, with the reason of every union."""

    parents: dict[int, int] = field(default_factory=dict)
    reasons: list[tuple[int, int, str]] = field(default_factory=list)

    def of(self, image_id: int) -> int:
        """The id that stands for the group of an image."""
        parent = self.parents.setdefault(image_id, image_id)
        while parent != self.parents[parent]:
            self.parents[parent] = self.parents[self.parents[parent]]
            parent = self.parents[parent]
        self.parents[image_id] = parent
        return parent

    def join(self, one: int, other: int, reason: str) -> None:
        """Two images are copies."""
        self.parents[self.of(other)] = self.of(one)
        self.reasons.append((one, other, reason))


def find(library: Library, progress: Progress = Silent()) -> list[Group]:
    """The groups of duplicates among the `ok` images, by their lowest id.

    Raises LibraryError when hashes are missing, StaleIndexError when there is no index.
    """
    hash_index = HashIndex.of(library)
    if not len(hash_index):
        raise LibraryError("This library has no hashes yet. Compute them with: python -m pipeline embed")
    groups = _Groups()
    twins = set()
    for one, others in _identical(library):
        for other in others:
            groups.join(one, other, "identical file")
            twins.add(other)
    candidates = _candidates(library, hash_index, twins)
    progress.start("duplicates", len(candidates))
    look = _Eyes(library)
    for (one, other), candidate in sorted(candidates.items()):
        # Who is in a group already needs no second reason.
        if groups.of(one) != groups.of(other):
            reason = look.compare(one, other, candidate)
            if reason:
                groups.join(one, other, reason)
        progress.advance()
    return _as_groups(library, groups)


def as_json(groups: list[Group]) -> dict:
    """{"groups": [{"images": [{"id", "path", "root"}], "reasons": [text]}]}."""
    return {
        "groups": [
            {
                "images": [{"id": row.id, "path": row.shown, "root": printable(row.root)} for row in group.images],
                "reasons": list(group.reasons),
            }
            for group in groups
        ]
    }


def _identical(library: Library) -> Iterator[tuple[int, list[int]]]:
    """The lowest id of every set of files with the same content, and the others."""
    sql = (
        "SELECT group_concat(id) FROM images WHERE state = 'ok' AND content_hash IS NOT NULL "
        "GROUP BY content_hash HAVING count(*) > 1"
    )
    for (text,) in library.db.execute(sql):
        first, *others = sorted(map(int, text.split(",")))
        yield first, others


def _candidates(
    library: Library, hash_index: HashIndex, twins: set[int]
) -> dict[tuple[int, int], _Candidate]:
    """The pairs to look at, lower id first; all but one of identical files are left out."""
    pairs: dict[tuple[int, int], _Candidate] = {}

    def pair(one: int, other: int) -> _Candidate:
        return pairs.setdefault((min(one, other), max(one, other)), _Candidate())

    single = ~np.isin(hash_index.ids, list(twins))
    near = HashIndex(hash_index.ids[single], hash_index.rows[single])
    found, distances = near.neighbors(NEIGHBORS + 1)
    for at, place in np.argwhere((distances <= BITS) & (found != np.arange(len(near))[:, None])):
        pair(int(near.ids[at]), int(near.ids[found[at, place]])).bits = int(distances[at, place])

    index = indexes.load(library)
    by_points = [name for name in index.embeddings if embeddings.about(name).role == "texture"]
    for name in by_points or index.embeddings:
        ids = np.intersect1d(index.ids(name), near.ids)
        if len(ids) < 2:
            continue
        found = index.neighbors(ids, min(NEIGHBORS, len(ids) - 1), {name: 1.0}, among=ids)
        for at, place in np.argwhere((found.scores >= COSINE) & (found.ids >= 0)):
            pair(int(ids[at]), int(found.ids[at, place])).by_points = True
    return pairs


class _Eyes:
    """Looks at pairs of images through their thumbnails."""

    def __init__(self, library: Library):
        self._library = library
        self._picture = lru_cache(_PICTURES)(self._read)

    def compare(self, one: int, other: int, candidate: _Candidate) -> str | None:
        """Why two images are copies, or None when they are not."""
        mine, theirs = self._picture(one), self._picture(other)
        if mine is None or theirs is None:
            return None
        if candidate.bits is not None:
            whole = alignment.stretch(mine, theirs)
            if alignment.agree(mine, theirs, whole, colors=False):
                return f"hash {candidate.bits} of {hashes.BITS} bits apart"
        if not candidate.by_points:
            return None
        for picture, added in ((mine, ""), (mine.mirrored(), ", mirrored")):
            found = alignment.align(picture, theirs)
            if found and alignment.agree(picture, theirs, found, colors=True):
                return f"{found.points} matching points{added}"
        return None

    def _read(self, image_id: int) -> Picture | None:
        jpeg = self._library.thumbnail(image_id)
        return Picture.of(decoding.decode(jpeg)) if jpeg else None


def _as_groups(library: Library, groups: _Groups) -> list[Group]:
    members: dict[int, list[int]] = {}
    for image_id in sorted(groups.parents):
        members.setdefault(groups.of(image_id), []).append(image_id)
    together = {top: ids for top, ids in members.items() if len(ids) > 1}
    rows = library.images_by_id([i for ids in together.values() for i in ids])
    reasons: dict[int, list[str]] = {top: [] for top in together}
    for one, other, reason in groups.reasons:
        reasons[groups.of(one)].append(f"{rows[one].path} and {rows[other].path}: {reason}")
    found = [
        Group(tuple(rows[i] for i in ids), tuple(reasons[top])) for top, ids in together.items()
    ]
    return sorted(found, key=lambda group: group.images[0].id)

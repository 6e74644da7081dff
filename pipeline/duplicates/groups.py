"""Groups of images that are copies of one another: the same file, saved again, smaller,
brighter, recolored, cropped, turned, mirrored, with something laid over.

Pairs worth a look come from indexes (`candidates`), and each is looked at (`eyes`). A group is what one
image of it explains: of twelve frames of a pan, each like the next, the first and the last are no copies. Nor are
pictures in one group of which a person said that they are none: what either of them is a copy of is found all the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from pipeline.duplicates.apart import Apart
from pipeline.duplicates.candidates import Candidate, candidates
from pipeline.duplicates.eyes import IDENTICAL, Eyes, Reason
from pipeline.errors import LibraryError
from pipeline.library import ImageRow, Library
from pipeline.progress import Progress, Silent
from pipeline.search.hash_index import HashIndex

_LARGE = 0.6  # of the other's pixels


@dataclass(frozen=True)
class Pair:
    """An image that another one explains, by id, and why."""

    one: int
    other: int
    reason: Reason


@dataclass(frozen=True)
class Group:
    """Images that are copies of one of them, by id. best: that one; pairs: it with each of the others, or
    with the one of several identical files that stands for them."""

    images: tuple[ImageRow, ...]
    best: int
    pairs: tuple[Pair, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence a pair."""
        rows = {row.id: row for row in self.images}
        return tuple(
            f"{rows[pair.one].path} and {rows[pair.other].path}: {pair.reason.told}" for pair in self.pairs
        )


def find(library: Library, progress: Progress = Silent()) -> list[Group]:
    """The groups of duplicates among the `ok` images, by their lowest id. What was said to be no copies is not looked at.

    Raises LibraryError when hashes are missing, StaleIndexError when there is no index.
    """
    hash_index = HashIndex.of(library)
    if not len(hash_index):
        raise LibraryError("This library has no hashes yet. Compute them with: python -m pipeline embed")
    twins = dict(_identical(library))
    pairs = candidates(library, hash_index, {other for others in twins.values() for other in others})
    progress.start("duplicates", len(pairs))
    eyes, known, apart = Eyes(library), {}, Apart.of(library)
    for (one, other), candidate in sorted(pairs.items()):
        known[one, other] = None if apart(one, other) else eyes.compare(one, other, candidate)
        progress.advance()
    rows = library.images_by_id(sorted({i for pair in pairs for i in pair} | twins.keys()))
    size = {row.id: (row.width or 0) * (row.height or 0) for row in rows.values()}
    by_points = {pair for pair, candidate in pairs.items() if candidate.by_points}
    stars = _Stars(known, size, lambda one, other: eyes.compare(one, other, Candidate(by_points=True)), apart, by_points)
    return _as_groups(library, stars.found(), twins, apart)


def _identical(library: Library) -> Iterator[tuple[int, list[int]]]:
    """The lowest id of every set of files with the same content, and the others."""
    sql = (
        "SELECT group_concat(id) FROM images WHERE state = 'ok' AND content_hash IS NOT NULL "
        "GROUP BY content_hash HAVING count(*) > 1"
    )
    for (text,) in library.db.execute(sql):
        first, *others = sorted(map(int, text.split(",")))
        yield first, others


class _Stars:
    """The images that one image explains. known: what pairs were found to be; size: px of each; look: at a pair by
    keypoints, for all but the pairs that were found to be copies and those `looked` at so; apart: who are in no group together.
    """

    def __init__(
        self, known: dict[tuple[int, int], Reason | None], size: Mapping[int, int], look: Callable[[int, int], Reason | None],
        apart: Apart, looked: Collection[tuple[int, int]],
    ):  # fmt: skip
        self._known, self._size, self._look, self._apart = known, size, look, apart
        self._looked = set(looked)
        self._taken: set[int] = set()
        self._near: dict[int, list[int]] = {}
        for (one, other), reason in known.items():
            if reason is not None:
                self._near.setdefault(one, []).append(other)
                self._near.setdefault(other, []).append(one)

    def found(self) -> dict[int, list[Pair]]:
        """The pairs by the image that explains them.

        Who has most copies begins, of these the largest, then the lowest id. What is small explains nothing larger
        where that hangs on small things (a page that cannot be read any more is like all of its kind): there the larger begins.
        """
        stars: dict[int, list[Pair]] = {}
        for first in sorted(self._near, key=lambda i: (-len(self._near[i]), -self._size.get(i, 0), i)):
            for best in (*self._larger(first), first):
                if best not in self._taken and (pairs := self._star(best)):
                    self._taken.update((best, *(pair.other for pair in pairs)))
                    stars[best] = pairs
        return stars

    def _larger(self, first: int) -> list[int]:
        """What is too large for an image to explain, though a copy of it: the largest first."""
        larger = [other for other in self._near[first] if self._too_small(first, other, self._known[_key(first, other)])]
        return sorted(larger, key=lambda i: (-self._size.get(i, 0), -len(self._near[i]), i))

    def _too_small(self, best: int, other: int, reason: Reason) -> bool:
        return reason.closely and self._size.get(best, 0) < _LARGE * self._size.get(other, 0)

    def _star(self, best: int) -> list[Pair]:
        """The image with its copies, and with its copies' copies as far as it explains them: the looks grow with the
        pairs found."""
        met, waiting, found = {best}, deque(self._near[best]), []
        while waiting:
            other = waiting.popleft()
            if other in met or other in self._taken:
                continue
            met.add(other)
            if self._apart.any(other, chain((best,), (pair.other for pair in found))):
                continue
            reason = self._reason(best, other)
            if reason is not None and not self._too_small(best, other, reason):
                found.append(Pair(best, other, reason))
                waiting += self._near[other]
        return found

    def _reason(self, best: int, other: int) -> Reason | None:
        key = _key(best, other)
        if self._known.get(key) is None and key not in self._looked:
            self._looked.add(key)
            self._known[key] = self._look(*key)
        return self._known[key]


def _key(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)


def _as_groups(library: Library, stars: dict[int, list[Pair]], twins: dict[int, list[int]], apart: Apart) -> list[Group]:
    """Groups with the identical files of each image."""
    alone = twins.keys() - {pair.other for pairs in stars.values() for pair in pairs}
    made: dict[int, list[Pair]] = {}
    for best in sorted(stars.keys() | alone):
        pairs = list(stars.get(best, []))
        for first in [best, *(pair.other for pair in pairs)]:
            for other in twins.get(first, []):
                if not apart.any(other, chain((best,), (pair.other for pair in pairs))):
                    pairs.append(Pair(first, other, Reason(IDENTICAL, "identical file")))
        if pairs:
            made[best] = pairs
    return still(library, made)


def still(library: Library, stars: Mapping[int, Sequence[Pair]]) -> list[Group]:
    """The groups as far as their images are there, with the one that explains them. stars: pairs by that one."""
    ids = {image for best, pairs in stars.items() for image in (best, *(pair.other for pair in pairs))}
    rows = {number: row for number, row in library.images_by_id(sorted(ids)).items() if row.state == "ok"}
    made = []
    for best, pairs in stars.items():
        there = [pair for pair in pairs if pair.one in rows and pair.other in rows]
        if best in rows:
            made.append(_group(rows, best, there))
        else:  # identical files still stand for one another
            made += [_group(rows, one, [pair for pair in there if pair.one == one]) for one in {pair.one for pair in there}]
    return sorted(filter(None, made), key=lambda group: group.images[0].id)


def _group(rows: Mapping[int, ImageRow], best: int, pairs: list[Pair]) -> Group | None:
    if not pairs:
        return None
    images = sorted({image for pair in pairs for image in (pair.one, pair.other)})
    return Group(tuple(rows[image] for image in images), best, tuple(pairs))

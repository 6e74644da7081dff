"""Groups of images that are copies of one another: the same file, saved again, smaller,
brighter, recolored, cropped, turned, mirrored, with something laid over.

Pairs worth a look come from indexes (`candidates`), and each is looked at (`eyes`). A group is what one
image of it explains: of twelve frames of a pan, each like the next, the first and the last are no copies. Nor are
pictures in one group of which a person said that they are none: what either of them is a copy of is found all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
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
    stars = _stars(known, size, lambda one, other: eyes.compare(one, other, Candidate(by_points=True)), apart, by_points)
    return _as_groups(library, stars, twins, apart)


def _identical(library: Library) -> Iterator[tuple[int, list[int]]]:
    """The lowest id of every set of files with the same content, and the others."""
    sql = (
        "SELECT group_concat(id) FROM images WHERE state = 'ok' AND content_hash IS NOT NULL "
        "GROUP BY content_hash HAVING count(*) > 1"
    )
    for (text,) in library.db.execute(sql):
        first, *others = sorted(map(int, text.split(",")))
        yield first, others


def _stars(
    known: dict[tuple[int, int], Reason | None], size: dict[int, int], look, apart: Apart, looked: Collection[tuple[int, int]]
) -> dict[int, list[Pair]]:
    """The images that one image explains, by it. known: what pairs were found to be; look: by keypoints, for all but
    the pairs that were found to be copies and those `looked` at so; apart: who are in no group together.

    Who has most copies begins, of these the largest, then the lowest id. It is compared with its copies' copies
    as well, as far as it explains them; so the looks grow with the pairs found. What is small explains nothing larger
    where that hangs on small things (a page that cannot be read any more is like all of its kind): there the larger begins.
    """
    near: dict[int, list[int]] = {}
    for (one, other), reason in known.items():
        if reason is not None:
            near.setdefault(one, []).append(other)
            near.setdefault(other, []).append(one)
    taken, seen = set(), set(looked)
    stars: dict[int, list[Pair]] = {}

    def too_small(best: int, other: int, reason: Reason) -> bool:
        return reason.closely and size.get(best, 0) < _LARGE * size.get(other, 0)

    def star(best: int) -> list[Pair]:
        met, waiting, found = {best}, list(near[best]), []
        while waiting:
            other = waiting.pop(0)
            if other in met or other in taken:
                continue
            met.add(other)
            if apart.any(other, chain((best,), (pair.other for pair in found))):
                continue
            key = min(best, other), max(best, other)
            if known.get(key) is None and key not in seen:
                seen.add(key)
                known[key] = look(*key)
            reason = known[key]
            if reason is not None and not too_small(best, other, reason):
                taken.add(other)
                found.append(Pair(best, other, reason))
                waiting += near[other]
        return found

    for first in sorted(near, key=lambda i: (-len(near[i]), -size.get(i, 0), i)):
        larger = [other for other in near[first] if too_small(first, other, known[min(first, other), max(first, other)])]
        for best in (*sorted(larger, key=lambda i: (-size.get(i, 0), -len(near[i]), i)), first):
            if best in taken:
                continue
            taken.add(best)
            if found := star(best):
                stars[best] = found
            else:
                taken.remove(best)  # it may be a copy of another one
    return stars


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

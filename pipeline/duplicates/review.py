"""Groups of copies as a person reviews them: what was decided, what is suggested, what is left to decide.

Pictures that were said to be no copies of one another are in no group together, whatever is found later. A group is
settled when one decision is on all of its images: with a new copy it is open again, and what was decided of the others
is suggested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pipeline.duplicates.apart import Apart
from pipeline.duplicates.eyes import PART
from pipeline.duplicates.groups import Group, Pair
from pipeline.duplicates.similar import among, near, stars
from pipeline.errors import QueryError
from pipeline.library import ImageRow, Library, notes
from pipeline.library.images import printable
from pipeline.library.notes import APART, KEPT, SETTLED, Decision

OPEN = "open"
_HALF = 0.5
ANYWHERE, ACROSS, INSIDE = "anywhere", "across", "inside"
WHERE = {ANYWHERE: "Anywhere", ACROSS: "Across folders", INSIDE: "Inside one folder"}

Folder = tuple[str, str]
"""A scanned folder, and a path below it without a last slash."""


@dataclass(frozen=True)
class Reviewed:
    """A group. images: what is to be kept comes first, then the largest. best: the one that explains the others. keep:
    ids, as decided or suggested. references: ids of those that lie in folders of reference. scores: of similar images,
    each one's with the best."""

    images: tuple[ImageRow, ...]
    best: int
    pairs: tuple[Pair, ...]
    keep: frozenset[int]
    state: str = OPEN
    references: frozenset[int] = frozenset()
    scores: Mapping[int, float] | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        """Its images, those that are kept first."""
        return tuple(row.id for row in self.images)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """What became of its copies, see `eyes.KINDS`."""
        return frozenset(pair.reason.kind for pair in self.pairs)

    @property
    def spare(self) -> int:
        """Bytes of what is not kept."""
        return sum(row.size for row in self.images if row.id not in self.keep)


class Reviewer:
    """Reviews groups in the light of all decisions and folders of reference of a library, read once."""

    def __init__(self, library: Library):
        self._library, self._references = library, notes.reference_folders(library)
        self._decisions = notes.decisions(library)
        self._are_apart = Apart(self._decisions)
        self._on: dict[int, list[Decision]] = {}
        for one in reversed(self._decisions):  # the latest first
            for image in one.parts:
                self._on.setdefault(image, []).append(one)

    def copies(self, groups: Sequence[Group], where: str = ANYWHERE, memo: dict | None = None) -> list[Reviewed]:
        """Groups of copies in their order; then, as `APART`, each set of which a person said that it is none.

        where: `ACROSS`, those that lie in several folders, where pictures of one folder are no reason to set one another
        aside; `INSIDE`, as much of each as lies in one folder. memo: keeps what
        came of each of these groups, so that the next time only those are looked at that something else was decided on.
        """
        memo, made = {} if memo is None else memo, []
        for number, group in enumerate(groups):
            state = [self._references, *(one for row in group.images for one in self._on.get(row.id, ()))]
            if number not in memo or memo[number][0] != state:
                rows = sorted(group.images, key=lambda row: (row.id != group.best, row.id))
                pieces = [piece for part in self._parts(rows) for piece in _pieces(part, where)]
                memo[number] = state, [self._reviewed(piece, group, where) for piece in pieces]
            made += memo[number][1]
        return made + self._taken_apart(groups, where)

    def _taken_apart(self, groups: Iterable[Group], where: str) -> list[Reviewed]:
        """What was said to be no copies, found again or not, so that it can be taken back; with the pairs that are found."""
        said = [one.parts for one in self._decisions if one.verdict == APART]
        known = self._library.images_by_id(sorted({image for parts in said for image in parts}))
        why: dict[int, list[Pair]] = {}
        for pair in (pair for group in groups for pair in group.pairs if pair.other in known):
            why.setdefault(pair.other, []).append(pair)
        made = []
        for parts in said:
            rows = [row for image in parts if (row := known.get(image)) is not None and row.state == "ok"]
            if _pieces(rows, where):
                pairs = tuple(pair for image in parts for pair in why.get(image, ()) if pair.one in parts)
                made.append(Reviewed(tuple(rows), rows[0].id, pairs, frozenset(row.id for row in rows), APART))
        return made

    def alike(self, library: Library, pairs, scores, least: float, where: str = ANYWHERE) -> list[Reviewed]:
        """Groups of similar images, see `similar.stars`. Where the one that is like all of a group is not among what of it
        is shown, others are, if they are similar to one another."""
        similar = near(pairs, scores, least)
        found = stars(similar)
        rows = library.images_by_id(sorted({image for best, others in found for image in (best, *others)}))
        made = []
        for best, others in found:
            there = [rows[image] for image in (best, *others) if image in rows and rows[image].state == "ok"]
            parts = self._parts(there)
            for piece in (piece for part in parts for piece in _pieces(part, where)):
                shown = {row.id: row for row in piece}
                whole = [(best, {image: others[image] for image in shown if image != best})] if best in shown else []
                for one, like in whole or stars(among(similar, shown)):
                    made.append(replace(self._judged([shown[one], *(shown[image] for image in like)], one, ()), scores=like))
            if len(parts) > 1 and _pieces(there, where):
                made.append(Reviewed(tuple(there), best, (), frozenset(row.id for row in there), APART, scores=others))
        return made

    def _parts(self, rows: Sequence[ImageRow]) -> list[list[ImageRow]]:
        """Images so that no two of a part were said to be no copies; each is in the first part that takes it."""
        parts: list[list[ImageRow]] = []
        for row in rows:
            for part in parts:
                if not self._are_apart.any(row.id, (other.id for other in part)):
                    part.append(row)
                    break
            else:
                parts.append([row])
        return parts

    def _reviewed(self, rows: list[ImageRow], group: Group, where: str) -> Reviewed:
        """Some of a group, with the pairs that are among them; what the one explained that is not, the first does."""
        ids = {row.id for row in rows}
        best = group.best if group.best in ids else rows[0].id
        pairs = [pair for pair in group.pairs if pair.one in ids and pair.other in ids]
        why = {pair.other: pair for pair in group.pairs}
        for image in sorted(ids - {pair.other for pair in pairs} - {best}):
            through = why[image] if why[image].one == group.best else why[why[image].one]
            pairs.append(Pair(best, image, through.reason))
        return self._judged(rows, best, tuple(pairs), where)

    def _judged(self, rows: Sequence[ImageRow], best: int, pairs: tuple[Pair, ...], where: str = ANYWHERE) -> Reviewed:
        """What is no copy is kept where nobody has decided: similar images have no pairs."""
        ids = {row.id for row in rows}
        more = _with_more(rows, pairs)
        references = frozenset(row.id for row in rows if any(is_inside(row, folder) for folder in self._references))
        settled = next((one for one in self._settled(best) if ids <= one.parts.keys()), None)
        if settled is not None:
            keep = {image for image in ids if settled.parts[image] == KEPT}
        else:
            keep = self._suggested(rows, references, where, more) if pairs else ids
        order = sorted(rows, key=lambda row: (row.id not in keep, row.id in more, *_worth(row)))
        return Reviewed(tuple(order), best, pairs, frozenset(keep), SETTLED if settled else OPEN, references)

    def _settled(self, image: int) -> list[Decision]:
        """What an image was settled in, the latest first."""
        return [one for one in self._on.get(image, ()) if one.verdict == SETTLED]

    def _suggested(self, rows: Sequence[ImageRow], references: frozenset[int], where: str, more: set[int]) -> set[int]:
        """What was decided of some of them, else what lies in a folder of reference, else the largest of those that have
        no more than the picture itself; across folders all that lies beside these. more: see `_with_more`."""
        latest = [(row.id, next(iter(self._settled(row.id)), None)) for row in rows]
        kept = {image for image, one in latest if one is not None and one.parts[image] == KEPT}
        keep = kept | references or {min(rows, key=lambda row: (row.id in more, *_worth(row))).id}
        if where != ACROSS:
            return keep
        folders = {folder_of(row) for row in rows if row.id in keep}
        return {row.id for row in rows if folder_of(row) in folders}


def _pieces(rows: list[ImageRow], where: str) -> list[list[ImageRow]]:
    """What of some images is a group by where they lie; QueryError where there is no such way."""
    if where not in WHERE:
        raise QueryError(f"Copies do not lie “{where}”; there are: {', '.join(WHERE)}.")
    if where == ANYWHERE:
        return [rows] if len(rows) > 1 else []
    folders: dict[Folder, list[ImageRow]] = {}
    for row in rows:
        folders.setdefault(folder_of(row), []).append(row)
    if where == ACROSS:
        return [rows] if len(folders) > 1 else []
    return [piece for piece in folders.values() if len(piece) > 1]


def _with_more(rows: Sequence[ImageRow], pairs: Iterable[Pair]) -> set[int]:
    """The images that have something laid over them or a frame around, and those that are like one of them; where the
    picture by itself is less than `_HALF` as wide and high, it is no better."""
    pixels = {row.id: (row.width or 0) * (row.height or 0) for row in rows}
    found: set[int] = set()
    for pair in pairs:  # what a pair's first is like comes before it
        reason = pair.reason
        bare = pair.other if reason.added == pair.one else pair.one
        if reason.added and pixels.get(bare, 0) >= _HALF**2 * pixels.get(reason.added, 0):
            found.add(reason.added)
    for pair in pairs:
        if pair.one in found and not pair.reason.added and pair.reason.kind != PART:
            found.add(pair.other)
    return found


def _worth(row: ImageRow) -> tuple:
    """What orders copies: the most pixels first, then the largest file, the oldest, the lowest id."""
    return -(row.width or 0) * (row.height or 0), -row.size, row.mtime, row.id


def folder_of(row: ImageRow) -> Folder:
    """The folder that an image lies in."""
    return row.root, row.path.rpartition("/")[0]


def is_inside(row: ImageRow, folder: Folder) -> bool:
    """Whether an image lies in a folder or below it."""
    root, path = folder
    return row.root == root and (not path or row.path.startswith(f"{path}/"))


def reasons(group: Reviewed, told: Mapping[int, str]) -> list[str]:
    """One sentence a pair. told: how images are named."""
    return [f"{told[pair.one]} and {told[pair.other]}: {pair.reason.told}" for pair in group.pairs]


def as_json(groups: Iterable[Reviewed], told: Mapping[int, str] | None = None, *, roots: bool = True) -> dict:
    """{"groups": [{"images": [{"id", "path", "root"}], "best": id, "keep": [id], "state", "reasons": [text],
    "pairs": [{"one", "other", "kind", "reason"}]}]}. told: how images are named; roots: whether folders are told."""
    return {"groups": [_one_as_json(group, told or {}, roots) for group in groups]}


def _one_as_json(group: Reviewed, told: Mapping[int, str], roots: bool) -> dict:
    rows = {row.id: row for row in group.images}
    name = {number: told.get(number, row.shown) for number, row in rows.items()}
    images = [
        {"id": row.id, "path": name[row.id]} | ({"root": printable(row.root)} if roots else {})
        for row in sorted(group.images, key=lambda row: row.id)
    ]
    return {
        "images": images, "best": group.best, "keep": sorted(group.keep), "state": group.state,
        "reasons": reasons(group, name),
        "pairs": [
            {"one": pair.one, "other": pair.other, "kind": pair.reason.kind, "reason": pair.reason.text}
            for pair in group.pairs
        ],
    }

"""Which known image each file is: by content first, by what else speaks for it second.

Pure functions over all roots at once. A picture whose content is there once before and once
after is the same image, wherever it went. Among copies the file itself decides (the inode,
which a rename leaves as it is), then how whole folders moved, then the same place, then the
nearest one.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

_MOST_PAIRS = 250_000
"""Pairs of equal pictures that are compared by nearness; beyond, they go by order of place."""


@dataclass(frozen=True)
class Known:
    """An image that may be one of the files: its own file is not where it was, or is another.

    place: absolute path. gone: since now, not since an earlier scan.
    """

    id: int
    place: str
    content: str
    device: int | None = None
    inode: int | None = None
    gone: bool = True


@dataclass(frozen=True)
class Candidate:
    """A file that is to be matched: its place (absolute path), content and inode."""

    place: str
    content: str
    device: int | None = None
    inode: int | None = None


def match(known: Iterable[Known], files: Sequence[Candidate], settled: Collection[str] = ()) -> dict[int, int]:
    """Position in `files` → id of the image that the file is; files left out are new.

    settled: folders (absolute) in which some file lies unchanged: these have not moved as a
    whole. The answer does not depend on the order of what is given, but for the positions.
    """
    rows_by, files_by = defaultdict(list), defaultdict(list)
    for row in known:
        rows_by[row.content].append(row)
    for at, file in enumerate(files):
        if file.content in rows_by:
            files_by[file.content].append((at, file))
    found: dict[int, int] = {}
    moves: Counter[tuple[str, str]] = Counter()
    several = []
    for content, mine in files_by.items():
        rows = rows_by[content]
        if len(rows) == len(mine) == 1:
            found[mine[0][0]] = rows[0].id
            moves[_move(rows[0].place, mine[0][1].place)] += 1
        else:
            several.append(_Group(rows, mine, found))
    for group in several:
        for row, file in group.by_inode():
            moves[_move(row.place, file.place)] += 1
    went: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for (old, new), count in moves.items():
        if old != new:
            went[old].append((count, new))
    for group in several:
        group.by_moved_folder(went, settled)
        group.by_place()
        group.by_moved_folder(went, ())
        group.by_nearness()
    return found


def _move(old: str, new: str) -> tuple[str, str]:
    """How the folder of a file moved: both without what they have in common at the end."""
    first, second = os.path.dirname(old), os.path.dirname(new)
    while first != second and os.path.basename(first) == os.path.basename(second) and first not in ("", "/"):
        first, second = os.path.dirname(first), os.path.dirname(second)
    return first, second


class _Group:
    """Images and files of one content; each way of matching takes what the ones before left."""

    def __init__(self, rows: list[Known], files: list[tuple[int, Candidate]], found: dict[int, int]):
        self._rows = {row.id: row for row in sorted(rows, key=lambda row: (not row.gone, row.place, row.id))}
        self._files = dict(sorted(files, key=lambda item: item[1].place))
        self._found = found

    def _take(self, row: Known, at: int) -> Candidate:
        del self._rows[row.id]
        self._found[at] = row.id
        return self._files.pop(at)

    def by_inode(self) -> list[tuple[Known, Candidate]]:
        """What is the very same file under another name."""
        at = {(file.device, file.inode): at for at, file in self._files.items() if file.inode is not None}
        taken = []
        for row in list(self._rows.values()):
            number = at.pop((row.device, row.inode), None) if row.inode is not None else None
            if number is not None:
                taken.append((row, self._take(row, number)))
        return taken

    def by_moved_folder(self, went: Mapping[str, list[tuple[int, str]]], settled: Collection[str]) -> None:
        """What lies where its folder went, or one around it. Settled folders went nowhere.

        went: folder → how many of its files went to which other one.
        """
        at = {file.place: at for at, file in self._files.items()}
        for row in list(self._rows.values()):
            folder, rest = os.path.split(row.place)
            if folder in settled:
                continue
            expected = []
            while folder not in ("", "/"):
                expected += [(count, os.path.join(new, rest)) for count, new in went.get(folder, ())]
                folder, name = os.path.split(folder)
                rest = os.path.join(name, rest)
            for _, place in sorted(expected, reverse=True):
                if place in at:
                    self._take(row, at.pop(place))
                    break

    def by_place(self) -> None:
        """What lies where it was."""
        at = {file.place: at for at, file in self._files.items()}
        for row in list(self._rows.values()):
            if row.place in at:
                self._take(row, at.pop(row.place))

    def by_nearness(self) -> None:
        """What is left, the pairs with the most of their paths in common first."""
        if len(self._rows) * len(self._files) > _MOST_PAIRS:
            for row, at in zip(list(self._rows.values()), list(self._files)):
                self._take(row, at)
            return
        pairs = sorted(
            ((_nearness(row, file), row.id, at) for row in self._rows.values() for at, file in self._files.items()),
            key=lambda pair: (tuple(-part for part in pair[0]), self._files[pair[2]].place, pair[1]),
        )
        for _, number, at in pairs:
            if number in self._rows and at in self._files:
                self._take(self._rows[number], at)


def _nearness(row: Known, file: Candidate) -> tuple[int, ...]:
    """How much speaks for a pair: since when it is gone, names in common from the end and from
    the beginning of the paths, letters in common at the beginning of the names."""
    old, new = row.place.split("/"), file.place.split("/")
    tail = _common(old[::-1], new[::-1])
    return int(row.gone), tail, _common(old, new), _common(old[-1], new[-1])


def _common(first: Sequence, second: Sequence) -> int:
    """How many items two sequences have in common at their beginning."""
    count = 0
    for one, other in zip(first, second):
        if one != other:
            break
        count += 1
    return count

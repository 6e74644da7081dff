"""Which images the waiting files are, as the library knows them; `matching` decides."""

from __future__ import annotations

import os

from pipeline.extraction.entering import Seen, candidates
from pipeline.extraction.known import ID
from pipeline.extraction.matching import Candidate, Known, match
from pipeline.extraction.parts import Part, is_settled
from pipeline.extraction.report import ScanReport
from pipeline.library import Library
from pipeline.stores import is_address

_STRANGE_FROM = 20
"""Known images of a folder of which not one is there: from so many on it is taken for another drive."""


def images_of(library: Library, parts: list[Part], waiting: list[Seen]) -> list[tuple[int | None, str | None]]:
    """Which image each of the waiting files is, None for a new one, and the state it is in."""
    if not waiting:
        return []
    waiting_as = {(item.file.device, item.file.inode) for item in waiting if item.file.inode is not None}
    known = []
    for number, base, path, device, inode, content, state in candidates(
        library, {item.content for item in waiting if item.content}
    ):
        place = os.path.join(base, path)
        if is_settled(parts, number, base, path, state):
            continue
        elsewhere = state != "missing" and not any(number in part.open for part in parts)
        if elsewhere and (is_address(base) or os.path.lexists(place)) and (device, inode) not in waiting_as:
            continue  # it has its file; a link to one of those that wait is none of its own
        known.append(Known(number, place, content, device, inode, state != "missing"))
    files = [Candidate(item.place, item.content or "", item.file.device, item.file.inode) for item in waiting]
    matched = match(known, files, _settled_folders(parts))
    gone_before = {row.id for row in known if not row.gone}
    taken = set(matched.values())
    found: list[tuple[int | None, str | None]] = []
    for at, item in enumerate(waiting):
        if at in matched:
            found.append((matched[at], "missing" if matched[at] in gone_before else "there"))
        elif item.row is not None and item.row[ID] not in taken:
            found.append((item.row[ID], "there"))  # the same place, another content: the picture was changed
        else:
            found.append((None, None))
    return found


def by_version(library: Library, items: list[Seen]) -> None:
    """Say which content objects of stores have that were listed and not read: that of a known one whose sum
    and size they have. So what has moved inside a store is found again without being fetched."""
    wanted: dict[tuple, list[Seen]] = {}
    for item in items:
        if item.file.summed:
            wanted.setdefault((item.file.inode, item.file.size), []).append(item)
    if not wanted:
        return
    sql = (
        "SELECT inode, size, content_hash FROM images "
        "WHERE device IS NULL AND inode IS NOT NULL AND content_hash IS NOT NULL"
    )
    for inode, size, content in library.db.execute(sql):
        for item in wanted.get((inode, size), ()):
            item.content = content


def _settled_folders(parts: list[Part]) -> set[str]:
    """Folders in which some file lies as it did."""
    return {os.path.join(part.root, folder) if folder else part.root for part in parts for folder in part.found.settled}


def without_strange(
    library: Library, parts: list[Part], waiting: list[Seen], images: list, report: ScanReport
) -> tuple[list[Seen], list]:
    """Leave out what lies where another drive seems to be: not one picture is as it was, and
    half of the places are empty. Pictures that a program has written anew keep their places."""
    doubtful = [part for part in parts if len(part.open) == part.found.known >= _STRANGE_FROM]
    if not doubtful:
        return waiting, images
    before = library.images_by_id([number for number, _ in images if number is not None])
    kept = {
        number for item, (number, _) in zip(waiting, images)
        if number is not None
        and (item.row is None or number != item.row[ID] or before[number].content_hash == item.content)
    }
    for part in doubtful:
        there = {file.path for file in part.found.files}
        gone = sum(row[0] not in there for row in part.open.values())
        part.strange = kept.isdisjoint(part.open) and 2 * gone >= len(part.open)
        if part.strange:
            report.problems.append(
                f"None of the {len(part.open):,} images known in {part.shown} is there, but others are: is it another "
                "drive? The known ones are kept as they were. If they are gone for good: scan --gone."
            )
    strange = {number for part in parts if part.strange for number in part.open}
    left = [(item, one) for item, one in zip(waiting, images) if item.row is None or item.row[ID] not in strange]
    return [item for item, _ in left], [one for _, one in left]

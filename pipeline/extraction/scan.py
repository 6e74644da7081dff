"""Bring the table of images in line with folders.

Walk the folders (`walk`), compare what the file system says of each file with what is known,
read only what is new or touched, and find out which image each file is (`matching`): new,
changed, moved or back. What is not there any more becomes `missing`; it keeps its vectors
and notes in case it returns. Nothing is called missing that could not be looked for.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from pipeline import settings
from pipeline.errors import ImageError, LibraryError, TransientImageError
from pipeline.extraction.matching import Candidate, Known, match
from pipeline.extraction.walk import File, Walk, as_on_disk, once, walk
from pipeline.library import Library
from pipeline.library.images import from_database, printable, to_database
from pipeline.library.vectors import chunks
from pipeline.pictures import decoding
from pipeline.progress import Progress, Silent

_BATCH = 500  # files per transaction
_STRANGE_FROM = 20
"""Known images of a folder of which not one is there: from so many on it is taken for another drive."""


@dataclass
class ScanReport:
    """How many files a scan found in which condition.

    skipped: pictures of kinds that nothing reads, by extension. doubled: further names
    (links) of files that are counted already. problems: sentences on what could not be
    looked at; its images stay as they were.
    """

    unchanged: int = 0
    new: int = 0
    changed: int = 0
    renamed: int = 0
    returned: int = 0
    missing: int = 0
    unreadable: int = 0
    doubled: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        names = ("unchanged", "new", "changed", "renamed", "returned", "missing", "unreadable")
        parts = [f"{getattr(self, name):,} {name}" for name in names if getattr(self, name)]
        if self.doubled:
            parts.append(f"{self.doubled:,} links to files that are counted already")
        if self.skipped:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.skipped.items()))
            parts.append(f"not read: {kinds}")
        return ", ".join(parts) or "no images"

    @property
    def touched(self) -> int:
        """Files that were not as the library knew them."""
        return self.new + self.changed + self.renamed + self.returned + self.missing


@dataclass(slots=True)
class _Seen:
    """A file that is to be entered, and what reading it gave.

    row: what is known at its place. again: a picture that was damaged counts as readable
    where its header is.
    """

    root: str
    root_id: int
    file: File
    row: tuple | None = None
    again: bool = False
    content: str | None = None
    info: decoding.ImageInfo | None = None
    reason: str | None = None
    retry: bool = False
    vanished: bool = False

    @property
    def place(self) -> str:
        return os.path.join(self.root, self.file.path)


@dataclass
class _Part:
    """A root, the part of it that is scanned, what was found there and what was known."""

    root: str
    root_id: int
    top: str
    found: Walk
    rows: dict[str, tuple]
    """Path → (id, size, mtime, ctime, device, inode, content_hash, state, retry), of what is not missing."""
    strange: bool = False
    """Whether it looks like another drive than the one that is known."""

    @property
    def shown(self) -> str:
        return printable(os.path.join(self.root, self.top).rstrip("/"))


_COLUMNS = "id, size, mtime, ctime, device, inode, content_hash, state, retry"


def scan(
    library: Library,
    folders: Path | Sequence[Path],
    progress: Progress = Silent(),
    *,
    everything: bool = False,
    retry: bool = False,
    gone: bool = False,
) -> ScanReport:
    """Insert, update and sweep the images under one folder or several, in one go.

    everything: read every file again, whatever the file system says of it. retry: try what
    is damaged once more. gone: take images for missing even where a folder has nothing left
    of what was known, which else is taken for a drive that is not there. Raises
    LibraryError when none of the folders can be scanned.
    """
    report = ScanReport()
    parts = _parts(library, [folders] if isinstance(folders, str | os.PathLike) else folders, gone, report)
    settled: set[int] = set()
    to_read = [item for part in parts for item in _touched(library, part, settled, everything, retry, report)]
    progress.start("scan", len(to_read))
    waiting = []
    with ThreadPoolExecutor(settings.cores()) as pool:
        for start in range(0, len(to_read), _BATCH):
            batch = list(pool.map(_inspect, to_read[start : start + _BATCH]))
            waiting += _enter_new(library, [item for item in batch if not item.vanished], settled, report)
            progress.advance(len(batch))
    images = _images_of(library, parts, waiting, settled)
    if not gone:
        waiting, images = _without_strange(parts, waiting, images, settled, report)
    settled |= _enter_known(library, waiting, images, report)
    for part in parts:
        _sweep(library, part, settled, report)
    library.drop_empty_roots()
    for problem in report.problems:
        progress.say(problem)
    return report


def exclude(library: Library, folder: Path, patterns: Sequence[str], *, anew: bool = False) -> None:
    """Remember with a folder what is left out of it; anew: forget what was remembered before."""
    root = _root_for(library, Path(folder))[0]
    with library.db.atomic():
        number = library.add_root(root)
        kept = [] if anew else library.excluded(root)
        library.db.execute(
            "UPDATE roots SET exclude = ? WHERE id = ?", [json.dumps(list(dict.fromkeys([*kept, *patterns]))), number]
        )


def _parts(library: Library, folders: Iterable[Path], gone: bool, report: ScanReport) -> list[_Part]:
    """Walk the folders; one that cannot be scanned is a problem, and an error where it is the only one."""
    places = []
    for folder in folders:
        try:
            _root_for(library, folder)
            places.append(folder)
        except LibraryError as error:
            report.problems.append(str(error))
    asked = dict.fromkeys(_root_for(library, folder) for folder in places)  # now that roots are as they will be
    parts = []
    for root, top in asked:
        if any(root == base and top != one and (not one or top.startswith(one + "/")) for base, one in asked):
            continue  # inside another one of them
        try:
            parts.append(_part(library, root, top, gone))
        except LibraryError as error:
            report.problems.append(str(error))
    if not parts:
        raise LibraryError(" ".join(report.problems))
    if len(parts) > 1:
        known = {id(file) for part in parts for file in part.found.files if file.path in part.rows}
        kept = set(map(id, once([file for part in parts for file in part.found.files], known)))
        for part in parts:
            other_names = [file for file in part.found.files if id(file) not in kept]
            part.found.doubled += len(other_names)
            part.found.files = [file for file in part.found.files if id(file) in kept]
    for part in parts:
        report.skipped += part.found.skipped
        report.doubled += part.found.doubled
        for path, why in part.found.unread.items():
            where = printable(os.path.join(part.root, path).rstrip("/"))
            report.problems.append(f"{where} cannot be read ({why}); what is known of it stays as it was.")
    return parts


def _part(library: Library, root: str, top: str, gone: bool) -> _Part:
    found = walk(root, top, data=library.data, exclude=library.excluded(root))
    rows = _rows(library, root, top)
    where = printable(os.path.join(root, top).rstrip("/"))
    if not found.files and top in found.unread:
        raise LibraryError(f"{where} cannot be read ({found.unread[top]}).")
    if not found.files and not rows and root not in library.roots():
        skipped = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.skipped.items()))
        looked = f"looked for {', '.join(sorted(decoding.EXTENSIONS))}"
        raise LibraryError(f"No images in {where} ({f'only {skipped}, which are not read' if skipped else looked}).")
    if not found.files and rows and not found.unread and not gone:
        raise LibraryError(
            f"Nothing is left in {where}, where {len(rows):,} images are known: is a drive not mounted? They are "
            "kept as they were. If they are gone for good: scan --gone, or forget the folder."
        )
    _leave_out_other_names(library, root, found, rows)
    return _Part(root, library.add_root(root), top, found, rows)


def _root_for(library: Library, folder: Path) -> tuple[str, str]:
    """The root a folder belongs to and the part of it to walk ('' for all of it).

    A folder inside a scanned one is a part of that; a folder around scanned ones takes
    their images over, so that no file is listed twice.
    """
    folder = as_on_disk(Path(os.path.abspath(folder)))
    known = library.roots()
    if not folder.is_dir():
        kept = known.get(str(folder))
        raise LibraryError(
            f"There is no folder {printable(str(folder))}." if kept is None else
            f"The folder {printable(str(folder))} is not there; is its drive mounted? Its {kept:,} images are kept "
            "as they were. If it has moved: relocate OLD NEW, or scan it where it is now."
        )
    folder = folder.resolve()
    for root in known:
        if folder.is_relative_to(root):
            part = folder.relative_to(root).as_posix()
            return root, "" if part == "." else part
    for root in known:
        if Path(root).is_relative_to(folder):
            library.widen_root(root, folder.as_posix())
    return folder.as_posix(), ""


def _rows(library: Library, root: str, top: str) -> dict[str, tuple]:
    """What is known under root/top and not missing, by path."""
    sql = (
        f"SELECT path, {_COLUMNS} FROM images WHERE state IN ('ok', 'unreadable') "
        "AND root_id = (SELECT id FROM roots WHERE path = ?)"
    )
    rows = ((from_database(row[0]), row[1:]) for row in library.db.execute(sql, [to_database(root)]))
    return {path: row for path, row in rows if not top or path.startswith(top + "/")}


def _leave_out_other_names(library: Library, root: str, found: Walk, rows: dict[str, tuple]) -> None:
    """Drop links to files that are known by a name elsewhere, and prefer names that are known here."""
    doubtful = [file for file in found.files if file.may_be_doubled and file.path not in rows]
    if not doubtful:
        return
    names: dict[tuple[int, int], list[str]] = {}
    sql = (
        "SELECT i.device, i.inode, r.path, i.path FROM images i JOIN roots r ON r.id = i.root_id "
        "WHERE i.state != 'missing' AND i.inode IS NOT NULL"
    )
    for device, inode, base, path in library.db.execute(sql):
        names.setdefault((device, inode), []).append(os.path.join(from_database(base), from_database(path)))
    dropped = set()
    for file in doubtful:
        here = os.path.join(root, file.path)
        for place in names.get((file.device, file.inode), ()):
            if place == here or not _is_same(place, here):
                continue
            if not file.link and os.path.realpath(place) != place:
                continue  # known by a link alone: from now on by this name
            dropped.add(file.path)
            if place.startswith(root + "/"):  # the walk has met the other name first
                found.files.append(_renamed(file, os.path.relpath(place, root)))
            else:
                found.doubled += 1
            break
    found.files = [file for file in found.files if file.path not in dropped]


def _renamed(file: File, path: str) -> File:
    return File(path, file.size, file.mtime, file.ctime, file.device, file.inode, file.names, file.link)


def _is_same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _touched(
    library: Library, part: _Part, settled: set[int], everything: bool, retry: bool, report: ScanReport
) -> list[_Seen]:
    """The files that are not as they are known; those that are go to `settled`."""
    to_read, unfamiliar = [], []
    for file in part.found.files:
        row = part.rows.get(file.path)
        again = row is not None and row[7] == "unreadable" and (retry or row[8])
        if row is None or everything or again or not _as_known(file, row):
            to_read.append(_Seen(part.root, part.root_id, file, row, retry or everything))
            continue
        report.unchanged += 1
        report.unreadable += row[7] == "unreadable"
        settled.add(row[0])
        if row[5] is None:
            unfamiliar.append((file.ctime, file.device, file.inode, row[0]))
    for start in range(0, len(unfamiliar), 20 * _BATCH):
        with library.db.atomic():
            library.db.conn.executemany(
                "UPDATE images SET ctime = ?, device = ?, inode = ? WHERE id = ?",
                unfamiliar[start : start + 20 * _BATCH],
            )
    return to_read


def _as_known(file: File, row: tuple) -> bool:
    """Whether the file system says the same of a file as it did. Another device numbers anew."""
    _, size, mtime, ctime, device, inode, *_ = row
    return (
        (file.size, file.mtime) == (size, mtime)
        and ctime in (None, file.ctime)
        and (inode in (None, file.inode) or device != file.device)
    )


def _inspect(item: _Seen) -> _Seen:
    """Read a file: its hash, and its header or the reason why it is no image."""
    try:
        data = decoding.read(Path(item.place))
        item.content = blake2b(data, digest_size=16).hexdigest()
        item.info = decoding.probe(data)
    except TransientImageError as error:
        item.vanished = not os.path.lexists(item.place)
        item.reason, item.retry = str(error), True
    except ImageError as error:
        item.reason = str(error)
    return item


def _enter_new(library: Library, batch: list[_Seen], settled: set[int], report: ScanReport) -> list[_Seen]:
    """Enter files that can be no known image; returns those that may be one.

    So most of what was read is kept when the scan is interrupted.
    """
    contents = {item.content for item in batch if item.content}
    possible = {row[5] for row in _candidates(library, contents) if row[0] not in settled}
    new = [item for item in batch if item.row is None and (item.content is None or item.content not in possible)]
    with library.db.atomic():
        for item in new:
            report.new += 1
            report.unreadable += item.reason is not None
            settled.add(_insert(library, _values(item)))
    mine = set(map(id, new))
    return [item for item in batch if id(item) not in mine]


def _candidates(library: Library, contents: Iterable[str]) -> list[tuple]:
    """The images of some contents: (id, root, path, device, inode, content, state)."""
    found = []
    for chunk in chunks(sorted(contents)):
        marks = ",".join("?" * len(chunk))
        found += library.db.execute(
            "SELECT i.id, r.path, i.path, i.device, i.inode, i.content_hash, i.state FROM images i "
            f"JOIN roots r ON r.id = i.root_id WHERE i.content_hash IN ({marks})", chunk
        ).fetchall()
    return found


def _images_of(
    library: Library, parts: list[_Part], waiting: list[_Seen], settled: set[int]
) -> list[tuple[int | None, str | None]]:
    """Which image each of the waiting files is, None for a new one, and the state it is in."""
    here = {row[0] for part in parts for row in part.rows.values()}
    waiting_as = {(item.file.device, item.file.inode) for item in waiting}
    known = []
    for number, base, path, device, inode, content, state in _candidates(
        library, {item.content for item in waiting if item.content}
    ):
        place = os.path.join(from_database(base), from_database(path))
        if number in settled:
            continue
        if number not in here and state != "missing" and os.path.lexists(place) and (device, inode) not in waiting_as:
            continue  # it has its file; a link to one of those that wait is none of its own
        known.append(Known(number, place, content, device, inode, state != "missing"))
    files = [Candidate(item.place, item.content or "", item.file.device, item.file.inode) for item in waiting]
    matched = match(known, files, _settled_folders(parts, settled) if known else ())
    gone_before = {row.id for row in known if not row.gone}
    taken = set(matched.values())
    found: list[tuple[int | None, str | None]] = []
    for at, item in enumerate(waiting):
        if at in matched:
            found.append((matched[at], "missing" if matched[at] in gone_before else "there"))
        elif item.row is not None and item.row[0] not in taken:
            found.append((item.row[0], "there"))  # the same place, another content: the picture was changed
        else:
            found.append((None, None))
    return found


def _without_strange(parts, waiting: list[_Seen], images: list, settled: set[int], report: ScanReport):
    """Leave out what lies where another drive seems to be: not one picture is as it was, and
    half of the places are empty. Pictures that a program has written anew keep their places."""
    kept = settled | {
        number for item, (number, _) in zip(waiting, images)
        if item.row is None or number != item.row[0] or item.row[6] == item.content
    }
    for part in parts:
        ids = {row[0] for row in part.rows.values()}
        if len(ids) < _STRANGE_FROM or not ids.isdisjoint(kept):
            continue
        there = {file.path for file in part.found.files}
        part.strange = 2 * sum(path not in there for path in part.rows) >= len(ids)
        if part.strange:
            report.problems.append(
                f"None of the {len(ids):,} images known in {part.shown} is there, but others are: is it another "
                "drive? The known ones are kept as they were. If they are gone for good: scan --gone."
            )
    strange = {row[0] for part in parts if part.strange for row in part.rows.values()}
    left = [(item, one) for item, one in zip(waiting, images) if item.row is None or item.row[0] not in strange]
    return [item for item, _ in left], [one for _, one in left]


def _enter_known(library: Library, waiting: list[_Seen], images: list, report: ScanReport) -> set[int]:
    """Write the waiting files onto the images that they are; returns the ids that have a file."""
    found = {number for number, _ in images if number is not None}
    for start in range(0, len(waiting), _BATCH):
        with library.db.atomic():
            for item, (number, state) in zip(waiting[start : start + _BATCH], images[start : start + _BATCH]):
                _make_room(library, item, number)
                found.add(_enter(library, item, number, state, report))
    return found


def _settled_folders(parts: list[_Part], settled: set[int]) -> set[str]:
    """Folders in which some file lies as it did."""
    return {
        os.path.dirname(os.path.join(part.root, path))
        for part in parts for path, row in part.rows.items() if row[0] in settled
    }


def _make_room(library: Library, item: _Seen, number: int | None) -> None:
    """Let go of the image that still has this place; it gets its own, or is missing, later."""
    library.db.execute(
        "UPDATE images SET state = 'missing' WHERE root_id = ? AND path = ? AND state != 'missing' AND id IS NOT ?",
        [item.root_id, to_database(item.file.path), number],
    )


def _enter(library: Library, item: _Seen, number: int | None, state: str | None, report: ScanReport) -> int:
    """Write one file onto the image that it is, or as a new one; returns its id."""
    values = _values(item)
    report.unreadable += item.reason is not None
    if number is None:
        report.new += 1
        return _insert(library, values)
    before = library.image(number)
    here = item.row is not None and item.row[0] == number
    same = item.content is None or before.content_hash == item.content
    if state == "missing":
        report.returned += 1
    elif not here:
        report.renamed += 1
    else:
        report.changed += not same
        report.unchanged += same
    if item.content is None:
        values["content_hash"] = before.content_hash  # known again when it can be read again
        values["width"], values["height"] = before.width, before.height
    elif same and before.state == "unreadable" and not before.retry and not item.again:
        del values["state"], values["reason"], values["retry"]  # the same bytes are still damaged
    if not same:
        library.forget_vectors([number])
    library.db.execute(
        f"UPDATE images SET {', '.join(f'{name} = ?' for name in values)} WHERE id = ?", [*values.values(), number]
    )
    return number


def _insert(library: Library, values: dict) -> int:
    marks = ",".join("?" * len(values))
    return library.db.execute(
        f"INSERT INTO images ({', '.join(values)}) VALUES ({marks})", list(values.values())
    ).lastrowid


def _values(item: _Seen) -> dict:
    file, info = item.file, item.info
    parent = os.path.basename(os.path.dirname(file.path))
    return {
        "root_id": item.root_id,
        "path": to_database(file.path),
        "label": printable(parent) or None,
        "size": file.size,
        "mtime": file.mtime,
        "ctime": file.ctime,
        "device": file.device,
        "inode": file.inode,
        "content_hash": item.content,
        "width": info and info.width,
        "height": info and info.height,
        "state": "unreadable" if item.reason else "ok",
        "reason": item.reason,
        "retry": int(bool(item.reason) and item.retry),
    }


def _sweep(library: Library, part: _Part, settled: set[int], report: ScanReport) -> None:
    """Mark as missing what was known here and was neither found nor may be there unseen."""
    if part.strange:
        return
    lost = [
        row[0] for path, row in part.rows.items() if row[0] not in settled and not part.found.is_unread(path)
    ]
    for start in range(0, len(lost), _BATCH):
        with library.db.atomic():
            for number in lost[start : start + _BATCH]:
                library.mark(number, "missing")
    report.missing += len(lost)

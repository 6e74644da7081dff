"""The parts of folders that a scan looks through: what was found there, and what was known."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.errors import LibraryError
from pipeline.extraction.found import Walk
from pipeline.extraction.known import DEVICE, ID, KnownRows
from pipeline.extraction.listing import listed
from pipeline.extraction.report import ScanReport
from pipeline.extraction.walk import as_on_disk, once, walk
from pipeline.library import Library
from pipeline.library import folders as folder_sums
from pipeline.library.images import from_database, printable
from pipeline.pictures import decoding
from pipeline.stores import is_address, join
from pipeline.stores.address import is_inside


@dataclass
class Part:
    """A root, the part of it that is scanned, what was found there and what was known.

    open: the known images here that are not known to have their file, by id. strange: whether
    it looks like another drive than the one that is known.
    """

    root: str
    root_id: int
    top: str
    found: Walk
    open: dict[int, tuple] = field(default_factory=dict)
    strange: bool = False

    @property
    def shown(self) -> str:
        """Where it is, as it can be printed."""
        return printable(join(self.root, self.top))

    def holds(self, root: str, path: str) -> bool:
        """Whether a place lies in it."""
        return root == self.root and (not self.top or path.startswith(f"{self.top}/"))

    def lost(self, entered: Collection[int]) -> list[tuple]:
        """What is known here and was neither found, nor entered as another file, nor may be there unseen."""
        return [row for row in self.open.values() if row[ID] not in entered and not self.found.is_unread(row[0])]

    def unmounted(self, lost: list[tuple]) -> list[tuple]:
        """Those of the lost ones that lay on a drive of which nothing is there, inside a folder that is.

        A drive shows by its device number. It may have another one today; then something of
        it lies at its place all the same.
        """
        there = {file.row[DEVICE] for file in self.found.files if file.row is not None}
        devices = {row[DEVICE] for row in lost} - {None} - self.found.devices - self.found.inodes.keys() - there
        return [row for row in lost if row[DEVICE] in devices]


def is_settled(parts: Sequence[Part], image_id: int, root: str, path: str, state: str) -> bool:
    """Whether an image (as the library has it now) has its file in one of these parts."""
    return (
        state != "missing" and not any(image_id in part.open for part in parts)
        and any(part.holds(root, path) for part in parts)
    )  # fmt: skip


def parts_of(
    library: Library, folders: Iterable[Path | str], gone: bool, everything: bool, report: ScanReport
) -> list[Part]:
    """Walk the folders; one that cannot be scanned is a problem, and an error where it is the only one."""
    places = []
    for folder in folders:
        try:
            root_for(library, folder)
            places.append(folder)
        except LibraryError as error:
            report.problems.append(str(error))
    asked = dict.fromkeys(root_for(library, folder) for folder in places)  # now that roots are as they will be
    parts = []
    for root, top in asked:
        if any(root == base and top != one and (not one or top.startswith(one + "/")) for base, one in asked):
            continue  # inside another one of them
        try:
            parts.append(_part(library, root, top, gone, everything))
        except LibraryError as error:
            report.problems.append(str(error))
    if not parts:
        raise LibraryError(" ".join(report.problems))
    if len(parts) > 1:
        _once(parts)
    for part in parts:
        report.skipped += part.found.skipped
        report.doubled += part.found.doubled
        for path, why in part.found.unread.items():
            where = printable(join(part.root, path))
            report.problems.append(f"{where} cannot be read ({why}); what is known of it stays as it was.")
    return parts


def _once(parts: list[Part]) -> None:
    """Each file by one name, whichever part it lies in."""
    kept = set(map(id, once([file for part in parts for file in part.found.files])))
    walks = [part.found for part in parts]
    for found in walks:
        found.keep([file for file in found.files if id(file) in kept])
        found.leave_out(walks)


def _part(library: Library, root: str, top: str, gone: bool, everything: bool) -> Part:
    exclude = library.excluded(root)
    known = KnownRows(library, root, top, sums=not everything and not is_address(root))
    try:
        if is_address(root):
            found = listed(root, top, known, exclude=exclude)
        else:
            found = walk(root, top, known, data=library.data, exclude=exclude, everything=everything)
    finally:
        known.close()
    folder_sums.keep(library, root, found.sums, known.generation)
    where = printable(join(root, top))
    if not found and top in found.unread:
        raise LibraryError(f"{where} cannot be read ({found.unread[top]}).")
    if not found and not found.known and root not in library.roots():
        skipped = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.skipped.items()))
        looked = f"looked for {', '.join(sorted(decoding.EXTENSIONS))}"
        raise LibraryError(f"No images in {where} ({f'only {skipped}, which are not read' if skipped else looked}).")
    if not found and found.known and not found.unread and not gone:
        raise LibraryError(
            f"Nothing is left in {where}, where {found.known:,} images are known: is a drive not mounted? They are "
            "kept as they were. If they are gone for good: scan --gone, or forget the folder."
        )
    _leave_out_other_names(library, root, found)
    return Part(root, library.add_root(root), top, found)


def root_for(library: Library, folder: Path | str) -> tuple[str, str]:
    """The root a folder belongs to and the part of it to walk ('' for all of it).

    A folder inside a scanned one is a part of that; a folder around scanned ones takes
    their images over, so that no file is listed twice.
    """
    known = library.roots()
    if is_address(folder):
        return _root_at(library, folder, known)
    folder = as_on_disk(Path(os.path.abspath(folder)))
    if not os.path.isdir(folder):
        kept = known.get(str(folder))
        if kept is None and os.path.lexists(folder):
            raise LibraryError(f"{printable(str(folder))} is a file; name the folder that it lies in.")
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


def _root_at(library: Library, address: str, known: Iterable[str]) -> tuple[str, str]:
    """As `root_for`, of an address."""
    for root in known:
        if is_inside(address, root):
            return root, address[len(root) + 1 :]
    for root in known:
        if is_inside(root, address):
            library.widen_root(root, address)
    return address, ""


def _leave_out_other_names(library: Library, root: str, found: Walk) -> None:
    """Drop links to files that are known by a name elsewhere, and prefer names that are known here."""
    doubtful = [file for file in found.files if file.may_be_doubled and file.row is None]
    if not doubtful:
        return
    names: dict[tuple[int, int], list[str]] = {}
    sql = (
        "SELECT i.device, i.inode, r.path, i.path FROM images i JOIN roots r ON r.id = i.root_id "
        "WHERE i.state != 'missing' AND i.inode IS NOT NULL"
    )
    for device, inode, base, path in library.db.execute(sql):
        names.setdefault((device, inode), []).append(os.path.join(from_database(base), from_database(path)))
    dropped, unmet = set(), {row[0]: row for row in found.unmet}
    for file in doubtful:
        here = os.path.join(root, file.path)
        for place in names.get((file.device, file.inode), ()):
            if place == here or not _is_same(place, here):
                continue
            if not file.link and os.path.realpath(place) != place:
                continue  # known by a link alone: from now on by this name
            dropped.add(id(file))
            if place.startswith(root + "/"):  # by the name that is known, although the walk has not met it
                path = os.path.relpath(place, root)
                found.files.append(replace(file, path=path, row=unmet.pop(path, None)))
            else:
                found.doubled += 1
            break
    found.files = [file for file in found.files if id(file) not in dropped]
    found.unmet = list(unmet.values())


def _is_same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False

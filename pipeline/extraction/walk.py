"""What files lie in a folder: each picture once, whatever names and links lead to it."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path, PurePath
from struct import Struct
from typing import TypeVar

from pipeline.extraction.found import File, Walk
from pipeline.extraction.known import CTIME, DEVICE, ID, INODE, MTIME, SIZE, STATE, KnownRows
from pipeline.forms import composed, folded
from pipeline.library import DATABASE
from pipeline.pictures import formats
from pipeline.stores.objects import Entry

SKIPPED_FOLDERS = frozenset(
    "@eadir @tmp @recycle @recently-snapshot #recycle #snapshot $recycle.bin __macosx lost+found"
    " .thumbnails".split()
) | {"system volume information"}
"""Folders of thumbnails, trash and snapshots that storage servers and systems keep, in small letters."""


SIDECAR = ".xmp"
"""How files end in which programs write what is known of the picture beside them."""
_HEAD = 4_096  # bytes that tell a format
_PACK = Struct("<QddQQ").pack

E = TypeVar("E", os.DirEntry, Entry)


def walk(
    root: str, top: str, known: KnownRows, *,
    data: Path | None = None, exclude: Sequence[str] = (), everything: bool = False,
) -> Walk:
    """Every picture under root/top by name; hidden files, trash and thumbnails left out.

    known: images whose files are to be told from those that are new or touched. data: the
    library's own directory, left out where it lies inside. exclude: patterns as `is_excluded`
    takes them. everything: take no file for one that is as it was. Links are followed, once:
    what lies behind one is found under its own name where it has one here.
    """
    found = Walk()
    links: list[str] = []
    seen: set[tuple[int, int]] = set()
    own = None if data is None else os.path.realpath(data)
    # A folder's files come after the folders in it: in the order of paths, theirs end last.
    open_: list[tuple[str, list[os.DirEntry] | None, bool]] = [(top, None, False)]
    linked = False
    while open_ or links:
        if not open_:  # links wait until all that lies here by its own name is found
            open_, links, linked = [(link, None, False) for link in links], [], True
        folder, files, plain = open_.pop()
        if files is not None:
            if not (plain and _is_as_summed(files, folder, known, found)):
                _compare(files, folder, known.take(folder), linked, everything, found, plain)
            continue
        sidecars = len(found.sidecars)
        files, below = pictures_among(_entries(root, folder, top, own, found, seen), folder, exclude, found)
        open_.append((folder, files, not linked and len(found.sidecars) == sidecars))
        for entry in below:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_symlink():
                links.append(path)
            else:
                open_.append((path, None, False))
    found.unmet += known.rest()
    found.known = known.count
    found.devices = {_signed(device) for device, _ in seen}
    found.keep(once(found.files))
    found.leave_out([found])
    found.files.sort(key=lambda file: file.path)
    return found


def pictures_in(folder: Path, found: Walk) -> Iterator[Path]:
    """The files in and below a folder that may be pictures, those of each folder by name; no link is followed to another
    folder. found: is told what cannot be listed (`unread`, whole paths), and pictures of kinds that nothing reads."""
    waiting = [str(folder)]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as listed:
                files, below = pictures_among([entry for entry in listed if entry.name[0] != "."], "", (), found)
        except OSError as error:
            found.unread[here] = error.strerror or str(error)
            continue
        yield from sorted(Path(entry.path) for entry in files)
        waiting += [entry.path for entry in below if not entry.is_symlink()]


def once(files: list[File]) -> list[File]:
    """Of several names of one file one: that leads over no link where there is such a one, and
    that is known already where there is."""
    if not any(file.may_be_doubled for file in files):
        return files
    first: dict[tuple[int, int], File] = {}
    for file in sorted(files, key=lambda file: (file.link, file.row is None, file.path)):
        first.setdefault((file.device, file.inode), file)
    return list(first.values())


def is_excluded(path: str, patterns: Sequence[str]) -> bool:
    """Whether a file or folder is left out: a pattern without / means a name at any depth,
    one with / the path below the root, `**/` before it at any depth. Letter case and the form of accents do not
    count; what is written letter by letter is meant, whatever its brackets."""
    path = folded(path)
    name = path.rpartition("/")[2]
    return any(_fits(path if "/" in one.rstrip("/") else name, folded(one.strip("/"))) for one in patterns)


def _fits(text: str, pattern: str) -> bool:
    return any(text == one or fnmatchcase(text, one) for one in {pattern, pattern.removeprefix("**/")})


def as_on_disk(path: Path) -> Path:
    """A path as typed, or as its names are written on disk where only their Unicode form differs."""
    if os.path.lexists(path):
        return path
    for form in ("NFC", "NFD"):
        other = Path(unicodedata.normalize(form, str(path)))
        if os.path.lexists(other):
            return other
    parent = as_on_disk(path.parent) if path.parent != path else path
    wanted = composed(path.name)
    try:
        for name in os.listdir(parent):
            if composed(name) == wanted:
                return parent / name
    except OSError:
        pass
    return path


def _entries(root: str, folder: str, top: str, own: str | None, found: Walk, seen: set) -> list[os.DirEntry]:
    """What lies in a folder that has not been listed yet, hidden names left out."""
    here = os.path.join(root, folder) if folder else root
    try:
        state = os.stat(here)
        if (state.st_dev, state.st_ino) in seen:
            return []
        seen.add((state.st_dev, state.st_ino))
        with os.scandir(here) as listed:
            entries = [entry for entry in listed if entry.name[0] != "."]
            entries.sort(key=os.DirEntry.inode)  # as they lie on the disk, and mostly in the library
    except (FileNotFoundError, NotADirectoryError):
        return []  # gone since it was named
    except OSError as error:
        if error.errno != errno.ELOOP:  # a link to itself leads nowhere
            found.unread[folder] = error.strerror or str(error)
        return []
    if own and folder != top and os.path.realpath(here) == own and any(e.name == DATABASE for e in entries):
        return []
    return entries


def pictures_among(
    entries: list[E], folder: str, exclude: Sequence[str], found: Walk
) -> tuple[list[E], list[E]]:
    """The entries of a folder that may be pictures, and the folders among them, last path first.

    entries: of a disk (`os.DirEntry`), or of a store (`stores.objects.Entry`)."""
    files, below, start = [], [], f"{folder}/" if folder else ""
    kinds = [entry.name[entry.name.rfind(".") :].lower() for entry in entries]
    raws: set[str] = set()
    if not formats.RAW_EXTENSIONS.isdisjoint(kinds):
        raws = formats.raws_beside_jpegs(entry.name for entry in entries)
    for entry, kind in zip(entries, kinds):
        if exclude and is_excluded(start + entry.name, exclude):
            continue
        try:
            if entry.is_dir():
                if entry.name.casefold() not in SKIPPED_FOLDERS:
                    below.append(entry)
            elif kind not in formats.EXTENSIONS:
                if kind == SIDECAR:
                    found.sidecars[start + entry.name] = entry.stat().st_mtime
                elif formats.is_unread_name(PurePath(entry.name)):
                    found.skipped[kind] += 1
                elif formats.says_nothing(entry.name) and _begins_as_picture(entry):
                    files.append(entry)
            elif entry.name not in raws:
                files.append(entry)
        except OSError as error:
            _unread(error, start + entry.name, found)
    below.sort(key=lambda entry: f"{entry.name}/", reverse=True)
    return files, below


def _begins_as_picture(entry: os.DirEntry | Entry) -> bool:
    """Whether a file of this machine is a picture by its first bytes; of a store none is fetched."""
    if not isinstance(entry, os.DirEntry) or not entry.is_file():
        return False
    try:
        with open(os.open(entry.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return formats.is_surely_one(file.read(_HEAD))
    except OSError:
        return False


def _is_as_summed(entries: list[os.DirEntry], folder: str, known: KnownRows, found: Walk) -> bool:
    """Whether the files of a folder are those that its check sum was made of; then they count as known."""
    wanted = known.sum_of(folder)
    if wanted is None or _sum(entries) != wanted:
        return False
    found.same += known.settle(folder)
    found.settled.add(folder)
    for entry in entries:
        state = entry.stat()  # which the entry has kept
        found.inodes.setdefault(state.st_dev, array("q")).append(state.st_ino)
    return True


def _sum(entries: list[os.DirEntry]) -> bytes | None:
    """BLAKE2b-128 of what the file system says of a folder's files; None where one has several names,
    is a link or cannot be looked at."""
    told = []
    for entry in entries:
        try:
            state = entry.stat()
        except OSError:
            return None
        if state.st_nlink != 1 or entry.is_symlink():
            return None
        told += (
            _PACK(state.st_size, state.st_mtime, state.st_ctime, state.st_ino, state.st_dev),
            os.fsencode(entry.name),
            b"\0",
        )
    return blake2b(b"".join(told), digest_size=16).digest()


def _compare(
    entries: list[os.DirEntry], folder: str, rows: dict[str, tuple], linked: bool, everything: bool, found: Walk,
    plain: bool,
) -> None:
    """Tell the files of a folder that are as known from the others; a pipe or device might never end.

    plain: no XMP files lie beside them, and no link leads here.
    """
    start, before = f"{folder}/" if folder else "", found.same
    if found.sidecars:
        found.beside += ((row[ID], path) for path, row in rows.items() if found.sidecar_of(path))
    for entry in entries:
        path = start + entry.name
        try:
            state = entry.stat()
        except OSError as error:
            _unread(error, path, found)
            continue
        row = rows.pop(path, None)
        if (
            row is not None and row[STATE] == "ok" and state.st_size == row[SIZE] and state.st_mtime == row[MTIME]
            and state.st_ctime == row[CTIME] and state.st_ino == row[INODE] and state.st_dev == row[DEVICE]
            and state.st_nlink == 1 and not linked and not everything and not entry.is_symlink()
        ):  # fmt: skip
            found.same += 1
            inodes = found.inodes.get(row[DEVICE])
            if inodes is None:
                inodes = found.inodes[row[DEVICE]] = array("q")
            inodes.append(row[INODE])
        elif stat.S_ISREG(state.st_mode):
            found.files.append(File(
                path, state.st_size, state.st_mtime, state.st_ctime, _signed(state.st_dev), _signed(state.st_ino),
                state.st_nlink, linked or entry.is_symlink(), row,
            ))
        elif row is not None:
            found.unmet.append(row)
    found.unmet += rows.values()
    if found.same > before:
        found.settled.add(folder)
        if plain and not rows and found.same - before == len(entries) and (made := _sum(entries)):
            found.sums[folder] = len(entries), made


def _unread(error: OSError, path: str, found: Walk) -> None:
    """Note what could not be looked at; a dangling link, one to itself, and what has gone since lead nowhere."""
    if not isinstance(error, FileNotFoundError) and error.errno != errno.ELOOP:
        found.unread[path] = error.strerror or str(error)


def _signed(number: int) -> int:
    """An unsigned number of 64 bits as SQLite can hold it."""
    return number - (1 << 64) if number >= 1 << 63 else number

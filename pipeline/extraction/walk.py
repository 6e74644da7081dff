"""What files lie in a folder: each picture once, whatever names and links lead to it."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from pipeline.library import DATABASE
from pipeline.pictures import formats

SKIPPED_FOLDERS = frozenset(
    "@eadir @tmp @recycle @recently-snapshot #recycle #snapshot $recycle.bin __macosx lost+found"
    " .thumbnails".split()
) | {"system volume information"}
"""Folders of thumbnails, trash and snapshots that storage servers and systems keep, in small letters."""


SIDECAR = ".xmp"
"""How files end in which programs write what is known of the picture beside them."""

Known = Mapping[str, tuple]
"""Path → (path, id, size, mtime, ctime, device, inode, state, retry) of an image: plain tuples, since
a million of them are compared on every run."""
ID, SIZE, MTIME, CTIME, DEVICE, INODE, STATE, RETRY = range(1, 9)


@dataclass(slots=True)
class File:
    """A file as the walk saw it.

    path: relative to the root, with forward slashes. device and inode: what it is, whatever
    its name. names: how many it has on its device. link: whether this one leads over a link.
    """

    path: str
    size: int
    mtime: float
    ctime: float
    device: int
    inode: int
    names: int
    link: bool = False

    @property
    def may_be_doubled(self) -> bool:
        """Whether the same file may have another name."""
        return self.link or self.names > 1


@dataclass
class Walk:
    """What was found under root/top.

    same: what is known of files that are as they were (`Known`); the others are in `files`.
    unread: folders that could not be listed, relative to the root ('' the root itself), and
    why. skipped: pictures of kinds that nothing here reads, by extension. doubled: further
    names of files that are found already. devices: those that the folders lie on. sidecars:
    mtime of each .xmp file, by its path.
    """

    files: list[File] = field(default_factory=list)
    same: list[tuple] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    doubled: int = 0
    devices: set[int] = field(default_factory=set)
    sidecars: dict[str, float] = field(default_factory=dict)

    def sidecar_of(self, path: str) -> tuple[str, float] | None:
        """The XMP file beside a picture, and its mtime: `IMG_1.jpg.xmp` or `IMG_1.xmp`."""
        if not self.sidecars:
            return None
        stem = path[: path.rfind(".")]
        names = (path + ".xmp", path + ".XMP", stem + ".xmp", stem + ".XMP")
        return next(((name, self.sidecars[name]) for name in names if name in self.sidecars), None)

    def __len__(self) -> int:
        return len(self.files) + len(self.same)

    def leave_out(self, same: Sequence[tuple]) -> None:
        """Drop other names of files that were found as they are known."""
        if same and any(file.may_be_doubled for file in self.files):
            taken = {(row[DEVICE], row[INODE]) for row in same}
            kept = [f for f in self.files if not f.may_be_doubled or (f.device, f.inode) not in taken]
            self.doubled += len(self.files) - len(kept)
            self.files = kept

    def is_unread(self, path: str) -> bool:
        """Whether a file may be there although it was not found."""
        return any(path == one or not one or path.startswith(one + "/") for one in self.unread)


def walk(
    root: str, top: str = "", *, data: Path | None = None, exclude: Sequence[str] = (), known: Known = {}
) -> Walk:
    """Every picture under root/top by name; hidden files, trash and thumbnails left out.

    known: images whose files are to be told from those that are new or touched.
    data: the library's own directory, left out where it lies inside. exclude: patterns as
    `is_excluded` takes them. Links are followed, once: what lies behind one is found under
    its own name where it has one here.
    """
    found = Walk()
    links: list[str] = []
    seen: set[tuple[int, int]] = set()
    own = None if data is None else os.path.realpath(data)
    folders, linked = [top], False
    while folders or links:
        if not folders:  # links wait until all that lies here by its own name is found
            folders, links, linked = links, [], True
        before = len(found.files)
        folder = folders.pop()
        entries = _entries(root, folder, top, own, found, seen)
        for entry in _list(entries, folder, exclude, {} if linked else known, found):
            (links if entry.is_symlink() else folders).append(f"{folder}/{entry.name}" if folder else entry.name)
        if linked:
            for file in found.files[before:]:
                file.link = True
    listed = len(found.files)
    found.files = once(found.files)
    found.doubled = listed - len(found.files)
    found.leave_out(found.same)
    found.devices = {_signed(device) for device, _ in seen}
    found.files.sort(key=lambda file: file.path)
    return found


def once(files: list[File], known: Collection[int] = ()) -> list[File]:
    """Of several names of one file one: that leads over no link where there is such a one, and
    that is known already (`id` of the File) where there is."""
    if not any(file.may_be_doubled for file in files):
        return files
    first: dict[tuple[int, int], File] = {}
    for file in sorted(files, key=lambda file: (file.link, id(file) not in known, file.path)):
        first.setdefault((file.device, file.inode), file)
    return list(first.values())


def is_excluded(path: str, patterns: Sequence[str]) -> bool:
    """Whether a file or folder is left out: a pattern without / means a name at any depth,
    one with / the path below the root. Letter case does not count."""
    name, path = path.rpartition("/")[2].casefold(), path.casefold()
    return any(
        fnmatchcase(path, one.strip("/").casefold()) if "/" in one else fnmatchcase(name, one.casefold())
        for one in patterns
    )


def as_on_disk(path: Path) -> Path:
    """A path as typed, or as its names are written on disk where only their Unicode form differs."""
    if os.path.lexists(path):
        return path
    for form in ("NFC", "NFD"):
        other = Path(unicodedata.normalize(form, str(path)))
        if os.path.lexists(other):
            return other
    parent = as_on_disk(path.parent) if path.parent != path else path
    wanted = unicodedata.normalize("NFC", path.name)
    try:
        for name in os.listdir(parent):
            if unicodedata.normalize("NFC", name) == wanted:
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


def _list(entries: list[os.DirEntry], folder: str, exclude, known: Known, found: Walk) -> list[os.DirEntry]:
    """Sort the entries of a folder: files into `found`; returns the folders among them."""
    below, start = [], f"{folder}/" if folder else ""
    kinds = [entry.name[entry.name.rfind(".") :].lower() for entry in entries]
    raws: set[str] = set()
    if not formats.RAW_EXTENSIONS.isdisjoint(kinds):
        raws = formats.raws_beside_jpegs(entry.name for entry in entries)
    for entry, kind in zip(entries, kinds):
        path = start + entry.name
        if exclude and is_excluded(path, exclude):
            continue
        try:
            if entry.is_dir():
                if entry.name.casefold() not in SKIPPED_FOLDERS:
                    below.append(entry)
            elif kind not in formats.EXTENSIONS:
                if kind == SIDECAR:
                    found.sidecars[path] = entry.stat().st_mtime
                elif formats.is_unread_name(PurePath(entry.name)):
                    found.skipped[kind] += 1
            elif entry.name not in raws:
                _sort(entry, path, known.get(path), found)
        except FileNotFoundError:
            continue  # a dangling link, or gone since the listing
        except OSError as error:
            if error.errno != errno.ELOOP:
                found.unread[path] = error.strerror or str(error)
    return below


def _sort(entry: os.DirEntry, path: str, row: tuple | None, found: Walk) -> None:
    """A file into those that are as known, or the others; a pipe or device might never end."""
    state = entry.stat()
    if (
        row is not None and row[STATE] == "ok" and state.st_size == row[SIZE] and state.st_mtime == row[MTIME]
        and state.st_ctime == row[CTIME] and state.st_ino == row[INODE] and state.st_dev == row[DEVICE]
        and state.st_nlink == 1 and not entry.is_symlink()
    ):  # fmt: skip
        found.same.append(row)
    elif stat.S_ISREG(state.st_mode):
        found.files.append(File(
            path, state.st_size, state.st_mtime, state.st_ctime, _signed(state.st_dev), _signed(state.st_ino),
            state.st_nlink, entry.is_symlink(),
        ))


def _signed(number: int) -> int:
    """An unsigned number of 64 bits as SQLite can hold it."""
    return number - (1 << 64) if number >= 1 << 63 else number

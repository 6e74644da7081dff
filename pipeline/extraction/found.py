"""What a walk found: files that are not as they are known, and how many are."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.library.folders import Sums


@dataclass(slots=True)
class File:
    """A file as the walk saw it.

    path: relative to the root, with forward slashes. device and inode: what it is, whatever
    its name; of an object of a store, which has no device, what its store gives for a sign of
    the content. names: how many it has on its device. link: whether this one leads over a link.
    row: what is known at its place. summed: the inode is made of the content alone.
    """

    path: str
    size: int
    mtime: float
    ctime: float
    device: int | None
    inode: int | None
    names: int
    link: bool = False
    row: tuple | None = None
    summed: bool = False

    @property
    def may_be_doubled(self) -> bool:
        """Whether the same file may have another name."""
        return self.link or self.names > 1


@dataclass
class Walk:
    """What was found under root/top.

    files: those that are not as they are known; of the others it is kept how many there are,
    their inodes by device, and the folders they lie in. known: how many images are known
    here; unmet: those at whose place no file was found. unread: folders that could not be
    listed, relative to the root ('' the root itself), and why. skipped: pictures of kinds
    that nothing here reads, by extension. doubled: further names of files that are found
    already. devices: those that the folders lie on. sidecars: mtime of each .xmp file, by its
    path; beside: the known images (id, path) that have one. sums: check sums of folders that
    lie as they are known, where that had to be found out file by file.
    """

    files: list[File] = field(default_factory=list)
    same: int = 0
    inodes: dict[int, array] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    known: int = 0
    unmet: list[tuple] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    doubled: int = 0
    devices: set[int] = field(default_factory=set)
    sidecars: dict[str, float] = field(default_factory=dict)
    beside: list[tuple[int, str]] = field(default_factory=list)
    sums: Sums = field(default_factory=dict)

    def sidecar_of(self, path: str) -> tuple[str, float] | None:
        """The XMP file beside a picture, and its mtime: `IMG_1.jpg.xmp` or `IMG_1.xmp`."""
        if not self.sidecars:
            return None
        stem = path[: path.rfind(".")]
        names = (path + ".xmp", path + ".XMP", stem + ".xmp", stem + ".XMP")
        return next(((name, self.sidecars[name]) for name in names if name in self.sidecars), None)

    def __len__(self) -> int:
        return len(self.files) + self.same

    def keep(self, files: Sequence[File]) -> None:
        """Go on with these of the files; the others are further names of some that are found."""
        kept = set(map(id, files))
        self.doubled += len(self.files) - len(kept)
        self.unmet += [file.row for file in self.files if file.row is not None and id(file) not in kept]
        self.files = list(files)

    def leave_out(self, same: Sequence[Walk]) -> None:
        """Drop other names of files that were found as they are known in one of several walks."""
        if any(file.may_be_doubled for file in self.files):
            taken = {(device, number) for walk in same for device, inodes in walk.inodes.items() for number in inodes}
            self.keep([f for f in self.files if not f.may_be_doubled or (f.device, f.inode) not in taken])

    def is_unread(self, path: str) -> bool:
        """Whether a file may be there although it was not found."""
        return any(path == one or not one or path.startswith(one + "/") for one in self.unread)

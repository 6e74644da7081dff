"""Bring the table of images in line with a folder.

Mark and sweep: walk the folder, compare size and modification time, read only what is
new or touched, and decide by content hash whether it is new, changed or renamed. What the
walk does not find any more becomes `missing`; it keeps its vectors in case it returns.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from pathlib import Path

from pipeline import settings
from pipeline.errors import ImageError, LibraryError
from pipeline.library import DATABASE, Library
from pipeline.library.images import from_database, to_database
from pipeline.pictures import decoding
from pipeline.progress import Progress, Silent

_BATCH = 500  # files per transaction


@dataclass
class ScanReport:
    """How many files a scan found in which condition."""

    unchanged: int = 0
    new: int = 0
    changed: int = 0
    renamed: int = 0
    returned: int = 0
    missing: int = 0
    unreadable: int = 0

    def __str__(self) -> str:
        parts = [
            f"{getattr(self, item.name):,} {item.name}"
            for item in fields(self)
            if getattr(self, item.name)
        ]
        return ", ".join(parts) or "no images"

    @property
    def touched(self) -> int:
        """Files that were not as the library knew them."""
        return self.new + self.changed + self.renamed + self.returned + self.missing


@dataclass
class _Found:
    """A file as the walk saw it, and what reading it gave."""

    path: str
    size: int
    mtime: float
    content_hash: str | None = None
    info: decoding.ImageInfo | None = None
    reason: str | None = None


@dataclass
class _Known:
    """The rows of a root by path, and those that a new file may turn out to be."""

    rows: dict[str, tuple] = field(default_factory=dict)
    gone: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def scan(library: Library, folder: Path, progress: Progress = Silent()) -> ScanReport:
    """Insert, update and sweep the images under `folder`.

    Raises LibraryError when the folder does not exist or holds no image at all and the
    library knew none there.
    """
    root, top = _root_for(library, folder)
    found = {item.path: item for item in _walk(root, top, library.data.resolve())}
    known = _known(library, root, top, found)
    if not found and not known.rows:
        raise LibraryError(
            f"No images in {folder} (looked for {', '.join(sorted(decoding.EXTENSIONS))})."
        )
    report = ScanReport()
    to_read = []
    for item in found.values():
        row = known.rows.get(item.path)
        # Without a hash the file could not even be opened: worth another try each time.
        if row and row[1:3] == (item.size, item.mtime) and row[4] != "missing" and row[5]:
            report.unchanged += 1
            report.unreadable += row[4] == "unreadable"
        else:
            to_read.append(item)
    progress.start("scan", len(to_read))
    with ThreadPoolExecutor(settings.cores()) as pool:
        for start in range(0, len(to_read), _BATCH):
            batch = list(pool.map(lambda item: _inspect(root, item), to_read[start : start + _BATCH]))
            with library.db.atomic():
                for item in batch:
                    _enter(library, root, item, known, report)
            progress.advance(len(batch))
    _sweep(library, known, found, report)
    return report


def _root_for(library: Library, folder: Path) -> tuple[str, str]:
    """The root a folder belongs to and the part of it to walk ('' for all of it).

    A folder inside a scanned one is a part of that; a folder around scanned ones takes
    their images over, so that no file is listed twice.
    """
    if not folder.is_dir():
        raise LibraryError(f"There is no folder {folder}.")
    folder = folder.resolve()
    for root in library.roots():
        if folder.is_relative_to(root):
            part = folder.relative_to(root).as_posix()
            return root, "" if part == "." else part
    for root in library.roots():
        if Path(root).is_relative_to(folder):
            library.widen_root(root, folder.as_posix())
    return folder.as_posix(), ""


def _walk(root: str, top: str, data: Path) -> Iterator[_Found]:
    """Every image file under root/top, links followed once, hidden and data folders left out."""
    seen = set()
    base = Path(root)
    for folder, subfolders, files in os.walk(base / top, followlinks=True):
        try:
            status = os.stat(folder)
        except OSError:
            subfolders.clear()  # gone since the listing
            continue
        here = Path(folder)
        is_library = DATABASE in files and here.resolve() == data and here != base / top
        if (status.st_dev, status.st_ino) in seen or is_library:
            subfolders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(files):
            path = here / name
            if name.startswith(".") or not decoding.is_image_name(path):
                continue
            try:
                status = path.stat()
            except OSError:
                continue  # a dangling link, or gone since the listing
            if not stat.S_ISREG(status.st_mode):
                continue  # reading a pipe or a device might never end
            yield _found(path.relative_to(base).as_posix(), status)


def _found(path: str, status: os.stat_result) -> _Found:
    """A file under its path, or under one that can be written down, and why it is not read."""
    found = _Found(path, status.st_size, status.st_mtime)
    try:
        path.encode()
    except UnicodeEncodeError:
        found.path = os.fsencode(path).decode("utf-8", "backslashreplace")
        found.reason = "the file name is not valid UTF-8; rename the file"
    return found


def _known(library: Library, root: str, top: str, found: dict) -> _Known:
    """What the library knows of this root, and which rows are without a file."""
    known = _Known()
    sql = (
        "SELECT i.path, i.size, i.mtime, i.id, i.state, i.content_hash, r.path FROM images i "
        "JOIN roots r ON r.id = i.root_id"
    )
    for row in library.db.execute(sql):
        path, content_hash, here = from_database(row[0]), row[5], from_database(row[6]) == root
        inside = here and (not top or path.startswith(top + "/"))
        if inside:
            known.rows[path] = row
        vanished = row[4] == "missing" or (inside and path not in found)
        if vanished and content_hash and path not in found:
            known.gone[content_hash].append(row[3])
    return known


def _inspect(root: str, item: _Found) -> _Found:
    """Read a file: its hash, and its header or the reason why it is no image."""
    if item.reason:
        return item
    try:
        data = decoding.read(Path(root) / item.path)
        item.content_hash = blake2b(data, digest_size=16).hexdigest()
        item.info = decoding.probe(data)
    except ImageError as error:
        item.reason = str(error)
    return item


def _enter(library: Library, root: str, item: _Found, known: _Known, report: ScanReport) -> None:
    """Write one inspected file: as a new row, or onto the row it turns out to be."""
    row = known.rows.get(item.path)
    image_id = row[3] if row else None
    same = row is not None and row[5] == item.content_hash
    if same and item.content_hash is None:  # not even opened, before and now
        same = row[1:3] == (item.size, item.mtime)
    if row and row[4] == "missing":
        report.returned += 1
    elif row:
        report.changed += not same
        report.unchanged += same
    elif known.gone.get(item.content_hash):
        image_id, same = known.gone[item.content_hash].pop(), True
        report.renamed += 1
    else:
        report.new += 1
    report.unreadable += item.reason is not None
    values = {
        "root_id": library.add_root(root),
        "path": to_database(item.path),
        "label": Path(item.path).parent.name or None,
        "size": item.size,
        "mtime": item.mtime,
        "content_hash": item.content_hash,
        "width": item.info and item.info.width,
        "height": item.info and item.info.height,
        "state": "unreadable" if item.reason else "ok",
        "reason": item.reason,
    }
    if image_id is None:
        library.db["images"].insert(values)
        return
    if same and item.content_hash and row and row[4] == "unreadable":
        del values["state"], values["reason"]  # the same bytes cannot have become readable
    if not same:
        library.forget_vectors([image_id])
    library.db["images"].update(image_id, values)


def _sweep(library: Library, known: _Known, found: Iterable[str], report: ScanReport) -> None:
    """Mark as missing what the library knew here and the walk did not find."""
    with library.db.atomic():
        for path, row in known.rows.items():
            if path in found or row[4] == "missing":
                continue
            if library.image(row[3]).path == path:  # else a rename has moved the row
                library.mark(row[3], "missing")
                report.missing += 1

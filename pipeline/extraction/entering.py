"""Files that are not as they are known: read, and entered as the images that they are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from pipeline.errors import ImageError, LibraryError, TransientImageError
from pipeline.extraction import facts
from pipeline.extraction.found import File
from pipeline.extraction.known import ID
from pipeline.extraction.listing import as_known
from pipeline.extraction.parts import Part, is_settled
from pipeline.extraction.pool import Prepared, Reading
from pipeline.extraction.report import ScanReport
from pipeline.forms import composed
from pipeline.library import Library
from pipeline.library.images import ImageRow, from_database, printable, to_database
from pipeline.library.vectors import chunks
from pipeline.pictures import decoding
from pipeline.pictures.metadata import Metadata
from pipeline.stores import is_address, join

BATCH = 500  # files per transaction
OUTAGE = 16
"""Pictures of stores in a batch, of which not one could be fetched: from so many on the store is not there."""


@dataclass(slots=True)
class Seen:
    """A file that is to be entered, and what reading it gave.

    row: what is known at its place. again: a picture that was damaged counts as readable
    where its header is. sidecar: the XMP file beside it, and its mtime. Of an object that a
    store has listed nothing is read yet: it has a content only where a known one has its sum.
    """

    root: str
    root_id: int
    file: File
    row: tuple | None = None
    again: bool = False
    sidecar: tuple[str, float] | None = None
    content: str | None = None
    info: decoding.ImageInfo | None = None
    told: Metadata | None = None
    reason: str | None = None
    retry: bool = False
    vanished: bool = False

    @property
    def place(self) -> str:
        """Where its bytes are, see `stores`."""
        return join(self.root, self.file.path)

    @property
    def is_listed(self) -> bool:
        """Whether it is an object of a store, which is read when it is described."""
        return is_address(self.root)


def inspect(item: Seen) -> Seen:
    """Read a file: its hash, its header and what it says of itself, or the reason why it is no image."""
    if item.is_listed:
        item.reason = decoding.too_large(item.file.size)
        return item
    try:
        data = decoding.read(item.place)
        item.content = blake2b(data, digest_size=16).hexdigest()
        item.info = decoding.probe(data)
        item.told = facts.told(data, item.root, item.sidecar)
    except TransientImageError as error:
        item.vanished = not os.path.lexists(item.place)
        item.reason, item.retry = str(error), True
    except ImageError as error:
        item.reason = str(error)
    return item


def enter_new(library: Library, batch: list[Seen], parts: list[Part], report: ScanReport) -> list[Seen]:
    """Enter files that can be no known image; returns those that may be one.

    So most of what was read is kept when the scan is interrupted.
    """
    contents = {item.content for item in batch if item.content}
    possible = {
        content for number, base, path, _, _, content, state in candidates(library, contents)
        if not is_settled(parts, number, base, path, state)
    }
    new = [item for item in batch if item.row is None and (item.content is None or item.content not in possible)]
    with library.db.atomic():
        told = []
        for item in new:
            report.new += 1
            report.unreadable += item.reason is not None
            number = _insert(library, _values(item))
            told += [(number, item.told)] if item.told else []
        library.facts.store(told)
    mine = set(map(id, new))
    return [item for item in batch if id(item) not in mine]


def candidates(library: Library, contents: Iterable[str]) -> list[tuple]:
    """The images of some contents: (id, root, path, device, inode, content, state)."""
    found = []
    for chunk in chunks(sorted(contents)):
        marks = ",".join("?" * len(chunk))
        found += library.db.execute(
            "SELECT i.id, r.path, i.path, i.device, i.inode, i.content_hash, i.state FROM images i "
            f"JOIN roots r ON r.id = i.root_id WHERE i.content_hash IN ({marks})", chunk
        ).fetchall()
    return [(number, from_database(base), from_database(path), *rest) for number, base, path, *rest in found]


def enter_known(library: Library, waiting: list[Seen], images: list, report: ScanReport) -> set[int]:
    """Write the waiting files onto the images that they are; returns the ids that have a file."""
    found = {number for number, _ in images if number is not None}
    for start in range(0, len(waiting), BATCH):
        with library.db.atomic():
            for item, (number, state) in zip(waiting[start : start + BATCH], images[start : start + BATCH]):
                _make_room(library, item, number)
                number = _enter(library, item, number, state, report)
                found.add(number)
                if item.told:
                    library.facts.store([(number, item.told)])
    return found


def _make_room(library: Library, item: Seen, number: int | None) -> None:
    """Let go of the image that still has this place; it gets its own, or is missing, later."""
    library.db.execute(
        "UPDATE images SET state = 'missing' WHERE root_id = ? AND path = ? AND state != 'missing' AND id IS NOT ?",
        [item.root_id, to_database(item.file.path), number],
    )


def _enter(library: Library, item: Seen, number: int | None, state: str | None, report: ScanReport) -> int:
    """Write one file onto the image that it is, or as a new one; returns its id."""
    values = _values(item)
    report.unreadable += item.reason is not None
    if number is None:
        report.new += 1
        return _insert(library, values)
    before = library.image(number)
    here = item.row is not None and item.row[ID] == number
    same = _is_same(item, before)
    if state == "missing":
        report.returned += 1
    elif not here:
        report.renamed += 1
    else:
        report.changed += not same
        report.unchanged += same
    if same and (item.content is None or item.is_listed):
        values["content_hash"] = before.content_hash  # known again when it can be read again
        values["width"], values["height"] = before.width, before.height
    if item.content is not None and same and before.state == "unreadable" and not before.retry and not item.again:
        del values["state"], values["reason"], values["retry"]  # the same bytes are still damaged
    if not same:
        library.forget_vectors([number])
        if item.is_listed:
            library.facts.forget([number])  # what it says now is read when it is described
    library.db.execute(
        f"UPDATE images SET {', '.join(f'{name} = ?' for name in values)} WHERE id = ?", [*values.values(), number]
    )
    return number


def _is_same(item: Seen, before: ImageRow) -> bool:
    """Whether a file has the content that its image had. One that cannot be read counts as the same."""
    if item.content is None and item.is_listed:
        return as_known(item.file, item.row)
    return item.content is None or before.content_hash == item.content


def enter_read(library: Library, read: list[tuple[int, Reading]]) -> None:
    """Write what was found in objects of stores, now that they have been read."""
    library.db.conn.executemany(
        "UPDATE images SET content_hash = ?1, width = ?2, height = ?3 "
        "WHERE id = ?4 AND (content_hash IS NOT ?1 OR width IS NULL)",
        [(one.content, one.width, one.height, number) for number, one in read],
    )
    library.facts.store([(number, one.told) for number, one in read])


def refuse_outage(library: Library, batch: list[Prepared]) -> None:
    """Raise LibraryError where a store gave none of a batch, so that not every picture waits for it in vain.
    What is not written is tried again by the next run."""
    if len(batch) < OUTAGE or not all(item.retry for item in batch):
        return
    rows = library.images_by_id([item.image_id for item in batch]).values()
    if all(is_address(row.root) for row in rows):
        raise LibraryError(
            f"{printable(batch[0].reason[:1].upper() + batch[0].reason[1:])}, and {len(batch) - 1} more after it, in "
            f"{printable(next(iter(rows)).root)}: is its store not there? What is stored is kept, and the next run goes on."
        )


def _insert(library: Library, values: dict) -> int:
    marks = ",".join("?" * len(values))
    return library.db.execute(
        f"INSERT INTO images ({', '.join(values)}) VALUES ({marks})", list(values.values())
    ).lastrowid


def _values(item: Seen) -> dict:
    file, info = item.file, item.info
    parent = os.path.basename(os.path.dirname(file.path))
    return {
        "root_id": item.root_id,
        "path": to_database(file.path),
        "label": composed(printable(parent)) or None,
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

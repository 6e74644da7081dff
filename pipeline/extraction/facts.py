"""What files say of themselves: read with each new file, and once of those that are known already.

A file that is entered is read anyway (`entering`). What is left is a pass of its own, which
opens no more of a file than its blocks: images from before there were facts, or of whose an
XMP file beside them has come, gone or changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from pipeline import settings
from pipeline.extraction.folders import is_there
from pipeline.extraction.parts import Part
from pipeline.library import Library
from pipeline.library.images import ImageRow, from_database
from pipeline.pictures import metadata
from pipeline.pictures.metadata import Metadata
from pipeline.progress import Progress
from pipeline.stores import join

BATCH = 500  # images per transaction

Sidecar = tuple[str, float]
"""An XMP file, relative to the root, and its mtime."""


def told(data: bytes, root: str, sidecar: Sidecar | None) -> Metadata:
    """What a file's bytes say, and the XMP file beside it."""
    if sidecar is None:
        return metadata.read(data)
    beside, problem = metadata.read_sidecar(join(root, sidecar[0]))
    found = metadata.read(data, beside)
    found.sidecar, found.problem = sidecar[1], "; ".join(filter(None, (found.problem, problem))) or None
    return found


def read(library: Library, parts: Sequence[Part], progress: Progress) -> int:
    """Read what is not known yet or has changed beside a picture; returns of how many images.

    parts: what a scan has just looked through. What is read is kept when this is interrupted.
    """
    beside = _sidecars(library, parts)
    pending = library.facts.pending()
    wanted = sorted({*pending, *beside})
    if not wanted:
        return 0
    if pending:
        progress.say(f"Reading once what {len(pending):,} files say of themselves: date, camera, keywords, prompts.")
    progress.start("facts", len(wanted))
    away = {root for root in library.roots() if not is_there(root)}
    count = 0
    with ThreadPoolExecutor(settings.cores()) as pool:
        for start in range(0, len(wanted), BATCH):
            rows = library.images_by_id(wanted[start : start + BATCH])
            here = [row for row in rows.values() if row.root not in away]
            found = list(pool.map(lambda row: _read(row, beside.get(row.id)), here))
            done = [(row.id, one) for row, one in zip(here, found) if one is not None]
            library.facts.store(done)
            count += len(done)
            progress.advance(len(rows), len(rows) - len(done))
    return count


def _read(row: ImageRow, sidecar: Sidecar | None) -> Metadata | None:
    """The facts of an image; None where its file cannot be opened, which the next run tries again."""
    try:
        found = metadata.read_file(row.place, join(row.root, sidecar[0]) if sidecar else None)
    except OSError:
        return None
    found.sidecar = sidecar and sidecar[1]
    return found


def _sidecars(library: Library, parts: Sequence[Part]) -> dict[int, Sidecar | None]:
    """Images whose XMP file is another one than was read: what is there now, None where it has gone."""
    sql = (
        "SELECT f.image_id, f.sidecar, r.path, i.path FROM facts f JOIN images i ON i.id = f.image_id "
        "JOIN roots r ON r.id = i.root_id WHERE f.sidecar IS NOT NULL AND i.state != 'missing'"
    )
    read = {number: (mtime, from_database(root), from_database(path))
            for number, mtime, root, path in library.db.execute(sql)}
    changed: dict[int, tuple[str, Sidecar | None]] = {}
    for part in parts:
        had = ((number, path) for number, (_, root, path) in read.items() if part.holds(root, path))
        for number, path in chain(part.found.beside, had):
            beside = part.found.sidecar_of(path)
            if (beside and beside[1]) != (read[number][0] if number in read else None):
                changed[number] = join(part.root, path), beside
    rows = library.images_by_id(list(changed))  # as they are now: some may have moved, or gone
    return {
        number: beside for number, (place, beside) in changed.items()
        if rows[number].state == "ok" and rows[number].width is not None and rows[number].place == place
    }

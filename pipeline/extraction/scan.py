"""Bring the table of images in line with folders, of this machine or of stores.

Walk the folders (`walk`), compare what the file system says of each file with what is known,
read only what is new or touched (what files say of themselves in the same go), and find out
which image each file is (`matching`): new, changed, moved or back. What is not there any more
becomes `missing`; it keeps its vectors and notes in case it returns. Nothing is called
missing that could not be looked for. Of stores nothing is fetched but their listings: what
is new there is read when it is described (`embed`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline import settings
from pipeline.extraction import facts
from pipeline.extraction.entering import BATCH, Seen, enter_known, enter_new, inspect
from pipeline.extraction.found import File
from pipeline.extraction.known import CTIME, ID, INODE, RETRY, STATE
from pipeline.extraction.listing import as_known as listed_as_known
from pipeline.extraction.parts import Part, parts_of, root_for
from pipeline.extraction.recognition import by_version, images_of, without_strange
from pipeline.extraction.report import ScanReport
from pipeline.library import Library
from pipeline.library.images import printable
from pipeline.progress import Progress, Silent
from pipeline.stores import is_address


def scan(
    library: Library,
    folders: Path | str | Sequence[Path | str],
    progress: Progress = Silent(),
    *,
    everything: bool = False,
    retry: bool = False,
    gone: bool = False,
) -> ScanReport:
    """Insert, update and sweep the images under one folder or address or several, in one go.

    everything: read every file again, whatever the file system says of it. retry: try what
    is damaged once more. gone: take images for missing even where a folder has nothing left
    of what was known, which else is taken for a drive that is not there. Raises
    LibraryError when none of the folders can be scanned.
    """
    report = ScanReport()
    folders = [folders] if isinstance(folders, str | os.PathLike) else folders
    for place in filter(is_address, folders):
        progress.say(f"Listing {printable(place)}; its pictures are fetched when they are described.")
    parts = parts_of(library, folders, gone, everything, report)
    to_read = [item for part in parts for item in _touched(library, part, everything, retry, report)]
    by_version(library, to_read)
    progress.start("scan", len(to_read))
    waiting = []
    with ThreadPoolExecutor(settings.cores()) as pool:
        for start in range(0, len(to_read), BATCH):
            batch = list(pool.map(inspect, to_read[start : start + BATCH]))
            waiting += enter_new(library, [item for item in batch if not item.vanished], parts, report)
            progress.advance(len(batch))
    images = images_of(library, parts, waiting)
    if not gone:
        waiting, images = without_strange(library, parts, waiting, images, report)
    entered = enter_known(library, waiting, images, report)
    for part in parts:
        _sweep(library, part, entered, gone, report)
    library.drop_empty_roots()
    report.facts = facts.read(library, parts, progress)
    for problem in report.problems:
        progress.say(problem)
    return report


def exclude(library: Library, folder: Path | str, patterns: Sequence[str], *, anew: bool = False) -> None:
    """Remember with a folder what is left out of it; anew: forget what was remembered before."""
    root = root_for(library, folder)[0]
    with library.db.atomic():
        number = library.add_root(root)
        kept = [] if anew else library.excluded(root)
        library.db.execute(
            "UPDATE roots SET exclude = ? WHERE id = ?", [json.dumps(list(dict.fromkeys([*kept, *patterns]))), number]
        )


def _touched(library: Library, part: Part, everything: bool, retry: bool, report: ScanReport) -> list[Seen]:
    """The files that are not as they are known; what has no file that is, is open."""
    to_read, unfamiliar = [], []
    report.unchanged += part.found.same
    for file in part.found.files:
        row = file.row
        again = row is not None and row[STATE] == "unreadable" and (retry or row[RETRY])
        if row is None or everything or again or not _as_known(file, row):
            beside = part.found.sidecar_of(file.path)
            to_read.append(Seen(part.root, part.root_id, file, row, retry or everything, beside))
            continue
        report.unchanged += 1
        report.unreadable += row[STATE] == "unreadable"
        part.found.settled.add(os.path.dirname(file.path))
        if row[CTIME] is None or row[INODE] is None and file.inode is not None:
            unfamiliar.append((file.mtime, file.ctime, file.device, file.inode, row[ID]))
    part.open = {row[ID]: row for row in part.found.unmet}
    part.open.update((item.row[ID], item.row) for item in to_read if item.row is not None)
    for start in range(0, len(unfamiliar), 20 * BATCH):
        with library.db.atomic():
            library.db.conn.executemany(
                "UPDATE images SET mtime = ?, ctime = ?, device = ?, inode = ? WHERE id = ?",
                unfamiliar[start : start + 20 * BATCH],
            )
    return to_read


def _as_known(file: File, row: tuple) -> bool:
    """Whether the file system says the same of a file as it did. Another device numbers anew."""
    if file.device is None:
        return listed_as_known(file, row)
    _, _, size, mtime, ctime, device, inode, *_ = row
    return (
        (file.size, file.mtime) == (size, mtime)
        and ctime in (None, file.ctime)
        and (inode in (None, file.inode) or device != file.device)
    )


def _sweep(library: Library, part: Part, entered: set[int], gone: bool, report: ScanReport) -> None:
    """Mark as missing what was known here and is not there."""
    if part.strange:
        return
    lost = part.lost(entered)
    if away := [] if gone else part.unmounted(lost):
        kept = {row[ID] for row in away}
        lost = [row for row in lost if row[ID] not in kept]
        common = os.path.commonpath([os.path.dirname(row[0]) for row in away])
        report.problems.append(
            f"The drive is not there on which {len(away):,} images in {printable(os.path.join(part.root, common))} "
            "lie; is it not mounted? They are kept as they were. If they are gone for good: scan --gone."
        )
    for start in range(0, len(lost), BATCH):
        with library.db.atomic():
            for row in lost[start : start + BATCH]:
                library.mark(row[ID], "missing")
    report.missing += len(lost)

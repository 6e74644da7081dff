"""Bring the table of images in line with folders.

Walk the folders (`walk`), compare what the file system says of each file with what is known,
read only what is new or touched, and find out which image each file is (`matching`): new,
changed, moved or back. What is not there any more becomes `missing`; it keeps its vectors
and notes in case it returns. Nothing is called missing that could not be looked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline import settings
from pipeline.extraction.entering import BATCH, Seen, enter_known, enter_new, inspect
from pipeline.extraction.parts import Part, parts_of, root_for
from pipeline.extraction.recognition import images_of, without_strange
from pipeline.extraction.report import ScanReport
from pipeline.extraction.walk import File
from pipeline.library import Library
from pipeline.progress import Progress, Silent


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
    parts = parts_of(library, [folders] if isinstance(folders, str | os.PathLike) else folders, gone, report)
    settled: set[int] = set()
    to_read = [item for part in parts for item in _touched(library, part, settled, everything, retry, report)]
    progress.start("scan", len(to_read))
    waiting = []
    with ThreadPoolExecutor(settings.cores()) as pool:
        for start in range(0, len(to_read), BATCH):
            batch = list(pool.map(inspect, to_read[start : start + BATCH]))
            waiting += enter_new(library, [item for item in batch if not item.vanished], settled, report)
            progress.advance(len(batch))
    images = images_of(library, parts, waiting, settled)
    if not gone:
        waiting, images = without_strange(parts, waiting, images, settled, report)
    settled |= enter_known(library, waiting, images, report)
    for part in parts:
        _sweep(library, part, settled, report)
    library.drop_empty_roots()
    for problem in report.problems:
        progress.say(problem)
    return report


def exclude(library: Library, folder: Path, patterns: Sequence[str], *, anew: bool = False) -> None:
    """Remember with a folder what is left out of it; anew: forget what was remembered before."""
    root = root_for(library, Path(folder))[0]
    with library.db.atomic():
        number = library.add_root(root)
        kept = [] if anew else library.excluded(root)
        library.db.execute(
            "UPDATE roots SET exclude = ? WHERE id = ?", [json.dumps(list(dict.fromkeys([*kept, *patterns]))), number]
        )


def _touched(
    library: Library, part: Part, settled: set[int], everything: bool, retry: bool, report: ScanReport
) -> list[Seen]:
    """The files that are not as they are known; those that are go to `settled`."""
    to_read, unfamiliar = [], []
    for file in part.found.files:
        row = part.rows.get(file.path)
        again = row is not None and row[7] == "unreadable" and (retry or row[8])
        if row is None or everything or again or not _as_known(file, row):
            to_read.append(Seen(part.root, part.root_id, file, row, retry or everything))
            continue
        report.unchanged += 1
        report.unreadable += row[7] == "unreadable"
        settled.add(row[0])
        if row[5] is None:
            unfamiliar.append((file.ctime, file.device, file.inode, row[0]))
    for start in range(0, len(unfamiliar), 20 * BATCH):
        with library.db.atomic():
            library.db.conn.executemany(
                "UPDATE images SET ctime = ?, device = ?, inode = ? WHERE id = ?",
                unfamiliar[start : start + 20 * BATCH],
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


def _sweep(library: Library, part: Part, settled: set[int], report: ScanReport) -> None:
    """Mark as missing what was known here and was neither found nor may be there unseen."""
    if part.strange:
        return
    lost = [
        row[0] for path, row in part.rows.items() if row[0] not in settled and not part.found.is_unread(path)
    ]
    for start in range(0, len(lost), BATCH):
        with library.db.atomic():
            for number in lost[start : start + BATCH]:
                library.mark(number, "missing")
    report.missing += len(lost)

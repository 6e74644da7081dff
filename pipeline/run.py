"""The whole main job: scan, embed, index, map, each only as far as it is not current."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import appearance, index, maps, things
from pipeline.errors import LibraryError
from pipeline.extraction.embed import EmbedReport, embed
from pipeline.extraction.plan import Given, choose, writes
from pipeline.extraction.scan import ScanReport, scan
from pipeline.facts import text
from pipeline.library import Library
from pipeline.library.images import printable
from pipeline.library.runs import RunRecord
from pipeline.maps import outlying
from pipeline.progress import Progress, Silent, counted
from pipeline.settings import EmbedOptions, MapOptions
from pipeline.things import palettes

SAMPLE_FOLDER = "gallery"
"""Folder inside a data directory that the sample gallery is generated into."""


@dataclass
class RunReport:
    """What a run did, and how many seconds each step took."""

    scan: ScanReport = field(default_factory=ScanReport)
    embed: EmbedReport = field(default_factory=EmbedReport)
    index: str = ""
    maps: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def did_nothing(self) -> bool:
        """Whether everything was current already."""
        return (
            not self.scan.touched
            and not self.scan.facts
            and not self.embed.done
            and not self.embed.failed
            and not self.embed.taken
            and not any(self.embed.vectors.values())
            and self.index == "current"
            and set(self.maps.values()) <= {"current"}
        )

    def __str__(self) -> str:
        took = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in self.seconds.items())
        if self.did_nothing:
            return f"Nothing to do: {counted(self.scan.unchanged, 'image')}, all current ({took})."
        vectors = ", ".join(f"{n:,} {name}" for name, n in self.embed.vectors.items() if n)
        done = [
            f"{what} {', '.join(name for name, its in self.maps.items() if its == what)}"
            for what in dict.fromkeys(self.maps.values()) if what != "current"
        ]
        lines = [
            f"Images: {self.scan}.",
            f"Vectors computed: {vectors or 'none'}."
            + (f" {counted(self.embed.taken, 'image')} got those of the same file elsewhere." if self.embed.taken else "")
            + (f" {counted(self.embed.failed, 'image')} could not be read." if self.embed.failed else ""),
            f"Index {self.index}; maps: {'; '.join(done) or 'all current'}.",
            f"Time: {took}.",
        ]
        return "\n".join(lines)


def run(
    library: Library,
    folder: Path | list[Path],
    *,
    embeddings: str | None = None,
    given: Given = {},
    embed_options: EmbedOptions = EmbedOptions(),
    index_options: Mapping[str, Any] = {},
    map_options: Mapping[str, Any] = {},
    progress: Progress = Silent(),
) -> RunReport:
    """Bring the library in line with folders of images, vectors, index and maps included.

    Resumable: what is stored is never computed again, whenever the last run ended. Only what
    is named changes: embeddings (`auto` or a list; None: as before), `given` (options of
    embeddings), index_options and map_options (name → value).
    """
    report = RunReport()
    folders = [folder] if isinstance(folder, str | os.PathLike) else folder
    parameters = {"folder": ", ".join(printable(str(one)) for one in folders), "embeddings": embeddings, **given}
    with library.writing(), RunRecord(library, "run", parameters, progress) as record:

        def step(name: str, work: Callable):
            started = time.perf_counter()
            answer = work()
            report.seconds[name] = time.perf_counter() - started
            return answer

        report.scan = step("scan", lambda: scan(library, folders, record))
        if not library.counts()["ok"]:
            raise LibraryError("None of the images found can be read; see: status")
        names = choose(library, embeddings, given, record)
        report.embed = step("embed", lambda: embedded(library, names, given, embed_options, record))
        _, report.index = step(
            "index", lambda: index.build(library, None, index_options or None, record)
        )
        if things.available(library):
            step("things", lambda: (things.seen(library, record), palettes.palettes(library, record)))
        options = maps.settled(library, map_options, record)
        report.maps = step("map", lambda: mapped(library, options, record))
        record.message = str(report)
    return report


def embedded(library: Library, names: list[str], given: Given, options: EmbedOptions, progress: Progress) -> EmbedReport:
    """Compute the vectors that are missing or stale: of pictures, and of what is written about them."""
    report = embed(library, names, given, options, progress)
    appearance.measured(library, progress)
    if writes(library):
        report.vectors[text.NAME] = text.update(library, progress)
    return report


def mapped(library: Library, options: MapOptions | None, progress: Progress, refit: bool = False) -> dict[str, str]:
    """Bring the maps up to date, and what of them tells who is far from all others."""
    done = maps.build(library, None, options, progress, refit)
    outlying.update(library, index.load(library), progress)
    return done


def demo_folder(
    data: Path, given: Path | str | None, progress: Progress = Silent()
) -> tuple[Path, Path | str]:
    """Which library and folder a demonstration is about: (data directory, folder of images).

    Without a folder of the person's own, the sample gallery is generated inside the data
    directory. It never mixes with own pictures: where there are some, it gets a library of
    its own beside them; when own pictures come, it leaves the library it was in.
    """
    sample = (data / SAMPLE_FOLDER).resolve()
    roots = Library(data, create=True).roots()
    if given is not None:
        if sample.as_posix() in roots and Path(given).resolve() != sample:
            library = Library(data)
            with library.writing():
                library.remove_root(sample.as_posix())
            progress.say("The sample gallery made room for your images.")
        return data, given
    if any(root != sample.as_posix() for root in roots):
        data = data / "sample"
        progress.say(f"Your images stay in their library; the sample gallery is in {data}.")
    from pipeline.gallery import generate

    folder = data / SAMPLE_FOLDER

    shown = 0

    def report(done: int, total: int) -> None:
        nonlocal shown
        if not shown:
            progress.start("gallery", total)
        progress.advance(done - shown)
        shown = done

    generate(folder, progress=report)
    return data, folder

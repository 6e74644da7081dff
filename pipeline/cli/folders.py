"""Commands on the folders of a library: forget, relocate."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.options import PLACE, data_option
from pipeline.library import Library
from pipeline.library.images import printable
from pipeline.library.runs import RunRecord
from pipeline.progress import Console


@click.command()
@click.argument("folder", type=PLACE)
@data_option
def forget(folder: Path | str, data: Path) -> None:
    """Forget a scanned FOLDER: its images leave the library with vectors, tags and ratings.

    The files stay where they are. FOLDER need not exist any more.
    """
    from pipeline.extraction.folders import forget as forget_folder

    library = Library(data)
    with library.writing(), RunRecord(library, "forget", {"folder": folder}, Console()) as record:
        count = forget_folder(library, folder)
        record.message = f"{count:,} images forgotten"
    click.echo(f"{count:,} images of {printable(str(folder))} are forgotten; the files are untouched.")


@click.command()
@click.argument("old", type=PLACE)
@click.argument("new", type=PLACE)
@data_option
def relocate(old: Path | str, new: Path | str, data: Path) -> None:
    """Say that the scanned folder OLD is now at NEW: on another disk, in a store, or under another name.

    Nothing is read or computed: images keep vectors, tags and ratings.
    """
    from pipeline.extraction.folders import relocate as relocate_folder

    library = Library(data)
    with library.writing(), RunRecord(library, "relocate", {"old": old, "new": new}, Console()) as record:
        count = relocate_folder(library, old, new)
        record.message = f"{count:,} images relocated"
    click.echo(f"{count:,} images are now looked for in {printable(str(new))}.")

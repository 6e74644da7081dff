"""The command for vectors of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.options import data_option
from pipeline.library import Library
from pipeline.library.runs import RunRecord
from pipeline.progress import Console


@click.command()
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--forget", is_flag=True, help="Drop the vectors of this name.")
@data_option
def vectors(name: str, file: Path | None, forget: bool, data: Path) -> None:
    """Take vectors of your own from FILE (.npz, .csv, .parquet) as one more embedding, NAME.

    A row names its image by path (its last names are enough) or id; the other columns are
    numbers. In an NPZ: an array `paths` or `ids` of n, and one of n × d numbers. What was
    brought under that name before is replaced.
    """
    from pipeline.extraction import brought

    if forget == bool(file):
        raise click.UsageError("Give a FILE, or --forget.")
    library = Library(data)
    with library.writing(), RunRecord(library, "vectors", {"name": name, "file": str(file or "")}, Console()) as record:
        if forget:
            brought.forget(library, name)
            record.message = f"{name} is forgotten."
        else:
            told = brought.bring(library, name, file)
            record.message = str(told) if told.changed else f"{told} That is what it was."
    click.echo(record.message)
    click.echo("Index and maps follow with: python -m pipeline run")

"""Commands that take care of a library: backup, restore, doctor."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipeline.cli.options import data_option, json_option
from pipeline.library import Library
from pipeline.progress import Console

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--force", is_flag=True, help="Overwrite FILE where it is there already.")
@data_option
def backup(file: Path, force: bool, data: Path) -> None:
    """Copy all that cannot be made again into one FILE: notes, vectors, codebooks, thumbnails.

    A run may go on meanwhile; the copy is of the moment at which it begins. The pictures
    themselves are not in it.
    """
    from pipeline.library.backup import backup as copy

    progress = Console()
    size = copy(Library(data), file, force=force, progress=progress)
    progress.close()
    click.echo(f"{file}: {size / 1e6:,.1f} MB, checked. It comes back with: python -m pipeline restore {file}")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--force", is_flag=True, help="Over what is there; its database is kept under a dated name.")
@data_option
def restore(file: Path, force: bool, data: Path) -> None:
    """Make a library from a backup FILE, in an empty or new directory.

    Index and maps are made again by the next run. Where the pictures lie elsewhere now, say so
    with relocate.
    """
    from pipeline.library.backup import restore as bring_back

    progress = Console()
    kept = bring_back(file, data, force=force, progress=progress)
    progress.close()
    library = Library(data)
    click.echo(f"{data} holds the {sum(library.counts().values()):,} images of {file}. Index and maps: python -m pipeline run")
    if kept:
        click.echo(f"The database that was there is {kept}.")


@click.command()
@click.option("--repair", is_flag=True, help="Put right what is derived or can be computed again.")
@json_option
@data_option
@click.pass_context
def doctor(context: click.Context, repair: bool, as_json: bool, data: Path) -> None:
    """Look at every byte of a library and tell what is wrong; exit with 1 where something is.

    Changes nothing without --repair.
    """
    from pipeline.doctor import as_json as listed
    from pipeline.doctor import doctor as examine

    progress = Console()
    found = examine(Library(data), repair, progress)
    progress.close()
    if as_json:
        click.echo(json.dumps(listed(found)))
    else:
        for one in found:
            click.echo(f"{one.state + ':':<10}{one.text}" + (f" {one.way_out}." if one.state != "repaired" and one.way_out else ""))
        click.echo(_summary(found))
    if any(one.state != "repaired" for one in found):
        context.exit(1)


def _summary(found: list) -> str:
    if not found:
        return "Nothing is wrong."
    repaired = sum(one.state == "repaired" for one in found)
    return f"{repaired:,} repaired, {len(found) - repaired:,} left."

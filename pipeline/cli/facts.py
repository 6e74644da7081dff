"""The command on what is known of images: facts."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.options import data_option
from pipeline.errors import FactsError
from pipeline.library import Library
from pipeline.library.images import printable
from pipeline.library.runs import RunRecord
from pipeline.progress import Console

_NAMED = 20
"""Names of rows that met no image, where not all are asked for."""


def _kinds(context: click.Context, _, values: tuple[str, ...]) -> dict[str, str]:
    pairs = [value.rpartition("=") for value in values]
    if bad := next((value for value, (name, _, _) in zip(values, pairs) if not name), None):
        raise click.BadParameter(f"{bad!r} is not NAME=KIND", context)
    return {name: kind for name, _, kind in pairs}


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--key",
    metavar="NAME",
    help="The column that names the image.  [default: path, file, filename, …, or the first]",
)
@click.option("--only", metavar="NAMES", help="Take these columns alone, separated by commas.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="NAME=KIND",
    callback=_kinds,
    help="number, date, category or text, where another one was found; may be given again.",
)
@click.option(
    "--unmatched", is_flag=True, help=f"Name every row that met no image, not only the first {_NAMED}."
)
@click.option(
    "--drop",
    multiple=True,
    metavar="NAME",
    help="Forget a column that was brought along; may be given again.",
)
@data_option
def facts(
    file: Path | None,
    key: str | None,
    only: str | None,
    kinds: dict,
    unmatched: bool,
    drop: tuple[str, ...],
    data: Path,
) -> None:
    """Bring along a table of the images: FILE is CSV, JSON lines or a JSON list, a row an image.

    One column names the image, by its path, the last names of it, or its name where only one
    is called so; all others become columns to filter, search and export by. Those of the same
    names are replaced. Without FILE: the columns there are.
    """
    library = Library(data)
    if drop:
        _drop(library, drop)
    if file is not None:
        _bring(library, file, key, only, kinds, unmatched)
    elif not drop:
        _list(library)


def _bring(
    library: Library, file: Path, key: str | None, only: str | None, kinds: dict, unmatched: bool
) -> None:
    from pipeline.facts import bring

    progress = Console()
    wanted = [name.strip() for name in only.split(",") if name.strip()] if only else []
    with library.writing(), RunRecord(library, "facts", {"file": file}, progress) as record:
        told = bring(library, file, key=key, only=wanted, given=kinds, progress=record)
        record.message = f"{told.met:,} of {told.rows:,} rows met an image"
    progress.close()
    click.echo(f"{told.met:,} of {told.rows:,} rows met an image, {told.images:,} images in all.")
    click.echo("Columns: " + ", ".join(f"{name} ({kind})" for name, kind in told.columns.items()))
    for names, said in (
        (told.unmet, "met no image"),
        (told.several, "could mean several images; name more of the path"),
    ):
        if names:
            click.echo(f"{len(names):,} rows {said}:")
            shown = names if unmatched else names[:_NAMED]
            for name in shown:
                click.echo(f"  {printable(name)}")
            if len(shown) < len(names):
                click.echo(f"  and {len(names) - len(shown):,} more; all of them: --unmatched")


def _drop(library: Library, names: tuple[str, ...]) -> None:
    from pipeline.facts import drop

    with library.writing(), RunRecord(library, "facts", {"drop": list(names)}, Console()) as record:
        drop(library, names)
        record.message = f"{', '.join(names)} dropped"
    click.echo(f"{', '.join(names)}: forgotten.")


def _list(library: Library) -> None:
    columns = library.facts.columns()
    if not columns:
        raise FactsError("The images' files say nothing of themselves, and no table was brought along.")
    for column in columns:
        ids, _ = library.facts.column(column.name)
        click.echo(f"{column.title:<24}{column.kind:<10}{len(set(ids.tolist())):>10,} images")

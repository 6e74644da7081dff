"""The command that finds copies: duplicates."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipeline.cli.options import data_option, json_option
from pipeline.cli.recorded import recorded
from pipeline.errors import SettingsError
from pipeline.library import Library
from pipeline.progress import Console

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--anew", is_flag=True, help="Look again, also where no image has changed since the last time.")
@click.option("--between", nargs=2, metavar="SIDE SIDE",
              help="Only groups with an image on either side: label:train label:test, or folder:a/b folder:c.")
@click.option("--across", "where", flag_value="across", help="Only groups that lie in several folders.")
@click.option("--inside", "where", flag_value="inside", help="Only copies that lie in one folder.")
@click.option("--csv", "csv_path", type=_FILE, help="Write a table with a row for each image of each group.")
@click.option("--script", "script_path", type=_FILE,
              help="Write a shell script that moves what was decided to be set aside; it is run by you, or not.")
@json_option
@data_option
def duplicates(anew: bool, between, where: str | None, csv_path: Path | None, script_path: Path | None,
               as_json: bool, data: Path) -> None:
    """Find groups of images that are copies of one another: the same file, saved again, recolored, cropped, turned,
    mirrored, with something laid over.

    What was decided on the Duplicates page holds here: pictures that are no copies are in no group together.
    """
    from pipeline.duplicates import kept, review, selection, sides, taking

    library, progress = Library(data), Console()
    with recorded(library, "duplicates", {}, progress) as record:
        found = kept.look(library, record, anew=anew)
    progress.close()
    roots = library.root_names()
    split = tuple(sides.side(text, roots) for text in between) if between else None
    reviewed = review.Reviewer(library).copies(found.groups, where or review.ANYWHERE)
    groups = selection.Selection(state=selection.ALL, split=split).of(group for group in reviewed if group.state != review.APART)
    rows = [row for group in groups for row in group.images]
    told = dict(zip((row.id for row in rows), library.told_apart(rows)))
    if csv_path:
        _write(csv_path, taking.table(groups, told).encode())
    if script_path:
        _write(script_path, taking.script(library, groups))
    if as_json:
        click.echo(json.dumps(review.as_json(groups)))
        return
    for number, group in enumerate(groups, 1):
        click.echo(f"{number:>3}  " + "\n     ".join(_lines(group, told)))
        click.echo("       " + "\n       ".join(review.reasons(group, told)))
    # Scripts read this line: it has been so from the first version on, whatever the numbers are.
    click.echo(f"{len(groups):,} groups, {len({row.id for row in rows}):,} images in them.")


def _lines(group, told) -> list[str]:
    """The images of a group; where it was decided on, what becomes of each."""
    if group.state != "settled":
        return [told[row.id] for row in group.images]
    return [f"{told[row.id]}  ({'kept' if row.id in group.keep else 'set aside'})" for row in group.images]


def _write(file: Path, text: bytes) -> None:
    try:
        file.write_bytes(text)
    except OSError as error:
        raise SettingsError(f"{file} cannot be written ({error.strerror}).") from None

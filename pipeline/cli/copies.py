"""The commands that find copies: duplicates among the images of a library, known of pictures from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from pipeline import settings
from pipeline.cli.options import data_option, json_option
from pipeline.cli.recorded import recorded
from pipeline.errors import ImageError, SettingsError
from pipeline.library import Library
from pipeline.library.images import printable
from pipeline.progress import Console, counted

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
    roots = library.root_names()
    split = tuple(sides.side_of(library, text, roots) for text in between) if between else None
    with recorded(library, "duplicates", {}, progress) as record:
        found = kept.look(library, record, anew=anew)
    progress.close()
    reviewed = review.Reviewer(library).copies(found.groups, where or review.ANYWHERE)
    groups = selection.Selection(state=selection.ALL, split=split).of(group for group in reviewed if group.state != review.APART)
    rows = [row for group in groups for row in group.images]
    told = dict(zip((row.id for row in rows), library.told_apart(rows)))
    if csv_path:
        _write(csv_path, taking.table(groups, told).encode())
    if script_path:
        _write(script_path, taking.script(library, groups))
        if left := sum(group.state == review.OPEN for group in groups):
            click.echo(f"{script_path} moves nothing of {counted(left, 'group')} that nobody has decided on; that is done on the "
                       "Duplicates page.", err=True)
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


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--only", type=click.Choice(["known", "new"]), help="Print the paths of these files alone, one a line.")
@json_option
@data_option
def known(pictures: tuple[Path, ...], only: str | None, as_json: bool, data: Path) -> None:
    """Say which of some PICTURES, files or folders, the library has already: the same files, and copies of its images.

    They are looked at and forgotten: nothing is taken up.
    """
    from pipeline.extraction.found import Walk
    from pipeline.extraction.walk import pictures_in
    from pipeline.search import Searcher

    searcher, progress, met = Searcher(Library(data)), Console(), Walk()
    files = [file for one in pictures for file in ([one] if one.is_file() else pictures_in(one, met))]
    progress.start("pictures", len(files))
    told = []
    for one in _looked_at(searcher, files):
        told.append(one)
        progress.advance()
    progress.close()
    told += [{"file": folder, "state": "unread", "copies": [], "reason": f"the folder cannot be listed ({why})"}
             for folder, why in sorted(met.unread.items())]
    if as_json:
        click.echo(json.dumps({"pictures": told, "not_read": dict(sorted(met.skipped.items()))}))
        return
    for one in told:
        if only is None:
            click.echo(_known_line(one))
        elif one["state"] == only:
            click.echo(one["file"])
    counts = [sum(one["state"] == state for one in told) for state in ("known", "new", "unread")]
    told_of = f"{counts[0]:,} known, {counts[1]:,} new" + f", {counts[2]:,} that cannot be read" * bool(counts[2])
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(met.skipped.items()))
    click.echo(f"{len(told):,} pictures: {told_of}{f'; not read: {kinds}' * bool(kinds)}.", err=only is not None)


def _looked_at(searcher, files: list[Path]) -> Iterator[dict]:
    """What there is to say of each file, in their order: {"file", "state": known | new | unread, "copies": [{"id", "path",
    "root", "kind", "reason"}], "reason": why it cannot be read}."""
    from pipeline.duplicates import known as copies
    from pipeline.pictures import decoding

    def look(file: Path) -> dict:
        try:
            content = decoding.read(file)
            found = copies.copies_of(searcher, decoding.decode(content, copies.SIDE), copies.content_of(content))
        except ImageError as error:
            return {"file": str(file), "state": "unread", "copies": [], "reason": str(error)}
        rows = searcher.library.images_by_id([one.image for one in found])
        told = [
            {"id": one.image, "path": rows[one.image].shown, "root": printable(rows[one.image].root), "kind": one.reason.kind,
             "reason": one.reason.told}
            for one in found if one.image in rows
        ]
        return {"file": str(file), "state": "known" if told else "new", "copies": told}

    with ThreadPoolExecutor(settings.cores()) as threads:
        yield from threads.map(look, files)


def _known_line(one: dict) -> str:
    file = printable(one["file"])
    if one["state"] != "known":
        return f"{one['state']:<6}  {file}" + (f": {one['reason']}" if one["state"] == "unread" else "")
    first, *others = one["copies"]
    more = f", and {len(others):,} more" if others else ""
    return f"known   {file} = {first['path']} ({first['reason']}{more})"

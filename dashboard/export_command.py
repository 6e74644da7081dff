"""The command that takes a library along in forms that other programs open."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.options import data_option
from pipeline.library import Library

_KINDS = ("csv", "parquet", "npz", "projector", "fiftyone", "map")


@click.command()
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--map", "name", default="combined", help="Which map, of the kind map.")
@click.option("--embeddings", default="", metavar="LIST", help="Names joined by commas.  [default: all there are]")
@click.option("--where", default="", metavar="CONDITION", help="Only images that meet it: 'tag=red,blue', 'date>=2020-05'.")
@click.option("--collection", default="", help="Only images of this collection.")
@click.option("--copy", is_flag=True, help="Of the kind fiftyone: copy the files into the folder.")
@data_option
def export(kind: str, target: Path, name: str, embeddings: str, where: str, collection: str, copy: bool, data: Path) -> None:
    """Write the library to TARGET, for other programs and other people.

    csv: all that is known, a row an image. parquet, npz: vectors with ids and paths. projector: a folder
    for TensorBoard's projector. fiftyone: a folder that FiftyOne reads. map: one HTML file of a
    map, with its pictures, that opens without a server. TARGET - is the standard output.
    """
    from dashboard.map_page import write
    from pipeline.export import FOLDERS, KINDS, Wanted

    library = Library(data)
    to_stdout = str(target) in ("-", "/dev/stdout") and kind not in FOLDERS
    target = Path("/dev/stdout") if to_stdout else target
    names = tuple(filter(None, (one.strip() for one in embeddings.split(","))))
    wanted = Wanted(where, collection, names, copy=copy)
    if kind in FOLDERS and target.is_file():
        raise click.UsageError(f"{target} is a file; {kind} is a folder.")
    if kind not in FOLDERS and target.is_dir():
        raise click.UsageError(f"{target} is a folder; {kind} is a file.")
    count = write(library, name, target, wanted) if kind == "map" else KINDS[kind](library, target, wanted)
    click.echo(f"{count:,} images in {target}.", err=to_stdout)

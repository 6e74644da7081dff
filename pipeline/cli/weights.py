"""Commands that choose: varied pictures that stand for many, and the weights that rank best."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipeline.cli.options import data_option, json_option
from pipeline.library import Library
from pipeline.library.images import printable


@click.command()
@click.argument("count", type=click.IntRange(1))
@click.option("--where", multiple=True, metavar="CONDITION", help="Only among images that meet it, as in search; may be given again.")
@click.option("--by", metavar="EMBEDDING", help="Unlike by this embedding.  [default: by all, as usual]")
@click.option("--collection", metavar="NAME", help="Keep them as a collection of this name.")
@json_option
@data_option
def vary(count: int, where: tuple[str, ...], by: str | None, collection: str | None, as_json: bool, data: Path) -> None:
    """Choose COUNT pictures that stand for all: varied, and each typical of those around it."""
    from pipeline import columns
    from pipeline import index as indexes
    from pipeline.export.wanted import still
    from pipeline.library import notes
    from pipeline.search.diversity import varied

    library = Library(data)
    table = columns.of(library).now()
    passed = table.all_passing(columns.parse(";".join(where)))
    chosen = varied(indexes.load(library), table.ids if passed is None else table.ids[passed], count, by)
    there, rows = still(library, chosen)  # another run may have forgotten some of them meanwhile
    ids = there.tolist()
    if collection:
        collection = notes.collect(library, collection, ids)
    if as_json:
        click.echo(json.dumps({"images": [{"id": one, "path": printable(rows[one].place)} for one in ids], "collection": collection}))
        return
    for one in ids:
        click.echo(printable(rows[one].place))
    if collection:
        click.echo(f"Kept {len(ids):,} images as “{collection}”.", err=True)


@click.command()
@click.argument("source", type=click.Choice(["labels", "thumbs"]))
@click.option("--forget", is_flag=True, help="Forget what was learned from it.")
@json_option
@data_option
def weights(source: str, forget: bool, as_json: bool, data: Path) -> None:
    """Learn how much each embedding should count, from labels or from thumbs on matches.

    Kept as a preset of the library: search --preset learned-from-labels. Where too little is known,
    or the usual weights are as good, it says so and learns nothing.
    """
    from pipeline import learned
    from pipeline.search import Searcher

    library = Library(data)
    if forget:
        learned.put(library, source, None)
        click.echo(f"Forgotten: the weights learned from {source}.")
        return
    found = learned.learn(Searcher(library), source)
    click.echo(json.dumps(found.as_json()) if as_json else str(found))

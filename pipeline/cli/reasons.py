"""The command that says why a picture is a match: why."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipeline.cli.ask import weights_of
from pipeline.cli.options import data_option, json_option
from pipeline.errors import QueryError
from pipeline.library import Library


@click.command()
@click.argument("query")
@click.argument("match", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--weights", metavar="LIST", help="As in color=1,sift=0.5; names left out weigh 0.  [default: as search has them]")
@json_option
@data_option
def why(query: str, match: Path, weights: str | None, as_json: bool, data: Path) -> None:
    """Say why MATCH, a picture of the library, is found with QUERY, a picture or words.

    The parts of the score with the match's place by each embedding alone, the points that both pictures
    share, the colors, and what is seen in both.
    """
    from pipeline import reasons
    from pipeline.pictures import decoding, metadata
    from pipeline.reasons import telling
    from pipeline.search import Filter, Query, Searcher, WordsEntry, entries_from

    searcher = Searcher(Library(data))
    row = searcher.library.image_at(match)
    if row is None:
        raise QueryError(f"{match} is not in this library.")
    entries = entries_from(searcher, [query])
    asked = Query(entries, weights_of(weights, None, searcher.embeddings))
    asked = Query(entries, asked.weights, filter=Filter(exclude=asked.images))
    shown = None
    if not isinstance(entries[0], WordsEntry):
        file = decoding.read(Path(query))
        shown = reasons.Shown(entries[0], decoding.decode(file), metadata.read(file).keywords)
    found = reasons.explain(searcher, asked, row.id, decoding.decode(decoding.read(match)), shown)
    click.echo(json.dumps(telling.as_json(found)) if as_json else telling.as_text(found))

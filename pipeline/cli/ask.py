"""Commands that ask a library: search, status."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipeline import settings
from pipeline.cli.options import data_option, json_option
from pipeline.embeddings.weights import PRESETS, weighted
from pipeline.errors import SettingsError
from pipeline.library import Library
from pipeline.library.images import printable


@click.command()
@click.argument("query", nargs=-1)
@click.option("--not", "minus", multiple=True, metavar="QUERY", help="Unlike this image, or these words; may be given again.")
@click.option("--palette", multiple=True, metavar="COLORS",
              help="In these colors: '#c8452b,#fdebc8', or with shares: '#c8452b=2,#fdebc8=1'.")
@click.option("--weights", metavar="LIST",
              help="As in color=1,sift=0.5; names left out weigh 0.  [default: as --preset balanced; 1 for what words and palettes speak of]")
@click.option("--preset", type=click.Choice([*(title.lower().replace(" ", "-") for title in PRESETS), "learned-from-labels", "learned-from-thumbs"]),
              help="Weights by what is wanted: balanced; the very same thing again; the same colors; the same kind; or as learned.")
@click.option("--top-k", type=click.IntRange(1), default=settings.TOP_K, help="Number of matches.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Leave out so many of the best: the next page.")
@click.option("--label", "labels", multiple=True, help="Only images with this label; may be given again.")
@click.option("--folder", "folders", multiple=True, metavar="PATH",
              help="Only images below this path of the scanned folder; may be given again.")
@click.option("--where", multiple=True, metavar="CONDITION",
              help="Only images that meet it: 'tag=red,blue', 'date>=2020-05', 'size=1MB..5MB', 'file~beach'. "
                   "Joined by ; or given again, all must hold.")
@click.option("--metric", type=click.Choice(settings.METRICS), default="cosine", help="How to rank.")
@click.option("--exact", is_flag=True, help="Scan every image instead of walking the index.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write a contact sheet.")
@json_option
@data_option
def search(query, minus, palette, weights, preset, metric, html, as_json, labels, folders, where, data: Path, **values) -> None:
    """Find what is like one or several QUERY images, in the library or not, or what words say.

    A QUERY that is the name of a file is a picture; any other is words for things and colors, as
    in search "red dress". Several queries are averaged. The metric hamming compares
    perceptual hashes: it finds the same picture saved again, and leaves the weights aside.
    """
    from pipeline.columns import one_of, parse
    from pipeline.search import Filter, Query, Searcher, entries_from, printed, words
    from pipeline.search.contact_sheet import contact_sheet

    library = Library(data)
    searcher = Searcher(library)
    chosen = weights_of(weights, preset, searcher.embeddings, library)
    passing = Filter((*one_of("label", labels), *one_of("folder", folders), *parse(";".join(where))))
    entries = (*entries_from(searcher, query), *map(_palette, palette), *entries_from(searcher, minus, minus=True))
    result = searcher.search(Query(entries, chosen, metric=metric, filter=passing, **values))
    for word, near in result.unknown.items():
        click.echo(words.told(word, near, list(library.embeddings())), err=True)
    for name, (count, of) in result.partly.items():
        told = f"{name} is known of {count:,} of {of:,} images; the others count there as the average image does."
        click.echo(told, err=True)
    for folder, count in result.away.items():
        click.echo(f"Not searched: {count:,} images in {printable(folder)}, whose drive is not there.", err=True)
    if html:
        sheet = contact_sheet(library, result, ", ".join([*(Path(one).name for one in query), *palette, *(f"not {Path(one).name}" for one in minus)]))
        try:
            html.write_text(sheet, "utf-8")
        except OSError as error:
            raise SettingsError(f"The contact sheet cannot be written to {html} ({error.strerror}).") from None
    if as_json:
        click.echo(json.dumps(printed.as_json(library, result)))
        return
    rows = library.images_by_id([match.id for match in result.matches])
    for rank, match in enumerate(result.matches, 1 + values["offset"]):
        shown = library.told_apart([rows[match.id]])[0] if match.id in rows else match.path
        parts = "  ".join(f"{name} {value:.3f}" for name, value in match.parts.items())
        parts += f"  {match.written}" * bool(match.written)
        distance = "" if match.distance is None else f"  {metric} {match.distance:.4f}"
        click.echo(f"{rank:>3}  {match.score:.4f}{distance}  {shown}   ({parts})")
    click.echo(f"{len(result.matches)} matches in {result.ms:.1f} ms" + (f"; contact sheet: {html}" if html else ""))


def _palette(text: str):
    """A palette as it is written on the command line."""
    from pipeline.search import PaletteEntry

    colors, shares = [], []
    for one in text.split(","):
        color, _, share = one.strip().partition("=")
        colors.append(color)
        try:
            shares.append(float(share or 1))
        except ValueError:
            raise SettingsError(f"{share!r} is no share of a color; write a number.") from None
    return PaletteEntry(tuple(colors), tuple(shares))


def weights_of(
    text: str | None, preset: str | None, names: tuple[str, ...], library: Library | None = None
) -> dict[str, float] | None:
    """The weights that options name; None where they name none. library: whose learned weights are meant."""
    if text and preset:
        raise SettingsError("Give --weights or --preset, not both.")
    if text:
        return settings.parse_weights(text, names)
    if preset is None:
        return None
    title = preset.replace("-", " ").capitalize()
    if title not in PRESETS:
        return _learned(library, title, preset, names)
    weights = weighted(names, PRESETS[title])
    if not any(weights.values()):
        raise SettingsError(f"Nothing in this library ({', '.join(names)}) tells {preset.replace('-', ' ')}.")
    return weights


def _learned(library: Library, title: str, preset: str, names: tuple[str, ...]) -> dict[str, float]:
    from pipeline import learned

    found = learned.presets(library, names).get(title)
    if found is None:
        raise SettingsError(f"Nothing has been {preset.replace('-', ' ')} yet; it is by: weights {preset.rpartition('-')[2]}")
    return dict(found)


@click.command()
@json_option
@data_option
def status(as_json: bool, data: Path) -> None:
    """Tell what is in the library and what of it is current."""
    from pipeline.extraction.folders import is_there
    from pipeline.status import failures
    from pipeline.status import status as read_status

    library = Library(data)
    report = read_status(library)
    if as_json:
        click.echo(json.dumps(report))
        return
    counts = report["images"]
    wide = max([14, *(2 + len(name) for name in [*report["embeddings"], *(f"Map {name}" for name in report["maps"])])])
    click.echo(f"{'Images':<{wide}}{counts['ok']:,} ok, {counts['unreadable']:,} unreadable, {counts['missing']:,} missing")
    for name, row in report["embeddings"].items():
        click.echo(f"{name:<{wide}}{row['current']:,} current, {row['stale']:,} stale, {row['missing']:,} missing")
    for name, why in report["networks"].items():
        click.echo(f"{'Network':<{wide}}{name}: {why}")
    found = report["index"]
    click.echo(f"{'Index':<{wide}}" + (
        f"{found['size']:,} images, {' + '.join(found['embeddings'])}, {_state(found)}{_placed(found)}" if found else "none yet"))
    for name, row in report["maps"].items():
        click.echo(f"{'Map ' + name:<{wide}}{row['points']:,} points, {row['clusters']} clusters, {row['noise']:,} in no cluster, {_state(row)}")
    for root, count in library.roots().items():
        there = "" if is_there(root) else "  (not there now: its images are kept as they were)"
        left_out = library.excluded(root)
        without = f"  without {', '.join(left_out)}" if left_out else ""
        click.echo(f"{'Folder':<{wide}}{printable(root)}: {count:,} images{without}{there}")
    for row in failures(library):
        again = "; it is tried again on every run" if row.retry else ""
        click.echo(f"unreadable: {printable(row.place)}: {row.reason}{again}")


def _placed(index: dict) -> str:
    """Where an index is that is not in the library's own files."""
    return "" if index["engine"] == "faiss" else f", in {index['engine'].capitalize()} ({index['where']})"


def _state(row: dict) -> str:
    if row.get("damaged"):
        return "damaged: make it again with: python -m pipeline map"
    return "stale" if row["stale"] else "current"

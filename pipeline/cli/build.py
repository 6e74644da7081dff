"""Commands that fill a library: run, scan, embed, index, map."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.options import (
    data_option,
    embed_options,
    exclude_options,
    given_options,
    images_argument,
    index_options,
    map_options,
    named,
)
from pipeline.errors import LibraryError
from pipeline.library import Library
from pipeline.library.images import printable
from pipeline.library.runs import RunRecord
from pipeline.progress import Console, counted
from pipeline.settings import EmbedOptions, IndexOptions, MapOptions


@click.command()
@images_argument
@exclude_options
@embed_options
@index_options
@map_options
@data_option
def run(images: tuple[Path, ...], data: Path, embeddings: str | None, exclude, no_exclude: bool, **values) -> None:
    """Do everything for folders of IMAGES: scan, embed, index, map.

    A folder may lie in a store: s3://bucket/photos, gs://…, https://…, whatever fsspec reaches
    here. Resumable and incremental: only what is missing or has changed is computed, and what is
    not named stays as it was set before. Without IMAGES, for the folders that the library has.
    """
    folders = _folders(images, data, exclude, no_exclude)
    click.echo(str(run_all_steps(folders, data, embeddings, values)))


def _folders(images: tuple[Path | str, ...], data: Path, exclude: tuple[str, ...], anew: bool) -> list[Path | str]:
    """The folders that are meant, with what is left out of each."""
    from pipeline.extraction.scan import exclude as leave_out

    library = Library(data, create=bool(images))
    folders = list(images or library.roots())
    if not folders:
        raise LibraryError("The library has no folder yet; name one.")
    if exclude or anew:
        with library.writing():
            for folder in folders:
                leave_out(library, folder, exclude, anew=anew)
    return folders


def _listed(folders: list[Path | str]) -> str:
    return ", ".join(printable(str(folder)) for folder in folders)


def run_all_steps(images: Path | list[Path], data: Path, embeddings: str | None = None, values: dict | None = None):
    """The main job (`pipeline.run`) in a library that is made where there is none. values: options as the command line has them."""
    from pipeline.run import run as run_all

    values = values or {}
    return run_all(
        Library(data, create=True),
        images,
        embeddings=embeddings,
        given=given_options(values),
        embed_options=EmbedOptions(**named(EmbedOptions, values)),
        index_options=named(IndexOptions, values),
        map_options=named(MapOptions, values),
        progress=Console(),
    )


@click.command()
@images_argument
@exclude_options
@click.option("--all", "everything", is_flag=True, help="Read every file again, whatever its size and time say.")
@click.option("--retry", is_flag=True, help="Try damaged images once more; those that could not be read always are.")
@click.option("--gone", is_flag=True, help="Believe it when nothing of what is known in a folder is left.")
@data_option
def scan(images: tuple[Path, ...], data: Path, exclude, no_exclude: bool, **how) -> None:
    """Find the images under folders; notice new, changed, moved and vanished files.

    Without IMAGES, under the folders that the library has. Of a folder in a store (s3://bucket/photos) only
    the listing is read.
    """
    from pipeline.extraction.scan import scan as scan_folders

    folders = _folders(images, data, exclude, no_exclude)
    library = Library(data, create=True)
    with library.writing(), RunRecord(library, "scan", {"folder": _listed(folders), **how}, Console()) as record:
        report = scan_folders(library, folders, record, **how)
        record.message = " ".join([f"{report}.", *report.problems])
    click.echo(f"Images: {report}.")


@click.command()
@embed_options
@data_option
def embed(data: Path, embeddings: str | None, **values) -> None:
    """Compute the vectors that are missing or stale."""
    from pipeline.extraction.plan import choose
    from pipeline.run import embedded

    library, given = Library(data), given_options(values)
    with library.writing(), RunRecord(library, "embed", {"embeddings": embeddings, **given}, Console()) as record:
        names = choose(library, embeddings, given, record)
        report = embedded(library, names, given, EmbedOptions(**named(EmbedOptions, values)), record)
        record.message = f"{report.done} images done, {report.failed} failed"
    computed = ", ".join(f"{count:,} {name}" for name, count in report.vectors.items() if count)
    click.echo(f"Vectors computed: {computed or ('none' if report.taken else 'none, all are current')}.")
    if report.taken:
        click.echo(f"{counted(report.taken, 'image')} got those of the same file elsewhere.")
    if report.failed:
        click.echo(f"{counted(report.failed, 'image')} could not be read; `status` lists them.")


@click.command()
@click.option("--embeddings", metavar="LIST", help="Names joined by commas, or all.  [default: as chosen before, at first all]")
@index_options
@data_option
def index(data: Path, embeddings: str | None, **values) -> None:
    """Bring the index up to date, or build it; only what is named changes, and stays so."""
    from pipeline import index as indexes

    library = Library(data)
    names = [n.strip() for n in embeddings.split(",")] if embeddings else None
    with library.writing(), RunRecord(library, "index", values, Console()) as record:
        built, done = indexes.build(library, names, named(IndexOptions, values), record)
    click.echo(f"Index {done}: {len(built):,} images, {' + '.join(built.embeddings)}.")
    click.echo(_measured(indexes.measured(library)))


def _measured(figures: dict) -> str:
    """Kind, size, recall and speed of an index in one line."""
    if figures["engine"] == "milvus":
        return f"{figures['type']} by Milvus; how much it finds is measured by: python -m pipeline evaluate"
    recall = figures["recall_at_10"]
    text = f"{figures['type']}, {figures['storage']}: {figures['bytes'] / 1e6:,.1f} MB"
    if not recall and figures["effort"]:
        effort = next(iter(figures["effort"].values()))
        return f"{text}; recall at {figures['effort_name']} {effort} will be measured when it is built next"
    if not recall:
        return text + "; so few images that every search is an exact scan"
    effort = "-".join(str(n) for n in sorted({min(figures["effort"].values()), max(figures["effort"].values())}))
    at = f" at {figures['effort_name']} {effort}" if figures["effort_name"] else ""
    return (
        f"{text}, recall@10 {next(iter(recall.values())):.3f} at the usual weights, {min(recall.values()):.3f} "
        f"at the worst of {len(recall)} weightings, {figures['query_ms']:.2f} ms a query{at}"
    )


@click.command("map")
@click.option("--refit", is_flag=True, help="Lay out anew even what is current.")
@map_options
@data_option
def map_command(data: Path, refit: bool, **values) -> None:
    """Lay out maps and find clusters, per embedding and for the combination."""
    from pipeline import index as indexes
    from pipeline import maps
    from pipeline.run import mapped

    library = Library(data)
    with library.writing(), RunRecord(library, "map", values, Console()) as record:
        indexes.build(library, None, None, record)
        options = maps.settled(library, named(MapOptions, values), record)
        done = mapped(library, options, record, refit)
    report = maps.about(library)
    for name, what in done.items():
        click.echo("{:<13} {:<9} {points:,} points, {clusters} clusters, {noise:,} in no cluster".format(name, what, **report[name]))

"""The command line: parse, call, print. Named errors become one clean sentence."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, fields
from pathlib import Path

import click

from pipeline import settings
from pipeline.errors import LikenessError
from pipeline.library import Library
from pipeline.progress import Console, RunRecord
from pipeline.settings import EmbedOptions, ExtractorOptions, IndexOptions, MapOptions


class _Group(click.Group):
    """Turns errors meant for the person into `Error: …` and exit code 1."""

    def invoke(self, context: click.Context):
        try:
            return super().invoke(context)
        except LikenessError as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            click.echo("\nStopped. What is stored is kept; the same command goes on from here.", err=True)
            sys.exit(130)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Same as after the command.")
@click.pass_context
def main(context: click.Context, data: Path | None) -> None:
    """See how your pictures relate: a folder of images → vectors, one index, maps.

    Everything is kept in a library, a directory named with --data (or the environment
    variable LIKENESS_DATA; default ./data). Start with:  python -m pipeline run FOLDER
    """
    context.obj = data


def _data(context: click.Context, _, value: Path | None) -> Path:
    return settings.data_dir(value or context.obj)


_data_option = click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), callback=_data,
    help="Directory of the library.  [default: $LIKENESS_DATA or ./data]",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
_images_argument = click.argument("images", type=click.Path(path_type=Path))


def _options(*decorators):
    """Several options as one decorator, in the order given."""

    def decorate(function):
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


_E, _X, _I, _M = EmbedOptions(), ExtractorOptions(), IndexOptions(), MapOptions()

_embed_options = _options(
    click.option("--embeddings", default="auto", metavar="LIST",
                 help="auto, or names joined by commas: color,sift,dreamsim,efficientnet."),
    click.option("--batch-size", type=click.IntRange(1), default=_E.batch_size, help="Images stored at a time."),
    click.option("--model-batch-size", type=click.IntRange(1), default=_E.model_batch_size,
                 help="Images per pass of a network."),
    click.option("--workers", type=click.IntRange(0), default=_E.workers, help="Decoding processes; 0: one per core."),
    click.option("--device", type=click.Choice(settings.DEVICES), default=_X.device, help="Where networks run."),
    click.option("--bins", type=click.IntRange(2, 64), default=_X.bins, help="Hues the color histogram tells apart."),
    click.option("--dreamsim-type", type=click.Choice(settings.DREAMSIM_TYPES), default=_X.dreamsim_type,
                 help="Which DreamSim model."),
    click.option("--dreamsim-weights", type=click.Path(file_okay=False, path_type=Path),
                 help="Directory with an unpacked DreamSim release archive."),
)
_index_options = _options(
    click.option("--type", type=click.Choice(settings.INDEX_TYPES),
                 help=f"Kind of index: a graph, compressed lists, or the rows alone.  [default: {_I.type}]"),
    click.option("--storage", type=click.Choice(settings.STORAGES),
                 help=f"How hnsw and flat keep the vectors.  [default: {_I.storage}]"),
    click.option("--hnsw-m", type=click.IntRange(2, 256), help=f"Links per node.  [default: {_I.hnsw_m}]"),
    click.option("--ef-construction", type=click.IntRange(8),
                 help=f"Candidates while building.  [default: {_I.ef_construction}]"),
    click.option("--ef-search", type=click.IntRange(1),
                 help="Candidates while searching (ivfpq: lists).  [default: measured for a recall@10 of 0.98]"),
)
_map_options = _options(
    click.option("--n-neighbors", type=click.IntRange(2), help=f"UMAP neighbors.  [default: {_M.n_neighbors}]"),
    click.option("--min-dist", type=click.FloatRange(0, 1), help=f"UMAP distance of twins.  [default: {_M.min_dist}]"),
    click.option("--min-cluster-size", type=click.IntRange(0),
                 help="Smallest HDBSCAN cluster; 0: from the number of images.  [default: 0]"),
    click.option("--limit", type=click.IntRange(0), help="Map at most so many images; 0: all.  [default: 0]"),
    click.option("--seed", type=int, help="Makes maps reproducible, and slower."),
)


def _pick(kind, values: dict):
    """The options of one dataclass among the command's values; None when none was given."""
    mine = {f.name: values[f.name] for f in fields(kind) if values.get(f.name) is not None}
    return kind(**mine) if mine else None


@main.command()
@_images_argument
@_embed_options
@_index_options
@_map_options
@_data_option
def run(images: Path, data: Path, embeddings: str, **values) -> None:
    """Do everything for a folder of IMAGES: scan, embed, index, map.

    Resumable and incremental: only what is missing or has changed is computed.
    """
    click.echo(str(_run(images, data, embeddings, values)))


def _run(images: Path, data: Path, embeddings: str = "auto", values: dict | None = None):
    from pipeline.run import run as run_all

    values = values or {}
    return run_all(
        Library(data, create=True),
        images,
        embeddings=embeddings,
        extractor_options=_pick(ExtractorOptions, values) or _X,
        embed_options=_pick(EmbedOptions, values) or _E,
        index_options=_pick(IndexOptions, values),
        map_options=_pick(MapOptions, values),
        progress=Console(),
    )


@main.command()
@_images_argument
@_data_option
def scan(images: Path, data: Path) -> None:
    """Find the images under a folder; notice new, changed, renamed and vanished files."""
    from pipeline.scan import scan as scan_folder

    library = Library(data, create=True)
    with library.writing(), RunRecord(library, "scan", {"folder": images}, Console()) as record:
        report = scan_folder(library, images, record)
        record.message = str(report)
    click.echo(f"Images: {report}.")


@main.command()
@_embed_options
@_data_option
def embed(data: Path, embeddings: str, **values) -> None:
    """Compute the vectors that are missing or stale."""
    from pipeline import embed as loop

    library = Library(data)
    extractor_options = _pick(ExtractorOptions, values) or _X
    parameters = {"embeddings": embeddings, **asdict(extractor_options)}
    with library.writing(), RunRecord(library, "embed", parameters, Console()) as record:
        names = loop.choose(embeddings, extractor_options, record)
        report = loop.embed(library, names, extractor_options, _pick(EmbedOptions, values) or _E, record)
        record.message = f"{report.done} images done, {report.failed} failed"
    computed = ", ".join(f"{count:,} {name}" for name, count in report.vectors.items() if count)
    click.echo(f"Vectors computed: {computed or 'none, all are current'}.")
    if report.failed:
        click.echo(f"{report.failed:,} images could not be read; `status` lists them.")


@main.command()
@click.option("--embeddings", metavar="LIST", help="Names joined by commas.  [default: all with vectors]")
@_index_options
@_data_option
def index(data: Path, embeddings: str | None, **values) -> None:
    """Build or extend the combined index of all embeddings."""
    from pipeline import index as combined

    library = Library(data)
    names = [n.strip() for n in embeddings.split(",")] if embeddings else None
    with library.writing(), RunRecord(library, "index", values, Console()) as record:
        built, done = combined.build(library, names, _pick(IndexOptions, values), record)
    click.echo(f"Index {done}: {len(built):,} images, {' + '.join(built.embeddings)}.")
    click.echo(_measured(combined.measured(library)))


def _measured(figures: dict) -> str:
    """Kind, size, recall and speed of an index in one line."""
    recall = figures["recall_at_10"]
    text = f"{figures['type']}, {figures['storage']}: {figures['bytes'] / 1e6:,.1f} MB"
    if not recall:
        return text + "; so few images that every search is an exact scan"
    effort = "-".join(str(n) for n in sorted({min(figures["effort"].values()), max(figures["effort"].values())}))
    at = f" at {figures['effort_name']} {effort}" if figures["effort_name"] else ""
    return (
        f"{text}, recall@10 {next(iter(recall.values())):.3f} at equal weights, {min(recall.values()):.3f} "
        f"at the worst of {len(recall)} weightings, {figures['query_ms']:.2f} ms a query{at}"
    )


@main.command("map")
@click.option("--refit", is_flag=True, help="Lay out anew even what is current.")
@_map_options
@_data_option
def map_command(data: Path, refit: bool, **values) -> None:
    """Lay out maps and find clusters, per embedding and for the combination."""
    from pipeline import index as combined
    from pipeline import maps

    library = Library(data)
    with library.writing(), RunRecord(library, "map", values, Console()) as record:
        combined.build(library, None, None, record)
        done = maps.build(library, None, _pick(MapOptions, values), record, refit)
    report = maps.about(library)
    for name, what in done.items():
        click.echo("{:<13} {:<9} {points:,} points, {clusters} clusters, {noise:,} noise".format(name, what, **report[name]))


@main.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--weights", metavar="LIST", help="As in color=1,sift=0.5; names left out weigh 0.  [default: all 1]")
@click.option("--top-k", type=click.IntRange(1), default=settings.TOP_K, help="Number of matches.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Leave out so many of the best: the next page.")
@click.option("--label", "labels", multiple=True, help="Only images with this label; may be given again.")
@click.option("--folder", "folders", multiple=True, metavar="PATH",
              help="Only images below this path of the scanned folder; may be given again.")
@click.option("--metric", type=click.Choice(settings.METRICS), default="cosine", help="How to rank.")
@click.option("--exact", is_flag=True, help="Scan every image instead of walking the index.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write a contact sheet.")
@_json_option
@_data_option
def search(query, weights, metric, html, as_json, data: Path, **values) -> None:
    """Find the neighbors of one or several QUERY images, in the library or not.

    Several queries are averaged. The metric hamming compares perceptual hashes: it finds
    the same picture saved again, and leaves the weights aside.
    """
    from pipeline.contact_sheet import contact_sheet
    from pipeline.search import Query, Searcher, query_from

    library = Library(data)
    searcher = Searcher(library)
    chosen = settings.parse_weights(weights, searcher.embeddings) if weights else None
    ids, vectors = query_from(searcher, query)
    result = searcher.search(Query(images=ids, vectors=vectors, weights=chosen, metric=metric, **values))
    if html:
        html.write_text(contact_sheet(library, result, ", ".join(Path(q).name for q in query)), "utf-8")
    if as_json:
        shown = asdict(result)
        for match in shown["matches"]:
            if match["distance"] is None:
                del match["distance"]
        click.echo(json.dumps(shown))
        return
    for rank, match in enumerate(result.matches, 1 + values["offset"]):
        parts = "  ".join(f"{name} {value:.3f}" for name, value in match.parts.items())
        distance = "" if match.distance is None else f"  {metric} {match.distance:.4f}"
        click.echo(f"{rank:>3}  {match.score:.4f}{distance}  {match.path}   ({parts})")
    click.echo(f"{len(result.matches)} matches in {result.ms:.1f} ms" + (f"; contact sheet: {html}" if html else ""))


@main.command()
@_json_option
@_data_option
def duplicates(as_json: bool, data: Path) -> None:
    """Find groups of images that are copies of one another: the same file, saved again,
    recolored, cropped, turned or mirrored.
    """
    from pipeline import duplicates as finder

    progress = Console()
    groups = finder.find(Library(data), progress)
    progress.close()
    if as_json:
        click.echo(json.dumps(finder.as_json(groups)))
        return
    for number, group in enumerate(groups, 1):
        click.echo(f"{number:>3}  " + "\n     ".join(row.path for row in group.images))
        click.echo("       " + "\n       ".join(group.reasons))
    click.echo(f"{len(groups):,} groups, {sum(len(group.images) for group in groups):,} images in them.")


@main.command()
@_json_option
@_data_option
def status(as_json: bool, data: Path) -> None:
    """Tell what is in the library and what of it is current."""
    from pipeline.status import failures
    from pipeline.status import status as read_status

    library = Library(data)
    report = read_status(library)
    if as_json:
        click.echo(json.dumps(report))
        return
    counts = report["images"]
    click.echo(f"{'Images':<14}{counts['ok']:,} ok, {counts['unreadable']:,} unreadable, {counts['missing']:,} missing")
    for name, row in report["embeddings"].items():
        click.echo(f"{name:<14}{row['current']:,} current, {row['stale']:,} stale, {row['missing']:,} missing")
    found = report["index"]
    click.echo(f"{'Index':<14}" + (
        f"{found['size']:,} images, {' + '.join(found['embeddings'])}, {_state(found)}" if found else "none yet"))
    for name, row in report["maps"].items():
        click.echo(f"{'Map ' + name:<18}{row['points']:,} points, {row['clusters']} clusters, {row['noise']:,} noise, {_state(row)}")
    for row in failures(library):
        click.echo(f"unreadable: {row.file}: {row.reason}")


def _state(row: dict) -> str:
    return "stale" if row["stale"] else "current"


@main.command()
@click.option("--queries", type=click.IntRange(1), default=200, help="Images changed and searched for.")
@_json_option
@_data_option
def evaluate(queries: int, as_json: bool, data: Path) -> None:
    """Measure what the embeddings, the index and the maps are worth."""
    from pipeline.evaluate import as_text
    from pipeline.evaluate import evaluate as measure

    progress = Console()
    figures = measure(Library(data), progress, queries)
    progress.close()
    click.echo(json.dumps(figures) if as_json else as_text(figures))


@main.command()
@click.option("--trials", type=click.IntRange(1), default=8, help="Encoders tried of each kind.")
@click.option("--limit", type=click.IntRange(10, 10_000), default=2500, help="Look at so many images at most.")
@click.option("--seed", type=int, default=0, help="Another seed draws other images and trials.")
@_json_option
@_data_option
def tune(trials: int, limit: int, seed: int, as_json: bool, data: Path) -> None:
    """Compare SIFT-VLAD's PCA-whitening with a learned encoder; needs Optuna."""
    from pipeline.tune import table
    from pipeline.tune import tune as compare

    progress = Console()
    report = compare(Library(data), trials, limit, seed, progress)
    progress.close()
    click.echo(json.dumps(report) if as_json else table(report))


@main.command()
@click.argument("images", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--sizes", metavar="LIST", help="Numbers of synthetic images.  [default: 3000,10000,30000,100000]")
@click.option("--million", is_flag=True, help="Add a million: takes hours, and 20 GB each of memory and disk.")
@click.option("--quick", is_flag=True, help="Small sizes: shows that all of it works; the figures say little.")
@click.option("--stages", default="all", metavar="LIST",
              help="Some of extraction, index, kinds, maps, recluster, growth, joined by commas.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path),
              help="Where the figures go.  [default: bench.json in the library's directory]")
@click.option("--plot", "plot_path", type=click.Path(dir_okay=False, path_type=Path),
              help="Where the page of plots goes.  [default: bench.html beside the figures]")
@click.option("--dreamsim-weights", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Directory with an unpacked DreamSim release archive; only with it DreamSim is measured.")
@_data_option
def bench(data: Path, images, json_path, plot_path, **values) -> None:
    """Measure speed and memory beside plain use of the libraries below.

    Extraction is measured on IMAGES (default: the sample gallery), index and maps on
    synthetic images. Takes some 25 minutes on two cores.
    """
    from pipeline import bench as measuring

    json_path = json_path or data / "bench.json"
    plot_path = plot_path or json_path.with_suffix(".html")
    folder = images or data / measuring.SAMPLE_FOLDER
    progress = Console()
    tables = measuring.bench(folder, json_path, plot_path, measuring.read_options(**values), progress)
    progress.close()
    click.echo("\n\n".join(map(str, tables.values())))
    click.echo(f"\nFigures: {json_path}; plots: {plot_path}")


@main.command()
@click.option("--host", default=settings.HOST, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=settings.PORT, help="Port; the next free one if taken.")
@_data_option
def serve(host: str, port: int, data: Path) -> None:
    """Serve the dashboard."""
    from dashboard.server import serve as serve_dashboard

    serve_dashboard(Library(data, create=True), host, port)


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", type=int, default=7, help="Another seed gives other pictures.")
def gallery(folder: Path, seed: int) -> None:
    """Write the sample gallery into DIR."""
    from pipeline.gallery import generate

    click.echo(f"{generate(folder, seed=seed):,} images in {folder}.")


@main.command()
@click.argument("images", required=False, type=click.Path(path_type=Path))
@click.option("--host", default=settings.HOST, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=settings.PORT, help="Port; the next free one if taken.")
@_data_option
def demo(images: Path | None, host: str, port: int, data: Path) -> None:
    """Do everything for IMAGES, or for the sample gallery, and open the dashboard."""
    from dashboard.server import serve as serve_dashboard
    from pipeline.run import demo_folder

    data, folder = demo_folder(data, images, Console())
    click.echo(str(_run(folder, data)))
    serve_dashboard(Library(data), host, port, open_browser=True)

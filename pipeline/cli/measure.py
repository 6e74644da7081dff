"""Commands that measure: evaluate, tune, bench."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipeline.cli.options import data_option, json_option
from pipeline.cli.recorded import recorded
from pipeline.library import Library
from pipeline.progress import Console


@click.command()
@click.option("--queries", type=click.IntRange(1), default=200, help="Images changed and searched for.")
@click.option("--words", is_flag=True, help="Instead: how well words find what labels name, in the colors that they say.")
@json_option
@data_option
def evaluate(queries: int, words: bool, as_json: bool, data: Path) -> None:
    """Measure what the embeddings, the index and the maps are worth."""
    if words:
        from pipeline.quality import words as judging

        progress = Console()
        figures = judging.evaluate(Library(data), progress)
        progress.close()
        click.echo(json.dumps(figures) if as_json else judging.as_text(figures))
        return
    from pipeline.quality.evaluate import as_text
    from pipeline.quality.evaluate import evaluate as measure

    library, progress = Library(data), Console()
    with recorded(library, "evaluate", {"queries": queries}, progress) as record:
        figures = measure(library, record, queries)
    progress.close()
    click.echo(json.dumps(figures) if as_json else as_text(figures))


@click.command()
@click.option("--trials", type=click.IntRange(1), default=8, help="Encoders tried of each kind.")
@click.option("--limit", type=click.IntRange(10, 10_000), default=2500, help="Look at so many images at most.")
@click.option("--seed", type=int, default=0, help="Another seed draws other images and trials.")
@json_option
@data_option
def tune(trials: int, limit: int, seed: int, as_json: bool, data: Path) -> None:
    """Compare SIFT-VLAD's PCA-whitening with a learned encoder; needs Optuna."""
    from pipeline.quality.tune import table
    from pipeline.quality.tune import tune as compare

    progress = Console()
    report = compare(Library(data), trials, limit, seed, progress)
    progress.close()
    click.echo(json.dumps(report) if as_json else table(report))


@click.command()
@click.argument("images", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--sizes", metavar="LIST", help="Numbers of synthetic images.  [default: 3000,10000,30000,100000,300000]")
@click.option("--index-size", type=click.IntRange(100), help="Synthetic images of the stage index.  [default: 100000]")
@click.option("--kinds-size", type=click.IntRange(100), help="Synthetic images of the stage kinds.  [default: 10000]")
@click.option("--maps-size", type=click.IntRange(100), help="Synthetic images of the stage maps.  [default: 50000]")
@click.option("--million", is_flag=True, help="Add a million: takes hours, and 20 GB each of memory and disk.")
@click.option("--quick", is_flag=True, help="Small sizes: shows that all of it works; the figures say little.")
@click.option("--stages", default="all", metavar="LIST",
              help="Some of extraction, networks, index, kinds, maps, recluster, growth, joined by commas.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path),
              help="Where the figures go.  [default: bench.json in the library's directory]")
@click.option("--plot", "plot_path", type=click.Path(dir_okay=False, path_type=Path),
              help="Where the page of plots goes.  [default: bench.html beside the figures]")
@click.option("--dreamsim-weights", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Directory with an unpacked DreamSim release archive; only with it DreamSim is measured.")
@data_option
def bench(data: Path, images, json_path, plot_path, **values) -> None:
    """Measure speed and memory beside plain use of the libraries below.

    Extraction is measured on IMAGES (default: the sample gallery), index and maps on
    synthetic images. Takes about an hour on two cores.
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

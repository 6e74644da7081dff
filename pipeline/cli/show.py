"""Commands that show: serve, gallery, demo."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline import settings
from pipeline.cli.build import run_all_steps
from pipeline.cli.options import data_option
from pipeline.library import Library
from pipeline.progress import Console


@click.command()
@click.option("--host", default=settings.HOST, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=settings.PORT, help="Port; the next free one if taken.")
@data_option
def serve(host: str, port: int, data: Path) -> None:
    """Serve the dashboard."""
    from dashboard.server import serve as serve_dashboard

    serve_dashboard(Library(data, create=True), host, port)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", type=int, default=7, help="Another seed gives other pictures.")
def gallery(folder: Path, seed: int) -> None:
    """Write the sample gallery into DIR."""
    from pipeline.gallery import generate

    click.echo(f"{generate(folder, seed=seed):,} images in {folder}.")


@click.command()
@click.argument("images", required=False, type=click.Path(path_type=Path))
@click.option("--host", default=settings.HOST, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=settings.PORT, help="Port; the next free one if taken.")
@data_option
def demo(images: Path | None, host: str, port: int, data: Path) -> None:
    """Do everything for IMAGES, or for the sample gallery, and open the dashboard."""
    from dashboard.server import serve as serve_dashboard
    from pipeline.run import demo_folder

    data, folder = demo_folder(data, images, Console())
    click.echo(str(run_all_steps(folder, data)))
    serve_dashboard(Library(data), host, port, open_browser=True)

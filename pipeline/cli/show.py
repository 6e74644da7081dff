"""Commands that show: serve, gallery, demo."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline import settings
from pipeline.cli.build import run_all_steps
from pipeline.cli.options import data_option
from pipeline.progress import Console


@click.command()
@click.option("--host", default=settings.HOST, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=settings.PORT, help="Port; the next free one if taken.")
@click.option("--roof", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Serve every library that lies in this directory.")
@click.option("--allow-actions", is_flag=True,
              help="Let whoever reaches the page start runs on this machine's folders; on 127.0.0.1 it always may.")
@click.option("--data", "libraries", multiple=True, type=click.Path(file_okay=False, path_type=Path),
              help="Directory of the library; given again, several are served.  [default: $LIKENESS_DATA or ./data]")
@click.pass_context
def serve(context: click.Context, host: str, port: int, roof: Path | None, allow_actions: bool, libraries) -> None:
    """Serve the dashboard of one or several libraries."""
    from dashboard.roof import libraries_in
    from dashboard.server import serve as serve_dashboard

    given = [*libraries, *(libraries_in(roof) if roof else [])]
    serve_dashboard(given or [settings.data_dir(context.obj)], host, port, allow_actions=allow_actions)


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
    serve_dashboard([data], host, port, open_browser=True)

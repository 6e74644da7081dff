"""Commands that show: serve and demo. They join the pipeline's in `pipeline.__main__`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pipeline import settings
from pipeline.cli.build import run_all_steps
from pipeline.cli.options import PLACE, data_option
from pipeline.progress import Console

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--host", default=settings.HOST, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=settings.PORT, help="Port; the next free one if taken.")
@click.option("--roof", type=click.Path(exists=True, file_okay=False, path_type=Path), envvar="LIKENESS_ROOF",
              help="Serve every library that lies in this directory.")
@click.option("--data", "libraries", multiple=True, type=_FOLDER,
              help="Directory of the library; given again, several are served.  [default: $LIKENESS_DATA or ./data]")
@click.option("--no-password", is_flag=True, envvar="LIKENESS_NO_PASSWORD",
              help="Let everybody in who can reach the server. On 127.0.0.1 no password is asked for; on other "
                   "addresses $LIKENESS_PASSWORD has it, and $LIKENESS_TOKEN what programs say instead.")
@click.option("--allow", default="", envvar="LIKENESS_ALLOW", metavar="RIGHTS",
              help="What others than this machine may do besides looking: annotate, run or annotate,run.")
@click.option("--folders", multiple=True, type=_FOLDER, envvar="LIKENESS_FOLDERS",
              help="Runs started from the page reach only what lies in this folder; may be given again. "
                   "[default: on 127.0.0.1 everything, else what is in the library already]")
@click.option("--name", "names", multiple=True, envvar="LIKENESS_NAMES", metavar="HOST",
              help="A host name that the server answers to; may be given again. Addresses in figures it always does.")
@click.option("--prefix", default="", envvar="LIKENESS_PREFIX", metavar="PATH",
              help="Path below which a reverse proxy shows the dashboard, as in /likeness.")
@click.option("--trust-proxy", is_flag=True, envvar="LIKENESS_TRUST_PROXY",
              help="Believe the X-Forwarded headers: only behind a proxy that sets them itself.")
@click.option("--frame-ancestors", "frames", multiple=True, envvar="LIKENESS_FRAME_ANCESTORS", metavar="ORIGIN",
              help="Let pages of this origin show the dashboard in a frame (notebooks); may be given again.")
@click.option("--allow-actions", is_flag=True, hidden=True)
@click.pass_context
def serve(context: click.Context, host: str, port: int, roof: Path | None, libraries, prefix: str, **given) -> None:
    """Serve the dashboard of one or several libraries."""
    from dashboard.roof import checked_prefix, libraries_in
    from dashboard.server import check_host
    from dashboard.server import serve as serve_dashboard

    check_host(host)
    chosen = [*map(settings.at_home, libraries), *(libraries_in(roof) if roof else [])] or [settings.data_dir(context.obj)]
    serve_dashboard(chosen, host, port, _access(host, **given), prefix=checked_prefix(prefix))


def _access(host: str, names, allow: str, no_password: bool, folders, trust_proxy: bool, frames, allow_actions: bool):
    from dashboard.access import Access

    if allow_actions:
        click.echo("--allow-actions is now --allow annotate,run.", err=True)
        allow = f"{allow},annotate,run"
    return Access.listening_on(
        host, names=names, allow=allow, password=os.environ.get("LIKENESS_PASSWORD"),
        token=os.environ.get("LIKENESS_TOKEN"), open_to_all=no_password, folders=folders or None,
        trusted=trust_proxy, frames=frames,
    )


@click.command()
@click.argument("images", required=False, type=PLACE)
@click.option("--host", default=settings.HOST, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=settings.PORT, help="Port; the next free one if taken.")
@data_option
def demo(images: Path | str | None, host: str, port: int, data: Path) -> None:
    """Do everything for IMAGES, or for the sample gallery, and open the dashboard."""
    from dashboard.access import Access
    from dashboard.server import serve as serve_dashboard
    from pipeline.run import demo_folder

    access = Access.listening_on(host, password=os.environ.get("LIKENESS_PASSWORD"))  # before all the work
    data, folder = demo_folder(data, images, Console())
    click.echo(str(run_all_steps(folder, data)))
    serve_dashboard([data], host, port, access, open_browser=True)

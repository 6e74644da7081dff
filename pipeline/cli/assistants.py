"""The command that serves a library to assistants."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pipeline import interrupts
from pipeline.cli.options import data_option
from pipeline.library import Library


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Serve by HTTP on this port of this machine; 0: on a free one. "
              "Where $LIKENESS_TOKEN is set, it has to be said.  [default: over standard input and output]")
@data_option
def mcp(port: int | None, data: Path) -> None:
    """Serve the library to an assistant by the Model Context Protocol, over standard input and output or by HTTP.

    The tools search, neighbors, describe and library only read. In an assistant's settings:
    the command `python`, the arguments `-m pipeline mcp --data DIRECTORY`.
    """
    from pipeline.assistants import http, server

    made = server(Library(data))
    if port is None:
        interrupts.end_at_once()  # it would wait for the line that it is reading; it holds nothing that could be lost
        return made.run("stdio")
    http.serve(made, port, os.environ.get("LIKENESS_TOKEN") or None, click.echo)

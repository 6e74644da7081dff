"""The command that serves a library to assistants."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.options import data_option
from pipeline.library import Library


@click.command()
@data_option
def mcp(data: Path) -> None:
    """Serve the library to an assistant by the Model Context Protocol, over standard input and output.

    The tools search, neighbors, describe and library only read. In an assistant's settings:
    the command `python`, the arguments `-m pipeline mcp --data DIRECTORY`.
    """
    from pipeline.assistants import server

    server(Library(data)).run("stdio")

"""The command that paints the sample gallery."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.gallery import generate


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", type=int, default=7, help="Another seed gives other pictures.")
def gallery(folder: Path, seed: int) -> None:
    """Write the sample gallery into DIR."""
    click.echo(f"{generate(folder, seed=seed):,} images in {folder}.")

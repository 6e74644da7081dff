"""The command line: parse, call, print. Named errors become one clean sentence."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import click

from pipeline import interrupts
from pipeline.cli import ask, assistants, build, care, copies, facts, folders, gallery, measure, reasons, vectors, weights
from pipeline.errors import LikenessError, sentence
from pipeline.progress import Console


class _Group(click.Group):
    """Turns errors meant for the person into `Error: …` and exit code 1."""

    def invoke(self, context: click.Context):
        try:
            answer = super().invoke(context)
            interrupts.check()
            return answer
        except (Exception, KeyboardInterrupt) as error:
            Console.end()
            if isinstance(error, KeyboardInterrupt) or interrupts.told():  # what it meets may fail in any way
                kind = interrupts.take() or type(error)
                click.echo("Stopped. What is stored is kept; the same command goes on from here.", err=True)
                sys.exit(interrupts.status(kind))
            if (said := _said(error)) is None:
                raise
            raise click.ClickException(said) from None


def _said(error: BaseException) -> str | None:
    """What a person is told of an error that is no mistake of ours; None of any other."""
    if isinstance(error, LikenessError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. What is stored is kept; the same command goes on from here."
    return sentence(error) if isinstance(error, (OSError, sqlite3.Error, RuntimeError)) else None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Same as after the command.")
@click.pass_context
def main(context: click.Context, data: Path | None) -> None:
    """See how your pictures relate: a folder of images → vectors, one index, maps.

    Everything is kept in a library, a directory named with --data (or the environment
    variable LIKENESS_DATA; default ./data). Start with:  python -m pipeline run FOLDER
    """
    context.obj = data


for _command in (
    build.run,
    build.scan,
    build.embed,
    build.index,
    build.map_command,
    facts.facts,
    folders.forget,
    folders.relocate,
    vectors.vectors,
    care.backup,
    care.restore,
    care.doctor,
    ask.search,
    reasons.why,
    copies.duplicates,
    copies.known,
    weights.vary,
    weights.weights,
    ask.status,
    assistants.mcp,
    measure.evaluate,
    measure.tune,
    measure.bench,
    gallery.gallery,
):
    main.add_command(_command)

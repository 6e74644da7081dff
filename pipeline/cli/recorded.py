"""Commands that only read, as rows of `runs`, so that the page can show them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pipeline.errors import LibraryError
from pipeline.library import Library
from pipeline.library.runs import RunRecord
from pipeline.progress import Progress


@contextmanager
def recorded(library: Library, command: str, parameters: dict, progress: Progress) -> Iterator[Progress]:
    """The run as a row of `runs`, so that the page can show it; where another run writes, it goes without."""
    with ExitStack() as held:
        try:
            held.enter_context(library.writing())
            progress = held.enter_context(RunRecord(library, command, parameters, progress))
        except (LibraryError, sqlite3.Error):
            progress.say("Another run is writing, or the library is read-only: this one is not listed.")
        yield progress

"""The table of runs: what ran when, how far it is, what came of it."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from datetime import datetime, timezone

from pipeline import interrupts, processes
from pipeline.errors import sentence
from pipeline.library.images import printable
from pipeline.library.library import Library
from pipeline.progress import Progress

ORIGIN = "LIKENESS_ORIGIN"
"""The environment variable by which whoever starts a run says who it is: `page` for the dashboard."""


class RunRecord:
    """Passes everything on to another reporter and keeps a row of `runs` up to date.

    A context manager: leaving it writes how the run ended. The row is written at most
    twice a second, so that another process can show the progress.
    """

    def __init__(self, library: Library, command: str, parameters: dict, inner: Progress):
        self._library, self._inner = library, inner
        self._done = self._failed = 0
        self._written = 0.0
        self._began = command, json.dumps(parameters, default=_written)
        self.message: str | None = None

    def __enter__(self) -> RunRecord:
        try:
            self._end_others()
            self.id = self._library.db.execute(
                "INSERT INTO runs (command, parameters, started, state, pid, process, origin) "
                "VALUES (?, ?, ?, 'running', ?, ?, ?)",
                [*self._began, _now(), os.getpid(), processes.identity(os.getpid()), os.environ.get(ORIGIN)],
            ).lastrowid
        except KeyboardInterrupt:
            self._library.db.rollback()
            self._end_others()  # its own row may be there already
            raise
        return self

    def __exit__(self, kind, error, trace) -> None:
        try:
            self._end(error)
        except KeyboardInterrupt as told:  # while it was written how it ended
            self._end(told)
            raise

    def _end_others(self) -> None:
        """A killed run could not say so itself; the lock is ours now."""
        self._library.db.execute("UPDATE runs SET state = 'stopped', finished = ? WHERE state = 'running'", [_now()])

    def _end(self, error: BaseException | None) -> None:
        state = "done" if error is None else "failed"
        if error is not None and (isinstance(error, KeyboardInterrupt) or interrupts.told()):  # SIGTERM is one, too
            state = "stopped"
        elif error is not None:
            self.message = sentence(error) or str(error)
        try:
            if error is not None:
                self._library.db.rollback()  # what was interrupted on the way into its block: nobody else would
            self._write(state=state, finished=_now(), message=self.message, done=self._done,
                        failed=self._failed)
        except sqlite3.Error:  # the disk that ended the run does not take this either
            if error is None:
                raise

    def start(self, stage: str, total: int) -> None:
        self._done = self._failed = 0
        self._write(stage=stage, done=0, failed=0, total=total)
        self._inner.start(stage, total)

    def advance(self, units: int = 1, failed: int = 0) -> None:
        self._done += units
        self._failed += failed
        if time.monotonic() - self._written > 0.5:
            self._write(done=self._done, failed=self._failed)
        self._inner.advance(units, failed)

    def say(self, text: str) -> None:
        self._write(message=text)  # stands there until the run ends with its own
        self._inner.say(text)

    def _write(self, **values) -> None:
        self._written = time.monotonic()
        # What is said may name files of which bytes are no text.
        self._library.db["runs"].update(self.id, {name: printable(value) if isinstance(value, str) else value for name, value in values.items()})


def _written(value: object) -> str:
    """A parameter as text; a path may hold bytes that are none."""
    return printable(str(value))


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")

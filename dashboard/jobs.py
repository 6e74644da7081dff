"""Runs that are started from the page: child processes of the server, one at a time.

A run is what the command line does, in a process and process group of its own: it keeps
the server's cores of Python free, tells its progress in the table `runs`, and goes on when
the server ends. The next server finds it there, with the process that does it, and can stop
it as well. What it prints goes to `run.log` in the library's directory.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pipeline
from pipeline import processes, stores
from pipeline.errors import LibraryError, SettingsError
from pipeline.library import Library
from pipeline.library.runs import ORIGIN
from pipeline.stores.address import is_inside

LOG = "run.log"
SUGGESTIONS = 40
"""Sub-folders offered while one types."""

_HOME = Path(pipeline.__file__).resolve().parent.parent


@dataclass(frozen=True)
class Job:
    """What became of the run started last. error: what it said last, where it failed."""

    title: str
    running: bool
    stopping: bool
    error: str | None


class Jobs:
    """Starts and stops the runs of one library. Safe to share between threads."""

    def __init__(self, library: Library, folders: Sequence[Path] | None = None):
        """folders: runs reach only what lies in these, and what is in the library already; None: everything."""
        self._library = library
        self._folders = folders
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._title = ""
        self._stopping = False
        self._asked: set[int] = set()  # runs of an earlier server that were asked to stop

    def update(self, folder: str, embeddings: str | None = None) -> None:
        """Bring the library in line with a folder; SettingsError or LibraryError when it cannot start."""
        path = self.checked(folder)
        self._start(f"Update of {path}", ["run", str(path), *_by(embeddings)])

    def update_all(self, folders: Sequence[str], embeddings: str | None = None) -> None:
        """Bring the library in line with several folders, in one run, which a new server finds as well.

        One of the library's own that is not there now is passed over, and said. Raises as
        `update` does.
        """
        known = self._library.roots()
        asked = [folder if folder in known else str(self.checked(folder)) for folder in folders]
        self._start("Update of all folders", ["run", *asked, *_by(embeddings)])

    def checked(self, folder: str) -> Path | str:
        """A folder as typed, as an absolute path or an address that runs may reach; SettingsError or
        LibraryError with one sentence."""
        if stores.is_address(folder.strip()):
            place = stores.typed(folder.strip())
            if isinstance(place, Path):  # file:///
                return self.checked(str(place))
            if self._folders is not None and not any(is_inside(place, root) for root in self._library.roots()):
                raise SettingsError("Runs may not reach that address from here.")
            return place
        allowed = self._reach()
        if allowed is not None and not _within(_absolute(folder), allowed):
            raise SettingsError("Runs may not reach that folder from here.")
        return checked(folder)

    def suggestions(self, folder: str) -> list[str]:
        """Folders that begin like what is typed, of those that runs may reach."""
        allowed = self._reach()
        if allowed is None:
            return suggestions(folder)
        text = folder.strip()
        with suppress(SettingsError):
            if _within(_absolute(text), allowed):
                return [name for name in suggestions(text) if _within(Path(name), allowed)]
        return [str(one) for one in allowed if str(one).lower().startswith(text.lower())]

    def _reach(self) -> list[Path] | None:
        if self._folders is None:
            return None
        roots = (Path(root).resolve() for root in self._library.roots() if not stores.is_address(root))
        return list(dict.fromkeys([*self._folders, *roots]))

    def index(self) -> None:
        """Bring index and maps in line with the vectors; LibraryError when it cannot start."""
        self._start("Update of index and maps", ["map"])

    def evaluate(self) -> None:
        """Measure embeddings, index and maps; LibraryError when it cannot start."""
        self._start("Measuring the quality", ["evaluate"])

    def duplicates(self) -> None:
        """Look for copies anew; LibraryError when it cannot start."""
        self._start("Looking for copies", ["duplicates", "--anew"])

    def stop(self) -> None:
        """Ask the run to stop; what it has stored is kept. A second call ends it at once."""
        with self._lock:
            if not self._is_own():
                self._stop_adopted()
            elif self._stopping:
                self._process.terminate()
            else:
                self._process.send_signal(signal.SIGINT)
                self._stopping = True

    def last(self) -> Job | None:
        """The run started last, by this server or, where it still goes on, by an earlier one; or None."""
        with self._lock:
            adopted = None if self._is_own() else self._adopted()
            if adopted:
                number, _, title = adopted
                return Job(title, True, number in self._asked, None)
            if self._process is None:
                return None
            code = self._process.poll()
            failed = code is not None and code != 0 and not self._stopping
            running = code is None
            return Job(
                self._title, running, self._stopping and running, self._last_line() if failed else None,
            )

    def _is_own(self) -> bool:
        """Whether a run goes on that this server has started."""
        return self._process is not None and self._process.poll() is None

    def _adopted(self) -> tuple[int, int, str] | None:
        """Number, process and title of a run that the page of an earlier server has started."""
        row = self._library.db.execute(
            "SELECT id, pid, process, command, parameters FROM runs "
            "WHERE state = 'running' AND origin = 'page' ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if row is None or row[2] is None or processes.identity(row[1]) != row[2]:
            return None
        folder = json.loads(row[4]).get("folder")
        return row[0], row[1], f"Update of {folder}" if folder else f"The command {row[3]}"

    def _stop_adopted(self) -> None:
        adopted = self._adopted()
        if adopted is None:
            return
        number, pid, _ = adopted
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, signal.SIGTERM if number in self._asked else signal.SIGINT)
        self._asked.add(number)

    def _start(self, title: str, command: list[str]) -> None:
        with self._lock:
            if self._is_own():
                raise LibraryError("A run is going on already; wait for it or stop it first.")
            self._clear()
            self._title, self._stopping = title, False
            data = self._library.data.resolve()
            try:
                with open(data / LOG, "wb") as log:
                    self._process = subprocess.Popen(
                        [sys.executable, "-m", "pipeline", *command, "--data", str(data)],
                        cwd=_HOME, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                        start_new_session=True, env={**os.environ, ORIGIN: "page"},
                    )
            except OSError as error:
                raise LibraryError(f"The run cannot be started ({error.strerror}).") from None

    def _clear(self) -> None:
        """Refuse while another process writes; a run that was killed no longer counts as going on."""
        with self._library.writing():
            self._library.db.execute(
                "UPDATE runs SET state = 'stopped', finished = ? WHERE state = 'running'",
                [datetime.now(UTC).isoformat(timespec="seconds")],
            )

    def _last_line(self) -> str:
        """What the run said last, progress aside; a programming error is told in general."""
        log = self._library.data / LOG
        text = log.read_text("utf-8", errors="replace")
        if "Traceback (most recent call last)" in text:
            return f"something went wrong inside Likeness; {log.resolve()} says what."
        lines = [line.strip() for line in text.replace("\r", "\n").splitlines()]
        said = [line for line in lines if line and "%|" not in line]
        return said[-1].removeprefix("Error: ") if said else "it ended without a word."


def _absolute(folder: str) -> Path:
    """A folder as typed, in full, links followed; whether it is there is not said."""
    text = folder.strip()
    if not text:
        raise SettingsError("Name a folder of images first.")
    try:
        path = Path(text).expanduser()
        if not path.is_absolute():
            raise SettingsError("Name the folder in full, beginning with / or ~.")
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # no such home, a zero byte, a name too long
        raise SettingsError(f"That folder cannot be opened ({error}).") from None


def _by(embeddings: str | None) -> list[str]:
    """Which embeddings, as the command line takes it; None: those that the library has been given."""
    return [] if embeddings is None else ["--embeddings", embeddings]


def checked(folder: str) -> Path:
    """A folder as typed, as an absolute path; SettingsError with one sentence when it cannot be read."""
    path = _absolute(folder)
    try:
        if not path.exists():
            raise SettingsError(f"There is no folder {path}.")
        if not path.is_dir():
            raise SettingsError(f"{path} is a file; name the folder that it lies in.")
        next(path.iterdir(), None)
    except PermissionError:
        raise SettingsError(f"{path} may not be read by this server.") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"That folder cannot be opened ({error}).") from None
    return path


def _within(path: Path, allowed: Sequence[Path]) -> bool:
    try:
        return any(path.resolve().is_relative_to(one) for one in allowed)
    except (OSError, RuntimeError):
        return False


def suggestions(folder: str) -> list[str]:
    """Folders that begin like what is typed, by name; hidden ones are left out."""
    text = folder.strip()
    if not text.startswith(("/", "~")):
        return []
    try:
        path = Path(text).expanduser()
        parent, start = (path, "") if text.endswith("/") else (path.parent, path.name.lower())
        found = sorted(
            str(child) for child in parent.iterdir()
            if child.name.lower().startswith(start) and not child.name.startswith(".") and child.is_dir()
        )
    except (OSError, RuntimeError, ValueError):
        return []
    return found[:SUGGESTIONS]

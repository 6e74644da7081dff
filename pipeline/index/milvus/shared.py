"""A file of Milvus Lite that another process has open, asked through that process.

Milvus Lite lets one process at a time open a file, and answers there at a port of this machine. Which one is
told beside the file, so that a search, or a run that is started from a page, goes on beside the server that
has it open. The note counts while the process that wrote it is at work: what a killed one left means nothing.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline import processes
from pipeline.library.locks import unheld
from pipeline.library.replacing import replacing

_LOCK = "LOCK"  # of Milvus Lite's own, within the folder that its file is
_OPENING = 5.0  # seconds that a process has from the lock to the note


@dataclass(frozen=True)
class Held:
    """Who has a file open (`processes.identity`), and at which address it answers there."""

    process: str
    address: str

    def is_there(self) -> bool:
        """Whether that process is at work still."""
        return processes.identity(int(self.process.split()[0])) == self.process


def is_locked(uri: str) -> bool:
    """Whether a process has the file open."""
    lock = Path(uri, _LOCK)
    return lock.exists() and not unheld([lock])


def tell(uri: str, address: str) -> None:
    """Note that this process has the file, where that can be written."""
    with suppress(OSError), replacing(_note(uri)) as temporary:
        Path(temporary).write_text(json.dumps({"process": processes.identity(os.getpid()), "address": address}))


def held(uri: str) -> Held | None:
    """Who has the file, waited for while it may be opening it; None where no process of ours does."""
    until = time.monotonic() + _OPENING
    while True:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            told = json.loads(_note(uri).read_text())
            found = Held(str(told["process"]), str(told["address"]))
            if found.is_there() and found.process != processes.identity(os.getpid()):
                return found
        if time.monotonic() > until:
            return None
        time.sleep(0.1)


def _note(uri: str) -> Path:
    return Path(f"{uri}.open")

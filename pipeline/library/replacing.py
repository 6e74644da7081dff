"""A file that is replaced whole: whoever reads it sees the one before or the one after."""

from __future__ import annotations

import glob
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.library.locks import held, unheld

TEMPORARY = ".tmp"
"""How the names of files end that are still being written."""


@contextmanager
def replacing(target: Path, beside: Sequence[str] = ()) -> Iterator[Path]:
    """A temporary file beside `target` to write in the block; afterwards it is on the disk in its place.

    Where the block or the disk fails, the temporary file goes and `target` stays. beside:
    endings of further files that whoever writes it may make, and that go in any case.
    """
    temporary = target.with_name(f"{target.name}.{secrets.token_hex(4)}{TEMPORARY}")
    with held(temporary):
        try:
            yield temporary
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, target)
        finally:
            for end in ("", *beside):
                with suppress(OSError):
                    temporary.with_name(temporary.name + end).unlink()


def identity(file: Path) -> tuple[int, int]:
    """Other numbers whenever the file is replaced; zeros without one."""
    try:
        found = file.stat()
        return found.st_ino, found.st_mtime_ns
    except OSError:
        return 0, 0


def sweep(folder: Path, of: str | None = None) -> None:
    """Remove what writers that were killed have left in a folder; of: of one file alone."""
    for file in leftovers(folder, of):
        with suppress(OSError):
            file.unlink()


def leftovers(folder: Path, of: str | None = None) -> list[Path]:
    """Temporary files that nobody holds: their writers have ended without removing them."""
    name = "*" if of is None else glob.escape(of)
    return unheld(sorted(folder.glob(f"{name}.????????{TEMPORARY}")))

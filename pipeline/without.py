"""Packages loaded without pandas, which they would load to know its types and never use here."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder

_NAME = "pandas"


class _Hiding(MetaPathFinder, threading.local):
    """Tells a thread that it is hidden from that there is no pandas; others find it as ever."""

    blocks = 0
    """Of `without_pandas` that this thread is in, one within another."""

    def find_spec(self, name: str, path=None, target=None) -> None:
        """Nothing, whereupon others are asked; ModuleNotFoundError where pandas is hidden."""
        if name == _NAME and self.blocks:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


_hiding = _Hiding()
sys.meta_path.insert(0, _hiding)


@contextmanager
def without_pandas() -> Iterator[None]:
    """For the block, this thread is told that there is no pandas; where it is loaded already, it stays.

    It takes a quarter of a program's start. And on a thread of a server it would harm others: the JSON of
    Dash looks into pandas where it is among the modules, and fails where it is half loaded by then.
    """
    _hiding.blocks += 1
    try:
        yield
    finally:
        _hiding.blocks -= 1

"""Packages loaded without pandas, which they would load to know its types and never use here."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ONE = threading.RLock()
_NAME = "pandas"


@contextmanager
def without_pandas() -> Iterator[None]:
    """For the block, whoever asks for pandas is told that there is none; where it is loaded already, it stays.

    It takes a quarter of a program's start. And on a thread of a server it would harm others: the JSON of
    Dash looks into pandas where it is among the modules, and fails where it is half loaded by then.
    """
    with _ONE:  # the second of two that load would take the first one's None for a pandas that is there
        if _NAME in sys.modules:
            yield
            return
        sys.modules[_NAME] = None
        try:
            yield
        finally:
            del sys.modules[_NAME]

"""sqlite-utils, loaded without pandas: a quarter of a program's start would go to knowing the type of its times."""

from __future__ import annotations

import sys

_LOADED = "pandas" in sys.modules
if not _LOADED:
    sys.modules["pandas"] = None  # what asks for it is told that there is none

from sqlite_utils import Database, Migrations  # noqa: E402

if not _LOADED:
    del sys.modules["pandas"]

__all__ = ["Database", "Migrations"]

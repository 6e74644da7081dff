"""sqlite-utils, loaded without pandas: a quarter of a program's start would go to knowing the type of its times."""

from __future__ import annotations

from pipeline.without import without_pandas

with without_pandas():
    from sqlite_utils import Database, Migrations

__all__ = ["Database", "Migrations"]

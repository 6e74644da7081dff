"""Ways out of the library: tables, vectors, and what other programs open.

`KINDS` names them; each is a function of the library, where to write, and `Wanted`.
"""

from pipeline.export.fiftyone import fiftyone
from pipeline.export.projector import projector
from pipeline.export.tables import csv_table, npz, parquet
from pipeline.export.wanted import Wanted

KINDS = {"csv": csv_table, "parquet": parquet, "npz": npz, "projector": projector, "fiftyone": fiftyone}
FOLDERS = ("projector", "fiftyone")
"""Kinds that are a folder of files."""

__all__ = ["FOLDERS", "KINDS", "Wanted", "csv_table", "fiftyone", "npz", "parquet", "projector"]

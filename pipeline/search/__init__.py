"""From a query to its matches; the command line and the dashboard ask here alike."""

from pipeline.index import Filter
from pipeline.search.given import entries_from
from pipeline.search.query import (
    Entry, ImageEntry, Match, PaletteEntry, Query, Result, VectorsEntry, WordsEntry,
)  # fmt: skip
from pipeline.search.searcher import Searcher, after

__all__ = [
    "Entry", "Filter", "ImageEntry", "Match", "PaletteEntry", "Query", "Result", "Searcher", "VectorsEntry",
    "WordsEntry", "after", "entries_from",
]  # fmt: skip

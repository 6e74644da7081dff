"""From a query to its matches; the command line and the dashboard ask here alike."""

from pipeline.index import Filter
from pipeline.search.query import Entry, ImageEntry, Match, Query, Result, VectorsEntry
from pipeline.search.searcher import Searcher, after, entries_from

__all__ = [
    "Entry", "Filter", "ImageEntry", "Match", "Query", "Result", "Searcher", "VectorsEntry", "after",
    "entries_from",
]  # fmt: skip

"""From a query to its matches; the command line and the dashboard ask here alike."""

from pipeline.search.searcher import Match, Query, Result, Searcher, query_from

__all__ = ["Match", "Query", "Result", "Searcher", "query_from"]

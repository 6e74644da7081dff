"""How a search came to its matches: what the index compared on the way, and what it never looked at."""

from __future__ import annotations

from pipeline.errors import QueryError
from pipeline.index.inside import Inside
from pipeline.search import Query, Searcher


def look(searcher: Searcher, query: Query, effort: int | None = None) -> Inside:
    """A query as the index answers it, for as many as the query asks for.

    A query on one scale asks by the sum and by each embedding alone; this is the sum. effort: see
    `Index.inside`. Raises QueryError where there is nothing to see.
    """
    if query.metric == "hamming":
        raise QueryError("Perceptual hashes are compared one by one; no index has a part in it.")
    searcher = searcher.held()
    asked = searcher.asked(query)[1]
    weights = asked.weights
    if asked.scale is not None:
        weights = {name: weight / asked.scale[name].deviation for name, weight in weights.items()}
    if not weights:
        raise QueryError("These words are looked up as they are written; no index has a part in it.")
    index = searcher.index()
    found = index.inside(asked.vectors, weights, query.top_k, query.filter, effort)
    if found is None and index.engine != "faiss":
        raise QueryError("This library's index is kept by Milvus, which does not tell how it searches.")
    if found is None:
        raise QueryError("There is no image left to be found; every one is left out or filtered.")
    return found

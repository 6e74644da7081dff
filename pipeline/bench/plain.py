"""Other indexes of the same vectors, each used as its documentation shows, with the same parameters.

hnswlib and usearch are measured where they are installed; nothing of Likeness needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from pipeline import settings

LINKS, CONSTRUCTION, SEARCH = 16, 200, 512
"""Links of a row, efforts of building and of searching: those of the graphs below alike."""

RANKED = 20
"""So many times the neighbors asked for are ranked, as ours are, where codes find candidates."""

Search = Callable[[np.ndarray, int], np.ndarray]
"""Queries (q, Σ dim) float32 and k → positions (q, k)."""


def exact_numpy(rows: np.ndarray) -> Search:
    """Every product, and the best of them."""

    def search(query: np.ndarray, k: int) -> np.ndarray:
        # One query as a vector: as a matrix of one row the product would copy all rows first.
        products = query @ rows.T if len(query) > 1 else (rows @ query[0])[None]
        best = np.argpartition(-products, k - 1, axis=1)[:, :k]
        return np.take_along_axis(best, np.argsort(-np.take_along_axis(products, best, 1), axis=1), 1)

    return search


def exact_faiss(rows: np.ndarray) -> Search:
    """FAISS's flat index."""
    import faiss

    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    return lambda query, k: index.search(query, k)[1]


def graph_faiss(rows: np.ndarray) -> Search:
    """FAISS's HNSW over float32."""
    import faiss

    index = faiss.IndexHNSWFlat(rows.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = CONSTRUCTION
    index.add(rows)
    index.hnsw.efSearch = SEARCH
    return lambda query, k: index.search(query, k)[1]


def bits_faiss(rows: np.ndarray) -> Search:
    """FAISS's inverted lists of a bit a number (RaBitQ, Gao & Long 2024), the best ranked by the rows."""
    import faiss

    lists = max(1, int(4 * np.sqrt(len(rows))))
    inverted = faiss.IndexIVFRaBitQ(faiss.IndexFlatIP(rows.shape[1]), rows.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    inverted.train(rows)
    inverted.nprobe = max(1, lists // 20)
    index = faiss.IndexRefineFlat(inverted)
    index.add(rows)
    index.k_factor = RANKED
    return lambda query, k: index.search(query, k)[1]


def graph_hnswlib(rows: np.ndarray) -> Search:
    """hnswlib over float32."""
    import hnswlib

    index = hnswlib.Index(space="ip", dim=rows.shape[1])
    index.init_index(max_elements=len(rows), M=LINKS, ef_construction=CONSTRUCTION)
    index.set_num_threads(settings.cores())
    index.add_items(rows)
    index.set_ef(SEARCH)
    return lambda query, k: index.knn_query(query, k)[0].astype(np.int64)


def graph_usearch(rows: np.ndarray, kind: str = "f32") -> Search:
    """usearch, its rows of a kind that it knows."""
    from usearch.index import Index

    index = Index(
        ndim=rows.shape[1], metric="ip", dtype=kind, connectivity=LINKS,
        expansion_add=CONSTRUCTION, expansion_search=SEARCH,
    )  # fmt: skip
    index.add(np.arange(len(rows)), rows, threads=settings.cores())
    return lambda query, k: index.search(query, k, threads=settings.cores()).keys.astype(np.int64).reshape(len(query), -1)


def bytes_usearch(rows: np.ndarray) -> Search:
    """The same with a byte a number."""
    return graph_usearch(rows, "i8")


EVERY: dict[str, tuple[str, Callable[[np.ndarray], Search]]] = {
    "exact, NumPy": ("numpy", exact_numpy),
    "exact, FAISS flat": ("faiss", exact_faiss),
    "FAISS HNSW": ("faiss", graph_faiss),
    "FAISS RaBitQ, ranked": ("faiss", bits_faiss),
    "hnswlib": ("hnswlib", graph_hnswlib),
    "usearch": ("usearch", graph_usearch),
    "usearch, int8": ("usearch", bytes_usearch),
}
"""By name: the package each needs, and how rows (n, Σ dim) float32 become a search."""


def is_there(name: str) -> bool:
    """Whether its package is installed."""
    return find_spec(EVERY[name][0]) is not None

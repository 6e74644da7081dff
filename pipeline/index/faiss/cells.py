"""The cells of an inverted file and the codes in them: what a query reads, and what it makes of it.

Jégou et al. 2011: rows lie in the cell whose middle is nearest, as what they differ from it, in bytes of
which each stands for one of 256 typical values of a few numbers. By inner product a row is worth the
product with the middle of its cell and, for each byte, the product with what the byte stands for.
"""

from __future__ import annotations

from collections.abc import Sequence

import faiss
import numpy as np

from pipeline.index.bitmap import Bitmap
from pipeline.index.inside import Cells, Code


def read(structure: faiss.IndexIVFPQ, query: np.ndarray, probed: int, mask: Bitmap, starts: Sequence[int]) -> Cells:
    """What a query (dim,) reads of so many cells. mask: rows that count. starts: of each embedding, the first
    of its dimensions."""
    products, order = structure.quantizer.search(query[None], structure.nlist)
    order, products = order[0], products[0]
    sizes = np.array([structure.invlists.list_size(cell) for cell in order.tolist()], np.int64)
    held = [_rows(structure, cell) for cell in order[:probed].tolist()]
    rows = np.concatenate([np.zeros(0, np.int64), *held])
    counts = mask.has(rows) if len(rows) else np.zeros(0, bool)
    owner = np.repeat(np.arange(len(held)), [len(one) for one in held])
    splits = tuple(start // structure.pq.dsub for start in starts)
    return Cells(order, products, sizes, min(probed, len(order)), rows[counts], owner[counts], (), splits)


def codes(structure: faiss.IndexIVFPQ, query: np.ndarray, read: Cells, rows: np.ndarray, true: np.ndarray) -> tuple[Code, ...]:
    """How rows (k,) are kept; true: their products (k,) as they are. Those that no cell read holds are left out."""
    parts = structure.pq.M
    typical = faiss.vector_to_array(structure.pq.centroids).reshape(parts, structure.pq.ksub, structure.pq.dsub)
    table = np.einsum("mkd,md->mk", typical.astype(np.float64), query.reshape(parts, -1).astype(np.float64))
    found = []
    for at, cell in enumerate(read.order[: read.probed].tolist()):
        held = _rows(structure, cell)
        kept = faiss.rev_swig_ptr(structure.invlists.get_codes(cell), len(held) * structure.code_size) if len(held) else None
        for place in np.flatnonzero(np.isin(held, rows)).tolist():
            code = kept[place * structure.code_size : (place + 1) * structure.code_size].copy()
            worth = float(true[np.flatnonzero(rows == held[place])[0]])
            middle = float(read.products[at]) if structure.by_residual else 0.0
            found.append(Code(int(held[place]), at, code, middle, table[np.arange(parts), code], worth))
    ranks = {row: rank for rank, row in enumerate(rows.tolist())}
    return tuple(sorted(found, key=lambda one: ranks[one.row]))


def _rows(structure: faiss.IndexIVFPQ, cell: int) -> np.ndarray:
    """The rows in a cell: a copy (n,) int64."""
    count = structure.invlists.list_size(cell)
    if not count:
        return np.zeros(0, np.int64)
    return faiss.rev_swig_ptr(structure.invlists.get_ids(cell), count).copy()

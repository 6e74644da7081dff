"""The structures of FAISS that find candidates, behind one set of calls.

hnsw   graph over reduced rows of a byte a number (Malkov & Yashunin 2016; see `reduction`)
ivfpq  inverted lists of product-quantized rows (Jégou et al. 2011): smallest, finds least
flat   none: every row is read for every query

What they find is ranked by the rows as they are (see `exact`). All of them compare by inner
product, so each answers queries of any weighting.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np

from pipeline import settings
from pipeline.errors import SettingsError
from pipeline.index.bitmap import Bitmap
from pipeline.settings import IndexOptions

EXACT_BELOW = 5_000
"""Up to this many candidates a scan is as fast as the structure, and cannot miss."""

_EFFORT = 64
"""Effort that is tried at least, however few rows there are."""
READS = 64
"""Rows that are read one after another in the time of a unit of effort of a walk, which jumps from place
to place: among 50,000 rows of 448 bytes 75."""
CODES_READ = 32
"""Rows whose codes (see `codes`) are read in the time of a row: 100,000 of 256 codes in 0.6 ms beside a busy machine's
other work, in which a walk's effort of 70 took as long; since then there are about 131."""
RANKING = 3
"""Rows that are read one after another in the time in which one of those that codes found is ranked."""
SELECTING = 25
"""Rows of which is looked up whether they are to be read in the time of a row."""

_IN_CACHE = 512
"""Rows that are ranked by their bytes at a time."""

_TRAIN_MOST = {"ivfpq": 50_000}
"""Rows that k-means learns from at most; it wants some 40 a centroid."""
_TRAIN_OTHERS = 20_000
"""Rows that directions and levels are learned from at most."""
_TRAIN_FEWEST = 1_000
"""Fewer rows than this cannot fill the 256 centroids of a product quantizer."""
_CODE_BYTES = 112
"""A product-quantized row has at most so many bytes: 1/64 of 1792 float32 dimensions."""
_CODE_DIMS = 4
"""A byte of it stands for at least so many dimensions."""


def use_all_cores() -> None:
    """Let FAISS work with as many threads as the program may."""
    faiss.omp_set_num_threads(settings.cores())


@contextmanager
def threads_for(queries: int) -> Iterator[None]:
    """FAISS with no more threads than queries, meanwhile: one query would wait for a team that has nothing to do, on
    a busy machine for many times what it takes."""
    usual = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(max(1, min(usual, queries)))  # of this thread
    try:
        yield
    finally:
        faiss.omp_set_num_threads(usual)


def make(options: IndexOptions, dim: int, count: int) -> faiss.Index | None:
    """An empty structure for about `count` rows of length `dim`; None for `flat`, which needs none."""
    if options.type == "flat":
        return None
    if options.type == "ivfpq":
        return _make_ivfpq(dim, count)
    return graph_of_bytes(dim, *options.graph_for(count))


def graph_of_bytes(dim: int, links: int, construction: int) -> faiss.IndexHNSWSQ:
    """An empty graph of rows of whole numbers from −128 to 127, a byte each.

    Building over 10,000 rows of 432 numbers took 4.3 s of one core so, 5.4 s over float32, 5.7 s over
    bytes with a level per dimension; a walk 0.72, 0.95 and 0.95 ms.
    """
    kind = faiss.ScalarQuantizer.QT_8bit_direct_signed
    graph = faiss.IndexHNSWSQ(dim, kind, links, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = construction
    return graph


def _make_ivfpq(dim: int, count: int) -> faiss.IndexIVFPQ:
    if count < _TRAIN_FEWEST:
        raise SettingsError(f"ivfpq needs {_TRAIN_FEWEST:,} images to learn from; take hnsw or flat.")
    lists = max(8, int(2 * np.sqrt(count)))
    most = min(_CODE_BYTES, max(1, dim // _CODE_DIMS))
    code = max(m for m in range(1, most + 1) if dim % m == 0)
    index = faiss.IndexIVFPQ(faiss.IndexFlatIP(dim), dim, lists, code, 8, faiss.METRIC_INNER_PRODUCT)
    for clustering in (index.cp, index.pq.cp):
        clustering.min_points_per_centroid = 1
        clustering.max_points_per_centroid = 64
        clustering.niter = 10
    index.cp.spherical = False  # rows without some embedding are shorter: keep their length
    return index


def most_training(options: IndexOptions) -> int:
    """Rows that a kind learns from at most."""
    return _TRAIN_MOST.get(options.type, _TRAIN_OTHERS)


def training_rows(count: int, options: IndexOptions) -> np.ndarray:
    """Which of `count` rows a kind learns from: positions, evenly spread."""
    return np.linspace(0, count - 1, min(count, most_training(options))).astype(np.int64)


def learns(options: IndexOptions) -> bool:
    """Whether the kind depends on the rows it was trained with."""
    return options.type != "flat" or options.storage == "int8"


def most_effort(structure: faiss.Index | None) -> int:
    """The effort at which searching is as thorough as it gets; 0 where there is no choice."""
    if isinstance(structure, faiss.IndexHNSW):
        return max(_EFFORT, int(np.ceil(structure.ntotal / READS)))  # beyond, every search is a scan
    return structure.nlist if isinstance(structure, faiss.IndexIVF) else 0


def effort_of_codes(count: int, ranked: int) -> int:
    """The effort of a walk that takes as long as reading the codes of so many rows, and ranking so many."""
    return max(_EFFORT, int(np.ceil((count / CODES_READ + RANKING * ranked) / READS)))


def walk(structure: faiss.Index, query: np.ndarray, k: int, mask: Bitmap, effort: int):
    """Best rows among mask by the structure: products (q, k), rows (q, k), −1 for none."""
    how = faiss.SearchParametersHNSW if isinstance(structure, faiss.IndexHNSW) else faiss.SearchParametersIVF
    named = {"efSearch" if isinstance(structure, faiss.IndexHNSW) else "nprobe": effort}
    with threads_for(len(query)):
        return structure.search(query, k, params=how(**named, **_among(mask)))


def has_links(structure: faiss.Index) -> bool:
    """Whether it is a graph, whose links can be followed."""
    return isinstance(structure, faiss.IndexHNSW)


def graph_of(graph: faiss.IndexHNSW) -> tuple[int, int]:
    """Links per node, and candidates while building."""
    return graph.hnsw.nb_neighbors(1), graph.hnsw.efConstruction


def scan(structure: faiss.Index, query: np.ndarray, k: int, mask: Bitmap):
    """Best rows by reading every row of the mask as stored: products (q, k), rows (q, k)."""
    if isinstance(structure, faiss.IndexIVF):
        return walk(structure, query, k, mask, structure.nlist)
    with threads_for(len(query)):
        return held(structure).search(query, k, params=faiss.SearchParameters(**_among(mask)))


def decode(structure: faiss.Index, rows: np.ndarray) -> np.ndarray:
    """The rows at positions (k,) int64 as the structure holds them: (k, dim) float32."""
    return held(structure).reconstruct_batch(np.ascontiguousarray(rows, np.int64))


def stored(graph: faiss.IndexHNSWSQ) -> np.ndarray:
    """The rows as the graph holds them, where they lie: (n, dim) uint8, a byte a number, of which 128 is a zero."""
    codes = held(graph).codes
    return faiss.rev_swig_ptr(codes.data(), codes.size()).reshape(graph.ntotal, graph.d)


def products(graph: faiss.IndexHNSWSQ, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Products of queries (q, dim) float32 as the graph is asked, each with rows of its own (q, c) int64, as
    the graph holds them: (q, c) float32, −inf where a row is −1."""
    held_rows = stored(graph)
    found = np.full(rows.shape, -np.inf, np.float32)
    for query, mine, into in zip(np.ascontiguousarray(queries, np.float32), rows, found):
        there = np.flatnonzero(mine >= 0)
        zero = np.float32(128 * query.sum())
        for part in np.split(there, range(_IN_CACHE, len(there), _IN_CACHE)):
            read, some = held_rows[mine[part]].astype(np.float32), np.empty(len(part), np.float32)
            faiss.fvec_inner_products_ny(*map(faiss.swig_ptr, (some, query, read)), graph.d, len(part))  # BLAS wakes a team
            into[part] = some - zero
    return found


def held(structure: faiss.Index) -> faiss.Index:
    """The rows that a graph leads through; of what has no links, itself."""
    return faiss.downcast_index(structure.storage) if isinstance(structure, faiss.IndexHNSW) else structure


def _among(mask: Bitmap) -> dict:
    """The selector of a set of rows as a keyword: given so, FAISS keeps it alive during the search."""
    return {} if mask.whole else {"sel": faiss.IDSelectorBitmap(mask.packed)}

"""The structures of FAISS that can hold the rows, behind one set of calls.

hnsw   graph over the rows (Malkov & Yashunin 2016); reads few of them, forgets none
ivfpq  inverted lists of product-quantized rows (Jégou et al. 2011): smallest, approximate
flat   the rows alone, every one read for every query

The rows of the first and the last are float32, float16 or int8 (a level per dimension,
learned); with ivfpq a row is one byte for every 16 dimensions or so. All of them rank by
inner product, so each answers queries of any weighting.
"""

from __future__ import annotations

import faiss
import numpy as np

from pipeline import settings
from pipeline.errors import SettingsError
from pipeline.index.bitmap import Bitmap
from pipeline.settings import IndexOptions

_QUANTIZERS = {"float16": faiss.ScalarQuantizer.QT_fp16, "int8": faiss.ScalarQuantizer.QT_8bit}

EXACT_BELOW = 5_000
"""Up to this many candidates a scan is as fast as the structure, and cannot miss."""

_TRAIN_MOST = 50_000
"""Rows that a quantizer learns from at most; k-means wants some 40 a centroid."""
_TRAIN_FEWEST = 1_000
"""Fewer rows than this cannot fill the 256 centroids of a product quantizer."""
_CODE_BYTES = 112
"""A product-quantized row has at most so many bytes: 1/64 of 1792 float32 dimensions."""
_RANGE_ROWS = 8_192
"""Rows from which the range of the numbers is read, where no more is learned."""
_STEP = 4_096
_CODE_DIMS = 4
"""A byte of it stands for at least so many dimensions."""


def use_all_cores() -> None:
    """Let FAISS work with as many threads as the program may."""
    faiss.omp_set_num_threads(settings.cores())


def make(options: IndexOptions, dim: int, count: int) -> faiss.Index:
    """An empty index for about `count` rows of length `dim`.

    Raises SettingsError for a combination that does not exist.
    """
    product = faiss.METRIC_INNER_PRODUCT
    quantizer = _QUANTIZERS.get(options.storage)
    if options.type == "ivfpq":
        if options.storage != "float32":
            raise SettingsError("ivfpq has a storage of its own; leave --storage out.")
        return _make_ivfpq(dim, count)
    if options.type == "flat":
        if quantizer is None:
            return faiss.IndexFlatIP(dim)
        return faiss.IndexScalarQuantizer(dim, quantizer, product)
    if quantizer is None:
        graph = faiss.IndexHNSWFlat(dim, options.hnsw_m, product)
    else:
        graph = faiss.IndexHNSWSQ(dim, quantizer, options.hnsw_m, product)
    graph.hnsw.efConstruction = options.ef_construction
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
    index.set_direct_map_type(faiss.DirectMap.Array)  # rows can be decoded by their number
    return index


def training_rows(count: int) -> np.ndarray:
    """Which of `count` rows a quantizer learns from: positions, evenly spread."""
    return np.linspace(0, count - 1, min(count, _TRAIN_MOST)).astype(np.int64)


def learns(options: IndexOptions) -> bool:
    """Whether the kind depends on the rows it was trained with."""
    return options.type == "ivfpq" or options.storage == "int8"


def lossy(structure: faiss.Index) -> bool:
    """Whether the rows come back other than they went in."""
    return not isinstance(_storage(structure), faiss.IndexFlat)


def most_effort(structure: faiss.Index) -> int:
    """The effort at which searching is as thorough as it gets; 0 where there is no choice."""
    if isinstance(structure, faiss.IndexHNSW):
        return max(1024, structure.ntotal // 40)  # beyond, a scan is as fast
    return structure.nlist if isinstance(structure, faiss.IndexIVF) else 0


def walk(structure: faiss.Index, query: np.ndarray, k: int, mask: Bitmap, effort: int):
    """Best rows among mask by the structure: products (q, k), rows (q, k), −1 for none."""
    if isinstance(structure, faiss.IndexHNSW):
        return structure.search(query, k, params=faiss.SearchParametersHNSW(efSearch=effort, **_among(mask)))
    if isinstance(structure, faiss.IndexIVF):
        return structure.search(query, k, params=faiss.SearchParametersIVF(nprobe=effort, **_among(mask)))
    return scan(structure, query, k, mask)


def has_links(structure: faiss.Index) -> bool:
    """Whether it is a graph that can be walked from one of its rows."""
    return isinstance(structure, faiss.IndexHNSW)


def lighter(graph: faiss.IndexHNSW) -> faiss.IndexHNSW:
    """The same graph for walking through all of it: one byte a number, where it has four.

    Reading rows from memory is what a walk waits for: 50,000 walks over rows of 1,792
    numbers took 10.9 s of one core as float32 and 5.2 s as bytes, and both found the same.
    """
    if lossy(graph):
        return graph
    rows = whole(graph)
    storage = faiss.IndexScalarQuantizer(
        graph.d, faiss.ScalarQuantizer.QT_8bit_uniform, faiss.METRIC_INNER_PRODUCT
    )
    storage.train(rows[np.linspace(0, len(rows) - 1, min(len(rows), _RANGE_ROWS)).astype(np.int64)])
    for start in range(0, len(rows), _STEP):
        storage.add(rows[start : start + _STEP])
    light = faiss.IndexHNSW(storage, 16)
    light.hnsw, light.ntotal = graph.hnsw, graph.ntotal
    light.is_trained = True
    light.referenced_objects = [storage]  # else Python would free it
    return light


def walk_from(
    graph: faiss.IndexHNSW, at: np.ndarray, queries: np.ndarray, apart: np.ndarray, k: int, mask: Bitmap, effort: int
) -> np.ndarray:
    """The k best others for the rows at positions (q,), each walked to from its own place.

    queries: (q, dim) float32. apart: (q,), each one's product with its own row, negative. Positions (q, k) int64, −1 where fewer were found. Where a
    search comes down from the top of the graph, this cannot lose its way there.
    """
    count, wide = len(at), max(k, effort) + 1
    starts = at.astype(np.int32)
    apart = np.ascontiguousarray(apart, np.float32)
    queries = np.ascontiguousarray(queries, np.float32)
    products, found = np.empty((count, wide), np.float32), np.empty((count, wide), np.int64)
    chosen = _among(mask)
    graph.search_level_0(
        count, faiss.swig_ptr(queries), wide, faiss.swig_ptr(starts), faiss.swig_ptr(apart),
        faiss.swig_ptr(products), faiss.swig_ptr(found), 1, 1,
        faiss.SearchParametersHNSW(efSearch=wide, **chosen),
    )  # fmt: skip
    order = np.argsort((found == at[:, None]) | (found < 0), axis=1, kind="stable")
    found = np.take_along_axis(found, order, axis=1)
    found[found == at[:, None]] = -1
    return found[:, :k]


def scan(structure: faiss.Index, query: np.ndarray, k: int, mask: Bitmap):
    """Best rows by reading every row of the mask as stored: products (q, k), rows (q, k)."""
    if isinstance(structure, faiss.IndexIVF):
        return structure.search(query, k, params=faiss.SearchParametersIVF(nprobe=structure.nlist, **_among(mask)))
    return _storage(structure).search(query, k, params=faiss.SearchParameters(**_among(mask)))


def decode(structure: faiss.Index, rows: np.ndarray) -> np.ndarray:
    """The stored rows at positions (k,) int64: (k, dim) float32."""
    if not lossy(structure):
        return whole(structure)[rows]
    return _storage(structure).reconstruct_batch(np.ascontiguousarray(rows, np.int64))


def whole(structure: faiss.Index) -> np.ndarray:
    """Every stored row (n, dim) float32: a view where float32 is stored, else decoded."""
    storage = _storage(structure)
    if lossy(structure):
        return storage.reconstruct_n(0, storage.ntotal)
    flat = faiss.rev_swig_ptr(storage.get_xb(), storage.ntotal * storage.d)
    return flat.reshape(storage.ntotal, storage.d)


def merged(parts: list[tuple[np.ndarray, np.ndarray]], k: int) -> tuple[np.ndarray, np.ndarray]:
    """Several answers (scores (q, ·), rows (q, ·), −1 for none) as one: the k best of each query."""
    parts = [part for part in parts if part[1].shape[1]] or parts[:1]
    if len(parts) > 1:
        return ranked(*(np.concatenate(arrays, axis=1) for arrays in zip(*parts)), k)
    scores, rows = parts[0][0][:, :k], parts[0][1][:, :k]
    return np.where(rows < 0, np.float32(0), np.clip(scores, -1, 1)).astype(np.float32), rows


def ranked(scores: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best of each query, best first, of equal ones the lower row; rows −1 for none come last."""
    order = np.lexsort((rows, np.where(rows < 0, np.float32(np.inf), -scores)))[:, :k]
    return merged([(np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1))], k)


def _storage(structure: faiss.Index) -> faiss.Index:
    return faiss.downcast_index(structure.storage) if isinstance(structure, faiss.IndexHNSW) else structure


def _among(mask: Bitmap) -> dict:
    """The selector of a set of rows as a keyword: given so, FAISS keeps it alive during the search."""
    return {} if mask.whole else {"sel": faiss.IDSelectorBitmap(mask.packed)}

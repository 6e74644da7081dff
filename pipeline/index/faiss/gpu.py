"""All pairs on a GPU, where FAISS was built with one (`faiss-gpu`); else on the processor."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import faiss
import numpy as np

from pipeline.embeddings.engines import accelerators

Nearest = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""Queries (q, dim) float32 and k → products (q, k) float32, descending, and positions (q, k) int64."""


_MOST = 2_048
"""Neighbors that FAISS finds on a GPU at most."""


@cache
def count() -> int:
    """GPUs that this FAISS can use; none with `faiss-cpu`. Where there is no driver it is not asked: it would end
    the process."""
    return faiss.get_num_gpus() if hasattr(faiss, "StandardGpuResources") and accelerators.likely() else 0


def nearest_among(base: np.ndarray) -> Nearest:
    """What finds the rows with the largest inner products among base (n, dim) float32, exactly. Rows that do not
    fit into the GPU's memory stay with the processor, as do searches for which too little is left."""
    on_gpu = _on_gpu(base) if count() else None

    def nearest(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        nonlocal on_gpu
        if on_gpu and k <= _MOST:
            try:
                return on_gpu(queries, k)
            except RuntimeError:  # as FAISS says that memory is short
                on_gpu = None
        return faiss.knn(queries, base, k, metric=faiss.METRIC_INNER_PRODUCT)

    return nearest


def _on_gpu(base: np.ndarray) -> Nearest | None:
    try:
        resources = faiss.StandardGpuResources()
        flat = faiss.index_cpu_to_gpu(resources, 0, faiss.IndexFlatIP(base.shape[1]))
        flat.add(base)
    except RuntimeError:
        return None

    def nearest(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        return flat.search(queries, k)

    nearest.resources = resources  # lives as long as what uses it
    return nearest

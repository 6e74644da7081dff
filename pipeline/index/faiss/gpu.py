"""All pairs on a GPU, where FAISS was built with one (`faiss-gpu`); else on the processor."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache

import faiss
import numpy as np

Nearest = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""Queries (q, dim) float32 and k → products (q, k) float32, descending, and positions (q, k) int64."""


@cache
def count() -> int:
    """GPUs that this FAISS can use; none with `faiss-cpu`."""
    return faiss.get_num_gpus() if hasattr(faiss, "StandardGpuResources") else 0


def nearest_among(base: np.ndarray) -> Nearest:
    """What finds the rows with the largest inner products among base (n, dim) float32, exactly. Rows that do not
    fit into the GPU's memory stay with the processor."""
    if count():
        with suppress(RuntimeError):  # as FAISS says that memory is short
            return _on_gpu(base)
    return lambda queries, k: faiss.knn(queries, base, k, metric=faiss.METRIC_INNER_PRODUCT)


def _on_gpu(base: np.ndarray) -> Nearest:
    resources = faiss.StandardGpuResources()
    flat = faiss.index_cpu_to_gpu(resources, 0, faiss.IndexFlatIP(base.shape[1]))
    flat.add(base)

    def nearest(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        return flat.search(queries, k)

    nearest.resources = resources  # lives as long as what uses it
    return nearest

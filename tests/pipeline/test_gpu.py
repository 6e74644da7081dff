"""What runs on a GPU gives what the processor gives; skipped where there is none, or the packages are not."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from pipeline.index.faiss import gpu as faiss_gpu
from pipeline.maps import clusters, layout
from pipeline.maps import gpu as maps_gpu
from pipeline.settings import MapOptions

without_faiss = pytest.mark.skipif(not faiss_gpu.count(), reason="this FAISS has no GPU: faiss-gpu and a CUDA device are needed")
without_cuml = pytest.mark.skipif(not maps_gpu.is_here(), reason="there is no cuML: it and a CUDA device are needed")


def heaps(count: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows (count, dim) float32 of norm 1 around twelve directions, and which (count,)."""
    random = np.random.default_rng(0)
    which = random.integers(0, 12, count)
    rows = random.normal(size=(12, dim))[which] + 0.3 * random.normal(size=(count, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), which


def test_the_nearest_are_those_of_plain_products():
    base, _ = heaps(700, 24)
    products, at = faiss_gpu.nearest_among(base)(base[:50], 8)
    expected = base[:50] @ base.T
    np.testing.assert_allclose(products, -np.sort(-expected)[:, :8], atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(expected, at, 1), products, atol=1e-5)


@without_faiss
def test_a_gpu_finds_the_neighbors_that_the_processor_finds():
    import faiss

    base, _ = heaps(20_000, 128)
    products, at = faiss_gpu.nearest_among(base)(base[:500], 10)
    expected, where = faiss.knn(base[:500], base, 10, metric=faiss.METRIC_INNER_PRODUCT)
    np.testing.assert_allclose(products, expected, atol=1e-4)
    assert np.mean([len(set(one) & set(other)) / 10 for one, other in zip(at, where)]) > 0.999


@without_cuml
def test_a_map_and_clusters_by_cuml_keep_what_lies_together():
    from sklearn.metrics import adjusted_mutual_info_score

    rows, which = heaps(12_000, 32)
    products, nearest = faiss_gpu.nearest_among(rows)(rows, 15)
    distances = np.maximum(0, 1 - products)
    distances[:, 0] = 0
    xy, xyz = layout.umap(rows, nearest, distances, MapOptions(seed=0))
    assert xy.shape == (12_000, 2) and xyz.shape == (12_000, 3) and np.isfinite(xyz).all()
    assert adjusted_mutual_info_score(which, clusters.cluster_points(xy)) > 0.8


def test_what_a_gpu_has_no_room_for_the_processor_does_and_says_so(monkeypatch, caplog):
    class Short:
        """As cuML and FAISS end where another program has the memory."""

        def __init__(self, **_):
            raise RuntimeError("out of memory\n  at somewhere.cu:1")

    for name, what in (("cuml", "cuml"), ("cuml.manifold", "UMAP"), ("cuml.cluster", "HDBSCAN")):
        module = ModuleType(name)
        setattr(module, what, Short)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(maps_gpu, "is_here", lambda: True)
    monkeypatch.setattr(layout, "FEW", 100)
    monkeypatch.setattr(clusters, "_FEW", 100)
    monkeypatch.setattr(layout, "EPOCHS", 2)
    rows, _ = heaps(400, 16)
    monkeypatch.setattr(faiss_gpu.faiss, "StandardGpuResources", Short, raising=False)
    monkeypatch.setattr(faiss_gpu, "count", lambda: 1)
    products, nearest = faiss_gpu.nearest_among(rows)(rows, 15)
    np.testing.assert_allclose(products, -np.sort(-rows @ rows.T)[:, :15], atol=1e-5)
    xy, xyz = layout.umap(rows, nearest, np.maximum(0, 1 - products), MapOptions())
    assert xy.shape == (400, 2) and xyz.shape == (400, 3) and len(clusters.cluster_points(xy)) == 400
    assert caplog.messages == ["The GPU could not do a step of the map, the processor does: out of memory"] * 2

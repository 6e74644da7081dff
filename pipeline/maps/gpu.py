"""Layout and clusters on a GPU by cuML, where that is installed; the processor does both as well (`layout`, `clusters`)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

import numpy as np

from pipeline.embeddings.engines import accelerators

_LOG = logging.getLogger(__name__)


@cache
def is_here() -> bool:
    """Whether cuML is installed and can be loaded, and there is a device."""
    if not accelerators.likely():
        return False
    try:
        import cuml  # noqa: F401
    except Exception:  # also where driver and package do not fit
        return False
    return True


def tried(work: Callable, *given):
    """What a step gives on the GPU; None where that fails, as where its memory is short: the processor does it then,
    and that is said."""
    try:
        return work(*given)
    except Exception as error:  # cuML, its memory manager, CuPy and CUDA each raise their own
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        _LOG.warning("The GPU could not do a step of the map, the processor does: %s", said)
        return None


def coordinates(
    start: np.ndarray, nearest: np.ndarray, distances: np.ndarray, curve: tuple[float, float], epochs: int, seed: int | None
) -> np.ndarray:
    """UMAP of given neighbors: (n, d) float32 around 0 for a start (n, d), of which cuML takes the shape alone.

    nearest, distances: as for `layout.umap`. curve: UMAP's a and b.
    """
    from cuml.manifold import UMAP

    a, b = curve
    model = UMAP(
        n_neighbors=nearest.shape[1], n_components=start.shape[1], n_epochs=epochs, a=a, b=b, random_state=seed,
        precomputed_knn=(nearest.astype(np.int64), distances.astype(np.float32)), output_type="numpy",
    )  # fmt: skip
    points = np.asarray(model.fit_transform(start.astype(np.float32)), np.float32)
    return points - points.mean(axis=0)


def condensed_tree(xy: np.ndarray, min_cluster_size: int, min_samples: int) -> np.ndarray:
    """HDBSCAN's condensed tree of a map (n, 2), as hdbscan's `condensed_tree_.to_numpy()` gives it."""
    from cuml.cluster import HDBSCAN

    model = HDBSCAN(min_cluster_size=min_cluster_size, min_samples=min_samples)
    return model.fit(xy.astype(np.float32)).condensed_tree_.to_numpy()

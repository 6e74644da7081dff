"""Distortion, image by image: how far the map's neighbors of an image are not its true ones.

Found once for a map and kept beside it as `maps/NAME.distortion.npz`, keyed on its points
and on the vectors they stand for. Of a large map only images drawn evenly are asked about;
their neighbors are looked for among all.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline import maps, settings
from pipeline.index import CombinedIndex
from pipeline.library import Library
from pipeline.maps import Map
from pipeline.maps.neighbors import others
from pipeline.progress import Progress, Silent
from pipeline.quality.agreement import ALL_BELOW, K

_VERSION = 1


@dataclass(frozen=True)
class Distortion:
    """ids: (n,) int64 ascending, the images asked about. share: (n,) float32 in [0, 1], of
    the ten nearest on the flat map those that are not among the ten nearest by the
    vectors. among: images on the map; more than n where only some were asked about."""

    ids: np.ndarray
    share: np.ndarray
    among: int


def distortion(
    library: Library, index: CombinedIndex, shown: Map, progress: Progress = Silent()
) -> Distortion:
    """The distortion of a map, as kept or found now, among those images that the index still has."""
    key = _key(shown)
    kept = _read(library, shown.name, key)
    if kept is not None:
        return kept
    with threadpool_limits(settings.cores()):
        found = _find(index, shown, progress)
    _save(library, shown.name, key, found)
    return found


def _find(index: CombinedIndex, shown: Map, progress: Progress) -> Distortion:
    from scipy.spatial import KDTree

    rows = index.rows_of(shown.ids)
    ids = index.ids[rows]
    xy = shown.xy[np.searchsorted(shown.ids, ids)]
    k = min(K, len(rows) - 1)
    if k < 1:
        return Distortion(ids[:0], np.zeros(0, np.float32), len(rows))
    asked = np.linspace(0, len(rows) - 1, min(ALL_BELOW, len(rows))).round().astype(np.int64)
    progress.start("distortion", len(asked))
    true = others(index, shown.name, rows, asked, k, progress)
    near = KDTree(xy).query(xy[asked], k + 1)[1]
    near = _others(near, asked, k)
    kept = (near[:, :, None] == true[:, None]).any(axis=2).sum(axis=1)
    return Distortion(ids[asked], (1 - kept / k).astype(np.float32), len(rows))


def _others(near: np.ndarray, own: np.ndarray, k: int) -> np.ndarray:
    """The first k of each row that are not the image itself, which twins may push out: (q, k)."""
    order = np.argsort(near == own[:, None], axis=1, kind="stable")
    return np.take_along_axis(near, order, axis=1)[:, :k]


def _path(library: Library, name: str) -> Path:
    return maps.path(library, name).with_suffix(".distortion.npz")


def _key(shown: Map) -> str:
    digest = blake2b(repr((_VERSION, K, ALL_BELOW, shown.name)).encode(), digest_size=12)
    for array in (shown.ids, shown.xy, shown.stamps):
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def _read(library: Library, name: str, key: str) -> Distortion | None:
    try:
        with np.load(_path(library, name), allow_pickle=False) as file:
            if str(file["key"]) != key:
                return None
            return Distortion(file["ids"], file["share"], int(file["among"]))
    except (OSError, KeyError, ValueError, EOFError, BadZipFile):
        return None


def _save(library: Library, name: str, key: str, found: Distortion) -> None:
    """Write under a temporary name, then rename."""
    target = _path(library, name)
    temporary = target.with_suffix(f".{secrets.token_hex(4)}.tmp")
    with open(temporary, "wb") as file:
        np.savez(file, key=np.array(key), ids=found.ids, share=found.share, among=np.array(found.among))
    os.replace(temporary, target)

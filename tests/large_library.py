"""Libraries of any size for measuring the dashboard: painted thumbnails, made-up vectors and maps.

    python -m tests.large_library DATA COUNT [--index]

The map is drawn, not computed: blobs of very unequal size over a haze of noise, which is
what UMAP and HDBSCAN make of a large collection and takes seconds instead of hours. With
--index there are three embeddings and an index, for searches.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline import gallery
from pipeline import index as indexes
from pipeline.bench import synthetic
from pipeline.library import Library
from pipeline.maps import COMBINED, Map, store
from pipeline.maps.clusters import EXEMPLARS, largest_first
from pipeline.pictures import decoding
from pipeline.settings import IndexOptions, MapOptions

_PICTURES = 96  # painted; the images share their thumbnails
_LABELS = 26
_NOISE = 0.08
_NOWHERE = "/nowhere"
_YEAR = 365 * 86_400.0
_STEP = 10_000
_DIMS = {"color": 64, "sift": 64, "efficientnet": 128}
"""Shorter than real ones, so that the index is there in minutes."""


def make(data: Path, count: int, *, index: bool = False) -> None:
    """A library of `count` images with thumbnails and a map in the empty directory `data`."""
    synthetic.store(data, count, _DIMS if index else {"color": 16})
    library = Library(data)
    cluster, xy, xyz = _blobs(count)
    with library.db.atomic():
        library.db.conn.executemany(
            "INSERT INTO images (id, root_id, path, label, size, mtime, content_hash, width, height) "
            f"VALUES (?, {library.add_root(_NOWHERE)}, ?, ?, 1, ?, ?, 256, 192) ON CONFLICT (id) DO UPDATE SET "
            "root_id = excluded.root_id, path = excluded.path, label = excluded.label, mtime = excluded.mtime",
            _images(cluster),
        )
    thumbnails = _thumbnails(96 if count > 300_000 else 160)
    for start in range(0, count, _STEP):
        ids = range(start + 1, min(start + _STEP, count) + 1)
        library.store(((i, thumbnails[i % len(thumbnails)]) for i in ids), {})
    if index:
        indexes.build(library, options=IndexOptions())
    store.save(library, _map(library, cluster, xy, xyz))
    library.close()


def _images(cluster: np.ndarray) -> Iterator[tuple]:
    """Rows of the table: labels that go with the clusters, but not quite; dates over ten years."""
    generator = np.random.default_rng(1)
    usual = generator.random(len(cluster)) < 0.7
    label = np.where(usual, cluster % _LABELS, generator.integers(_LABELS, size=len(cluster)))
    taken = 1.4e9 + 10 * _YEAR * generator.random(len(cluster))
    for number, (name, when) in enumerate(zip(label.tolist(), taken.tolist()), 1):
        path = f"{2000 + number % 12}/{name}/{number}.jpg"
        yield number, path, f"kind {name}", when, f"{number:032x}"


def _blobs(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clusters (n,) int32, and places (n, 2) and (n, 3) float32: branches grown by random walks."""
    generator = np.random.default_rng(0)
    clusters = int(np.clip(np.sqrt(count) / 4, 5, 200))
    share = 1 / np.arange(1, clusters + 1) ** 0.8
    cluster = generator.choice(clusters, count, p=share / share.sum())
    start = generator.uniform(-12, 12, (clusters, 3))
    walk = start[:, None] + np.cumsum(generator.normal(0, 0.35, (clusters, 12, 3)), axis=1)
    along = generator.integers(12, size=count)
    xyz = walk[cluster, along] + generator.normal(0, 0.25, (count, 3))
    noise = generator.random(count) < _NOISE
    xyz[noise] = generator.normal(0, 7, (int(noise.sum()), 3))
    cluster = largest_first(np.where(noise, -1, cluster).astype(np.int32))
    return cluster, np.ascontiguousarray(xyz[:, :2], np.float32), xyz.astype(np.float32)


def _thumbnails(side: int) -> list[bytes]:
    entries = [entry for entry in gallery.plan(7) if not entry.duplicate_of]
    chosen = [entries[i] for i in np.linspace(0, len(entries) - 1, _PICTURES).astype(int)]
    return [decoding.encode_jpeg(decoding.resize(gallery.render(entry), side), 80) for entry in chosen]


def _map(library: Library, cluster: np.ndarray, xy: np.ndarray, xyz: np.ndarray) -> Map:
    count = len(cluster)
    ids = np.arange(1, count + 1)
    found = np.full((cluster.max() + 1, EXEMPLARS), -1, np.int64)
    for number in range(len(found)):
        members = ids[cluster == number]
        found[number, : len(members)] = members[:EXEMPLARS]
    embeddings = library.embeddings()
    stamps = sum(library.stamps(name)[1] for name in embeddings)
    extractors = {name: embedding.extractor for name, embedding in embeddings.items()}
    return Map(
        name=COMBINED, ids=ids, xy=xy, xyz=xyz, cluster=cluster, placed=np.zeros(count, bool), stamps=stamps,
        exemplars=found, extractors=extractors, options=MapOptions(),
        made_from=store.made_from(library, list(extractors)),
    )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--index", action="store_true")
    given = parser.parse_args()
    make(given.data, given.count, index=given.index)

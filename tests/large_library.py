"""Libraries of any size for measuring the dashboard: painted thumbnails, made-up vectors and maps.

    python -m tests.large_library DATA COUNT [--index | --files FOLDER]

The map is drawn, not computed: blobs of very unequal size over a haze of noise, which is
what UMAP and HDBSCAN make of a large collection and takes seconds instead of hours. With
--index there are three embeddings and an index, for searches. With --files there are three
embeddings, a plain index and empty files in FOLDER, and it is measured how long status, the
Library page and a run with nothing to do take.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dashboard.pages.library import page
from dashboard.reads import Reads
from pipeline import gallery, maps
from pipeline import index as indexes
from pipeline.bench import synthetic
from pipeline.embeddings import usual
from pipeline.extraction.scan import scan
from pipeline.library import DATABASE, Library
from pipeline.library import hashes as stored_hashes
from pipeline.maps import COMBINED, Map, store
from pipeline.maps.clusters import EXEMPLARS, largest_first
from pipeline.pictures import decoding
from pipeline.pictures.metadata import Metadata
from pipeline.settings import IndexOptions, MapOptions
from pipeline.status import status

_PICTURES = 96  # painted; the images share their thumbnails
_LABELS = 26
_NOISE = 0.08
_NOWHERE = "/nowhere"
_YEAR = 365 * 86_400.0
_STEP = 10_000
_DIMS = {"color": 64, "sift": 64, "efficientnet": 128}
"""Shorter than real ones, so that the index is there in minutes."""
_SHORT = {"color": 8, "sift": 8, "efficientnet": 8}
"""For measuring what reads no vectors."""


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
        weights=usual(list(extractors)), made_from=store.made_from(library, list(extractors)),
    )  # fmt: skip


def make_with_files(data: Path, count: int, folder: Path) -> None:
    """A library of `count` images that are there as (empty) files, all of it current."""
    synthetic.store(data, count, _SHORT)
    library = Library(data)
    cluster, xy, xyz = _blobs(count)
    root = library.add_root(str(folder.resolve()))
    paths = {number: (path, label) for number, path, label, *_ in _images(cluster)}
    for parent in sorted({path.rpartition("/")[0] for path, _ in paths.values()}):
        (folder / parent).mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (path, label) in paths.items():
        (folder / path).touch()
        state = os.stat(folder / path)
        rows.append((root, path, label, state.st_size, state.st_mtime, state.st_ctime, state.st_dev, state.st_ino, number))
    with library.db.atomic():
        library.db.conn.executemany(
            "UPDATE images SET root_id = ?, path = ?, label = ?, size = ?, mtime = ?, ctime = ?, device = ?, inode = ? "
            "WHERE id = ?", rows,
        )
    hashes = np.random.default_rng(0).integers(256, size=(count, 24), dtype=np.uint8)
    for start in range(0, count, _STEP):
        ids = range(start + 1, min(start + _STEP, count) + 1)
        library.store(((i, b"thumbnail" * 900) for i in ids), {})
        stored_hashes.store(library, ((i, hashes[i - 1]) for i in ids))
        library.facts.store((i, Metadata()) for i in ids)
    library.drop_empty_roots()
    indexes.build(library, None, {"type": "flat"})
    store.save(library, _map(library, cluster, xy, xyz))
    library.close()


def measure(data: Path) -> None:
    """Seconds that reading what is current takes, each in an object of its own: by the clock, and of
    the processor, which a busy machine does not stretch."""
    for name, work in (
        ("status", lambda library: status(library)),
        ("Library page", lambda library: page.layout(Reads(library), {})),
        ("scan with nothing to do", lambda library: scan(library, Path(next(iter(library.roots()))))),
        ("what is to be embedded", lambda library: [
            library.without_thumbnail(), stored_hashes.pending(library),
            *(library.pending(name) for name in library.embeddings())]),
        ("index with nothing to do", lambda library: indexes.build(library)[1]),
        ("maps with nothing to do", lambda library: maps.build(library, [COMBINED])),
    ):
        library = Library(data)
        started, busy = time.perf_counter(), time.process_time()
        answer = work(library)
        took = f"{time.perf_counter() - started:6.2f} s, processor {time.process_time() - busy:6.2f} s"
        print(f"{name:<26}{took}   {str(answer)[:90] if name != 'Library page' else ''}")
        library.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--index", action="store_true")
    parser.add_argument("--files", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    if given.files is None:
        make(given.data, given.count, index=given.index)
    else:
        if not (given.data / DATABASE).is_file():
            make_with_files(given.data, given.count, given.files)
        measure(given.data)

"""Maps, of all embeddings and of each, beside umap-learn's defaults (openTSNE's and PaCMAP's where installed), and
clustering while the dashboard waits."""

from __future__ import annotations

import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from pipeline import index as indexes
from pipeline import maps, settings
from pipeline.bench.isolated import measured
from pipeline.bench.libraries import Libraries
from pipeline.bench.table import Table
from pipeline.index import Index
from pipeline.library import Library
from pipeline.maps import clusters, layout
from pipeline.maps.neighbors import Vectors, neighbors
from pipeline.progress import Progress
from pipeline.quality import map_quality
from pipeline.settings import MapOptions

_COLUMNS = {
    "map": "",
    "neighbors s": "seconds to find each image's neighbors; the others find them within their total",
    "layout s": "seconds to lay them out",
    "total s": "seconds from the vectors (ours: from the index) to the points, compiling left out",
    "3-D s": "seconds more for the map in 3-D, which ours has as well",
    "clusters s": "seconds more to cluster it",
    "× plain": "how many times faster than umap-learn's defaults",
    "trustworthiness": "1: neighbors on the map are neighbors in truth (Venna & Kaski 2001)",
    "continuity": "1: no true neighbors are torn apart",
    "peak MB": "most memory the process had; all of ours are made by one",
}
PLAIN_MOST = 100_000
"""Above this many images the other libraries' maps are left out: they take hours."""
_JUDGED = 100_000
"""Of more images so many, drawn evenly, say how good a map is."""
_WARM = 600
"""Points laid out before the clock starts: numba compiles the descent once per process."""


def bench(libraries: Libraries, count: int) -> Table:
    """Our maps of `count` images, and those that other libraries make of the same vectors as they come."""
    others = [name for name, (package, _) in _OTHERS.items() if find_spec(package)] if count <= PLAIN_MOST else []
    libraries.progress.start("maps", 3 + len(others))
    built = libraries.built(count)
    libraries.progress.advance()
    of = {"ours": maps.COMBINED, **{f"ours, of {name} alone": name for name in libraries.dims}}
    made, peak = measured(_ours, built.data, of)
    rows = {title: row | {"peak MB": peak} for title, row in made.items()}
    libraries.progress.advance()
    for title in others:
        row, peak = measured(_plain, built.data, title)
        rows[title] = row | {"peak MB": peak}
        libraries.progress.advance()
    shown = {title: (of.get(title, maps.COMBINED), row.pop("xy")) for title, row in rows.items()}
    qualities, _ = measured(_quality, built.data, shown)
    libraries.progress.advance()
    table = Table(f"Maps in 2-D, {count:,} synthetic images of {sum(libraries.dims.values()):,} numbers", _COLUMNS)
    plain = rows.get(_FIRST, {}).get("total s")
    for title, row in rows.items():
        same = plain and shown[title][0] == maps.COMBINED  # of the same vectors
        faster = {"× plain": plain / row["total s"]} if same else {}
        trust, torn = qualities[title]
        table.row(map=title, **row, trustworthiness=trust, continuity=torn, **faster)
    table.notes += _notes(count, built.seconds)
    return table


def _notes(count: int, seconds: float) -> list[str]:
    notes = [f"Ours starts from the index, which search needs anyway; building that took {seconds:.1f} s."]
    notes += [f"{package} is not installed." for package, _ in _OTHERS.values() if not find_spec(package)]
    if count > PLAIN_MOST:
        notes.append(f"Other maps are made of up to {PLAIN_MOST:,} images.")
    if count > _JUDGED:
        notes.append(f"Trustworthiness and continuity are those of {_JUDGED:,} of the points, drawn evenly.")
    return notes


def recluster(count: int, progress: Progress) -> Table:
    """HDBSCAN on `count` points of a plane, as the dashboard runs it when granularity moves."""
    progress.start("recluster", 1)
    answer, _ = measured(_recluster, count)
    progress.advance()
    table = Table(
        f"Clustering a map of {count:,} points",
        {"what": "", "s": "seconds, best of three", "clusters": "how many it found"},
    )
    for name, row in answer.items():
        table.row(what=name, **row)
    return table


def warm_up() -> None:
    """Have the descent compiled, for one thread and for all."""
    from pipeline.maps.descent import descend  # numba with it, which no other measurement needs

    generator = np.random.default_rng(0)
    nearest = generator.integers(_WARM, size=(_WARM, 15))
    nearest[:, 0] = np.arange(_WARM)
    distances = np.sort(generator.random((_WARM, 15), np.float32), axis=1)
    graph = layout.memberships(nearest, distances)
    for threads in (1, settings.cores()):
        descend(generator.normal(size=(_WARM, 2)), graph, layout.curve(0.1), 1, 0, threads)


def _ours(data: Path, of: dict[str, str]) -> dict:
    """Our maps, one after the other: {title: figures and points}. of: {title: the map's name}."""
    index = indexes.load(Library(data))
    warm_up()
    return {title: _map(index, name) for title, name in of.items()}


def _map(index: Index, name: str) -> dict:
    ids = index.ids(None if name == maps.COMBINED else name)
    vectors = Vectors(index, name, ids)
    started = time.perf_counter()
    found = neighbors(index, name, ids, MapOptions().n_neighbors)
    between = time.perf_counter()
    graph = layout.memberships(*found)
    xy = layout.coordinates(layout.pca(vectors, 2), graph, MapOptions())
    ended = time.perf_counter()
    layout.coordinates(layout.pca(vectors, 3), graph, MapOptions())
    deep = time.perf_counter()
    clusters.cluster_points(xy)
    return {
        "xy": xy,
        "neighbors s": between - started,
        "layout s": ended - between,
        "total s": ended - started,
        "3-D s": deep - ended,
        "clusters s": time.perf_counter() - deep,
    }


def _plain(data: Path, name: str) -> dict:
    """Another library's map of the same vectors, as it comes, compiling left out."""
    index = indexes.load(Library(data))
    vectors = index.vectors(index.ids())
    make = _OTHERS[name][1]
    # Above 4,096 rows umap-learn looks for neighbors in another way: the one compiled is the one used.
    small = np.random.default_rng(0).normal(size=(min(len(vectors), 4_200), 8)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make(small, short=True)
        started = time.perf_counter()
        xy = make(vectors)
    return {"xy": np.asarray(xy, np.float32), "total s": time.perf_counter() - started}


def _umap(vectors: np.ndarray, short: bool = False) -> np.ndarray:
    import umap

    return umap.UMAP(**({"n_epochs": 2} if short else {})).fit_transform(vectors)


def _tsne(vectors: np.ndarray, short: bool = False) -> np.ndarray:
    from openTSNE import TSNE

    few = {"early_exaggeration_iter": 1, "n_iter": 1} if short else {}
    return np.asarray(TSNE(n_jobs=settings.cores(), **few).fit(vectors))


def _pacmap(vectors: np.ndarray, short: bool = False) -> np.ndarray:
    from pacmap import PaCMAP

    return PaCMAP(**({"num_iters": (1, 1, 1)} if short else {})).fit_transform(vectors)


_FIRST = "umap-learn, its defaults"
_OTHERS = {_FIRST: ("umap", _umap), "openTSNE, its defaults": ("openTSNE", _tsne), "PaCMAP, its defaults": ("pacmap", _pacmap)}
"""By name: the package each needs, and how vectors (n, Σ dim) float32 become points (n, 2)."""


def _quality(data: Path, layouts: dict[str, tuple[str, np.ndarray]]) -> dict:
    """Trustworthiness and continuity of layouts {title: (of what, points (n, 2))}."""
    index, found = indexes.load(Library(data)), {}
    for title, (name, points) in layouts.items():
        ids = index.ids(None if name == maps.COMBINED else name)
        at = np.linspace(0, len(ids) - 1, min(len(ids), _JUDGED)).round().astype(np.int64)
        found[title] = map_quality.quality(Vectors(index, name, ids)[at], points[at])
    return found


def _recluster(count: int) -> dict:
    """Points in fifty heaps of unequal size and shape, clustered by us and by hdbscan's defaults."""
    import hdbscan

    generator = np.random.default_rng(0)
    heap = generator.choice(50, count, p=generator.dirichlet(np.ones(50)))
    spread = generator.uniform(0.1, 0.8, (50, 2))[heap]
    points = (generator.uniform(-12, 12, (50, 2))[heap] + spread * generator.normal(size=(count, 2))).astype(np.float32)
    size = max(5, round(np.sqrt(count) / 2))
    ways = {
        "ours": lambda: clusters.cluster_points(points),
        # In this process: the ones hdbscan starts of its own never answered from within another.
        "hdbscan, its defaults": lambda: hdbscan.HDBSCAN(
            min_cluster_size=size, core_dist_n_jobs=1
        ).fit_predict(points),
    }
    answer = {}
    for name, way in ways.items():
        took = []
        for _ in range(3):
            started = time.perf_counter()
            found = way()
            took.append(time.perf_counter() - started)
        answer[name] = {"s": min(took), "clusters": int(found.max()) + 1}
    return answer

"""Maps: UMAP coordinates and HDBSCAN clusters of one embedding, or of the combination.

    neighbors (by the combined index) → UMAP in 2-D and 3-D → HDBSCAN on the 2-D map

The steps themselves are in `neighbors`, `layout` and `descent`. Each map is one file,
`maps/NAME.npz`, keyed on the vectors and parameters it was made from.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from pipeline import index as combined
from pipeline.errors import LibraryError
from pipeline.index import CombinedIndex
from pipeline.library import Library
from pipeline.maps import layout
from pipeline.maps.neighbors import COMBINED, Vectors, among, neighbors
from pipeline.progress import Progress, Silent
from pipeline.settings import MapOptions

REFIT_ABOVE = 0.2
"""Share of new images above which a map is fitted anew instead of placing them in it."""
_STEP = 4_096


@dataclass(frozen=True)
class Map:
    """A map as saved. n points in the order of `ids`.

    ids: (n,) int64 ascending. xy: (n, 2), xyz: (n, 3) float32, arbitrary units.
    cluster: (n,) int32, 0 the largest, −1 noise. placed: (n,) bool, True where the point
    was put among its neighbors after the fit. stamps: (n,) int64, which vectors the
    points stand for. exemplars: (clusters, 4) int64 image ids, the most typical first, −1
    where there are fewer. extractors: fingerprint of each embedding the map is made of.
    """

    name: str
    ids: np.ndarray
    xy: np.ndarray
    xyz: np.ndarray
    cluster: np.ndarray
    placed: np.ndarray
    stamps: np.ndarray
    exemplars: np.ndarray
    extractors: dict[str, str]
    options: MapOptions
    left_out: int = 0
    """Images that have vectors but no place here: empty ones, or those above the limit."""

    @property
    def clusters(self) -> int:
        """How many clusters there are, noise not counted."""
        return len(self.exemplars)


def build(
    library: Library,
    names: list[str] | None = None,
    options: MapOptions | None = None,
    progress: Progress = Silent(),
    refit: bool = False,
) -> dict[str, str]:
    """Bring maps up to date: of each embedding of the index and of the combination.

    names: which; None: all. options None: as the map was made, else the defaults. Returns
    per map what was done: `current`, `extended` or `built`. An embedding that sees nothing
    in any image has no map and is left out. The index must be current.
    """
    index = combined.load(library)
    known = [COMBINED, *index.embeddings]
    for name in names or []:
        if name not in known:
            raise LibraryError(f"There is no map {name!r}; there can be: {', '.join(known)}.")
    wanted = [name for name in known if names is None or name in names]
    progress.start("map", len(wanted))
    done = {}
    reference = None
    for name in wanted:
        old = _old(library, name)
        chosen = options or (old.options if old else MapOptions())
        extractors = _extractors(library, index, name)
        keep = old if old and not refit and (old.extractors, old.options) == (extractors, chosen) else None
        rows = _rows(index, name, chosen.limit)
        if not len(rows):
            path(library, name).unlink(missing_ok=True)
            progress.advance()
            continue
        if keep and _is_current(keep, index.ids[rows], _stamps(index, name)[rows]):
            done[name] = "current"
        else:
            new = _extend(index, keep, rows) if keep else None
            done[name] = "extended" if new else "built"
            new = new or _fit(index, name, rows, chosen, extractors, old or reference)
            _save(library, new)
        reference = reference or load(library, name)
        progress.advance()
    return done


def path(library: Library, name: str) -> Path:
    """Where a map is kept."""
    return library.data / "maps" / f"{name}.npz"


def load(library: Library, name: str) -> Map:
    """A saved map; raises LibraryError when it has not been made."""
    try:
        with np.load(path(library, name), allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            arrays = {key: file[key] for key in file.files if key != "about"}
        about["options"] = MapOptions(**about["options"])
        return Map(name=name, **about, **arrays)
    except (OSError, KeyError, ValueError, TypeError, EOFError, BadZipFile):
        raise LibraryError(
            f"The map of {name} has not been made yet. Make it with: python -m pipeline map"
        ) from None


def names(library: Library) -> list[str]:
    """The maps that have been made, the combination first."""
    found = {file.stem for file in (library.data / "maps").glob("*.npz")}
    ordered = [COMBINED, *library.embeddings()]
    return [name for name in ordered if name in found]


def about(library: Library) -> dict[str, dict]:
    """Per map: points, clusters, noise, and whether it is stale."""
    report = {}
    current = library.embeddings()
    for name in names(library):
        saved = load(library, name)
        columns = [library.stamps(embedding) for embedding in saved.extractors]
        ids = np.unique(np.concatenate([ids for ids, _ in columns]))
        stamps = np.zeros(len(ids), np.int64)
        for having, stored in columns:
            stamps[np.searchsorted(ids, having)] += stored
        # Images without a place on the map (empty vectors, or above its limit) do not make it stale.
        shown = np.isin(ids, saved.ids)
        stale = (
            not _is_current(saved, ids[shown], stamps[shown])
            or len(ids) - len(saved.ids) != saved.left_out
            or any(e not in current or current[e].extractor != x for e, x in saved.extractors.items())
        )
        report[name] = {
            "points": len(saved.ids),
            "clusters": saved.clusters,
            "noise": int((saved.cluster < 0).sum()),
            "stale": stale,
        }
    return report


def _old(library: Library, name: str) -> Map | None:
    """The map as it is saved; None where there is none that can be read."""
    try:
        return load(library, name)
    except LibraryError:
        return None


def _rows(index: CombinedIndex, name: str, limit: int) -> np.ndarray:
    """Rows of the index that the map shows, by ascending image id.

    Empty vectors have no place; above `limit`, as many are taken evenly.
    """
    alive = np.flatnonzero(index.alive)
    vectors = Vectors(index, name, alive)
    steps = np.array_split(np.arange(len(alive)), 1 + len(alive) // _STEP)
    full = np.concatenate([vectors[part].any(axis=1) for part in steps])
    rows = alive[full]
    rows = rows[np.argsort(index.ids[rows])]
    if limit and len(rows) > limit:
        rows = rows[np.linspace(0, len(rows) - 1, limit).round().astype(int)]
    return rows


def _stamps(index: CombinedIndex, name: str) -> np.ndarray:
    """One number per row of the index that changes with the vectors the map uses: (n,) int64."""
    if name == COMBINED:
        return index.stamps.sum(axis=1)
    return index.stamps[:, index.embeddings.index(name)]


def _is_current(saved: Map, ids: np.ndarray, stamps: np.ndarray) -> bool:
    return np.array_equal(saved.ids, ids) and np.array_equal(saved.stamps, stamps)


def _extractors(library: Library, index: CombinedIndex, name: str) -> dict[str, str]:
    """Fingerprints of the embeddings that a map is made of."""
    current = library.embeddings()
    return {n: current[n].extractor for n in (index.embeddings if name == COMBINED else [name])}


def _left_out(index: CombinedIndex, name: str, rows: np.ndarray) -> int:
    """How many images have vectors for this map but no place on it."""
    return int((index.alive & (_stamps(index, name) != 0)).sum()) - len(rows)


def _fit(index, name, rows, options: MapOptions, extractors, reference: Map | None) -> Map:
    ids, vectors = index.ids[rows], Vectors(index, name, rows)
    k = min(options.n_neighbors, max(1, len(rows) - 1))
    xy, xyz = layout.lay_out(vectors, *neighbors(index, name, rows, k), options)
    if reference is not None:
        _, mine, theirs = np.intersect1d(ids, reference.ids, return_indices=True)
        xy = layout.align(xy, mine, reference.xy[theirs])
        xyz = layout.align(xyz, mine, reference.xyz[theirs])
    cluster = layout.cluster_points(xy, options.min_cluster_size)
    return Map(
        name=name,
        ids=ids,
        xy=xy,
        xyz=xyz,
        cluster=cluster,
        placed=np.zeros(len(ids), bool),
        stamps=_stamps(index, name)[rows],
        exemplars=layout.exemplars(ids, vectors, cluster),
        extractors=extractors,
        options=options,
        left_out=_left_out(index, name, rows),
    )


def _extend(index: CombinedIndex, old: Map, rows: np.ndarray) -> Map | None:
    """The old map without images that went and with new ones among their neighbors.

    A new point sits at the mean of its nearest mapped neighbors, weighted by similarity,
    and joins the cluster of most of them. None when the map should be fitted anew.
    """
    ids, stamps = index.ids[rows], _stamps(index, old.name)[rows]
    at = np.searchsorted(old.ids, ids).clip(max=len(old.ids) - 1)
    kept = (old.ids[at] == ids) & (old.stamps[at] == stamps)
    later = (~kept).mean() + old.placed[at[kept]].mean() if kept.any() else 1.0
    if old.options.limit or later > REFIT_ABOVE or kept.sum() < layout.FEWEST:
        return None
    new = {}
    for field in ("xy", "xyz", "cluster", "placed"):
        values = getattr(old, field)[at]
        values[~kept] = 0
        new[field] = values
    anchors, coming = np.flatnonzero(kept), np.flatnonzero(~kept)
    found = ()
    if len(coming):  # images may just have gone
        nearest, similar = among(index, old.name, rows[coming], rows[anchors], old.options.n_neighbors)
        found = zip(coming, anchors[nearest], similar)
    for row, near, close in found:
        weight = np.maximum(close - close.min(), 1e-3)
        new["xy"][row] = np.average(new["xy"][near], axis=0, weights=weight)
        new["xyz"][row] = np.average(new["xyz"][near], axis=0, weights=weight)
        new["cluster"][row] = np.bincount(new["cluster"][near] + 1, weights=weight).argmax() - 1
        new["placed"][row] = True
    new["cluster"] = layout.largest_first(new["cluster"])
    return replace(
        old,
        ids=ids,
        stamps=stamps,
        exemplars=layout.exemplars(ids, Vectors(index, old.name, rows), new["cluster"]),
        left_out=_left_out(index, old.name, rows),
        **new,
    )


def _save(library: Library, new: Map) -> None:
    """Write a map under a temporary name, then rename it."""
    target = path(library, new.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    arrays = {
        key: getattr(new, key)
        for key in ("ids", "xy", "xyz", "cluster", "placed", "stamps", "exemplars")
    }
    about_it = json.dumps(
        {
            "options": asdict(new.options),
            "extractors": new.extractors,
            "left_out": new.left_out,
        }
    )
    with open(temporary, "wb") as file:
        np.savez(file, about=np.array(about_it), **arrays)
    os.replace(temporary, target)

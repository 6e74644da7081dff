"""Making the maps of a library: of each embedding of the index, and of all together.

    neighbors (by the index) → UMAP in 2-D and 3-D → HDBSCAN on the 2-D map

The steps themselves are in `neighbors`, `layout` and `clusters`; `extend` brings a map up to
date to which little has changed; `store` keeps it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline import index as indexes
from pipeline.embeddings import usual
from pipeline.errors import LibraryError
from pipeline.index import Index
from pipeline.library import Library
from pipeline.maps import clusters, layout, outlying, store
from pipeline.maps.extend import extended
from pipeline.maps.neighbors import COMBINED, Vectors, neighbors
from pipeline.maps.store import Map
from pipeline.progress import Progress, Silent
from pipeline.settings import MapOptions


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
    index = indexes.load(library)
    known = [COMBINED, *index.embeddings]
    for name in names or []:
        if name not in known:
            raise LibraryError(f"There is no map {name!r}; there can be: {', '.join(known)}.")
    wanted = [name for name in known if names is None or name in names]
    progress.start("map", len(wanted))
    done = {}
    reference = None
    for number, name in enumerate(wanted, 1):
        old = _old(library, name)
        made = _made(library, index, name, old, reference, options, refit, progress)
        if made is None:
            store.remove(library, name)
        else:
            done[name], new = made
            if new is not old:
                store.save(library, new)
            reference = reference or new
        if made is not None and made[0] == "built" and _takes_long(made[1].ids):  # its stages took the place of this
            progress.start("map", len(wanted))
            progress.advance(number - 1)
        progress.advance()
    return done


def _takes_long(ids: np.ndarray) -> bool:
    """Whether a map of so many images has stages of its own."""
    return len(ids) > layout.FEW


def _made(
    library: Library, index: Index, name: str, old: Map | None, reference: Map | None,
    options: MapOptions | None, refit: bool, progress: Progress,
) -> tuple[str, Map] | None:
    """What was done, and the map that is current now: the old one itself where it is still right."""
    chosen = options or (old.options if old else MapOptions())
    extractors = _extractors(library, index, name)
    weights = usual(list(extractors))
    asked = (extractors, weights, chosen)
    kept = old if old and not refit and (old.extractors, old.weights, old.options) == asked else None
    if old and old.extractors == extractors and old.weights != weights:
        by = ", ".join(f"{one} {weight:g}" for one, weight in weights.items())
        progress.say(f"The map of all is laid out anew, by the weights that count from now on where none are chosen: {by}.")
    made_from = store.made_from(library, list(extractors))
    if kept and kept.made_from == made_from:  # told without reading a vector
        return "current", kept
    ids = _ids(index, name, chosen.limit)
    if not len(ids):
        return None
    having, stamps = store.stamps(library, list(extractors))
    left_out = len(having) - len(ids)
    stamps = stamps[np.searchsorted(having, ids)]
    if kept and np.array_equal(kept.ids, ids) and np.array_equal(kept.stamps, stamps):
        return "current", replace(kept, made_from=made_from)
    new = extended(index, kept, ids, stamps) if kept else None
    done = "extended" if new else "built"
    if new is None:
        k = min(chosen.n_neighbors, max(1, len(ids) - 1))
        told = progress if _takes_long(ids) else Silent()
        told.start(f"neighbors of {name}", len(ids))
        near = neighbors(index, name, ids, k, told)
        if name != COMBINED and not left_out:
            outlying.offer(library, name, ids, stamps, near[1][:, 1:])
        new = _fit(index, name, ids, stamps, chosen, extractors, old or reference, near, told)
    return done, replace(new, left_out=left_out, made_from=made_from)


def _old(library: Library, name: str) -> Map | None:
    """The map as it is saved; None where there is none that can be read."""
    try:
        return store.load(library, name)
    except LibraryError:
        return None


def _ids(index: Index, name: str, limit: int) -> np.ndarray:
    """The images that the map shows, ascending: those with something to see; above `limit`, as
    many taken evenly."""
    ids = index.ids(None if name == COMBINED else name)
    if limit and len(ids) > limit:
        ids = ids[np.linspace(0, len(ids) - 1, limit).round().astype(int)]
    return ids


def _extractors(library: Library, index: Index, name: str) -> dict[str, str]:
    """Fingerprints of the embeddings that a map is made of."""
    current = library.embeddings()
    return {n: current[n].extractor for n in (index.embeddings if name == COMBINED else [name])}


def _fit(
    index: Index, name: str, ids: np.ndarray, stamps: np.ndarray, options: MapOptions,
    extractors: dict[str, str], reference: Map | None, near: tuple[np.ndarray, np.ndarray], progress: Progress,
) -> Map:
    """A map of some images (n,), made anew of their nearest and turned as the reference lies."""
    vectors = Vectors(index, name, ids)
    progress.start(f"layout of {name}", layout.STEPS)
    xy, xyz = layout.umap(vectors, *near, options, progress)
    if reference is not None:
        _, mine, theirs = np.intersect1d(ids, reference.ids, return_indices=True)
        xy = layout.procrustes(xy, mine, reference.xy[theirs])
        xyz = layout.procrustes(xyz, mine, reference.xyz[theirs])
    progress.start(f"clusters of {name}", 1)
    cluster = clusters.cluster_points(xy, options.min_cluster_size)
    progress.advance()
    return Map(
        name=name, ids=ids, xy=xy, xyz=xyz, cluster=cluster, placed=np.zeros(len(ids), bool), stamps=stamps,
        exemplars=clusters.exemplars(ids, vectors, cluster), extractors=extractors, options=options,
        weights=usual(list(extractors)),
    )  # fmt: skip

"""A map brought up to date without moving it: images that went leave, new ones join their neighbors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.index import Index
from pipeline.maps import clusters, layout
from pipeline.maps.neighbors import Vectors, among
from pipeline.maps.store import Map

REFIT_ABOVE = 0.2
"""Share of new images above which a map is fitted anew instead of placing them in it."""


def extended(index: Index, old: Map, ids: np.ndarray, stamps: np.ndarray) -> Map | None:
    """The old map without images that went and with new ones among their neighbors.

    A new point sits at the mean of its nearest mapped neighbors, weighted by similarity,
    and joins the cluster of most of them. ids, stamps: (n,) of the images to be shown,
    ascending. None when the map should be fitted anew.
    """
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
        nearest, similar = among(index, old.name, ids[coming], ids[anchors], old.options.n_neighbors)
        found = zip(coming, anchors[nearest], similar)
    for row, near, close in found:
        weight = np.maximum(close - close.min(), 1e-3)
        new["xy"][row] = np.average(new["xy"][near], axis=0, weights=weight)
        new["xyz"][row] = np.average(new["xyz"][near], axis=0, weights=weight)
        new["cluster"][row] = np.bincount(new["cluster"][near] + 1, weights=weight).argmax() - 1
        new["placed"][row] = True
    new["cluster"] = clusters.largest_first(new["cluster"])
    exemplars = clusters.exemplars(ids, Vectors(index, old.name, ids), new["cluster"])
    return replace(old, ids=ids, stamps=stamps, exemplars=exemplars, **new)

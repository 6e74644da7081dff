"""What the clusters of a map are to the browser, and how an address names one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from dashboard import components
from dashboard.reads import cluster_colors
from pipeline.maps import Map
from pipeline.maps.naming import About, titles_from


def cluster_list(
    chosen: Map, abouts: Sequence[About], own: dict[int, str] | None = None, step: int = 0,
    colors: Sequence[int] | np.ndarray | None = None,
) -> dict:
    """The clusters for the browser: their list, and their names on the map.

    {"map", "grain", "none": images in no cluster, "clusters": [{"name", "short": as it stands on
    the map, "words", "count", "purity": share of its largest label or None, "color": number in
    the palette, "images": exemplars, "graph": address, "at": [x, y] and in
    space [x, y, z], "spread"}]}, largest first. at:
    the place of the member nearest to the median of all; spread: the median distance from it on
    the flat map. own: {cluster: name}, as the person gave them. step: the granularity.
    """
    own = own or {}
    names = titles_from(abouts, own)
    colors = cluster_colors.first(chosen) if colors is None else colors
    found = []
    for number, (members, about) in enumerate(zip(_members(chosen), abouts)):
        ids = [int(i) for i in chosen.exemplars[number] if i >= 0]
        plain = f"Cluster {number + 1}"
        said = [text for text in (plain if names[number] != plain else "", about.words) if text]
        at, spread = _place(chosen, members)
        found.append({
            "name": names[number], "short": own.get(number) or about.short or plain, "words": " · ".join(said),
            "count": len(members), "purity": round(about.share, 3) if about.label else None,
            "color": int(colors[number]), "images": ids, "at": at, "spread": spread,
            "graph": components.link("/graph", **_graph_of(chosen, number, ids, step)),
        })
    none = int((chosen.cluster < 0).sum())
    return {"map": chosen.name, "grain": step, "none": none, "clusters": found}


def _members(chosen: Map) -> list[np.ndarray]:
    """Rows of each cluster's images."""
    order = np.argsort(chosen.cluster, kind="stable")
    starts = np.searchsorted(chosen.cluster[order], np.arange(chosen.clusters + 1))
    return [order[start:end] for start, end in pairwise(starts)]


def _place(chosen: Map, members: np.ndarray) -> tuple[list[float], float]:
    """Where the name of a cluster stands, [x, y] on the flat map and [x, y, z] in space, and its spread."""
    xy = chosen.xy[members]
    away = np.linalg.norm(xy - np.median(xy, axis=0), axis=1)
    middle = members[int(away.argmin())]
    xyz = [*chosen.xy[middle], *np.median(chosen.xyz[members], axis=0)]
    return [round(float(value), 4) for value in xyz], round(float(np.median(away)), 4)


def _graph_of(chosen: Map, number: int, exemplars: list[int], step: int) -> dict:
    """The Graph page knows the clusters of the map as saved; of others it shows the most typical image."""
    return {"cluster_of": stands_for(chosen, number), "map": chosen.name} if not step else {
        "image": (exemplars or [None])[0]}


def stands_for(chosen: Map, number: int) -> int:
    """The image by which an address names a cluster: its most typical one, which stays in its
    midst when the map is made anew, while numbers change."""
    typical = chosen.exemplars[number]
    return int(typical[0]) if len(typical) and typical[0] >= 0 else int(chosen.ids[chosen.cluster == number][0])


def standing(chosen: Map) -> list[int]:
    """The image that stands for each cluster."""
    return [stands_for(chosen, number) for number in range(chosen.clusters)]


def around(chosen: Map, image: int) -> int | None:
    """The number of the cluster that an image lies in, or None."""
    at = int(np.searchsorted(chosen.ids, image))
    there = at < len(chosen.ids) and chosen.ids[at] == image
    return int(chosen.cluster[at]) if there and chosen.cluster[at] >= 0 else None

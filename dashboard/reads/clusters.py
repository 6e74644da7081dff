"""What the clusters of a map are called, and how an address names one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from dashboard import components
from dashboard.reads import cluster_colors
from pipeline import things
from pipeline.library import Library
from pipeline.maps import Map

_NAMED_FROM = 0.5  # share of a label from which a cluster is called by it alone
_MOSTLY_FROM = 0.3  # from which it is most of a mixed one
_BOTH_FROM = 0.4  # share of the two largest labels together from which it is called by them


def rank_labels(labels: list[str | None]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Label names, largest first, their counts (k,), and the code of each image (n,), −1 without."""
    known = np.array([label or "" for label in labels])
    names, inverse, counts = np.unique(known, return_inverse=True, return_counts=True)
    order = np.argsort(-np.where(names == "", -1, counts), kind="stable")
    order = order[names[order] != ""]
    rank = np.full(len(names), -1)
    rank[order] = np.arange(len(order))
    return names[order].tolist(), counts[order], rank[inverse]


@dataclass(frozen=True)
class About:
    """What is known of a cluster by itself: the label that says most of it and its share (0–1), what a
    network sees in it and how surely, and a name made of these; "" and 0 where there is nothing."""

    label: str = ""
    share: float = 0.0
    name: str = ""
    seen: str = ""
    surely: float = 0.0

    @property
    def short(self) -> str:
        """The name as it stands on the map."""
        return self.name.removeprefix("mixed, ").removeprefix("mixed: ")

    @property
    def words(self) -> str:
        """A few words: what it looks like, and the label with its share, as far as there are any."""
        looks = f"looks like {self.seen}, {self.surely:.0%}" if self.seen else ""
        return " · ".join(filter(None, [looks, f"{self.label} {self.share:.0%}" if self.label else ""]))


def seen_in(library: Library, chosen: Map) -> list[things.Name | None]:
    """What a network sees in each cluster, where it is sure."""
    if not things.available(library):
        return [None] * chosen.clusters
    return things.names(things.seen(library), chosen.ids, chosen.cluster, chosen.clusters)


def descriptions(
    chosen: Map, labels: list[str | None], seen: Sequence[things.Name | None] = (),
) -> list[About]:
    """What its labels say of each cluster, and what is seen in it. seen: as `seen_in` says it.

    A label names a cluster by itself if it is that of half of it. The one that does is the most
    distinctive: what the cluster has much of and the map has little of, the largest
    share × log(share / share on the whole map), one term of the Kullback–Leibler divergence.
    Below, the cluster is called by what is seen in it; without that it is mixed, with its one
    or two largest labels, or has no name where these say little of it.
    """
    found = _labeled(chosen, labels)
    return [_looking(about, name) for about, name in zip(found, seen)] if seen else found


def _looking(about: About, name: things.Name | None) -> About:
    if name is None:
        return about
    clear = about.label and about.name == about.label
    return replace(about, name=about.name if clear else name.text, seen=name.text, surely=name.share)


def _labeled(chosen: Map, labels: list[str | None]) -> list[About]:
    names, counts, codes = rank_labels(labels)
    if len(names) < 2:
        return [About()] * chosen.clusters
    inside = (chosen.cluster >= 0) & (codes >= 0)
    table = np.zeros((chosen.clusters, len(names)))
    np.add.at(table, (chosen.cluster[inside], codes[inside]), 1)
    share = table / np.maximum(1, _sizes(chosen))[:, None]
    overall = counts / len(labels)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(share > 0, share * np.log(share / overall), 0)
    return [_about(names, row, int(best)) for row, best in zip(share, gain.argmax(axis=1))]


def _about(names: list[str], share: np.ndarray, best: int) -> About:
    if share[best] >= _NAMED_FROM:
        return About(names[best], float(share[best]), names[best])
    most, next_ = np.argsort(-share, kind="stable")[:2]
    if share[most] >= _MOSTLY_FROM:
        return About(names[most], float(share[most]), f"mixed, mostly {names[most]}")
    name = f"mixed: {names[most]}, {names[next_]}" if share[most] + share[next_] >= _BOTH_FROM else ""
    return About(names[most], float(share[most]), name) if share[most] else About()


def _sizes(chosen: Map) -> np.ndarray:
    """Number of images per cluster, (clusters,)."""
    return np.bincount(chosen.cluster[chosen.cluster >= 0], minlength=chosen.clusters)


def titles(
    chosen: Map, labels: list[str | None], own: dict[int, str] | None = None,
    seen: Sequence[things.Name | None] = (),
) -> list[str]:
    """What each cluster is called: the person's own name, else what its labels say, else what is seen.

    own: {cluster: name}. Where several clusters are called alike they are numbered; a
    cluster without a name is “Cluster 3”.
    """
    return titles_from(descriptions(chosen, labels, seen), own)


def titles_from(abouts: Sequence[About], own: dict[int, str] | None = None) -> list[str]:
    """The same, from what `descriptions` says of the clusters."""
    names, used = [], {}
    for number, about in enumerate(abouts):
        name = (own or {}).get(number)
        if name is None:
            name = about.name or f"Cluster {number + 1}"
            used[name] = used.get(name, 0) + 1
            name = f"{name} · {used[name]}" if used[name] > 1 else name
        names.append(name)
    return names


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

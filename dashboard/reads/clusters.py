"""What the clusters of a map are called, and how an address names one."""

from __future__ import annotations

import numpy as np

from dashboard import components
from pipeline.maps import Map

_NAMED_FROM = 0.3  # share of a label from which it says something about a cluster


def rank_labels(labels: list[str | None]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Label names, largest first, their counts (k,), and the code of each image (n,), −1 without."""
    known = np.array([label or "" for label in labels])
    names, inverse, counts = np.unique(known, return_inverse=True, return_counts=True)
    order = np.argsort(-np.where(names == "", -1, counts), kind="stable")
    order = order[names[order] != ""]
    rank = np.full(len(names), -1)
    rank[order] = np.arange(len(order))
    return names[order].tolist(), counts[order], rank[inverse]


def descriptions(chosen: Map, labels: list[str | None]) -> list[str]:
    """A few words per cluster: its most distinctive label and that label's share, or ''.

    Distinctive is what the cluster has much of and the map has little of: the largest
    share × log(share / share on the whole map), one term of the Kullback–Leibler divergence.
    """
    names, counts, codes = rank_labels(labels)
    if len(names) < 2:
        return [""] * chosen.clusters
    inside = (chosen.cluster >= 0) & (codes >= 0)
    table = np.zeros((chosen.clusters, len(names)))
    np.add.at(table, (chosen.cluster[inside], codes[inside]), 1)
    share = table / np.maximum(1, _sizes(chosen))[:, None]
    overall = counts / len(labels)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(share > 0, share * np.log(share / overall), 0)
    best = gain.argmax(axis=1) if len(table) else []
    return [
        f"{names[k]} {share[c, k]:.0%}" if share[c, k] >= _NAMED_FROM else "mixed"
        for c, k in enumerate(best)
    ]


def _sizes(chosen: Map) -> np.ndarray:
    """Number of images per cluster, (clusters,)."""
    return np.bincount(chosen.cluster[chosen.cluster >= 0], minlength=chosen.clusters)


def titles(chosen: Map, labels: list[str | None], own: dict[int, str] | None = None) -> list[str]:
    """What each cluster is called: the person's own name, else its most distinctive label.

    own: {cluster: name}. Where a label is that of several clusters they are numbered; a
    cluster without either is “Cluster 3”.
    """
    return titles_from(descriptions(chosen, labels), own)


def titles_from(words: list[str], own: dict[int, str] | None = None) -> list[str]:
    """The same, from what `descriptions` says of the clusters."""
    names, used = [], {}
    for number, about in enumerate(words):
        label = about.rpartition(" ")[0]  # without its share; none in "mixed" and ""
        name = (own or {}).get(number)
        if name is None:
            name = label or f"Cluster {number + 1}"
            used[name] = used.get(name, 0) + 1
            name = f"{name} · {used[name]}" if used[name] > 1 else name
        names.append(name)
    return names


def cluster_list(
    chosen: Map, words: list[str], own: dict[int, str] | None = None, step: int = 0
) -> dict:
    """The clusters for the browser, which lists them (assets/map/map_clusters.js).

    {"map", "grain", "noise": images in no cluster, "clusters": [{"name", "words", "count",
    "images": exemplars, "graph": address}]}, largest first. words: as `descriptions` says them.
    own: {cluster: name}, as the person gave them. step: the granularity that these clusters are of.
    """
    names = titles_from(words, own)
    clusters = []
    for number, size in enumerate(_sizes(chosen).tolist()):
        ids = [int(i) for i in chosen.exemplars[number] if i >= 0]
        plain = f"Cluster {number + 1}"
        said = [text for text in (plain if names[number] != plain else "", words[number]) if text]
        clusters.append({
            "name": names[number], "words": " · ".join(said), "count": size, "images": ids,
            "graph": components.link("/graph", **_graph_of(chosen, number, ids, step)),
        })
    noise = int((chosen.cluster < 0).sum())
    return {"map": chosen.name, "grain": step, "noise": noise, "clusters": clusters}


def _graph_of(chosen: Map, number: int, exemplars: list[int], step: int) -> dict:
    """The Graph page knows the clusters of the map as saved; of others it shows the most typical image."""
    return {"cluster_of": stands_for(chosen, number), "map": chosen.name} if not step else {
        "image": (exemplars or [None])[0]}


def stands_for(chosen: Map, number: int) -> int:
    """The image by which an address names a cluster: its most typical one, which stays in its
    midst when the map is made anew, while numbers change."""
    typical = chosen.exemplars[number]
    return int(typical[0]) if len(typical) and typical[0] >= 0 else int(chosen.ids[chosen.cluster == number][0])


def around(chosen: Map, image: int) -> int | None:
    """The number of the cluster that an image lies in, or None."""
    at = int(np.searchsorted(chosen.ids, image))
    there = at < len(chosen.ids) and chosen.ids[at] == image
    return int(chosen.cluster[at]) if there and chosen.cluster[at] >= 0 else None

"""What the clusters of a map are called: by a person, by their labels, by what a network sees in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline import things
from pipeline.library import Library, notes
from pipeline.maps.store import Map

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


def called(library: Library, chosen: Map) -> list[str]:
    """What each cluster of a saved map is called on the screen, largest first."""
    labels = dict(library.db.execute("SELECT id, label FROM images"))
    own = notes.cluster_names(library, chosen.name, chosen.ids, chosen.cluster)
    return titles(chosen, [labels.get(one) for one in chosen.ids.tolist()], own, seen_in(library, chosen))

"""The maps at every granularity, with the names of their clusters."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dashboard.marks import drawing_order
from dashboard.reads import Reads, cluster_colors, clusters
from dashboard.reads.packing import typed
from pipeline.errors import LikenessError
from pipeline.library import notes
from pipeline.maps import Map, granularity, naming

_KEPT = 12  # clusterings; a map of a million points takes 4 MB each


_FINER = 2  # steps of granularity to the parts of clusters


@dataclass(frozen=True, eq=False)
class Clustering:
    """A map with the clusters of a granularity. labels: of its images, in their order. colors:
    (clusters,) into the palette. seen: what a network sees in each cluster, or None."""

    saved: Map
    map: Map
    step: int
    labels: list[str | None]
    colors: np.ndarray
    seen: list

    @cached_property
    def about(self) -> list[naming.About]:
        """What is known of each cluster by itself."""
        return naming.descriptions(self.map, self.labels, self.seen)

    @cached_property
    def ranked(self) -> tuple[list[str], np.ndarray]:
        """Names of the labels, largest first, and the code of each image, (n,), −1 without."""
        names, _, codes = naming.rank_labels(self.labels)
        return names, codes

    def packed(self) -> dict | None:
        """The clusters as the browser takes them in place of the saved ones; None for the saved.

        cluster: typed int16 in the drawing order of the saved map.
        """
        if not self.step:
            return None
        order = drawing_order(self.saved.cluster)
        chosen = self.map.exemplars
        return {
            "map": self.map.name, "granularity": self.step,
            "cluster": typed(self.map.cluster[order].astype(np.int16)),
            "exemplars": chosen[chosen >= 0].tolist(), "stands": clusters.standing(self.map),
            "colors": self.colors.tolist(),
        }


class Clusterings:
    """Clusterings of a library's maps, the latest kept. Safe to share between threads."""

    def __init__(self, reads: Reads):
        self.reads = reads
        self._lock = threading.RLock()  # also: one owner of the cores at a time
        self._kept: list[Clustering] = []

    def at(self, name: str, step: int) -> Clustering:
        """A map at a granularity; raises LikenessError when there is no such map."""
        saved = self.reads.map(name)
        with self._lock:
            for kept in self._kept:
                if kept.saved is saved and kept.step == step:
                    self._kept.remove(kept)
                    self._kept.append(kept)
                    return kept
            alike = [kept.labels for kept in self._kept if kept.saved is saved]
            labels = alike[0] if alike else self.reads.labels_of(saved.ids.tolist())
            made = self._made(name, saved, step, labels)
            self._kept = [*self._kept[1 - _KEPT :], made]
            return made

    def _made(self, name: str, saved: Map, step: int, labels: list[str | None]) -> Clustering:
        """Colors come step by step from those of the saved map, whichever way the slider went."""
        try:
            index = self.reads.searcher.index()
        except LikenessError:
            index = None
        shown = granularity.recluster(saved, step, index)
        seen = naming.seen_in(self.reads.library, shown)
        if not step:
            return Clustering(saved, shown, step, labels, cluster_colors.first(saved), seen)
        before = self.at(name, step - 1 if step > 0 else step + 1)
        colors = cluster_colors.inherited(shown, before.map, before.colors)
        return Clustering(saved, shown, step, labels, colors, seen)

    def own_names(self, clustering: Clustering) -> dict[int, str]:
        """The names that the person gave: {cluster: name}."""
        shown = clustering.map
        return notes.cluster_names(self.reads.library, shown.name, shown.ids, shown.cluster)

    def titles(self, clustering: Clustering) -> list[str]:
        """What each cluster is called."""
        return naming.titles_from(clustering.about, self.own_names(clustering))

    def listed(self, clustering: Clustering) -> dict:
        """The clusters as the list beside the map has them."""
        own = self.own_names(clustering)
        return clusters.cluster_list(clustering.map, clustering.about, own, clustering.step, clustering.colors)

    def parts(self, clustering: Clustering) -> list[dict]:
        """What stands on the map as one comes closer: clusters two steps finer that are called otherwise
        than the one they are a part of. {"text", "at", "count", "spread", "parent": its number, −1: none}.
        """
        finer = self.at(clustering.map.name, min(granularity.FINEST, clustering.step + _FINER))
        if finer.step == clustering.step:
            return []
        found = []
        above = self.listed(clustering)["clusters"]
        for number, one in enumerate(self.listed(finer)["clusters"]):
            inside = clustering.map.cluster[finer.map.cluster == number] + 1
            parent = int(np.bincount(inside).argmax()) - 1
            told = parent >= 0 and above[parent]["short"] == one["short"]
            if told or one["short"] == f"Cluster {number + 1}":
                continue
            found.append({"text": one["short"], "parent": parent} | {k: one[k] for k in ("at", "count", "spread")})
        return found

    def rename(self, clustering: Clustering, number: int, name: str) -> None:
        """Name a cluster; an empty name takes the person's own back."""
        shown = clustering.map
        if not 0 <= number < shown.clusters:
            raise LikenessError("There is no such cluster any more; the map has been made anew.")
        members = shown.ids[shown.cluster == number]
        typical = shown.exemplars[number]
        typical = typical[typical >= 0] if (typical >= 0).any() else members[:4]
        notes.name_cluster(self.reads.library, shown.name, typical.tolist(), name, members)

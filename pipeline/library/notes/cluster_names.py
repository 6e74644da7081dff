"""Names of clusters, which hang on typical images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.library import Library
from pipeline.library.notes.names import clean


def name_cluster(
    library: Library, map_name: str, images: Sequence[int], name: str, members: np.ndarray | None = None
) -> None:
    """Name the cluster of a map that has these typical images; an empty name takes it back.

    A name hangs on images, not on a number, so that it survives when the map is clustered
    or laid out anew. members: ids of the whole cluster; to take a name back they find one
    that was given when the map was clustered otherwise, and hangs on other images.
    """
    name = clean(name, "cluster") if name.strip() else ""
    mine = {int(image) for image in images}
    inside = set() if name or members is None else set(members.tolist())
    with library.db.atomic():
        for number, _, kept in _named(library, map_name):
            if mine & kept or 2 * len(inside & kept) > len(kept):
                library.db.execute("DELETE FROM cluster_names WHERE id = ?", [number])
        known = library.images_by_id(sorted(mine))
        if name and known:
            number = library.db.execute(
                "INSERT INTO cluster_names (map, name) VALUES (?, ?)", [map_name, name]
            ).lastrowid
            library.db.conn.executemany(
                "INSERT INTO cluster_name_images VALUES (?, ?)", [(number, image) for image in known]
            )


def cluster_names(library: Library, map_name: str, ids: np.ndarray, cluster: np.ndarray) -> dict[int, str]:
    """The clusters of a map that have a name: {cluster: name}.

    ids (n,) int64 ascending and cluster (n,) int, −1 noise, as a map has them. A name
    belongs to the cluster that holds most of its images; a later name wins.
    """
    named: dict[int, str] = {}
    for _, name, kept in _named(library, map_name):
        images = np.array(sorted(kept), np.int64)
        at = np.minimum(np.searchsorted(ids, images), max(0, len(ids) - 1))
        present = at[ids[at] == images] if len(ids) else at[:0]
        votes = np.bincount(cluster[present] + 1, minlength=1)[1:]
        if len(votes) and votes.max() * 2 > len(present):
            named[int(votes.argmax())] = name
    return named


def _named(library: Library, map_name: str) -> list[tuple[int, str, set[int]]]:
    """The names given on a map, the oldest first: (number, name, typical images)."""
    found: dict[int, tuple[int, str, set[int]]] = {}
    for number, name, image in library.db.execute(
        "SELECT c.id, c.name, m.image_id FROM cluster_names c "
        "JOIN cluster_name_images m ON m.cluster_name_id = c.id WHERE c.map = ? ORDER BY c.id", [map_name]
    ):
        found.setdefault(number, (number, name, set()))[2].add(image)
    return list(found.values())

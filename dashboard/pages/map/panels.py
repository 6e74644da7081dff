"""What stands around the map: the clusters by name, and the image with its neighbors."""

from __future__ import annotations

import numpy as np
from dash import html

from dashboard import components
from dashboard.reads import Reads
from pipeline.errors import LikenessError
from pipeline.library import notes
from pipeline.maps import COMBINED, Map
from pipeline.search import Query

NEIGHBORS = 12
NEIGHBOR = "map-neighbor"
"""Kind of the match cards beside the map; see components.match_card."""
NOTES = "map-notes"
"""Kind of the chips of the chosen image."""

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
    return {"cluster": number, "map": chosen.name} if not step else {"image": (exemplars or [None])[0]}


def weights_for(name: str) -> dict[str, float] | None:
    """What neighbors on a map are searched by: its embedding alone, or all alike."""
    return None if name == COMBINED else {name: 1.0}


def image_panel(reads: Reads, image_id: int, name: str) -> tuple[list, list[int]]:
    """An image large, with its neighbors as cards; and the neighbors' ids, nearest first."""
    row = reads.image(image_id)
    if row is None or row.state != "ok":
        return [_head("Not in the library"), components.error_note(
            "This image is no longer in the library. Choose another one on the map."
        )], []
    # The thumbnail behind the picture bridges the time until the file is read.
    shape = {"aspect-ratio": f"{row.width} / {row.height}"} if row.width and row.height else {}
    title = row.label or components.name_of(row.path)
    children = [
        _head(title),
        html.A(
            html.Img(
                src=components.url(f"/image/{row.id}"), alt=title, className="map-picture",
                style={"backgroundImage": f"url({components.url(f'/thumb/{row.id}')})", **shape},
            ),
            href=components.url(f"/image/{row.id}"), target="_blank", title="Open in full size",
            className="map-picture-link",
        ),
        html.Div(_described(row), className="map-path", title=reads.where(row.file, row.path)),
        components.image_links(row.id, name=components.name_of(row.path), leave_out=("map",), words=True),
        html.Div(
            note_chips(reads, row.id), id={"type": NOTES, "image": row.id}, className="map-chips",
            role="group", **{"aria-label": "Tags and collections"},
        ),
    ]
    try:
        found = reads.search(Query.around(row.id, weights=weights_for(name), top_k=NEIGHBORS))
    except LikenessError as error:
        return [*children, components.error_note(str(error))], []
    by = components.title_of(name)
    children.append(html.H3(["Nearest neighbors ", html.Span(f"· {by}", className="soft")]))
    children.append(components.gallery(
        components.match_card(match, rank, found.weights, kind=NEIGHBOR, leave_out=("map",))
        for rank, match in enumerate(found.matches, 1)
    ))
    return children, [match.id for match in found.matches]


def note_chips(reads: Reads, image_id: int) -> list:
    """An image's tags and collections, each to be opened or taken off, and a button for one more tag."""
    tags = notes.tags_of(reads.library, [image_id]).get(image_id, [])
    kept = notes.collections_of(reads.library, image_id)
    chips = [_chip("tag", name, image_id) for name in tags]
    chips += [_chip("collection", name, image_id) for name in kept]
    more = html.Button(
        [components.icon("plus-lg"), "Tag"], type="button", className="map-chip map-chip-more",
        title="Add a tag", **{"data-add-tag": image_id},
    )
    return [*chips, more]


def _chip(kind: str, name: str, image_id: int) -> html.Span:
    """A tag or a collection; the browser acts on its data (assets/map/map_notes.js)."""
    off = f"Take off the tag {name}" if kind == "tag" else f"Take out of {name}"
    return html.Span(
        [
            html.Button(
                [components.icon(kind), name], type="button", className="map-chip-name",
                title=f"Select all of {name}", **{f"data-open-{kind}": name},
            ),
            html.Button(
                components.icon("x"), type="button", className="map-chip-off", title=off,
                **{"aria-label": off, "data-image": image_id, f"data-off-{kind}": name},
            ),
        ],
        className="map-chip",
    )


def _described(row) -> str:
    size = f" · {row.width} × {row.height}" if row.width and row.height else ""
    return f"{row.path}{size}"


def _head(title: str) -> html.Div:
    return html.Div(
        [
            html.H2(title),
            html.Button(
                components.icon("x-lg"), id="map-close", type="button",
                className="button-quiet button-icon", title="Close (Esc)",
                **{"aria-label": "Close"},
            ),
        ],
        className="map-panel-head",
    )

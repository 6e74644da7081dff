"""What stands around the map: cluster list, legend data, and the image with its neighbors."""

from __future__ import annotations

import numpy as np
from dash import dcc, html

from dashboard import components
from dashboard.figures import PALETTE, drawing_order, typed
from dashboard.queries import Reads
from pipeline.errors import LikenessError
from pipeline.maps import COMBINED, Map
from pipeline.search import Query

NEIGHBORS = 12
NEIGHBOR = "map-neighbor"
"""Kind of the match cards beside the map; see components.match_card."""

_NAMED_FROM = 0.3  # share of a label from which it says something about a cluster


def facts(chosen: Map, labels: list[str | None]) -> dict:
    """What the browser needs beside the coordinates, points in drawing order.

    cluster and label: typed int16 codes (n,), 0 the largest category, −1 noise or no
    label. labels: their names with counts, largest first. exemplars: ids of all clusters'.
    """
    order = drawing_order(chosen.cluster)
    names, counts, codes = rank_labels(labels)
    return {
        "palette": PALETTE,
        "cluster": typed(chosen.cluster[order].astype(np.int16)),
        "label": typed(codes[order].astype(np.int16)),
        "labels": [[name, int(count)] for name, count in zip(names, counts)],
        "exemplars": chosen.exemplars[chosen.exemplars >= 0].tolist(),
    }


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


def cluster_list(chosen: Map, labels: list[str | None]) -> list:
    """The clusters, largest first, each with its exemplars; then how much is noise."""
    if not chosen.clusters:
        return [html.P("No clusters were found on this map.", className="map-noise")]
    words = descriptions(chosen, labels)
    noise = int((chosen.cluster < 0).sum())
    rows = [html.P(_summary(chosen.clusters, noise), className="map-summary")]
    rows += [
        _cluster(number, int(size), words[number], chosen.exemplars[number])
        for number, size in enumerate(_sizes(chosen))
    ]
    if noise:
        rows.append(html.Div(
            [_swatch(-1, "images outside any cluster"), html.Span("Noise"),
             html.Span(f"{noise:,}", className="map-count")],
            className="map-cluster map-noise", title="Images that belong to no cluster",
            **{"data-cluster": -1},
        ))
    return rows


def _summary(clusters: int, noise: int) -> str:
    """`24 clusters · 917 images in none`."""
    counted = "1 cluster" if clusters == 1 else f"{clusters:,} clusters"
    if not noise:
        return counted
    return f"{counted} · {noise:,} {'image' if noise == 1 else 'images'} in none"


def _cluster(number: int, size: int, words: str, exemplars: np.ndarray) -> html.Div:
    name = f"Cluster {number + 1}"
    ids = [int(i) for i in exemplars if i >= 0]
    pictures = [components.thumb(i, "") for i in ids]
    head = [html.Span(name, className="map-name"), html.Span(f"{size:,}", className="map-count")]
    if words:
        head.append(html.Span(words, className="map-words"))
    return html.Div(
        [
            html.Button(
                [html.Span(head, className="map-head"), html.Span(pictures, className="map-exemplars")],
                type="button", className="map-zoom", title=f"Zoom to {name}",
                **{"data-zoom": number, "aria-pressed": "false"},
            ),
            _swatch(number, name),
        ],
        className="map-cluster", **{"data-cluster": number},
    )


def _swatch(number: int, name: str) -> html.Button:
    """The color of a category; a click hides and shows it."""
    if number < 0:
        color = "var(--map-noise)"
    else:
        color = PALETTE[number] if number < len(PALETTE) else "var(--map-other)"
    return html.Button(
        type="button", className="map-swatch", style={"--swatch": color}, title="Hide or show",
        **{"data-toggle": number, "aria-label": f"Show {name}", "aria-pressed": "true"},
    )


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
        html.Div(_described(row), className="map-path", title=str(row.file)),
        html.Div(
            dcc.Link("Use as query", href=components.link("/search", image=row.id), className="button"),
            className="map-actions",
        ),
    ]
    try:
        found = reads.search(Query(
            images=(row.id,), weights=weights_for(name), exclude=(row.id,), top_k=NEIGHBORS,
        ))
    except LikenessError as error:
        return [*children, components.error_note(str(error))], []
    by = components.title_of(name)
    children.append(html.H3(["Nearest neighbors ", html.Span(f"· {by}", className="soft")]))
    children.append(components.gallery(
        components.match_card(match, rank, found.weights, kind=NEIGHBOR)
        for rank, match in enumerate(found.matches, 1)
    ))
    return children, [match.id for match in found.matches]


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

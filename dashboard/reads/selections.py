"""A selection of images on a map: found by a line drawn, opened by name, described."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dash import html

from dashboard import components
from dashboard.marks import PALETTE, drawing_order
from dashboard.reads import Reads, colorings
from dashboard.reads.clusterings import Clustering, Clusterings
from dashboard.reads.packing import typed
from pipeline.errors import NoteError
from pipeline.library import notes

BARS = 6
"""Labels and clusters of a selection that are named; the others are one, "other"."""


def opened(reads: Reads, clusterings: Clusterings, shown: Clustering, kind: str, name: str) -> dict:
    """The images of a collection or of a tag, described: {kind: its name, "ids": typed, ascending int32}.

    Raises NoteError where there is none of that name.
    """
    if kind == "collection":
        ids = notes.collected(reads.library, name)
        kept = {c.name.lower(): c.name for c in notes.collections(reads.library)}
        name = kept.get(name.strip().lower(), name)
    else:
        ids = notes.tagged(reads.library, name)
        if not ids:
            raise NoteError(f"No image carries the tag “{name}”.")
    given = np.unique(np.array(ids, np.int64))
    return {"ids": typed(given.astype("<i4")), kind: name} | describe(reads, clusterings, shown, given)


def found(
    reads: Reads, shown: Clustering, line: np.ndarray, by: str, hidden: Sequence[int], only: Sequence[int]
) -> np.ndarray:
    """Ids of a map's images within a closed line (m, 2), ascending (k,) int64; all without one.

    Of those, by the categories of a coloring: without what is hidden, and where any are
    named, only these. Codes are as the legend has them: past the palette all are one.
    """
    made = shown.map
    within = inside(made.xy, line) if len(line) else np.ones(len(made.ids), bool)
    if hidden or only:
        if by == colorings.CLUSTER:
            codes = made.cluster
        else:
            sent = colorings.coloring(reads, made.name, by)
            if sent["kind"] != "categories":
                return made.ids[within]
            codes = np.empty(len(made.ids), np.int64)
            codes[drawing_order(shown.saved.cluster)] = np.minimum(sent["codes"], len(PALETTE))
        within &= ~np.isin(codes, hidden)
        if only:
            within &= np.isin(codes, only)
    return made.ids[within]


def describe(reads: Reads, clusterings: Clusterings, shown: Clustering, ids: np.ndarray) -> dict:
    """Count, and what the images have in common: {"count", "labels", "clusters", "tags"}.

    ids: (k,) ascending. labels, clusters: [[name, count, color, code]], largest first, the last one
    "other", whose code is None; tags: [[tag, count]] by name.
    """
    at = np.searchsorted(shown.map.ids, ids).clip(max=max(0, len(shown.map.ids) - 1))
    at = at[shown.map.ids[at] == ids] if len(shown.map.ids) else at[:0]
    names, codes = shown.ranked
    tags = notes.tag_counts(reads.library, ids.tolist())
    return {
        "count": len(ids), "placed": len(at),
        "labels": _bars(codes[at], names, "no label") if names else [],
        "clusters": _bars(shown.map.cluster[at], clusterings.titles(shown), "in no cluster", shown.colors),
        "tags": [[tag, count] for tag, count in tags.items()],
    }


def _bars(codes: np.ndarray, names: list[str], none: str, colors: np.ndarray | None = None) -> list[list]:
    """The most frequent of codes (k,), −1 for none, as [name, count, color, code]. colors: numbers in the
    palette by code; without, the codes are such."""
    present, counts = np.unique(codes, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    bars = [
        [names[present[i]] if present[i] >= 0 else none, int(counts[i]), _color(present[i], colors), int(present[i])]
        for i in order[:BARS]
    ]
    rest = int(counts[order[BARS:]].sum())
    return [*bars, ["other", rest, "var(--map-other)", None]] if rest else bars


def _color(code: int, colors: np.ndarray | None) -> str:
    if code < 0:
        return "var(--map-noise)"
    code = code if colors is None else colors[code]
    return PALETTE[code] if code < len(PALETTE) else "var(--map-other)"


def inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Which of points (n, 2) lie within a closed line (m, 2), by the even–odd rule: (n,) bool."""
    within = np.zeros(len(points), bool)
    if len(polygon) < 3:
        return within
    near = ((points >= polygon.min(axis=0)) & (points <= polygon.max(axis=0))).all(axis=1)
    at = np.flatnonzero(near)
    x, y = points[at].T.astype(np.float64)
    odd = np.zeros(len(at), bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0)):
        if y0 != y1:
            crossed = (y0 > y) != (y1 > y)
            odd ^= crossed & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    within[at] = odd
    return within


def kept_list(reads: Reads) -> list:
    """The menu of collections and tags, each a button that makes it the selection."""
    collections = notes.collections(reads.library)
    tags = notes.tags(reads.library)
    if not collections and not tags:
        return [html.P("Select images, then keep them under a name or tag them.", className="soft small")]
    groups = [
        ("Collections", "collection", [(c.name, c.count) for c in collections]),
        ("Tags", "tag", list(tags.items())),
    ]
    return [
        html.Section([
            html.H3(title),
            html.Ul([html.Li(_entry(kind, name, count)) for name, count in entries]),
        ])
        for title, kind, entries in groups if entries
    ] + ([html.A("All collections", href=components.link("/collections"), className="card-link",
                 title="Rename, describe, merge and delete them")] if collections else [])


def _entry(kind: str, name: str, count: int) -> html.Button:
    return html.Button(
        [components.icon(kind), html.Span(name, className="kept-name"),
         html.Span(f"{count:,}", className="soft")],
        type="button", className="row-button kept-entry", **{
            "data-does": "open", "data-kind": kind, "data-name": name,
            "data-takes": "keep" if kind == "collection" else "tag",  # pictures that are dropped on it
        },
    )

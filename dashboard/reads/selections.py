"""What is done with a selection of images: found by a line drawn, described, kept, tagged.

The browser sends an act, {"do": …} with ids as base64 of little-endian int32, and gets an
answer for its display. Each act is a function of the same name here.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
from dash import html

from dashboard import acts, components
from dashboard.figures import PALETTE, drawing_order, typed
from dashboard.reads import Reads, colorings
from dashboard.reads.clusterings import Clustering, Clusterings
from pipeline.errors import LikenessError, NoteError
from pipeline.library import notes
from pipeline.maps import granularity

BARS = 6
"""Labels and clusters of a selection that are named; the others are one, "other"."""


def perform(reads: Reads, clusterings: Clusterings, act: dict) -> dict:
    """What the map shows after an act, with the act's number, or {"error"}.

    "open" reads; every other one is of `dashboard.acts`, under the name that it has there.
    """
    given = {"n": act.get("n"), "do": act["do"]}
    try:
        if act["do"] == "open":
            return given | _open(reads, clusterings, act)
        name = _NAMES.get(act["do"], act["do"])
        answer = given | acts.perform(clusterings, name, act).data(name)
    except LikenessError as error:
        return given | {"error": str(error)}
    if act["do"] != "keep":
        return answer
    try:
        return answer | _open(reads, clusterings, act | {"collection": answer["collection"]})
    except LikenessError:  # it is kept; what it is made of cannot be said
        return answer | {"ids": _packed(_ids(act))}


def _open(reads: Reads, clusterings: Clusterings, act: dict) -> dict:
    """The images of a collection or of a tag."""
    if act.get("collection"):
        ids, name = notes.collected(reads.library, act["collection"]), act["collection"]
        kept = {c.name.lower(): c.name for c in notes.collections(reads.library)}
        name = kept.get(name.strip().lower(), name)
        return _shown(reads, clusterings, act, ids) | {"collection": name}
    ids = notes.tagged(reads.library, act["tag"])
    if not ids:
        raise NoteError(f"No image carries the tag “{act['tag']}”.")
    return _shown(reads, clusterings, act, ids) | {"tag": act["tag"]}


_NAMES = {"rename": "rename-collection", "drop": "drop-collection", "name": "name-cluster"}
CHANGING = frozenset({"keep", "rename", "drop", "take-out", "tag", "untag"})
"""Acts after which collections and tags are others."""


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

    ids: (k,) ascending. labels, clusters: [[name, count, color]], largest first, the last one
    "other"; tags: [[tag, count]] by name.
    """
    at = np.searchsorted(shown.map.ids, ids).clip(max=max(0, len(shown.map.ids) - 1))
    at = at[shown.map.ids[at] == ids] if len(shown.map.ids) else at[:0]
    names, codes = shown.ranked
    tags = notes.tag_counts(reads.library, ids.tolist())
    return {
        "count": len(ids), "placed": len(at),
        "labels": _bars(codes[at], names, "No label") if names else [],
        "clusters": _bars(shown.map.cluster[at], clusterings.titles(shown), "Noise"),
        "tags": [[tag, count] for tag, count in tags.items()],
    }


def _bars(codes: np.ndarray, names: list[str], none: str) -> list[list]:
    """The most frequent of codes (k,), −1 for none, as [name, count, color]."""
    present, counts = np.unique(codes, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    bars = [
        [names[present[i]] if present[i] >= 0 else none, int(counts[i]), _color(present[i])]
        for i in order[:BARS]
    ]
    rest = int(counts[order[BARS:]].sum())
    return [*bars, ["Other", rest, "var(--map-other)"]] if rest else bars


def _color(code: int) -> str:
    if code < 0:
        return "var(--map-noise)"
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
    ]


def _entry(kind: str, name: str, count: int) -> html.Button:
    return html.Button(
        [components.icon(kind), html.Span(name, className="kept-name"),
         html.Span(f"{count:,}", className="soft")],
        type="button", className="kept-entry", **{f"data-open-{kind}": name},
    )


def _shown(reads: Reads, clusterings: Clusterings, act: dict, ids: list[int]) -> dict:
    given = np.array(ids, np.int64)
    on = clusterings.at(act["map"], granularity.step_of(act.get("grain")))
    return {"ids": _packed(given)} | describe(reads, clusterings, on, given)


def _ids(act: dict) -> np.ndarray:
    """The ids of an act, ascending (k,) int64."""
    return np.unique(np.frombuffer(base64.b64decode(act.get("ids") or ""), "<i4")).astype(np.int64)


def _packed(ids: np.ndarray) -> dict:
    return typed(np.sort(ids).astype("<i4"))

"""Small pictures of the maps, to show where an image lies: /map-image/NAME.

One picture serves every image of a map; the page puts the mark over it.
"""

from __future__ import annotations

import io

import numpy as np
from flask import Flask, Response
from PIL import Image

from dashboard.access import READ, needs
from dashboard.marks import PALETTE
from dashboard.reads import Reads, cluster_colors
from dashboard.routes.images import picture
from pipeline.errors import LikenessError
from pipeline.maps import Map

SIDE = 480
"""Width and height, px: 240 on a dense screen."""

_MARGIN = 0.04
_GRAY = (140, 140, 138)  # in no cluster, on light and on dark alike


def register(server: Flask, reads: Reads) -> None:
    """Add the route to a server; each map is drawn once and kept until it changes."""
    drawn: dict[str, tuple[Map, bytes]] = {}

    @server.get("/map-image/<name>")
    @needs(READ)
    def map_image(name: str) -> Response:
        try:
            chosen = reads.map(name) if name in reads.map_names() else None
        except LikenessError:
            chosen = None
        if chosen is None:
            return Response("There is no such map.", status=404, mimetype="text/plain")
        kept = drawn.get(name)
        if kept is None or kept[0] is not chosen:
            kept = drawn[name] = chosen, draw(chosen)
        return picture(kept[1], "image/png")


def place(chosen: Map, image_id: int) -> tuple[float, float] | None:
    """Where an image lies on the small map, from the left and from the top, 0–1; None without a place."""
    at = int(np.searchsorted(chosen.ids, image_id))
    if at == len(chosen.ids) or chosen.ids[at] != image_id:
        return None
    left, top = _fit(chosen.xy)[at]
    return float(left), float(top)


def cluster_at(chosen: Map, image_id: int) -> int:
    """The cluster of an image that has a place on the map; −1 for noise."""
    return int(chosen.cluster[np.searchsorted(chosen.ids, image_id)])


def draw(chosen: Map) -> bytes:
    """A map (n points) as PNG of `SIDE` × `SIDE` px, points in their clusters' colors on nothing."""
    colors = np.array([_rgb(color) for color in PALETTE] + [_GRAY], np.uint8)
    own = np.append(cluster_colors.first(chosen), len(PALETTE))  # the last for those in no cluster
    # Those in no cluster below, the largest cluster on top.
    order = np.argsort(-np.where(chosen.cluster < 0, chosen.clusters, chosen.cluster), kind="stable")
    codes = own[chosen.cluster]
    at = (_fit(chosen.xy)[order] * (SIDE - 1)).round().astype(int)
    radius = 3 if len(at) < 2_000 else 2 if len(at) < 30_000 else 1
    canvas = np.zeros((SIDE, SIDE, 4), np.uint8)
    for dx, dy in _disc(radius):
        x, y = np.clip(at[:, 0] + dx, 0, SIDE - 1), np.clip(at[:, 1] + dy, 0, SIDE - 1)
        canvas[y, x, :3] = colors[codes[order]]
        canvas[y, x, 3] = np.where(codes[order] == len(PALETTE), 120, 220)
    file = io.BytesIO()
    Image.fromarray(canvas).save(file, "PNG", optimize=True)
    return file.getvalue()


def _fit(xy: np.ndarray) -> np.ndarray:
    """Map coordinates (n, 2), y up, as shares of a square from its top left, alike in both axes."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    scale = (1 - 2 * _MARGIN) / max(float((high - low).max()), 1e-9)
    placed = (xy - (low + high) / 2) * scale * (1, -1) + 0.5
    return placed


def _disc(radius: int) -> list[tuple[int, int]]:
    around = range(-radius, radius + 1)
    return [(x, y) for x in around for y in around if x * x + y * y <= radius * radius + 1]


def _rgb(color: str) -> tuple[int, int, int]:
    return tuple(int(color[at : at + 2], 16) for at in (1, 3, 5))

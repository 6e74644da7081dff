"""What the browser gets of a map: all of it, or of a very large one what the view needs.

A map of up to `WHOLE_UP_TO` points travels whole. Of a larger one the browser gets a sample
that keeps every cluster visible, a picture of how dense all points are to lie under it,
and, whenever the view comes to rest, the points inside it. Points are numbered in drawing
order; colorings travel whole, in that order.
"""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from dashboard.marks import PALETTE, SCALE, drawing_order, marker_opacity, marker_size
from dashboard.reads import Reads, categories, cluster_colors, clusters
from dashboard.reads.packing import pack
from pipeline import maps
from pipeline.maps import Map

WHOLE_UP_TO = 300_000
SAMPLE = 50_000
"""Points of the whole of a larger map, and as many inside a view: a frame of 100,000 takes
some 60 ms where there is no GPU, and the wire carries 2 MB."""
LEAST = 40
"""Points of a cluster that a sample keeps, where it has so many."""
RASTER = (960, 600)
"""Most columns and rows of the picture of density: a cell is one or two px on a desk's screen."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A map in drawing order. n points.

    xy: (n, 2), xyz: (n, 3) float32. ids: (n,) int32. cluster: (n,) int16 ascending, −1 noise.
    label: (n,) int16 codes by size, −1 none. labels: [name, count], largest first.
    """

    shown: Map
    xy: np.ndarray
    xyz: np.ndarray
    ids: np.ndarray
    cluster: np.ndarray
    label: np.ndarray
    labels: list[list]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def whole(self) -> bool:
        """Whether all points travel."""
        return len(self) <= WHOLE_UP_TO

    @cached_property
    def sample(self) -> np.ndarray:
        """The points of the overview, ascending: (≤ n,) int64."""
        everything = np.arange(len(self))
        return everything if self.whole else thinned(everything, self.cluster, SAMPLE)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """x0, x1, y0, y1 of all points."""
        (x0, y0), (x1, y1) = self.xy.min(axis=0).tolist(), self.xy.max(axis=0).tolist()
        return x0, x1, y0, y1

    def inside(self, box: Sequence[float]) -> np.ndarray:
        """The points within x0, x1, y0, y1, ascending: (k,) int64."""
        x, y = self.xy.T
        return np.flatnonzero((x >= box[0]) & (x <= box[1]) & (y >= box[2]) & (y <= box[3]))

    def numbers(self, ids: Sequence[int]) -> np.ndarray:
        """The points of those images that have a place here: (≤ k,) int64."""
        at = np.searchsorted(self.shown.ids, ids).clip(max=len(self) - 1)
        return self._place[at[self.shown.ids[at] == ids]]

    @cached_property
    def _place(self) -> np.ndarray:
        """Number of each point in the order of the saved map."""
        place = np.empty(len(self), np.int64)
        place[drawing_order(self.shown.cluster)] = np.arange(len(self))
        return place


def thinned(points: np.ndarray, cluster: np.ndarray, count: int) -> np.ndarray:
    """About `count` of some points, each cluster in proportion but none below LEAST.

    points: (k,) ascending numbers. cluster: (n,) ascending, of all points. Evenly drawn
    within each cluster, so that the same points come for the same question.
    """
    if len(points) <= count:
        return points
    edges = np.flatnonzero(np.diff(cluster[points])) + 1
    groups = np.split(points, edges)
    share = count / len(points)
    kept = []
    for group in groups:
        wanted = min(len(group), max(LEAST, round(share * len(group))))
        kept.append(group[np.linspace(0, len(group) - 1, wanted).round().astype(np.int64)])
    return np.concatenate(kept)


class Drawings:
    """The drawings of a library's maps, kept until a map or one of its images changes.

    What people note of images is not drawn, and leaves them as they are.
    """

    def __init__(self, reads: Reads):
        self._reads = reads
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[int, Drawing]] = {}
        self._packed: dict[tuple[str, int], tuple[Drawing, bytes]] = {}
        self._stale: dict[str, tuple[int, Drawing, bool]] = {}

    def of(self, name: str) -> Drawing:
        """A map in drawing order; raises LibraryError when there is none of that name."""
        shown, library = self._reads.map(name), self._reads.library
        with self._lock:
            now = library.generation()  # before what is drawn is read
            since, drawing = self._kept.get(name, (0, None))
            if drawing is None or drawing.shown is not shown or (
                since != now and np.isin(library.changed_since(since), shown.ids).any()
            ):
                drawing = self._make(shown)
            self._kept[name] = now, drawing
            return drawing

    def packed(self, name: str, dim: int) -> bytes:
        """The overview of a map, compressed; raises LibraryError as `of` does."""
        drawing = self.of(name)
        kept = self._packed.get((name, dim))
        if kept is None or kept[0] is not drawing:
            kept = self._packed[name, dim] = drawing, gzip.compress(overview(drawing, dim), compresslevel=1)
        return kept[1]

    def stale(self, name: str) -> bool:
        """Whether a map is not of the vectors that the library has now; raises LibraryError as `of` does."""
        drawing = self.of(name)
        now = self._reads.library.generation()
        kept = self._stale.get(name)
        if kept is None or kept[:2] != (now, drawing):
            kept = self._stale[name] = now, drawing, maps.is_stale(self._reads.library, drawing.shown)
        return kept[2]

    def _make(self, shown: Map) -> Drawing:
        order = drawing_order(shown.cluster)
        names, label = categories.coded(categories.labels(self._reads.library), shown.ids)
        return Drawing(
            shown=shown, xy=shown.xy[order], xyz=shown.xyz[order], ids=shown.ids[order].astype(np.int32),
            cluster=shown.cluster[order].astype(np.int16), label=label[order], labels=names,
        )  # fmt: skip


def overview(drawing: Drawing, dim: int) -> bytes:
    """A map for the browser, packed: all its points, or the sample.

    Head: key, name, dim, total (points of the whole map), size and opacity of a marker,
    palette, scale, labels [[name, count]], exemplars, stands (an image of each cluster); of a sample also bounds. Arrays, per
    point sent: x, y and in space z (float32), ids (int32), cluster and label (int16), and of
    a sample `at` (uint32), the numbers of the points.
    """
    at, shown = drawing.sample, drawing.shown
    places = drawing.xyz if dim == 3 else drawing.xy
    head = {
        "key": f"{shown.name}-{dim}", "name": shown.name, "dim": dim, "total": len(drawing),
        **_marker(len(at), dim), "palette": PALETTE, "scale": SCALE, "labels": drawing.labels,
        "exemplars": shown.exemplars[shown.exemplars >= 0].tolist(), "stands": clusters.standing(shown),
        "colors": cluster_colors.first(shown).tolist(),
    }  # fmt: skip
    arrays = {axis: places[at, i] for i, axis in enumerate("xyz"[:dim])} | _columns(drawing, at)
    if not drawing.whole:
        head["bounds"] = drawing.bounds
        arrays["at"] = at.astype(np.uint32)
    return pack(head, arrays)


def detail(
    drawing: Drawing, box: Sequence[float], ids: Sequence[int], passed: np.ndarray | None = None
) -> bytes:
    """The points of a view of a flat map, and those of some images wherever they are, packed.

    passed: which points a filter lets pass, (n,) bool: these come first, the others as their
    ground. Head: inside (points there are in the view), size and opacity of a marker. Arrays as
    of a sample in `overview`.
    """
    inside = drawing.inside(box)
    if passed is None:
        at = thinned(inside, drawing.cluster, SAMPLE)
    else:
        at = thinned(inside[passed[inside]], drawing.cluster, SAMPLE)
        ground = thinned(inside[~passed[inside]], drawing.cluster, (SAMPLE - min(SAMPLE, len(at))) // 2)
        at = np.union1d(at, ground)
    if len(ids):
        at = np.union1d(at, drawing.numbers(ids))
    arrays = {axis: drawing.xy[at, i] for i, axis in enumerate("xy")} | _columns(drawing, at)
    head = {"inside": len(inside), **_marker(len(inside), 2)}
    return pack(head, {**arrays, "at": at.astype(np.uint32)})


def _columns(drawing: Drawing, at: np.ndarray) -> dict[str, np.ndarray]:
    return {"ids": drawing.ids[at], "cluster": drawing.cluster[at], "label": drawing.label[at]}


def _marker(count: int, dim: int) -> dict[str, float]:
    """Diameter (px) and opacity; points in space are opaque, else they would hide each other at random,
    and smaller, since depth needs gaps between them."""
    if dim == 3:
        return {"size": round(marker_size(count) * 0.6, 2), "opacity": 1.0}
    return {"size": marker_size(count), "opacity": marker_opacity(count)}


def density(drawing: Drawing, box: Sequence[float], dark: bool, passed: np.ndarray | None = None) -> bytes:
    """PNG of how dense all points, or those that pass (n,) bool, are within x0, x1, y0, y1: gray,
    opaque where most are.

    A histogram by numpy: some 30 ms of processor time for a million points, PNG included,
    which leaves a library for the purpose nothing to win.
    """
    x0, x1, y0, y1 = box
    wide, high = max(x1 - x0, 1e-9), max(y1 - y0, 1e-9)
    cell = max(wide / RASTER[0], high / RASTER[1])
    columns, rows = max(1, int(wide / cell)), max(1, int(high / cell))
    x = ((drawing.xy[:, 0] - np.float32(x0)) * np.float32((columns - 0.01) / wide)).astype(np.int32)
    y = ((np.float32(y1) - drawing.xy[:, 1]) * np.float32((rows - 0.01) / high)).astype(np.int32)
    there = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    if passed is not None:
        there &= passed
    counts = np.bincount(y[there] * columns + x[there], minlength=columns * rows).reshape(rows, columns)
    light = np.log1p(counts) / np.log1p(max(1, counts.max()))
    picture = np.empty((rows, columns, 2), np.uint8)
    picture[..., 0] = 190 if dark else 90
    picture[..., 1] = np.where(counts > 0, 40 + 130 * light, 0)
    buffer = io.BytesIO()
    Image.fromarray(picture, "LA").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()

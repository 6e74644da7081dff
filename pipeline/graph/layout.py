"""Where the pictures of a graph stand: linked ones near each other, none over another.

Every connected part is laid out by forces, freed of overlaps, and set beside the others:
the largest in the middle, images without links at the rim.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # with SciPy a third of the time in which the dashboard is loaded, and few look at a graph
    import networkx as nx

GAP = 0.3
"""Room between two pictures at least, as a share of a picture's side: lets the links be seen."""

_STEPS = 60
_CROWDED = 2.0
"""Overlapping pairs per image before they are pushed apart: of 0.25 to 8 the densest drawings
(a quarter covered at 100 images, a fifth at 400), with links hardly longer than from 0.25."""
_STRETCH = 1.5
"""How far a part is stretched at most to fit the shape of the whole."""


def stress_layout(
    graph: nx.Graph, sizes: Mapping[int, tuple[float, float]], aspect: float = 1.4, seed: int = 0
) -> dict[int, tuple[float, float]]:
    """Centers of the pictures, in the unit of their sizes; y grows downward.

    sizes: (width, height) of each node's picture. aspect: width / height of the whole that
    is aimed at. No two pictures overlap, and at least GAP of a side is between them.
    """
    import networkx as nx

    if not len(graph):
        return {}
    side = float(np.sqrt(np.mean([w * h for w, h in sizes.values()])))
    parts = sorted(map(sorted, nx.connected_components(graph)), key=lambda part: (-len(part), part[0]))
    placed = np.zeros((0, 2))
    halves = np.zeros((0, 2))
    order: list[int] = []
    first = 0  # spots before this one are taken as far as images alone are concerned
    for part in parts:
        half = np.array([sizes[node] for node in part]) / 2 + GAP * side / 2
        xy = _part(graph.subgraph(part), part, half, aspect, seed)
        alone = len(part) == 1
        moved, spot = _free(xy, half, placed, halves, aspect, side, first if alone else 0, alone=alone)
        first = spot if alone else 0
        xy += moved
        placed, halves = np.concatenate([placed, xy]), np.concatenate([halves, half])
        order += part
    return {node: (float(x), float(y)) for node, (x, y) in zip(order, placed)}


def overlaps(xy: np.ndarray, half: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs of boxes that overlap: i (p,), j (p,) with i < j, and how deep (p, 2).

    xy: centers (n, 2); half: half widths and heights (n, 2).
    """
    from scipy.spatial import cKDTree

    near = cKDTree(xy).query_pairs(2 * half.max(), p=np.inf, output_type="ndarray")
    deep = half[near].sum(axis=1) - np.abs(xy[near[:, 0]] - xy[near[:, 1]])
    met = (deep > 1e-6).all(axis=1)
    return near[met, 0], near[met, 1], deep[met]


def push_apart(xy: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Centers (n, 2) moved as little as need be, so that no two boxes overlap.

    Each overlapping pair gives way along the axis on which it overlaps less. Where that
    goes in circles the whole grows a little, which must end it: apart, all boxes are free.
    """
    xy = xy.astype(np.float64)
    for step in range(2_000):
        i, j, depth = overlaps(xy, half)
        if not len(i):
            break
        pairs = np.arange(len(i))
        axis = depth.argmin(axis=1)
        way = np.where(xy[i, axis] < xy[j, axis], -0.5, 0.5) * depth[pairs, axis]
        met = np.bincount(np.concatenate([i, j]), minlength=len(xy))
        for of, moved in ((i, way), (j, -way)):
            np.add.at(xy, (of, axis), 1.05 * moved / np.sqrt(met[of]))
        if step % 10 == 9:
            xy *= 1.01
    return xy


def _part(graph: nx.Graph, nodes: list[int], half: np.ndarray, aspect: float, seed: int) -> np.ndarray:
    """Centers (n, 2) of a connected part, around 0."""
    if len(nodes) == 1:
        return np.zeros((1, 2))
    xy = _turned(_stress(graph, nodes, seed), aspect)
    xy = push_apart(xy * _scale_for(xy, half), half)
    return xy - (xy.min(axis=0) + xy.max(axis=0)) / 2


def _stress(graph: nx.Graph, nodes: list[int], seed: int) -> np.ndarray:
    """Centers (n, 2) whose distances are those along the links, as well as a plane allows.

    The model of Kamada & Kawai (1989), solved by majorization (Gansner, Koren & North 2004)
    from classical scaling (Torgerson 1952): networkx' own solver takes 0.8 s for 200 images
    and its force layouts leave most of the plane empty. A link is the shorter the more
    similar its images, 1 to 2 units.
    """
    import networkx as nx
    from scipy.sparse.csgraph import shortest_path

    links = nx.to_scipy_sparse_array(graph, nodelist=nodes, weight="similarity", format="csr")
    least, most = links.data.min(), links.data.max()
    links.data = 2 - (links.data - least) / max(most - least, 1e-9)
    ideal = shortest_path(links, directed=False)
    np.fill_diagonal(ideal, 1)
    weight = ideal**-2.0
    np.fill_diagonal(weight, 0)
    # Singular, since moving everything changes nothing: the ones fix the middle.
    inverse = np.linalg.inv(np.diag(weight.sum(axis=1)) - weight + 1 / len(nodes))
    xy = _scaled(ideal, seed)
    for _ in range(_STEPS):
        apart = np.sqrt(np.square(np.subtract.outer(xy[:, 0], xy[:, 0]))
                        + np.square(np.subtract.outer(xy[:, 1], xy[:, 1])))
        pull = -weight * ideal / np.maximum(apart, 1e-9)
        np.fill_diagonal(pull, 0)
        np.fill_diagonal(pull, -pull.sum(axis=1))
        xy = inverse @ (pull @ xy)
    return xy


def _scaled(ideal: np.ndarray, seed: int) -> np.ndarray:
    """Classical scaling of distances (n, n), 1 on the diagonal, to the plane: (n, 2)."""
    from scipy.sparse.linalg import eigsh

    count = len(ideal)
    squares = np.square(ideal) - np.eye(count)
    squares -= squares.mean(axis=0)
    products = -0.5 * (squares - squares.mean(axis=1)[:, None])
    jitter = np.random.default_rng(seed).normal(size=(count, 3))  # without it twins would coincide
    if count < 4:
        return jitter[:, :2]
    values, vectors = eigsh(products, k=2, which="LA", v0=jitter[:, 2], tol=1e-3)
    return vectors * np.sqrt(np.maximum(values, 0)) + 0.01 * jitter[:, :2]


def _turned(xy: np.ndarray, aspect: float) -> np.ndarray:
    """Turned so that the long way lies along the longer side, and stretched toward `aspect`."""
    xy = xy - xy.mean(axis=0)
    axes = np.linalg.svd(xy, full_matrices=False)[2]
    xy = xy @ axes.T  # the longest direction first
    xy *= np.sign(xy[np.abs(xy).argmax(axis=0), [0, 1]])  # the same way around every time
    if aspect < 1:
        xy = xy[:, ::-1]
    wide, high = np.maximum(np.ptp(xy, axis=0), 1e-9)
    stretch = np.clip(np.sqrt(aspect * high / wide), 1 / _STRETCH, _STRETCH)
    return xy * [stretch, 1 / stretch]


def _scale_for(xy: np.ndarray, half: np.ndarray) -> float:
    """The smallest scale at which only few boxes overlap: dense, and the shape is kept."""
    low, high = 1e-6, 1e6
    for _ in range(24):
        middle = np.sqrt(low * high)
        crowded = len(overlaps(xy * middle, half)[0]) > _CROWDED * len(xy)
        low, high = (middle, high) if crowded else (low, middle)
    return high


def _free(
    xy, half, placed, halves, aspect: float, side: float, first: int, *, alone: bool
) -> tuple[np.ndarray, int]:
    """Where to move a part (2,) so that it meets nothing placed: the free spot nearest the middle.

    Spots lie on a spiral with the shape of the whole and are tried from number `first`; the
    second result is the number of the one found. An image alone keeps more distance, so
    that it does not look like one of the part it stands beside.
    """
    if not len(placed):
        return np.zeros(2), 0
    room = side * (0.4 if alone else 0.3)
    box = (half[0] if alone else (xy + half).max(axis=0)) + room
    spread = np.sqrt([aspect, 1 / aspect])
    while True:
        turns = np.arange(first, first + 256)
        radius = side * 0.5 * np.sqrt(turns / np.pi)
        angle = turns * np.pi * (3 - np.sqrt(5))  # the golden angle: spots evenly spread
        spots = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None] * spread
        taken = np.ones((256, len(placed)), bool)
        for axis in (0, 1):
            taken &= np.abs(np.subtract.outer(spots[:, axis], placed[:, axis])) < box[axis] + halves[:, axis]
        free = ~taken.any(axis=1)
        if free.any():
            return spots[free.argmax()], first + int(free.argmax())
        first += 256

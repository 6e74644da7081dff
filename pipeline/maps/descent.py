"""UMAP's descent: points drawn to their neighbors and pushed off points met by chance.

The loss, its sampling and the falling step are those of McInnes, Healy & Melville 2018
(section 3.2 and algorithm 5). Computed otherwise than in umap-learn: single precision, the
forces read from a table, the edges in the order of their points, and whether an edge is
due told from the number of the epoch alone. 50,000 points with 825,000 edges, 200 epochs
in 2-D, one core: 4.0 s where umap-learn 0.5.12 takes 15.2 s, trustworthiness 0.988 both.

Compiled anew in each process that needs it, in 0.8 s (one thread) or 1.6 s (several) of
processor time: numba's cache would save 0.6 s of it, and fails where neither the packages nor
HOME can be written, where the disk is full, and where two processes fill it at once.
"""

from __future__ import annotations

import numba
import numpy as np

from pipeline.progress import Progress, Silent

PUSHES = 5
"""Points met by chance for each time an edge draws (umap-learn's negative sample rate)."""

_LEAST, _MOST = 2.0**-24, 2.0**16  # squared distances that have forces of their own
_SHIFT = 16  # leaves 128 steps between one power of two and the next: forces within 0.4 %
_FIRST = int(np.float32(_LEAST).view(np.int32)) >> _SHIFT
_LAST = int(np.float32(_MOST).view(np.int32)) >> _SHIFT


def descend(
    start: np.ndarray, graph, curve: tuple[float, float], epochs: int, seed: int, threads: int,
    progress: Progress = Silent(),
) -> np.ndarray:  # fmt: skip
    """Move points until neighbors in the graph are neighbors among them.

    start: (n, 2 or 3) float32. graph: scipy sparse (n, n), symmetric, memberships of 0–1.
    curve: UMAP's a and b. Returns (n, 2 or 3) float32. With one thread the same arguments
    give the same points; more threads do not wait for one another. Advances `progress` by `epochs`.
    """
    graph = graph.tocsr()
    rates = (graph.data / graph.data.max()).astype(np.float32)
    points = np.ascontiguousarray(start, np.float32).copy()
    forces = _forces(*curve)
    epoch = _epoch
    if threads > 1:
        epoch = _epoch_in_threads
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    seeds = np.random.default_rng(seed).integers(2**62, size=epochs, dtype=np.uint64)
    for number in range(epochs):
        step = np.float32(1 - number / epochs)
        epoch(points, graph.indptr, graph.indices, rates, forces, np.float32(number), step, seeds[number])
        progress.advance()
    return points


def _forces(a: float, b: float) -> np.ndarray:
    """Draw and push per unit of distance, (2, cells) float32, by cells of squared distance."""
    cells = np.arange(_FIRST, _LAST + 1, dtype=np.int32)
    middle = ((cells << _SHIFT) + (1 << (_SHIFT - 1))).view(np.float32).astype(np.float64)
    spread = 1 + a * middle**b
    draw = -2 * a * b * middle ** (b - 1) / spread
    push = 2 * b / ((0.001 + middle) * spread)
    return np.stack([draw, push]).astype(np.float32)


@numba.njit(inline="always")
def _cell(squared):
    """The cell of a squared distance: its float's exponent and first bits."""
    return min(max((np.float32(squared).view(np.int32) >> _SHIFT) - _FIRST, 0), _LAST - _FIRST)


@numba.njit(inline="always")
def _limited(move):
    return min(max(move, np.float32(-4)), np.float32(4))


@numba.njit(fastmath=True)
def _move(i, points, first, others, rates, forces, number, step, seed):
    """Each edge of point i that is due draws its ends together; the point is then pushed."""
    count = np.uint64(len(points))
    deep = points.shape[1] == 3
    draw, push = forces[0], forces[1]
    chance = (seed + np.uint64(i)) * np.uint64(0x9E3779B97F4A7C15)
    x, y = points[i, 0], points[i, 1]
    z = points[i, 2] if deep else np.float32(0)
    for edge in range(first[i], first[i + 1]):
        # Edges of a like rate start at different phases, so that epochs are alike.
        phase = np.float32((edge * 0x9E3779B9) & 0xFFFFFF) * np.float32(2**-24)
        due = np.int32(rates[edge] * (number + np.float32(1)) + phase)
        if due == np.int32(rates[edge] * number + phase):
            continue
        k = others[edge]
        dx, dy = x - points[k, 0], y - points[k, 1]
        dz = z - points[k, 2] if deep else np.float32(0)
        squared = dx * dx + dy * dy + dz * dz
        if squared > 0:
            force = draw[_cell(squared)]
            dx, dy, dz = _limited(force * dx) * step, _limited(force * dy) * step, _limited(force * dz) * step
            x, y, z = x + dx, y + dy, z + dz
            points[k, 0] -= dx
            points[k, 1] -= dy
            if deep:
                points[k, 2] -= dz
        for _ in range(PUSHES):
            # Knuth's linear congruential generator; its high bits are the good ones.
            chance = chance * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            k = np.int64(((chance >> np.uint64(32)) * count) >> np.uint64(32))
            dx, dy = x - points[k, 0], y - points[k, 1]
            dz = z - points[k, 2] if deep else np.float32(0)
            squared = dx * dx + dy * dy + dz * dz
            if squared > 0:
                force = push[_cell(squared)]
                x += _limited(force * dx) * step
                y += _limited(force * dy) * step
                z += _limited(force * dz) * step
    points[i, 0], points[i, 1] = x, y
    if deep:
        points[i, 2] = z


@numba.njit
def _epoch(points, first, others, rates, forces, number, step, seed):
    for i in range(len(points)):
        _move(i, points, first, others, rates, forces, number, step, seed)


@numba.njit(parallel=True)
def _epoch_in_threads(points, first, others, rates, forces, number, step, seed):
    for i in numba.prange(len(points)):
        _move(i, points, first, others, rates, forces, number, step, seed)

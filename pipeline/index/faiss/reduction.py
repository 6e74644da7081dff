"""Shorter rows for walking: of each embedding the directions in which its vectors differ most.

Principal components without centering (of the second moments), so that an embedding that an image
lacks stays zeros, and products of reduced rows come near to the products of the rows. How many
directions an embedding needs is measured: as many as it takes for the true nearest to be among the
candidates that a search ranks exactly. Blocks are then scaled so that the cosines of each embedding
spread more alike: the graph's links are chosen by rows, of all embeddings together, and one whose
cosines lie close together, as those of whitened vectors do, would have no say in them. Queries are
scaled the other way, so that products stay in proportion. Last, all numbers become bytes.

Among 20,000 synthetic images, recall@10 by `sift` alone at efSearch 256 and 512, M = 32: 0.855 and
0.938 unscaled, efConstruction 300; 0.923 and 0.975 with `_EVENLY` 0.5 and efConstruction 200, 0.956
and 0.988 with 0.75. Equal weights, the other embeddings and random weightings stay from 0.989 up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

LADDER = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
"""Numbers of directions that are tried, the fewest first; at last all there are."""
SUFFICES = 0.995
"""Share of the true neighbors by an embedding alone that must be among the candidates."""
_NEAREST, _CANDIDATES = 10, 40
"""Of the sample: a larger library has more images between the tenth and what is ranked at last."""
_QUERIES = 200
_EVENLY = 0.75
"""How far spreads are made alike: 0 not at all, 1 wholly."""
WIDTH = 64
"""Rows are as long as some times this: FAISS then compares so many bytes at once, as whole numbers on
both sides, in two thirds of the time."""
_BYTES = 127
_SAMPLE = 20_000


class Reduction:
    """matrices: for each embedding (dim, r) float32 with orthonormal columns. scales: by what the
    blocks of rows are multiplied, and those of queries divided. unit: what rows are multiplied by
    to be bytes."""

    def __init__(self, matrices: Sequence[np.ndarray], scales: Sequence[float], unit: float = 1.0):
        self.matrices, self.scales, self.unit = tuple(matrices), tuple(float(s) for s in scales), float(unit)

    @property
    def dim(self) -> int:
        """Numbers of a reduced row."""
        return -(-sum(matrix.shape[1] for matrix in self.matrices) // WIDTH) * WIDTH

    def blocks(self) -> list[slice]:
        """Where each embedding lies within a reduced row."""
        ends = np.cumsum([matrix.shape[1] for matrix in self.matrices]).tolist()
        return [slice(end - matrix.shape[1], end) for end, matrix in zip(ends, self.matrices)]

    def rows(self, rows: np.ndarray) -> np.ndarray:
        """Rows (n, Σ dim) as the graph holds them: (n, dim) float32, whole numbers from −127 to 127."""
        reduced = self._applied(rows, [scale * self.unit for scale in self.scales])
        return np.clip(np.rint(reduced, out=reduced), -_BYTES, _BYTES, out=reduced)

    def queries(self, queries: np.ndarray) -> np.ndarray:
        """Queries (q, Σ dim) as the graph is asked: (q, dim) float32, whole numbers from −127 to 127,
        each query as long as that allows."""
        reduced = self._applied(queries, [1 / scale for scale in self.scales])
        most = np.abs(reduced).max(axis=1, keepdims=True)
        return np.rint(reduced * (_BYTES / np.where(most > 0, most, 1)), out=reduced)

    def _applied(self, rows: np.ndarray, scales: Sequence[float]) -> np.ndarray:
        reduced, start = np.zeros((len(rows), self.dim), np.float32), 0
        for matrix, scale, block in zip(self.matrices, scales, self.blocks()):
            part = rows[:, start : start + len(matrix)] @ matrix
            np.multiply(part, np.float32(scale), out=reduced[:, block])
            start += len(matrix)
        return reduced

    def arrays(self) -> dict[str, np.ndarray]:
        """What it is, to be kept."""
        named = {f"matrix_{at}": matrix for at, matrix in enumerate(self.matrices)}
        return {"scales": np.array(self.scales), "unit": np.array(self.unit), **named}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Reduction | None:
        """As kept; None where there is none."""
        if "scales" not in arrays:
            return None
        matrices = [arrays[f"matrix_{at}"] for at in range(len(arrays["scales"]))]
        return cls(matrices, arrays["scales"].tolist(), float(arrays["unit"]))


def learned(sample: np.ndarray, dims: Sequence[int]) -> Reduction:
    """From rows (n, Σ dim) float32 drawn evenly from all."""
    matrices, scales, start = [], [], 0
    for dim in dims:
        block = sample[:, start : start + dim]
        block = block[np.abs(block).max(axis=1) > 0]
        matrix, spread = _block(block, dim)
        matrices.append(matrix)
        scales.append(spread**-_EVENLY)
        start += dim
    middle = np.exp(np.mean(np.log(scales)))
    scales = [float(scale / middle) for scale in scales]
    largest = np.abs(Reduction(matrices, scales)._applied(sample, scales)).max(initial=0)
    return Reduction(matrices, scales, _BYTES / largest if largest else 1.0)


def _block(rows: np.ndarray, dim: int) -> tuple[np.ndarray, float]:
    """The directions (dim, r) float32 that suffice for rows (n, dim), and how far their products spread."""
    if len(rows) < 2:
        return np.eye(dim, min(dim, LADDER[0]), dtype=np.float32), 1.0
    generator = np.random.default_rng(0)
    rows = rows[generator.permutation(len(rows))[:_SAMPLE]]
    directions = _directions(rows)
    turned = rows @ directions
    queries = turned[: min(_QUERIES, len(rows) // 2)]
    exact = queries @ turned.T
    spread = max(float(exact[:, len(queries) :].std()), 1e-6)
    np.fill_diagonal(exact, -np.inf)
    k, wide = min(_NEAREST, len(rows) - 1), min(_CANDIDATES, len(rows) - 1)
    true = np.argpartition(-exact, k - 1, axis=1)[:, :k]
    for count in [step for step in LADDER if step < turned.shape[1]]:
        near = queries[:, :count] @ turned[:, :count].T
        np.fill_diagonal(near, -np.inf)
        last = -np.partition(-near, wide - 1, axis=1)[:, wide - 1, None]
        if (np.take_along_axis(near, true, axis=1) >= last).mean() >= SUFFICES:
            return np.ascontiguousarray(directions[:, :count]), spread
    return directions, spread


def _directions(rows: np.ndarray) -> np.ndarray:
    """The principal directions of rows (n, dim), the strongest first: (dim, min(n, dim)) float32."""
    if len(rows) < rows.shape[1]:
        return np.linalg.svd(rows.astype(np.float64), full_matrices=False)[2].T.astype(np.float32)
    _, vectors = np.linalg.eigh((rows.T @ rows).astype(np.float64))
    return np.ascontiguousarray(vectors[:, ::-1], dtype=np.float32)

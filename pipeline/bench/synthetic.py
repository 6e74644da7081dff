"""Libraries of synthetic vectors, for sizes nobody has pictures for.

The vectors follow what the extractors make of 3,781 clothing photographs: topics of very
unequal size, small groups within them, and pictures that differ from their group in a
limited number of directions. Cosines to the 1st, 10th, 50th and 500th neighbor among
3,000, and the mean cosine of any two (medians):

    color         real 0.87 0.79 0.71 0.53, 0.38     synthetic 0.88 0.78 0.64 0.49, 0.38
    sift          real 0.26 0.19 0.14 0.06, 0.00     synthetic 0.31 0.24 0.19 0.09, 0.00
    efficientnet  real 0.72 0.65 0.59 0.47, 0.37     synthetic 0.73 0.64 0.56 0.45, 0.38
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.embeddings import create
from pipeline.library import Library

_STEP = 4_096
_TOPICS = 60
_PER_GROUP = 60
"""Pictures of one group, on average: groups grow in number with the library, not in size."""


@dataclass(frozen=True)
class _Shape:
    """Shares of the squared length: what all have in common, the topic, the group; the rest
    is the picture's own, in `directions` directions."""

    common: float
    topic: float
    group: float
    directions: int


_SHAPES = {
    "color": _Shape(0.36, 0.13, 0.18, 12),
    "sift": _Shape(0.0, 0.04, 0.04, 240),
    "efficientnet": _Shape(0.37, 0.08, 0.12, 40),
}

DIMS = {name: create(name).dim for name in _SHAPES}
"""Lengths of the vectors: those of the extractors that need no download."""


def vectors(count: int, first: int, rows: int, dims: dict[str, int]) -> dict[str, np.ndarray]:
    """The vectors of images first … first + rows − 1 of a library of `count`.

    Returns {name: (rows, dim) float32, rows of L2 norm 1}; the same for the same arguments,
    and numbers from `count` up are images of the same kind that the library does not hold.
    """
    generator = np.random.default_rng([first, rows])
    groups = max(1, count // _PER_GROUP)
    popularity = 1 / np.arange(1, _TOPICS + 1)
    of_group = np.random.default_rng(0).choice(_TOPICS, groups, p=popularity / popularity.sum())
    group = generator.integers(groups, size=rows)
    found = {}
    for number, (name, dim) in enumerate(dims.items()):
        shape = _SHAPES[name]
        fixed = np.random.default_rng([1, number])
        common, topics = _unit(fixed.normal(size=(1, dim))), _unit(fixed.normal(size=(_TOPICS, dim)))
        axes = _unit(fixed.normal(size=(min(shape.directions, dim), dim)))
        mine = _unit(np.random.default_rng([2, number]).normal(size=(groups, dim)))[group]
        own = _unit(generator.normal(size=(rows, len(axes))).astype(np.float32) @ axes)
        share = 1 - shape.common - shape.topic - shape.group
        found[name] = _unit(
            np.sqrt(shape.common) * common
            + np.sqrt(shape.topic) * topics[of_group[group]]
            + np.sqrt(shape.group) * mine
            + np.sqrt(share) * own
        )
    return found


def store(data: Path, count: int, dims: dict[str, int]) -> None:
    """Make a library of `count` images without files in the empty directory `data`."""
    library = Library(data, create=True)
    for name, dim in dims.items():
        library.set_embedding(name, _extractor(name), dim, {})
    add(library, count, 0, count, dims)
    library.close()


def add(library: Library, count: int, first: int, rows: int, dims: dict[str, int]) -> None:
    """Put images first … first + rows − 1 of a library of `count` into it."""
    for start in range(first, first + rows, _STEP):
        part = range(start, min(start + _STEP, first + rows))
        ids = [number + 1 for number in part]
        root = library.add_root("/synthetic")
        library.db["images"].insert_all(_images(ids, root))
        made = vectors(count, start, len(part), dims)
        library.store([], {name: (_extractor(name), ids, made[name]) for name in dims})


def _images(ids: list[int], root: int) -> Iterator[dict]:
    for number in ids:
        yield {
            "id": number, "root_id": root, "path": f"{number % 20}/{number}.jpg", "label": str(number % 20),
            "size": 1, "mtime": 0.0, "content_hash": f"{number:032x}",
        }  # fmt: skip


def _extractor(name: str) -> str:
    return f"{name}/synthetic"


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

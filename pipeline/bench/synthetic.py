"""Libraries of synthetic vectors, for sizes nobody has pictures for.

The vectors follow what the extractors make of 3,781 clothing photographs, in two respects that
decide how hard it is to find the nearest. One is how much of what differs lies in how many
directions (`Shape.kept`): there are few strong ones, as in the real ones. The other is how near
the neighbors are: topics of very unequal size, small groups within them, and pictures that differ
from their group, some little and some much (`Shape.topic`, `group`, `vary`). `tests` hold both to the
figures of the photographs.

`ISOTROPIC` is the worst case: topics and groups lie in random directions of the whole space, so that
no few of them tell who is near.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from pipeline.embeddings import create
from pipeline.library import Library

_STEP = 4_096
_TOPICS = 60
_PER_GROUP = 60
"""Pictures of one group, on average: groups grow in number with the library, not in size."""

KNOTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1280)
"""Numbers of directions of which `Shape.kept` tells."""


@dataclass(frozen=True)
class Shape:
    """common: share of the squared length that all have in common; of the rest, topic and group:
    their shares, the others being the picture's own, in lengths that vary by exp(`vary` · normal).
    kept: share of all differences that lies in the strongest directions, by KNOTS; empty:
    differences lie in `directions` random ones (topics and groups in all), alike."""

    common: float
    topic: float
    group: float
    vary: float = 0.0
    kept: tuple[float, ...] = ()
    directions: int = 0


REAL = {
    "color": Shape(
        0.35, 0.435, 0.144, 0.375,
        (0.108, 0.193, 0.320, 0.473, 0.636, 0.781, 0.895, 0.968, 1.0),
    ),
    "sift": Shape(
        0.0, 0.02, 0.104, 0.446,
        (0.020, 0.038, 0.071, 0.121, 0.193, 0.297, 0.450, 0.678, 1.0),
    ),
    "efficientnet": Shape(
        0.36, 0.17, 0.07, 0.52,
        (0.094, 0.152, 0.233, 0.323, 0.429, 0.542, 0.652, 0.758, 0.858, 0.944, 1.0),
    ),
}  # fmt: skip
"""As the photographs' vectors are: `kept` is measured, the shares are chosen so that neighbors are as near."""
ISOTROPIC = {
    "color": Shape(0.36, 0.2, 0.28, directions=12),
    "sift": Shape(0.0, 0.04, 0.04, directions=240),
    "efficientnet": Shape(0.37, 0.13, 0.19, directions=40),
}

DIMS = {name: create(name).dim for name in ISOTROPIC}
"""Lengths of the vectors: those of the extractors that need no download."""


def vectors(
    count: int, first: int, rows: int, dims: Mapping[str, int], shapes: Mapping[str, Shape] = REAL
) -> dict[str, np.ndarray]:
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
        shape = shapes[name]
        world = _world(shape, number, dim, groups)
        own = generator.normal(size=(rows, len(world.own))).astype(np.float32) @ world.own
        own *= np.exp(shape.vary * generator.normal(size=(rows, 1))).astype(np.float32)
        differing = (
            np.sqrt(shape.topic) * world.topics[of_group[group]] + np.sqrt(shape.group) * world.groups[group]
            + np.sqrt(1 - shape.topic - shape.group) * own
        )  # fmt: skip
        found[name] = _unit(np.sqrt(shape.common) * world.common + np.sqrt(1 - shape.common) * differing)
    return found


@dataclass(frozen=True)
class _World:
    """What all pictures of a library share, by one embedding: common (1, dim), topics (_TOPICS, dim),
    groups (g, dim), and own (d, dim), the axes of what is a picture's own, all float32."""

    common: np.ndarray
    topics: np.ndarray
    groups: np.ndarray
    own: np.ndarray


@lru_cache(maxsize=8)
def _world(shape: Shape, number: int, dim: int, groups: int) -> _World:
    fixed, grown = np.random.default_rng([1, number]), np.random.default_rng([2, number])
    common = _unit(fixed.normal(size=(1, dim)))
    if not shape.kept:
        topics, mine = _unit(fixed.normal(size=(_TOPICS, dim))), _unit(grown.normal(size=(groups, dim)))
        axes = _unit(fixed.normal(size=(min(shape.directions, dim), dim)))
        return _World(common, topics, mine, axes / np.float32(np.sqrt(len(axes))))
    turned, _ = np.linalg.qr(fixed.normal(size=(dim, dim)))
    axes = (np.sqrt(spectrum(shape, dim))[:, None] * turned).astype(np.float32)
    topics = fixed.normal(size=(_TOPICS, dim)).astype(np.float32) @ axes
    return _World(common, topics, grown.normal(size=(groups, dim)).astype(np.float32) @ axes, axes)


def spectrum(shape: Shape, dim: int) -> np.ndarray:
    """Share of all differences that lies in each direction: (dim,) descending, of sum 1."""
    knots = KNOTS[: len(shape.kept)]
    kept = np.interp(np.log(np.arange(1, dim + 1)), np.log(knots), shape.kept)
    shares = np.diff(kept, prepend=0)
    return shares / shares.sum()


def sizes(ids: np.ndarray) -> np.ndarray:
    """The sizes of images, 1 to 100 bytes, in turn: a filter by size keeps as many as it says."""
    return np.asarray(ids) % 100 + 1


def store(data: Path, count: int, dims: Mapping[str, int], shapes: Mapping[str, Shape] = REAL) -> None:
    """Make a library of `count` images without files in the empty directory `data`."""
    library = Library(data, create=True)
    for name, dim in dims.items():
        library.set_embedding(name, _extractor(name), dim, {})
    add(library, count, 0, count, dims, shapes)
    library.close()


def add(
    library: Library, count: int, first: int, rows: int, dims: Mapping[str, int], shapes: Mapping[str, Shape] = REAL
) -> None:
    """Put images first … first + rows − 1 of a library of `count` into it."""
    for start in range(first, first + rows, _STEP):
        part = range(start, min(start + _STEP, first + rows))
        ids = [number + 1 for number in part]
        root = library.add_root("/synthetic")
        library.db["images"].insert_all(_images(ids, root))
        made = vectors(count, start, len(part), dims, shapes)
        library.store([], {name: (_extractor(name), ids, made[name]) for name in dims})


def _images(ids: list[int], root: int) -> Iterator[dict]:
    for number in ids:
        yield {
            "id": number, "root_id": root, "path": f"{number % 20}/{number}.jpg", "label": str(number % 20),
            "size": int(sizes(number)), "mtime": 0.0, "content_hash": f"{number:032x}",
        }  # fmt: skip


def _extractor(name: str) -> str:
    return f"{name}/synthetic"


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

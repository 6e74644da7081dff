"""The contract of an engine, on one screen: a described network in, vectors of pictures out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import openvino
    import torch

SAME = 0.999
"""Least cosine of vectors in 16 and in 32 bits, for a network to run in 16."""


class Unfit(Exception):
    """An engine cannot run this network here."""


@dataclass(frozen=True)
class Blueprint:
    """A network as its extractor knows it.

    name: of the embedding and its model, for files. made_of: all that its numbers depend on, its
    weights and the packages that build it: equal texts, equal networks; empty where nothing should be
    kept of it. side: of the square input,
    px. mean, std: per channel, on the 0–1 scale. module: loads it as torch's module, in 32 bits on
    the processor, for evaluation: normalized (n, 3, side, side) → (n, dim). exact: modules in it
    that stay in 32 bits where the others have 16. graph: builds it for OpenVINO without torch, if
    it can; exact_until: the name of the operation up to which that one stays in 32 bits. trusted:
    whether it was measured that 16 bits (but for what is exact) change no vector; else it is tried.
    """

    name: str
    made_of: str
    side: int
    mean: Sequence[float]
    std: Sequence[float]
    module: Callable[[], torch.nn.Module]
    exact: Sequence[str] = ()
    graph: Callable[[], openvino.Model] | None = None
    exact_until: str | None = None
    trusted: bool = False


class Network(ABC):
    """A frozen network, safe to share between threads."""

    engine: str
    """`openvino` or `torch`."""
    precision: str
    """What most of it is computed in: `fp32`, `bf16` or `fp16`."""

    @abstractmethod
    def __call__(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """n ≥ 1 pictures (side, side, 3) uint8 RGB → (n, dim) float32, not normalized; or (n, dim, rows, columns)
        of a network that is described up to its feature map.

        A picture's row does not depend on the others, beyond the last digits.
        """


def least_cosine(rows: Any, others: Any) -> float:
    """The least cosine between the rows of two arrays (n, dim), row by row; NaN where one is not finite."""
    both = [np.asarray(one, np.float64) for one in (rows, others)]
    both = [one / np.linalg.norm(one, axis=1, keepdims=True).clip(1e-12) for one in both]
    return float((both[0] * both[1]).sum(axis=1).min())


def drawn(side: int) -> np.ndarray:
    """Four pictures with large and small things in them, to try a network on: (4, side, side, 3) uint8."""
    random = np.random.default_rng(0)
    cells = [random.integers(0, 256, (4, count, count, 3)) for count in (3, 9, 27)]
    at = [np.arange(side) * len(one[0]) // side for one in cells]
    return np.mean([one[:, rows][:, :, rows] for one, rows in zip(cells, at)], axis=0).astype(np.uint8)

"""What the neural extractors share: the device, the precision and the way through a network.

torch is imported at first use, never with this module: worker processes prepare pictures
without it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import SettingsError
from pipeline.settings import cores

if TYPE_CHECKING:
    import torch


def choose_device(name: str) -> torch.device:
    """The device called `name`; `auto` takes CUDA, else Apple's MPS, else the processor."""
    import torch

    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, there in available.items() if there)
    if not available.get(name.partition(":")[0], False):
        raise SettingsError(f"There is no {name} device here; use --device auto or cpu.")
    return torch.device(name)


def half_precision(device: torch.device) -> torch.dtype | None:
    """The 16-bit type that the device multiplies natively, or None: stay with fp32.

    On a processor bfloat16 pays only where it has the instructions (AVX-512 BF16, AMX);
    emulated it is slower than fp32.
    """
    import torch

    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        if able.get("avx512_bf16") or able.get("amx_bf16"):
            return torch.bfloat16
    return None


def narrow_weights(module: torch.nn.Module, half: torch.dtype | None) -> torch.nn.Module:
    """Store the weights that autocast would narrow on every pass in 16 bits once; in place.

    Everything else (norms, positions, the sums between blocks) stays fp32.
    """
    import torch

    if half is not None:
        for part in module.modules():
            if isinstance(part, (torch.nn.Linear, torch.nn.Conv2d)):
                part.to(half)
    return module


class Network:
    """A frozen network: batches of uint8 pictures in, float32 features out.

    Several threads may share it; one batch goes through at a time. A pass has all cores
    anyway, and some packages keep a layer's output in the module meanwhile.
    """

    def __init__(
        self,
        features: Callable[[torch.Tensor], torch.Tensor],
        mean: Sequence[float],
        std: Sequence[float],
        device: torch.device,
        half: torch.dtype | None = None,
    ):
        """`features` maps a normalized (n, 3, h, w) batch on `device` to (n, dim).

        `mean` and `std` are per channel, on the 0–1 scale; `half` turns autocast on.
        """
        import torch

        if device.type == "cpu":
            torch.set_num_threads(cores())
        self._features = features
        self._device = device
        self._half = half
        self._passing = threading.Lock()
        shape = (1, 3, 1, 1)
        self._scale = (1 / (255 * torch.tensor(std))).reshape(shape).to(device)
        self._shift = (-torch.tensor(mean) / torch.tensor(std)).reshape(shape).to(device)

    def __call__(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """n pictures (h, w, 3) uint8 RGB → (n, dim) float32, not normalized."""
        import torch

        batch = torch.from_numpy(np.stack(prepared))
        if self._device.type == "cuda":
            batch = batch.pin_memory().to(self._device, non_blocking=True)
        else:
            batch = batch.to(self._device)
        with self._passing, torch.inference_mode(), torch.autocast(
            self._device.type, dtype=self._half, enabled=self._half is not None
        ):
            # (n, h, w, 3) seen as (n, 3, h, w) is the channels-last layout: no copy.
            pixels = torch.addcmul(
                self._shift, batch.permute(0, 3, 1, 2).float(), self._scale
            )
            return self._features(pixels).float().cpu().numpy()


SAME = 0.999
"""Least cosine of vectors in 16 and in 32 bits for a network to run in 16."""


def narrowed(features: Callable, side: int, mean: Sequence[float], std: Sequence[float], device: torch.device) -> Network:
    """A network of which nothing is known, in 16 bits where that is faster and changes no vector.

    Tried with a few drawn pictures of `side` px; arguments as for `Network`.
    """
    exact, half = Network(features, mean, std, device), half_precision(device)
    if half is None:
        return exact
    fast, drawn = Network(features, mean, std, device, half), _drawn(side)
    both = [rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-12) for rows in (exact(drawn), fast(drawn))]
    return fast if (both[0] * both[1]).sum(axis=1).min() >= SAME else exact


def _drawn(side: int) -> np.ndarray:
    """Four pictures with large and small things in them: (4, side, side, 3) uint8."""
    random = np.random.default_rng(0)
    cells = [random.integers(0, 256, (4, count, count, 3)) for count in (3, 9, 27)]
    at = [np.arange(side) * len(one[0]) // side for one in cells]
    return np.mean([one[:, rows][:, :, rows] for one, rows in zip(cells, at)], axis=0).astype(np.uint8)

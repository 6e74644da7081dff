"""Networks through torch: on CUDA and MPS, and on processors where OpenVINO is not to be had.

torch is imported at first use, never with this module.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.embeddings.engines.contract import SAME, Blueprint, Network, drawn, least_cosine
from pipeline.errors import SettingsError
from pipeline.settings import cores

if TYPE_CHECKING:
    import torch


def load(blueprint: Blueprint, device: str = "auto", module: torch.nn.Module | None = None) -> Network:
    """The network on a device. module: where it is loaded already."""
    where = choose_device(device)
    half = half_precision(where)
    made = (module or blueprint.module()).to(where)
    exact = TorchNetwork(made, blueprint, where)
    if half is None:
        return exact
    if not blueprint.trusted:  # with weights as they are; nothing has changed where it stays in 32 bits
        pictures = drawn(blueprint.side)
        fast = TorchNetwork(made, blueprint, where, half)
        return fast if least_cosine(exact(pictures), fast(pictures)) >= SAME else exact
    _keep_exact(made, blueprint.exact)
    _narrow_weights(made, blueprint.exact, half)
    return TorchNetwork(made, blueprint, where, half)


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


def _narrow_weights(module: torch.nn.Module, exact: Sequence[str], half: torch.dtype) -> None:
    """Store the weights that autocast would narrow on every pass in 16 bits once; in place.

    Everything else (norms, positions, the sums between blocks, what is exact) stays fp32.
    """
    import torch

    for name, part in module.named_modules():
        inside = any(f"{name}.".startswith(f"{one}.") for one in exact)
        if isinstance(part, (torch.nn.Linear, torch.nn.Conv2d)) and not inside:
            part.to(half)


def _keep_exact(module: torch.nn.Module, names: Sequence[str]) -> None:
    """Have these modules compute in 32 bits whatever is around them; in place."""
    for name in names:
        part = module.get_submodule(name)
        part.forward = _exactly(part.forward)


def _exactly(forward: Callable) -> Callable:
    def exact(x):
        import torch

        with torch.autocast(x.device.type, enabled=False):
            return forward(x.float())

    return exact


class TorchNetwork(Network):
    """A module of torch on its device. One batch goes through at a time: a pass has all cores
    anyway, and some packages keep a layer's output in the module meanwhile."""

    engine = "torch"

    def __init__(
        self, module: torch.nn.Module, blueprint: Blueprint, device: torch.device, half: torch.dtype | None = None
    ):
        """half: the type of autocast, None for 32 bits."""
        import torch

        if device.type == "cpu":
            torch.set_num_threads(cores())
        self.precision = {torch.bfloat16: "bf16", torch.float16: "fp16"}.get(half, "fp32")
        self._module, self._device, self._half = module, device, half
        self._passing = threading.Lock()
        mean, std, shape = torch.tensor(blueprint.mean), torch.tensor(blueprint.std), (1, 3, 1, 1)
        self._scale = (1 / (255 * std)).reshape(shape).to(device)
        self._shift = (-mean / std).reshape(shape).to(device)

    def __call__(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
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
            pixels = torch.addcmul(self._shift, batch.permute(0, 3, 1, 2).float(), self._scale)
            return self._module(pixels).float().cpu().numpy()

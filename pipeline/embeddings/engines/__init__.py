"""What runs networks: OpenVINO on processors, torch on CUDA and MPS and wherever OpenVINO cannot.

An extractor describes its network once (`contract.Blueprint`) and gets a `contract.Network`,
whichever engine made it. All engines give the same vectors: cosine 1.0000 in 32 bits, at least
`contract.SAME` in 16. So vectors do not name the engine, and a library that was begun with one
goes on with another.

The rule follows measurements on processors of two kinds: OpenVINO was faster for every network
that was tried, quiet and busy (`python -m pipeline bench --stages networks`), and starts without
torch, whose import alone takes seconds.

Why not in 8 bits: EfficientNet-Lite0 quantized by NNCF 3.4 (mixed preset, 300 photographs to calibrate with) finds
as many of the same class on the 3,781 clothing photographs (precision@10 0.758, as it runs 0.754), in 6.2 ms of one
core a picture for 9.0 (in turn, on a busy machine). But its vectors are others: cosine to those as they run 0.992 in
the median and 0.75 at worst, 18 of 100 neighbors change. Every library would have to be computed anew, and torch on
a GPU would give other vectors, for a tenth of what `embed` takes.
"""

from __future__ import annotations

from pipeline import settings
from pipeline.embeddings.engines import kept
from pipeline.embeddings.engines.contract import SAME, Blueprint, Network, Unfit
from pipeline.errors import SettingsError

__all__ = ["SAME", "Blueprint", "Network", "Unfit", "load", "name", "slower"]


def name(device: str) -> str:
    """Which engine runs networks on `device` (`auto`, `cpu`, `cuda`, …): `openvino` or `torch`. SettingsError where that
    was asked for and is not here."""
    from pipeline.embeddings.engines import accelerators, openvino

    wanted = settings.engine()
    if wanted == "openvino" and not openvino.is_here():
        raise SettingsError("LIKENESS_ENGINE is openvino, which is not installed or does not load on this machine: pip install openvino, or leave it out.")
    if wanted != "auto":
        return wanted
    processor = device == "cpu" or device == "auto" and not accelerators.likely()
    return "openvino" if processor and openvino.is_here() else "torch"


def load(blueprint: Blueprint, device: str = "auto") -> Network:
    """A network, ready; raises what its weights raise, and SettingsError for a device that is not there.

    Where OpenVINO cannot run it torch does, which has every operation there is; why is kept for `slower`.
    """
    from pipeline.embeddings.engines import openvino, torch

    if name(device) == "openvino":
        try:
            network = openvino.load(blueprint)
            kept.note(blueprint, None)
            return network
        except Unfit as error:
            kept.note(blueprint, str(error))
    return torch.load(blueprint, device)


def slower(blueprint: Blueprint, device: str = "auto") -> str | None:
    """Why a network runs through torch on a processor, in one sentence; None where it does not. Loads nothing."""
    from pipeline.embeddings.engines import accelerators, openvino

    if settings.engine() != "auto" or device not in ("auto", "cpu") or device == "auto" and accelerators.likely():
        return None
    if not openvino.is_here():
        return "It runs through torch, which is slower: OpenVINO is not installed, or does not load on this machine."
    why = kept.noted(blueprint)
    return why and f"It runs through torch, which is slower: OpenVINO could not run it ({why})."

"""Human-judged similarity: DreamSim (Fu et al. 2023), through its own package.

A vision transformer fine-tuned with LoRA (Hu et al. 2021) on human similarity judgments.
The weights are those of the package's release archives; `unavailable_reason` says whether
they are here or can be fetched, before anything heavy is loaded.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import pickle
import shutil
import tempfile
import threading
import time
import urllib.request
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.embeddings.base import Extractor, unit_rows
from pipeline.errors import WeightsUnavailableError
from pipeline.settings import ExtractorOptions, cache_dir

SIDE = 224
"""Side of the network's input, px."""

RELEASE = "https://github.com/ssundaram21/dreamsim/releases/download/v0.2.0-checkpoints"
"""Where the package downloads its archives; asked once whether it can be reached."""

REACH_SECONDS = 6.0
"""How long the release address may take to answer, name lookup included."""

DIMS = {
    "open_clip_vitb32": 512,
    "clip_vitb32": 512,
    "dino_vitb16": 768,
    "ensemble": 1792,
}

# What a release archive holds: backbones, then the folder of the LoRA adapter.
_FILES = {
    "open_clip_vitb32": ("open_clip_vitb32_pretrain.pth.tar", "open_clip_vitb32_single_lora"),
    "clip_vitb32": ("clip_vitb32_pretrain.pth.tar", "clip_vitb32_single_lora"),
    "dino_vitb16": ("dino_vitb16_pretrain.pth", "dino_vitb16_single_lora"),
    "ensemble": (
        "dino_vitb16_pretrain.pth",
        "open_clip_vitb16_pretrain.pth.tar",
        "clip_vitb16_pretrain.pth.tar",
        "ensemble_lora",
    ),
}

DINO_HUB = "https://github.com/facebookresearch/dino"
"""Where the loader of `dino_vitb16` and `ensemble` gets DINO's code, once."""

# What that loader then keeps beside the weights.
_HUB_FILES = (
    "facebookresearch_dino_main/hubconf.py",
    "checkpoints/dino_vitbase16_pretrain.pth",
)

_WAYS_OUT = (
    "Connect to the network, or give a directory with an unpacked release archive: "
    "--dreamsim-weights DIR."
)

# How damaged or foreign files show themselves in torch, safetensors, peft and zipfile.
_DAMAGED = (
    *(OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, UserWarning),
    *(pickle.UnpicklingError, zipfile.BadZipFile),
)


class DreamSim(Extractor):
    """DreamSim's embedding: features less their mean, L2-normalized."""

    name = "dreamsim"
    title = "Meaning"
    version = 2
    uses_network = True

    def __init__(self, options: ExtractorOptions = ExtractorOptions()):
        self._options = options
        self._network = None
        self.dim = DIMS[options.dreamsim_type]

    @classmethod
    def configured(cls, options: ExtractorOptions) -> DreamSim:
        return cls(options)

    @property
    def fingerprint(self) -> str:
        return f"{self.name}/{self.version} type={self._options.dreamsim_type}"

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """A decoded picture → (224, 224, 3) uint8 RGB, squeezed square as in training."""
        picture = Image.fromarray(image)
        return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC))

    def encode(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """n arrays (224, 224, 3) uint8 → (n, dim) float32, rows of L2 norm 1.

        Raises WeightsUnavailableError when the weights cannot be had.
        """
        if self._network is None:
            self._network = _load(self._options)
        features = self._network(prepared)
        return unit_rows(features - features.mean(axis=1, keepdims=True))


@dataclass(frozen=True)
class _Place:
    """Where the weights are looked for, and what is not there."""

    directory: Path
    given: bool
    missing: str | None


def unavailable_reason(options: ExtractorOptions) -> str | None:
    """Why DreamSim cannot be loaded, as one plain sentence; None when it can.

    Looks at the disk and, only where something is missing there, asks the address it
    would come from once. Answers within 15 s and loads nothing.
    """
    place, kind = _place(options), options.dreamsim_type
    if place.given and not place.directory.is_dir():
        return f"There is no directory {place.directory} with DreamSim's weights."
    if place.given and place.missing:
        return (
            f"DreamSim's weights in {place.directory} are incomplete: "
            f"{place.missing} is missing."
        )
    if place.missing:
        failure = _reach(f"{RELEASE}/dreamsim_{kind}_checkpoint.zip")
        if failure:
            return (
                "DreamSim's weights are not on this machine and cannot be downloaded "
                f"({failure})."
            )
    if _hub_missing(place.directory, kind):
        failure = _reach(DINO_HUB)
        if failure:
            return f"DreamSim's {kind} needs DINO's code from {DINO_HUB} as well ({failure})."
    return None


def _place(options: ExtractorOptions) -> _Place:
    kind = options.dreamsim_type
    given = options.dreamsim_weights or os.environ.get("LIKENESS_DREAMSIM_WEIGHTS")
    directory = Path(given) if given else cache_dir() / "dreamsim" / kind
    return _Place(directory, bool(given), _missing(directory, kind))


def _missing(directory: Path, kind: str) -> str | None:
    """The first file of the release that is not in `directory`; None when all are there."""
    *backbones, adapter = _FILES[kind]
    for name in (*backbones, f"{adapter}/adapter_config.json"):
        if not (directory / name).is_file():
            return name
    weights = ("adapter_model.safetensors", "adapter_model.bin")
    if not any((directory / adapter / name).is_file() for name in weights):
        return f"{adapter}/{weights[0]}"
    return None


def _hub_missing(directory: Path, kind: str) -> bool:
    needs_hub = "dino_vitb16_pretrain.pth" in _FILES[kind]
    return needs_hub and not all((directory / name).is_file() for name in _HUB_FILES)


def _reach(address: str) -> str | None:
    """Ask for `address` once; None when it answers, else why not in a few words.

    In a thread of its own, because no timeout covers a name lookup.
    """
    answer: list[str | None] = []

    def ask() -> None:
        try:
            urllib.request.urlopen(address, timeout=REACH_SECONDS).close()
            answer.append(None)
        except (OSError, ValueError, http.client.HTTPException) as error:
            cause = getattr(error, "reason", error)
            answer.append(getattr(cause, "strerror", None) or str(cause))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(REACH_SECONDS)
    return answer[0] if answer else "no answer"


def _load(options: ExtractorOptions):
    """The package's own model, downloaded where needed, LoRA merged, as a Network."""
    reason = unavailable_reason(options)
    if reason:
        raise WeightsUnavailableError(f"{reason} {_WAYS_OUT}")

    from pipeline.embeddings import network

    place, kind = _place(options), options.dreamsim_type
    device = network.choose_device(options.device)
    half = network.half_precision(device)
    with _quiet():
        if place.missing:
            _download(place.directory, kind)
        model = _merged(place.directory, kind, device)
    for extractor in model.extractor_list:
        _attend_once(extractor.model.blocks[-1])
    network.narrow_weights(model, half)
    return network.Network(model.embed, (0, 0, 0), (1, 1, 1), device, half)


def _download(directory: Path, kind: str) -> None:
    """Fetch and unpack a release archive; `directory` appears only when it is complete."""
    from dreamsim.model import download_weights

    directory.parent.mkdir(parents=True, exist_ok=True)
    for left in directory.parent.glob(f".{kind}-*"):
        if time.time() - left.stat().st_mtime > 86_400:  # of a download killed long ago
            shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=directory.parent))
    try:
        download_weights(cache_dir=str(fresh), dreamsim_type=kind)
        (fresh / "pretrained.zip").unlink()
        missing = _missing(fresh, kind)
        if missing:
            raise zipfile.BadZipFile(f"{missing} is missing in it")
        if _missing(directory, kind):  # nobody else finished the same meanwhile
            shutil.rmtree(directory, ignore_errors=True)
            fresh.rename(directory)
    except (OSError, zipfile.BadZipFile, http.client.HTTPException) as error:
        raise WeightsUnavailableError(
            f"DreamSim's weights could not be downloaded ({error}). {_WAYS_OUT}"
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _merged(directory: Path, kind: str, device):
    """The package's PerceptualModel in evaluation mode, LoRA added into its weights."""
    from dreamsim import dreamsim
    from safetensors import SafetensorError

    try:
        # Without normalization: the package's own would run in 16 bits.
        model, _ = dreamsim(
            device=device,
            cache_dir=str(directory),
            normalize_embeds=False,
            dreamsim_type=kind,
        )
        return model.merge_and_unload()
    except (*_DAMAGED, SafetensorError) as error:
        first = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise WeightsUnavailableError(
            f"DreamSim's weights in {directory} cannot be loaded ({first}). "
            f"Remove them and try again. {_WAYS_OUT}"
        ) from error


def _attend_once(block) -> None:
    """Let a transformer's last block compute its class token alone; in place.

    The embedding reads no other token, so the result is the same and the block's MLP,
    projection and queries (a fourteenth of the network) run on one token of 50.
    """
    from torch.nn import functional

    attention = block.attn
    heads = attention.num_heads

    def forward(tokens):
        n, length, width = tokens.shape
        seen = block.norm1(tokens)
        weight, bias = attention.qkv.weight, attention.qkv.bias
        query = functional.linear(seen[:, :1], weight[:width], bias[:width])
        keys_values = functional.linear(seen, weight[width:], bias[width:])
        query = query.view(n, 1, heads, -1).transpose(1, 2)
        key, value = keys_values.view(n, length, 2, heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        first = tokens[:, :1] + attention.proj(mixed.transpose(1, 2).reshape(n, 1, width))
        return first + block.mlp(block.norm2(first))

    block.forward = forward


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Swallow what the package prints and its libraries warn of; progress is on stderr.

    One warning is an error: an adapter that lacks LoRA matrices would load, and be wrong.
    """
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="Found missing adapter keys")
        yield

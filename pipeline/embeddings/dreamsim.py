"""Human-judged similarity: DreamSim (Fu et al. 2023), through its own package.

A vision transformer fine-tuned with LoRA (Hu et al. 2021) on human similarity judgments.
The weights are those of the package's release archives; `unavailable_reason` says whether
they are here or can be fetched, before anything heavy is loaded.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import os
import pickle
import shutil
import tempfile
import threading
import time
import urllib.request
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.embeddings import models
from pipeline.embeddings.base import Extractor, unit_rows
from pipeline.embeddings.options import Options, option
from pipeline.errors import SettingsError, WeightsUnavailableError
from pipeline.settings import cache_dir

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

# What the loader of `dino_vitb16` and `ensemble` looks for beside the weights, and would else
# fetch and run: code from a hub. Likeness never lets it.
_HUB_FILES = (
    "facebookresearch_dino_main/hubconf.py",
    "checkpoints/dino_vitbase16_pretrain.pth",
)

_WAYS_OUT = (
    "Connect to the network, or give a directory with an unpacked release archive: "
    "--dreamsim-weights DIR."
)

_ADAPTERS = ("adapter_model.safetensors", "adapter_model.bin")

# How damaged or foreign files show themselves in torch, safetensors, peft and zipfile.
_DAMAGED = (
    *(OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError),
    *(pickle.UnpicklingError, zipfile.BadZipFile),
)


@dataclass(frozen=True)
class DreamSimOptions(Options):
    """Which of the models, and where its weights lie."""

    type: str = option("open_clip_vitb32", "Which DreamSim model.", choices=tuple(DIMS))
    weights: Path | None = option(
        None, "Directory with an unpacked DreamSim release archive.", folder=True, changes_vectors=False
    )
    """None: LIKENESS_DREAMSIM_WEIGHTS, or the user's cache. Not where they lie but what is in
    them makes the vectors, and is in the fingerprint."""


class DreamSim(Extractor):
    """DreamSim's embedding: features less their mean, L2-normalized."""

    name = "dreamsim"
    version = 2
    options_type = DreamSimOptions
    uses_network = True

    def __init__(self, options: DreamSimOptions | None = None, device: str = "auto"):
        super().__init__(options, device)
        self.dim = DIMS[self.options.type]

    @classmethod
    def unavailable(cls, options: DreamSimOptions) -> str | None:
        return unavailable_reason(options)

    @classmethod
    def is_here(cls, options: DreamSimOptions) -> bool:
        try:
            place = _place(options)
        except SettingsError:
            return False
        return place.missing is None and _hub_missing(place.directory, options.type) is None

    def adopts(self, fingerprint: str) -> bool:
        """Fingerprints did not always name the weights."""
        return fingerprint == f"{self.name}/{self.version} type={self.options.type}"

    def fetch(self) -> None:
        _here(self.options)

    def facts(self) -> dict[str, object]:
        try:
            place = _place(self.options)
        except SettingsError:  # no place to look at: nothing there
            place = None
        digest = "none" if place is None or place.missing else _digest(place.directory, self.options.type)
        return {**self.options.changing(), "weights": digest}

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """A decoded picture → (224, 224, 3) uint8 RGB, squeezed square as in training."""
        picture = Image.fromarray(image)
        return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC))

    def encode(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """n arrays (224, 224, 3) uint8 → (n, dim) float32, rows of L2 norm 1.

        Raises WeightsUnavailableError when the weights cannot be had.
        """
        self.fetch()
        key = (self.fingerprint, self.device)
        features = models.shared(key, lambda: _load(self.options, self.device))(prepared)
        return unit_rows(features - features.mean(axis=1, keepdims=True))


@dataclass(frozen=True)
class _Place:
    """Where the weights are looked for, and what is not there."""

    directory: Path
    given: bool
    missing: str | None


def unavailable_reason(options: DreamSimOptions) -> str | None:
    """Why DreamSim cannot be loaded, as one plain sentence; None when it can.

    Looks at the disk and, only where something is missing there, asks the address it
    would come from once. Answers within 15 s and loads nothing.
    """
    try:
        place, kind = _place(options), options.type
    except SettingsError as error:
        return str(error)
    if place.given and not place.directory.is_dir():
        return f"There is no directory {place.directory} with DreamSim's weights."
    if place.given and place.missing:
        return (
            f"DreamSim's weights in {place.directory} are incomplete: "
            f"{place.missing} is missing."
        )
    lacking = _hub_missing(place.directory, kind)
    if lacking:
        return (
            f"DreamSim's {kind} needs DINO's code and weights as well, which are not downloaded by "
            f"themselves: {lacking} is missing in {place.directory}."
        )
    if place.missing and not _writable(place.directory):
        return (
            f"DreamSim's weights are not on this machine, and {place.directory} cannot be written to; "
            "set LIKENESS_CACHE."
        )
    if place.missing:
        failure = _reach(f"{RELEASE}/dreamsim_{kind}_checkpoint.zip")
        if failure:
            return (
                "DreamSim's weights are not on this machine and cannot be downloaded "
                f"({failure})."
            )
    return None


def _place(options: DreamSimOptions) -> _Place:
    given = options.weights or os.environ.get("LIKENESS_DREAMSIM_WEIGHTS")
    directory = Path(given) if given else cache_dir() / "dreamsim" / options.type
    return _Place(directory, bool(given), _missing(directory, options.type))


def _writable(directory: Path) -> bool:
    """Whether a directory that need not be there yet can be made and filled."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    return os.access(there, os.W_OK | os.X_OK)


def _missing(directory: Path, kind: str) -> str | None:
    """The first file of the release that is not in `directory`; None when all are there."""
    *backbones, adapter = _FILES[kind]
    for name in (*backbones, f"{adapter}/adapter_config.json"):
        if not (directory / name).is_file():
            return name
    if _adapter(directory, kind) is None:
        return f"{adapter}/{_ADAPTERS[0]}"
    return None


def _adapter(directory: Path, kind: str) -> Path | None:
    """The file of the LoRA matrices, in the format the package reads first."""
    files = [directory / _FILES[kind][-1] / name for name in _ADAPTERS]
    return next((file for file in files if file.is_file()), None)


def _hub_missing(directory: Path, kind: str) -> str | None:
    if "dino_vitb16_pretrain.pth" not in _FILES[kind]:
        return None
    return next((name for name in _HUB_FILES if not (directory / name).is_file()), None)


def _digest(directory: Path, kind: str) -> str:
    """8 hex digits of what is in the weights' files, wherever they lie."""
    *backbones, _ = _FILES[kind]
    together = hashlib.blake2b(digest_size=4)
    for file in (*(directory / name for name in backbones), _adapter(directory, kind)):
        status = file.stat()
        together.update(_content(file, status.st_size, status.st_mtime_ns))
    return together.hexdigest()


@functools.lru_cache(maxsize=32)
def _content(file: Path, size: int, mtime_ns: int) -> bytes:
    """BLAKE2b of a file; asked again only when its size or time has changed (350 MB take 0.4 s)."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "blake2b").digest()


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


def _here(options: DreamSimOptions) -> Path:
    """The directory with the weights, downloaded where needed."""
    reason = unavailable_reason(options)
    if reason:
        raise WeightsUnavailableError(f"{reason} {_WAYS_OUT}")
    place = _place(options)
    if place.missing:
        _download(place.directory, options.type)
    return place.directory


def _load(options: DreamSimOptions, device_name: str):
    """The package's own model, LoRA merged, as a Network."""
    directory = _here(options)

    from pipeline.embeddings import network

    device = network.choose_device(device_name)
    half = network.half_precision(device)
    model = _merged(directory, options.type, device)
    for extractor in model.extractor_list:
        _attend_once(extractor.model.blocks[-1])
    network.narrow_weights(model, half)
    return network.Network(model.embed, (0, 0, 0), (1, 1, 1), device, half)


def _download(directory: Path, kind: str) -> None:
    """Fetch and unpack a release archive; `directory` appears only when it is complete."""
    download_weights = _package().download_weights

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
    from safetensors import SafetensorError

    try:
        # Without normalization: the package's own would run in 16 bits.
        model, _ = _package().dreamsim(
            device=device,
            cache_dir=str(directory),
            normalize_embeds=False,
            dreamsim_type=kind,
        )
        _check_adapter(model, _adapter(directory, kind))
        return model.merge_and_unload()
    except (*_DAMAGED, SafetensorError) as error:
        first = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise WeightsUnavailableError(
            f"DreamSim's weights in {directory} cannot be loaded ({first}). "
            f"Remove them and try again. {_WAYS_OUT}"
        ) from error


def _package():
    """The module `dreamsim.model`, which no longer prints; its libraries' warnings are passed over.

    Neither sys.stdout nor the filters of warnings are exchanged for the while of loading:
    both belong to all threads, and another one would lose what it prints, or get back what
    was never its own.
    """
    from dreamsim import model

    model.print = lambda *_, **__: None
    warnings.filterwarnings("ignore", module=r"(dreamsim|peft|timm|open_clip|clip|transformers|torch)(\.|$)")
    return model


def _check_adapter(model, file: Path) -> None:
    """Raise KeyError where the adapter lacks LoRA matrices: it loads all the same, and is wrong."""
    import torch
    from safetensors import safe_open

    if file.suffix == ".safetensors":
        with safe_open(file, "pt") as opened:
            there = set(opened.keys())
    else:
        there = set(torch.load(file, map_location="cpu", weights_only=True))
    wanted = [name.replace(".default", "") for name, _ in model.named_parameters() if "lora_" in name]
    for name in wanted:
        if not any(key.endswith(name.partition("extractor_list")[2]) for key in there):
            raise KeyError(f"{name} is missing in {file.name}")


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

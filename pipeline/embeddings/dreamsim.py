"""Human-judged similarity: DreamSim (Fu et al. 2023), through its own package.

A vision transformer fine-tuned with LoRA (Hu et al. 2021) on human similarity judgments.
Its weights are the concern of `dreamsim_weights`.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.embeddings import dense, engines, models
from pipeline.embeddings.base import Extractor, Regions, unit_rows
from pipeline.embeddings.dreamsim_weights import WAYS_OUT, Weights, package, unavailable_reason
from pipeline.embeddings.options import Options, option
from pipeline.errors import SettingsError, WeightsUnavailableError
from pipeline.progress import Progress, Silent

SIDE = 224
"""Side of the network's input, px."""

DIMS = {
    "open_clip_vitb32": 512,
    "clip_vitb32": 512,
    "dino_vitb16": 768,
    "ensemble": 1792,
}

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
        return unavailable_reason(options.type, options.weights)

    @classmethod
    def is_here(cls, options: DreamSimOptions) -> bool:
        try:
            return Weights.of(options.type, options.weights).complete
        except SettingsError:
            return False

    def adopts(self, fingerprint: str) -> bool:
        """Fingerprints did not always name the weights."""
        return fingerprint == f"{self.name}/{self.version} type={self.options.type}"

    def fetch(self, progress: Progress = Silent()) -> None:
        _weights(self.options).fetch()

    def blueprint(self) -> engines.Blueprint:
        return blueprint(self.options)

    def facts(self) -> dict[str, object]:
        try:
            weights = _weights(self.options)
        except WeightsUnavailableError:  # no place to look at: nothing there
            weights = None
        digest = "none" if weights is None or weights.missing else weights.digest()
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
        features = models.shared(key, lambda: engines.load(self.blueprint(), self.device))(prepared)
        return unit_rows(features - features.mean(axis=1, keepdims=True))

    def regions(self, image: np.ndarray) -> Regions | None:
        """Its patches, of the models that are one transformer of CLIP; they cover the whole picture."""
        if not self.options.type.endswith("clip_vitb32"):
            return None
        self.fetch()
        plan = replace(blueprint(self.options), name=f"dreamsim-{self.options.type}-regions", module=lambda: _patches(_weights(self.options)))
        plan = replace(plan, made_of=f"{plan.made_of} regions")
        key = (self.fingerprint, self.device, "regions")
        seen = models.shared(key, lambda: dense.load(plan, self.device, self.encode)).regions(self.prepare(image), (0.0, 0.0, 1.0, 1.0))
        return replace(seen, features=seen.features - seen.features.mean(axis=2, keepdims=True))


def _weights(options: DreamSimOptions) -> Weights:
    try:
        return Weights.of(options.type, options.weights)
    except SettingsError as error:
        raise WeightsUnavailableError(f"{error} {WAYS_OUT}") from None


def blueprint(options: DreamSimOptions) -> engines.Blueprint:
    """The package's own model, LoRA merged."""
    weights = _weights(options)
    made_of = f"dreamsim {version('dreamsim')} {weights.kind} {weights.digest()}"
    return engines.Blueprint(
        name=f"dreamsim-{weights.kind}", made_of=made_of, side=SIDE, mean=(0, 0, 0), std=(1, 1, 1),
        module=lambda: _module(weights), trusted=True,
    )  # fmt: skip


def _module(weights: Weights):
    """From pictures to features, as the package's `embed`, which squeezes a batch of one and cannot be converted."""
    import torch

    model = _merged(weights)
    for extractor in model.extractor_list:
        _attend_once(extractor.model.blocks[-1])

    class Features(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, pixels):
            each = [seen(pixels, extractor_index=at).flatten(1) for at, seen in enumerate(model.extract_feats_list)]
            return model.mlp(torch.cat(each, dim=-1))

    return Features().eval().requires_grad_(False)


def _patches(weights: Weights):
    """From pictures to what is made of each patch as the vector is of the class token: (n, 512, 7, 7)."""
    import torch

    model = _merged(weights)
    seeing = model.extractor_list[0]

    class Patches(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.transformer, self.proj = seeing.model, seeing.proj

        def forward(self, pixels):
            tokens = self.transformer.prepare_tokens(model._preprocess(pixels, model.model_list[0]))
            for block in self.transformer.blocks:
                tokens = block(tokens)
            return dense.grid(self.transformer.norm(tokens)[:, 1:] @ self.proj)

    return Patches().eval().requires_grad_(False)


def _merged(weights: Weights):
    """The package's PerceptualModel in evaluation mode, LoRA added into its weights."""
    from safetensors import SafetensorError

    try:
        # Without normalization: the package's own would run in 16 bits.
        model, _ = package().dreamsim(
            device="cpu",
            cache_dir=str(weights.directory),
            normalize_embeds=False,
            dreamsim_type=weights.kind,
        )
        _check_adapter(model, weights.adapter)
        return model.merge_and_unload()
    except (*_DAMAGED, SafetensorError) as error:
        first = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise WeightsUnavailableError(
            f"DreamSim's weights in {weights.directory} cannot be loaded ({first}). "
            f"Remove them and try again. {WAYS_OUT}"
        ) from error


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

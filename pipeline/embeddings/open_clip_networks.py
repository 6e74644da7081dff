"""Networks that see pictures and read words: CLIP (Radford et al. 2021) and its kin, through open_clip.

Pictures and words become vectors in one space, so that words find pictures. A model and a
checkpoint are named `MODEL:CHECKPOINT`, in small letters: `vit-b-32:laion2b_s34b_b79k`.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.embeddings import models
from pipeline.embeddings.base import unit_rows
from pipeline.embeddings.dense import NoRegions, grid
from pipeline.embeddings.described import Described
from pipeline.embeddings.hub import Source
from pipeline.embeddings.options import option
from pipeline.embeddings.preprocessing import Preprocessing
from pipeline.embeddings.pretrained import Pretrained, PretrainedOptions, loaded, unknown
from pipeline.errors import WeightsUnavailableError

_TEXT, _IMAGE = ("transformer", "token_embedding", "ln_final", "text", "text_decoder"), ("visual",)
"""The parts of a model that read words, and those that see."""

_KEPT = 1_000  # texts of which the vectors are remembered, by network


class OpenClip(Pretrained):
    """Both towers of a network of open_clip; each is loaded when it is first needed."""

    name = "open_clip"
    packages = ("open_clip_torch",)

    @staticmethod
    @functools.cache
    def described(model: str) -> Described:
        import open_clip

        named, _, tag = model.partition(":")
        exact = next((one for one in open_clip.list_models() if one.lower() == named), None)
        if exact is None:
            raise unknown("open_clip", named, (one.lower() for one in open_clip.list_models()))
        tags = open_clip.list_pretrained_tags_by_model(exact)
        if tag and tag not in (one.lower() for one in tags):
            raise unknown("open_clip", model, (f"{named}:{one.lower()}" for one in tags))
        tag = next((one for one in tags if one.lower() == tag), "")
        shape, config = open_clip.get_model_config(exact), open_clip.get_pretrained_cfg(exact, tag) if tag else {}
        preprocessing = Preprocessing.of_open_clip(shape["vision_cfg"].get("image_size", 224), config)
        repository, _, file = config.get("hf_hub", "").rpartition("/")
        files = ("open_clip_model.safetensors", file or "open_clip_pytorch_model.bin")
        source = Source(repository, files) if repository else None
        return Described(f"{exact}/{tag}" if tag else exact, shape["embed_dim"], preprocessing, source)

    @staticmethod
    def module(described: Described, file: Path):
        import torch

        model = _made(described, file, _TEXT)

        class Seeing(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = model

            def forward(self, pixels):
                return self.model.encode_image(pixels)

        return Seeing().eval()

    @staticmethod
    def dense_module(described: Described, file: Path):
        """Its patches among pictures and words: what the last block's attention takes of each, sent on as if
        the class token had taken it from there alone (MaskCLIP, Zhou et al. 2022). The tokens that leave
        that block have looked at one another, and say little of their own place."""
        return _patches(_made(described, file, _TEXT))

    def encode_text(self, text: str) -> np.ndarray | None:
        """Words as a direction among pictures: (dim,) float32, L2 norm 1; remembered by text.

        Raises WeightsUnavailableError where the weights, or the words' tokenizer, cannot be had.
        """
        self.fetch()
        reader = models.shared((self.fingerprint, self.device, "text"), self._reader)
        return reader(text)

    def _reader(self) -> Reader:
        described, file = self.about, self._file(self.options)
        return loaded(lambda: Reader(described, file, self.device), described, file)


class Reader:
    """The tower that reads words. Safe to share between threads."""

    def __init__(self, described: Described, file: Path, device: str):
        import open_clip

        from pipeline.embeddings.engines import torch as engine

        self._device = engine.choose_device(device)
        self._model = _made(described, file, _IMAGE).to(self._device)
        try:
            self._tokens = open_clip.get_tokenizer(described.exact.partition("/")[0])
        except OSError as error:  # some networks split words by a table that lies on the hub, too
            first = str(error).partition("\n")[0].rstrip(".")
            raise WeightsUnavailableError(f"{described.exact} reads no words here ({first}).") from None
        self._reading = threading.Lock()
        self._known: dict[str, np.ndarray] = {}

    def __call__(self, text: str) -> np.ndarray:
        """The vector of a text, (dim,) float32 of L2 norm 1."""
        import torch

        with self._reading:
            if text not in self._known:
                with torch.inference_mode():
                    found = self._model.encode_text(self._tokens([text]).to(self._device))
                if len(self._known) >= _KEPT:
                    self._known.pop(next(iter(self._known)))
                self._known[text] = unit_rows(found.float().cpu().numpy())[0]
            return self._known[text]


def _patches(model):
    """A model's tower that sees, up to the vectors of its patches; NoRegions for another than a plain transformer."""
    import open_clip
    import torch
    from torch.nn import functional

    tower = model.visual
    plain = isinstance(tower, open_clip.transformer.VisionTransformer) and tower.attn_pool is None and tower.pool_type == "tok"
    last = tower.transformer.resblocks[-1] if plain else None
    attention = getattr(last, "attn", None)
    if not isinstance(attention, torch.nn.MultiheadAttention) or attention.in_proj_weight is None or not attention.batch_first:
        raise NoRegions

    class Patches(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.tower = tower

        def forward(self, pixels):
            tokens = self.tower._embeds(pixels)
            for block in self.tower.transformer.resblocks[:-1]:
                tokens = block(tokens)
            seen = last.ln_1(tokens)[:, 1:]
            width = seen.shape[2]
            values = functional.linear(seen, attention.in_proj_weight[2 * width :], attention.in_proj_bias[2 * width :])
            patches = self.tower.ln_post(last.ls_1(attention.out_proj(values)))
            return grid(patches if self.tower.proj is None else patches @ self.tower.proj)

    return Patches().eval()


def _made(described: Described, file: Path, without: tuple[str, ...]):
    """A model with its weights, less the parts that are not needed; every weight must be in the file."""
    import open_clip

    exact, _, tag = described.exact.partition("/")
    config = open_clip.get_pretrained_cfg(exact, tag) if tag else {}
    model = open_clip.create_model(exact, pretrained=str(file), force_quick_gelu=config.get("quick_gelu", False))
    for part in without:
        if hasattr(model, part):
            setattr(model, part, None)
    return model.eval().requires_grad_(False)


@dataclass(frozen=True)
class ClipOptions(PretrainedOptions):
    """The same, with a flag of its own."""

    weights: Path | None = option(
        None, "File with the weights of clip (ViT-B-32, laion2b_s34b_b79k).", file=True, changes_vectors=False
    )


class Clip(OpenClip):
    """The CLIP that `clip` stands for."""

    name = "clip"
    options_type = ClipOptions

    @property
    def way_out(self) -> str:
        return "Connect to the network, or give the file: --clip-weights FILE."

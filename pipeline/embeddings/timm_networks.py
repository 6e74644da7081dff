"""Networks by name from timm (Wightman 2019): ResNet, ViT, DINO, ConvNeXt and a thousand more.

A vector is what the network's own pooling gives, without its classifier.
"""

from __future__ import annotations

import functools
from pathlib import Path

from pipeline.embeddings.dense import NoRegions, grid
from pipeline.embeddings.described import Described
from pipeline.embeddings.hub import Source
from pipeline.embeddings.preprocessing import Preprocessing
from pipeline.embeddings.pretrained import Pretrained, unknown
from pipeline.errors import EmbeddingError


class Timm(Pretrained):
    """A network of timm, named as timm does: `resnet50.tv_in1k`."""

    name = "timm"
    packages = ("timm",)

    @staticmethod
    @functools.cache
    def described(model: str) -> Described:
        import timm
        from timm.data import resolve_data_config

        try:
            config = timm.models.get_pretrained_cfg(model, allow_unregistered=False)
        except RuntimeError:
            config = None
        if config is None or not timm.is_model(model):
            raise unknown("timm", model, timm.list_models(pretrained=True))
        try:
            preprocessing = Preprocessing.of_timm(resolve_data_config(pretrained_cfg=config.to_dict()))
        except ValueError as error:
            raise EmbeddingError(f"{model} cannot be used: {error}.") from None
        hub_id = config.hf_hub_id
        files = (config.hf_hub_filename,) if config.hf_hub_filename else ("model.safetensors", "pytorch_model.bin")
        return Described(model, _dim(model, preprocessing.side), preprocessing, Source(hub_id, files) if hub_id else None)

    @staticmethod
    def module(described: Described, file: Path):
        import timm

        # Its own classifier is made and thrown away: with another one, timm would pass over what
        # is missing in the file.
        overlay = {"file": str(file), "custom_load": file.suffix == ".npz"}
        model = timm.create_model(described.exact, pretrained=True, pretrained_cfg_overlay=overlay)
        model.reset_classifier(0)
        return model.eval().requires_grad_(False)

    @staticmethod
    def dense_module(described: Described, file: Path):
        """Its features before they are pooled, tokens in their places without those that stand for the whole."""
        import torch

        model = Timm.module(described, file)

        class Places(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = model

            def forward(self, pixels):
                seen = self.model.forward_features(pixels)
                if not isinstance(seen, torch.Tensor) or seen.ndim not in (3, 4):
                    raise NoRegions
                if seen.ndim == 3:
                    return grid(seen[:, getattr(self.model, "num_prefix_tokens", 0) :])
                return seen.permute(0, 3, 1, 2) if getattr(self.model, "output_fmt", "") == "NHWC" else seen

        places, side = Places().eval(), described.preprocessing.side
        with torch.inference_mode():
            if places(torch.zeros(1, 3, side, side)).shape[2] < 2:
                raise NoRegions
        return places


def _dim(model: str, side: int) -> int:
    """What comes out of a network, found on torch's device that computes no numbers."""
    import timm
    import torch

    with torch.device("meta"), torch.inference_mode():
        made = timm.create_model(model).eval()
        made.reset_classifier(0)
        return made(torch.empty(1, 3, side, side)).shape[1]

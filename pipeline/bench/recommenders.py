"""Extraction as public recommenders of similar pictures do it: a picture at a time, by a network in
32 bits through torch, and a decode for each feature.

Their networks are those that such projects mostly use. The weights are drawn by chance, in the
packages' own formats: nothing is downloaded, and a network takes as long whatever its weights are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pipeline import settings

NETWORKS = {"resnet": "resnet50", "clip": "ViT-B-32"}
"""By the embedding that is ours: the network as its package names it."""

Work = Callable[[Sequence[str]], None]
"""Looks at files."""


def write_weights(folder: Path, name: str) -> Path:
    """Weights drawn by chance of the network behind an embedding, as a file in `folder`."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    file = folder / f"{name}.safetensors"
    if not file.exists():
        save_file({key: value.contiguous() for key, value in _network(name).state_dict().items()}, file)
    return file


def resnet() -> Work:
    """torchvision's ResNet-50 up to its pooled features, as its documentation shows."""
    import torch
    from torchvision import transforms

    torch.set_num_threads(settings.cores())
    return _one_by_one(resnet_features(), transforms.Compose([
        transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]))  # fmt: skip


def resnet_features():
    """The network itself: normalized (n, 3, 224, 224) → (n, 2048)."""
    import torch
    from torchvision import models

    model = models.resnet50(weights=None)
    model.fc = torch.nn.Identity()
    return model.eval().requires_grad_(False)


def clip() -> Work:
    """open_clip's ViT-B/32, its pictures prepared as it does."""
    import open_clip
    import torch

    torch.set_num_threads(settings.cores())
    model, _, prepare = open_clip.create_model_and_transforms(NETWORKS["clip"])
    return _one_by_one(model.eval().encode_image, prepare)


def everything() -> Work:
    """A histogram, SIFT as the file is, and the features of ResNet-50, each with a decode of its own."""
    import cv2

    network, sift = resnet(), cv2.SIFT_create()

    def work(files: Sequence[str]) -> None:
        for file in files:
            picture = cv2.imread(file)
            np.concatenate([cv2.calcHist([picture], [channel], None, [16], [0, 256]) for channel in range(3)])
            sift.detectAndCompute(cv2.imread(file, cv2.IMREAD_GRAYSCALE), None)
            network([file])

    return work


def _one_by_one(model: Callable, prepare: Callable) -> Work:
    import torch
    from PIL import Image

    def work(files: Sequence[str]) -> None:
        with torch.no_grad():
            for file in files:
                model(prepare(Image.open(file).convert("RGB"))[None]).numpy()

    return work


def _network(name: str):
    if name == "clip":
        import open_clip

        return open_clip.create_model(NETWORKS["clip"])
    import timm

    return timm.create_model(NETWORKS["resnet"])

"""Weights of DreamSim, timm and open_clip in their published formats, random, for tests only.

Files, names and keys of DreamSim are those that its package unpacks from its release archives;
only the numbers are random. Vectors made with them mean nothing.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

LORA_RANK = 16


def write_release(directory: Path, dreamsim_type: str = "open_clip_vitb32", seed: int = 7) -> Path:
    """Write an unpacked release of a single CLIP-backed model (about 350 MB); returns it.

    `dreamsim_type` is `open_clip_vitb32` or `clip_vitb32`. The LoRA matrices B are not
    zero, as freshly initialized ones would be: a merge gone wrong would stay hidden.
    """
    import torch
    from safetensors.torch import save_file

    random = torch.Generator().manual_seed(seed)
    directory.mkdir(parents=True, exist_ok=True)
    torch.save(
        {"state_dict": _backbone(random)},
        directory / f"{dreamsim_type}_pretrain.pth.tar",
    )
    lora = directory / f"{dreamsim_type}_single_lora"
    lora.mkdir(exist_ok=True)
    (lora / "adapter_config.json").write_text(json.dumps(_adapter_config(), indent=2))
    save_file(_adapter(random), lora / "adapter_model.safetensors")
    return directory


def zip_release(directory: Path, archive: Path) -> Path:
    """Pack an unpacked release the way it is published; returns the archive."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(directory.rglob("*")):
            packed.write(path, path.relative_to(directory))
    return archive


def _backbone(random):
    """The state of a ViT-B/32 with CLIP's pre-norm and projection, fp32.

    Weights are scaled by their fan-in, so that signals neither vanish nor explode over
    twelve blocks and different pictures keep different vectors.
    """
    import torch
    from dreamsim.feature_extraction.vision_transformer import vit_base

    network = vit_base(patch_size=32)
    network.pos_drop = torch.nn.LayerNorm(network.embed_dim)
    state = {}
    for name, tensor in network.state_dict().items():
        noise = torch.empty_like(tensor).normal_(generator=random)
        if tensor.ndim >= 2 and "embed" not in name.split(".")[0].replace("patch_embed", ""):
            state[name] = noise / (tensor[0].numel() ** 0.5)
        elif "norm" in name and name.endswith("weight") or name == "pos_drop.weight":
            state[name] = 1 + 0.1 * noise
        else:
            state[name] = 0.05 * noise
    state["proj"] = torch.empty(768, 512).normal_(std=768**-0.5, generator=random)
    return state


def _adapter(random):
    """LoRA matrices A and B of every attention block, under peft's names."""
    import torch

    tensors = {}
    for block in range(12):
        prefix = f"base_model.model.extractor_list.0.model.blocks.{block}.attn.qkv"
        a = torch.empty(LORA_RANK, 768).normal_(std=768**-0.5, generator=random)
        b = torch.empty(3 * 768, LORA_RANK).normal_(std=4.0, generator=random)
        tensors[f"{prefix}.lora_A.weight"] = a
        tensors[f"{prefix}.lora_B.weight"] = b
    return tensors


def _adapter_config():
    # Rank, scaling and target as in the published training configuration of DreamSim.
    return {
        "auto_mapping": {
            "base_model_class": "PerceptualModel",
            "parent_library": "dreamsim.model",
        },
        "base_model_name_or_path": None,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "lora_alpha": 0.5,
        "lora_dropout": 0.3,
        "modules_to_save": None,
        "peft_type": "LORA",
        "r": LORA_RANK,
        "revision": None,
        "target_modules": ["qkv"],
        "task_type": None,
    }


def write_timm(name: str, file: Path, seed: int = 0, left_out: str = "") -> Path:
    """Random weights of a network of timm, as safetensors on the hub have them."""
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    state = timm.create_model(name).state_dict()
    save_file({key: value for key, value in state.items() if key != left_out}, file)
    return file


def write_clip(folder: Path) -> Path:
    """Random weights of a tiny CLIP, which open_clip knows from now on as `likeness-tiny`."""
    import open_clip
    import torch

    shape = {
        "embed_dim": 24, "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "patch_size": 16},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
    }  # fmt: skip
    (folder / "likeness-tiny.json").write_text(json.dumps(shape))
    open_clip.add_model_config(folder)
    torch.manual_seed(1)
    file = folder / "weights.pt"
    torch.save({"state_dict": open_clip.create_model("likeness-tiny").state_dict()}, file)
    return file

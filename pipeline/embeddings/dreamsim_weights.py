"""DreamSim's weights: where they lie, what of them is missing, and how they come here.

They are those of the package's release archives. Whether they can be had is said before
anything heavy is loaded.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import tempfile
import time
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.embeddings import hub
from pipeline.errors import SettingsError, WeightsUnavailableError
from pipeline.settings import cache_dir

RELEASE = "https://github.com/ssundaram21/dreamsim/releases/download/v0.2.0-checkpoints"
"""Where the package downloads its archives; asked once whether it can be reached."""

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

WAYS_OUT = (
    "Connect to the network, or give a directory with an unpacked release archive: "
    "--dreamsim-weights DIR."
)

_ADAPTERS = ("adapter_model.safetensors", "adapter_model.bin")


@dataclass(frozen=True)
class Weights:
    """The weights of one model in the directory where they are looked for.

    given: whether a person named the directory, so that nothing is downloaded into it.
    """

    kind: str
    directory: Path
    given: bool

    @classmethod
    def of(cls, kind: str, named: Path | None) -> Weights:
        """`named`, else LIKENESS_DREAMSIM_WEIGHTS, else the user's cache; SettingsError where there is none."""
        given = named or os.environ.get("LIKENESS_DREAMSIM_WEIGHTS")
        return cls(kind, Path(given) if given else cache_dir() / "dreamsim" / kind, bool(given))

    @property
    def missing(self) -> str | None:
        """The first file of the release that is not there; None when all are."""
        *backbones, adapter = _FILES[self.kind]
        for name in (*backbones, f"{adapter}/adapter_config.json"):
            if not (self.directory / name).is_file():
                return name
        return f"{adapter}/{_ADAPTERS[0]}" if self.adapter is None else None

    @property
    def adapter(self) -> Path | None:
        """The file of the LoRA matrices, in the format the package reads first."""
        files = [self.directory / _FILES[self.kind][-1] / name for name in _ADAPTERS]
        return next((file for file in files if file.is_file()), None)

    @property
    def lacking(self) -> str | None:
        """The first file of a hub's code that the loader would fetch; None where it needs none or has it."""
        if "dino_vitb16_pretrain.pth" not in _FILES[self.kind]:
            return None
        return next((name for name in _HUB_FILES if not (self.directory / name).is_file()), None)

    @property
    def complete(self) -> bool:
        """Whether they can be loaded as they lie."""
        return self.missing is None and self.lacking is None

    def digest(self) -> str:
        """8 hex digits of what is in the files, wherever they lie."""
        *backbones, _ = _FILES[self.kind]
        together = hashlib.blake2b(digest_size=4)
        for file in (*(self.directory / name for name in backbones), self.adapter):
            together.update(hub.digest(file))
        return together.hexdigest()

    def unavailable(self) -> str | None:
        """Why they cannot be had, as one plain sentence; None when they can.

        Looks at the disk and, only where something is missing there, asks the address it
        would come from once. Answers within 15 s and loads nothing.
        """
        if self.given and not self.directory.is_dir():
            return f"There is no directory {self.directory} with DreamSim's weights."
        if self.given and self.missing:
            return f"DreamSim's weights in {self.directory} are incomplete: {self.missing} is missing."
        if self.lacking:
            return (
                f"DreamSim's {self.kind} needs DINO's code and weights as well, which are not downloaded by "
                f"themselves: {self.lacking} is missing in {self.directory}."
            )
        if self.missing and not _writable(self.directory):
            return (
                f"DreamSim's weights are not on this machine, and {self.directory} cannot be written to; "
                "set LIKENESS_CACHE."
            )
        if self.missing and (failure := hub.reach(f"{RELEASE}/dreamsim_{self.kind}_checkpoint.zip")):
            return f"DreamSim's weights are not on this machine and cannot be downloaded ({failure})."
        return None

    def fetch(self) -> Path:
        """The directory with them, downloaded where needed; WeightsUnavailableError where they cannot be had."""
        if reason := self.unavailable():
            raise WeightsUnavailableError(f"{reason} {WAYS_OUT}")
        if self.missing:
            self._download()
        return self.directory

    def _download(self) -> None:
        """Fetch and unpack a release archive; the directory appears only when it is complete."""
        download_weights, parent = package().download_weights, self.directory.parent
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f".{self.kind}-*"):
            if time.time() - left.stat().st_mtime > 86_400:  # of a download killed long ago
                shutil.rmtree(left, ignore_errors=True)
        fresh = Weights(self.kind, Path(tempfile.mkdtemp(prefix=f".{self.kind}-", dir=parent)), False)
        try:
            download_weights(cache_dir=str(fresh.directory), dreamsim_type=self.kind)
            (fresh.directory / "pretrained.zip").unlink()
            if missing := fresh.missing:
                raise zipfile.BadZipFile(f"{missing} is missing in it")
            if self.missing:  # nobody else finished the same meanwhile
                shutil.rmtree(self.directory, ignore_errors=True)
                fresh.directory.rename(self.directory)
        except (OSError, zipfile.BadZipFile, http.client.HTTPException) as error:
            raise WeightsUnavailableError(
                f"DreamSim's weights could not be downloaded ({error}). {WAYS_OUT}"
            ) from error
        finally:
            shutil.rmtree(fresh.directory, ignore_errors=True)


def unavailable_reason(kind: str, named: Path | None) -> str | None:
    """Why the weights of a model cannot be had, be it that there is no place to look for them."""
    try:
        return Weights.of(kind, named).unavailable()
    except SettingsError as error:
        return str(error)


def package():
    """The module `dreamsim.model`, which no longer prints; its libraries' warnings are passed over.

    Neither sys.stdout nor the filters of warnings are exchanged for the while of loading:
    both belong to all threads, and another one would lose what it prints, or get back what
    was never its own.
    """
    from dreamsim import model

    model.print = lambda *_, **__: None
    warnings.filterwarnings("ignore", module=r"(dreamsim|peft|timm|open_clip|clip|transformers|torch)(\.|$)")
    return model


def _writable(directory: Path) -> bool:
    """Whether a directory that need not be there yet can be made and filled."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    return os.access(there, os.W_OK | os.X_OK)

"""Networks that were converted once, kept in the user's cache, so that later starts need no torch.

A kept network is a directory: the graph with its weights, and the rows that torch gave for
drawn pictures, by which it is checked whenever it is read. Whatever is wrong with the cache
costs time alone.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.embeddings.engines.contract import Blueprint
from pipeline.errors import SettingsError
from pipeline.settings import cache_dir

if TYPE_CHECKING:
    import openvino

_VERSION = 1
"""Raised when the same blueprint is converted or checked in another way."""

_LEFT = 86_400  # seconds after which what a killed process was writing is removed


@dataclass(frozen=True)
class Kept:
    """A kept network's files."""

    directory: Path

    @property
    def model(self) -> Path:
        """The file of the converted network; its weights lie beside it."""
        return self.directory / "network.xml"

    @property
    def expected(self) -> Path:
        """What it answered when it was kept: by that it is checked when it is read."""
        return self.directory / "expected.npy"


def find(blueprint: Blueprint) -> Kept | None:
    """What is kept of a network; None where nothing is."""
    if not blueprint.made_of:
        return None
    with suppress(SettingsError, OSError):
        there = Kept(_place(blueprint))
        return there if there.model.is_file() else None
    return None


def forget(found: Kept) -> None:
    """Remove what is of no use."""
    shutil.rmtree(found.directory, ignore_errors=True)


def keep(blueprint: Blueprint, model: openvino.Model, expected: np.ndarray) -> None:
    """Keep a converted network, if the cache can be written to; it appears whole or not at all."""
    if not blueprint.made_of:
        return
    import openvino

    fresh = None
    try:
        place = _place(blueprint)
        place.parent.mkdir(parents=True, exist_ok=True)
        _tidy(place)
        fresh = Kept(Path(tempfile.mkdtemp(prefix=".", dir=place.parent)))
        np.save(fresh.expected, expected)
        openvino.save_model(model, fresh.model, compress_to_fp16=False)
        fresh.directory.rename(place)
    except (SettingsError, OSError, RuntimeError):  # RuntimeError: OpenVINO's, of a full disk
        if fresh is not None:
            forget(fresh)


def note(blueprint: Blueprint, why: str | None) -> None:
    """Remember why OpenVINO could not run a network when it was tried last; None: it could."""
    with suppress(SettingsError, OSError):
        place = _why(blueprint)
        if why is None:
            place.unlink(missing_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(f"{why.strip().partition(chr(10))[0][:200]}\n")


def noted(blueprint: Blueprint) -> str | None:
    """What `note` was told last."""
    with suppress(SettingsError, OSError, ValueError):
        return _why(blueprint).read_text().strip()
    return None


def _why(blueprint: Blueprint) -> Path:
    return _place(blueprint).with_suffix(".unfit")


def _place(blueprint: Blueprint) -> Path:
    """Where a network is kept: by all that it and its conversion depend on."""
    said = f"{_VERSION} {version('openvino')} {blueprint.side} {blueprint.mean} {blueprint.std} {blueprint.made_of}"
    digest = hashlib.blake2b(said.encode(), digest_size=12).hexdigest()
    return cache_dir() / "networks" / f"{_slug(blueprint)}-{digest}"


def _slug(blueprint: Blueprint) -> str:
    return re.sub(r"[^a-z0-9._]+", "-", blueprint.name.lower()).strip("-.")


def _tidy(place: Path) -> None:
    """Remove the same network of other weights or versions, and what was left half written."""
    for other in place.parent.iterdir():
        own = other.name.rpartition("-")[0] == place.name.rpartition("-")[0]
        left = other.name.startswith(".") and time.time() - other.stat().st_mtime > _LEFT
        if own and other.is_dir() and other != place or left:
            shutil.rmtree(other, ignore_errors=True)

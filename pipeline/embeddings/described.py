"""What a package knows of a network without its weights, remembered: timm and open_clip take seconds to load."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pipeline.embeddings import hub
from pipeline.embeddings.preprocessing import Preprocessing
from pipeline.errors import SettingsError
from pipeline.settings import cache_dir


@dataclass(frozen=True)
class Described:
    """A network, but for its weights.

    exact: its name as the package writes it. dim: length of its vectors. source: where its
    weights are published; None: nowhere, or not as a file that can be fetched.
    """

    exact: str
    dim: int
    preprocessing: Preprocessing
    source: hub.Source | None


@cache
def remembered(package: str, model: str, ask: Callable[[str], Described]) -> Described:
    """What this version of a package knows of a model: as kept in the user's cache, else asked and kept."""
    place = None
    with suppress(SettingsError, OSError, ValueError, TypeError, KeyError):
        name = re.sub(r"[^A-Za-z0-9._]+", "-", f"{package}-{version(package)}-{model}")
        place = cache_dir() / "networks" / f"{name}.json"
        kept = json.loads(place.read_text(encoding="utf-8"))
        if kept.pop("model") == model:
            return _read(kept)
    found = ask(model)
    if place is not None:
        with suppress(OSError):
            _write(place, json.dumps({"model": model, **asdict(found)}))
    return found


def _read(kept: dict) -> Described:
    how, source = kept["preprocessing"], kept["source"]
    preprocessing = Preprocessing(**{**how, "mean": tuple(how["mean"]), "std": tuple(how["std"])})
    published = None if source is None else hub.Source(source["repository"], tuple(source["files"]))
    return Described(str(kept["exact"]), int(kept["dim"]), preprocessing, published)


def _write(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_suffix(".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(place)

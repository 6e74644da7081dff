"""The figures that were measured last, with what they were measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from pipeline import index as indexes
from pipeline import maps
from pipeline.library import Library, derived

_PLACE, _KEY = "quality/figures", "1"


@dataclass(frozen=True)
class Measured:
    """figures: as `evaluate` gives them. at: when, ISO 8601. images: how many there were. arrays: the votes of
    neighbors, `labels.Votes` by embedding (`ids:NAME`, `votes:NAME`) and `mistakes`. stale: what has changed since,
    in words; empty where nothing has."""

    figures: dict
    at: str
    images: int
    arrays: Mapping[str, np.ndarray]
    stale: tuple[str, ...]


def keep(library: Library, figures: dict, arrays: Mapping[str, np.ndarray], state: dict, images: int) -> None:
    """Keep figures; on a disk that takes nothing they are not kept. state: of `state_of`, taken before measuring."""
    about = {"figures": figures, "at": datetime.now(UTC).isoformat(timespec="seconds"), "images": images, "state": state}
    derived.offer(library, _PLACE, _KEY, arrays, about)


def read(library: Library) -> Measured | None:
    """What was measured last; None where nothing was, or it cannot be read."""
    found = derived.load(library, _PLACE, _KEY)
    if found is None:
        return None
    about = found.about
    return Measured(
        about["figures"], about["at"], about["images"], found.arrays, tuple(_changed(about["state"], state_of(library)))
    )


def state_of(library: Library) -> dict:
    """What figures depend on: the vectors, the index, the maps and the labels."""
    files = {name: maps.path(library, name) for name in maps.names(library)}
    labels = library.db.execute("SELECT count(label), count(DISTINCT label) FROM images WHERE state = 'ok'").fetchone()
    return {
        "vectors": {name: list(library.summary(name)) for name in library.embeddings()},
        "index": str(indexes.version(library)),
        "maps": {name: file.stat().st_mtime_ns for name, file in files.items() if file.is_file()},
        "labels": list(labels),
    }


def _changed(before: dict, now: dict) -> list[str]:
    said = {"vectors": "images or vectors", "index": "the index", "maps": "the maps", "labels": "the labels"}
    return [words for name, words in said.items() if before.get(name) != now[name]]

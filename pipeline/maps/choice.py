"""How a library's maps are set: as a person chose, and otherwise as they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from pipeline.errors import LibraryError
from pipeline.library import Library
from pipeline.maps import store
from pipeline.progress import Progress, Silent
from pipeline.settings import MapOptions

_STEP = "map"


def settled(library: Library, given: Mapping[str, Any] = {}, progress: Progress = Silent()) -> MapOptions | None:
    """The options of the maps with those `given` changed, which are remembered from now on.

    None where nobody has ever chosen any: each map stays as it was made. Says in one sentence
    why maps will be laid out anew.
    """
    kept = library.choice(_STEP) or {}
    if not given and not kept:
        return None
    made = _made(library)
    known = {item.name for item in fields(MapOptions)}
    chosen = {key: value for key, value in {**kept, **given}.items() if key in known}
    options = replace(made or MapOptions(), **chosen)
    if given:
        library.choose(_STEP, chosen)
    if made is not None and made != options:
        was, now = asdict(made), asdict(options)
        changes = ", ".join(f"{key} {was[key]} → {now[key]}" for key in now if was[key] != now[key])
        progress.say(f"The maps are laid out anew: {changes}.")
    return options


def _made(library: Library) -> MapOptions | None:
    """What the first map was made with; None where there is none that can be read."""
    for name in store.names(library):
        try:
            return store.load(library, name).options
        except LibraryError:
            continue
    return None

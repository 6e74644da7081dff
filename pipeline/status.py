"""What is in a library, and what of it is current."""

from __future__ import annotations

from contextlib import suppress

from pipeline import index, maps
from pipeline.embeddings import about, create, engines, find
from pipeline.errors import LikenessError
from pipeline.library import ImageRow, Library


def status(library: Library) -> dict:
    """The library at a glance, as `status --json` prints it.

    {"images": {"ok", "unreadable", "missing"}, "embeddings": {name: {"current", "stale",
    "missing"}}, "networks": {name: why it runs slower here than it could}, "index": {"size", "embeddings", "stale"} or None, "maps": {name:
    {"points", "clusters", "noise", "stale", "damaged"}}}; all figures count images.
    """
    return {
        "images": library.counts(),
        "embeddings": {name: coverage(library, name) for name in library.embeddings()},
        "networks": slower(library),
        "index": index.about(library),
        "maps": maps.about(library),
    }


def coverage(library: Library, name: str) -> dict[str, int]:
    """How many images have a current, a stale or no vector of an embedding.

    Vectors of another version of Likeness are stale, even where they are all of one kind:
    a picture from outside cannot be compared with them, and the next run replaces them.
    """
    found = library.coverage(name)
    current, entry = library.embeddings()[name].extractor, about(name)
    ours = entry.extractor and f"{name}/{entry.extractor.version}"
    if current and ours and current.split(" ")[0] != ours:
        found["stale"] += found["current"]
        found["current"] = 0
    return found


def slower(library: Library) -> dict[str, str]:
    """Embeddings whose network does not run through the engine that is meant for this machine, and why."""
    told = {}
    for name, current in library.embeddings().items():
        entry = find(name)
        if entry is None or not entry.uses_network:
            continue
        with suppress(LikenessError):  # without its weights it runs in no way
            blueprint = create(name, current.options).blueprint()
            if blueprint is not None and (why := engines.slower(blueprint)):
                told[name] = why
    return told


def failures(library: Library, limit: int = -1) -> list[ImageRow]:
    """The unreadable images with their reasons, by id; so many at most."""
    return library.images("unreadable", limit=limit)

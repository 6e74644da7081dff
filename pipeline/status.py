"""What is in a library, and what of it is current."""

from __future__ import annotations

from pipeline import index, maps
from pipeline.library import ImageRow, Library


def status(library: Library) -> dict:
    """The library at a glance, as `status --json` prints it.

    {"images": {"ok", "unreadable", "missing"}, "embeddings": {name: {"current", "stale",
    "missing"}}, "index": {"size", "embeddings", "stale"} or None, "maps": {name:
    {"points", "clusters", "noise", "stale"}}}; all figures count images.
    """
    return {
        "images": library.counts(),
        "embeddings": {name: library.coverage(name) for name in library.embeddings()},
        "index": index.about(library),
        "maps": maps.about(library),
    }


def failures(library: Library) -> list[ImageRow]:
    """The unreadable images with their reasons, by id."""
    return library.images("unreadable")

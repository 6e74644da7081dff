"""What programs that make pictures from prompts write into them, each in its own way."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.pictures.metadata.generators import comfy, others, webui
from pipeline.pictures.metadata.generators.made import Made, clean, json_of

RECOGNIZERS = (
    comfy.recognize,
    others.invokeai,
    others.novelai,
    others.swarm,
    others.fooocus,
    others.draw_things,
    webui.recognize,
    others.easy_diffusion,
    others.midjourney,
)
"""Each takes texts by key and returns what it knows, or None where another wrote them; in this order."""


def recognize(texts: Mapping[str, str]) -> Made | None:
    """Who made a picture from which prompt.

    texts: as in PNG by their keys (`parameters`, `prompt`, `Comment`, …); `UserComment` and
    `description` from EXIF and XMP. Of damaged JSON nothing is known.
    """
    for one in RECOGNIZERS:
        try:
            made = one(texts)
        except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError):
            continue  # it looks like this program's and is not as that writes it
        if made is not None:
            return clean(made)
    return None


__all__ = ["Made", "json_of", "recognize"]

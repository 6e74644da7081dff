"""Stable Diffusion web UI (AUTOMATIC1111), Forge, and the many that write as they do.

the prompt, on any number of lines
Negative prompt: likewise
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: name, Version: v1.6.0
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pipeline.pictures.metadata.generators.made import Made

_NEGATIVE = "Negative prompt:"
_SETTING = re.compile(r'\s*(\w[\w \-/]{0,60}):\s*("(?:\\.|[^\\"]){0,2000}"|[^,]{0,2000})(?:,|$)')
_FEWEST = 3
_LONGEST, _MOST_SETTINGS = 40_000, 8_000  # characters


def recognize(texts: Mapping[str, str]) -> Made | None:
    """From `parameters` of a PNG, or the user comment of other files."""
    for key in ("parameters", "UserComment", "Comment", "comment", "description"):
        if key in texts and (made := parse(texts[key])):
            return made
    return None


def parse(text: str) -> Made | None:
    """One text of parameters; None where its last line holds no settings."""
    text = text[:_LONGEST].strip()
    at = text.rfind("Steps: ")
    at = max(0, text.rfind("\n", 0, at) + 1) if at >= 0 else -1
    settings = {}
    if at >= 0:
        settings = {
            key.strip(): _unquoted(value)
            for key, value in _SETTING.findall(text[at : at + _MOST_SETTINGS].replace("\n", ","))
        }
    if "Steps" not in settings or len(settings) < _FEWEST:
        return None
    prompt, _, negative = (
        text[:at].partition(_NEGATIVE)
        if text[:at].startswith(_NEGATIVE)
        else (text[:at].partition("\n" + _NEGATIVE))
    )
    return Made(
        _program(settings),
        prompt.strip(),
        negative.strip(),
        settings.get("Model") or _civitai(text[at:]),
        settings.get("Seed"),
    )


def _unquoted(value: str) -> str:
    value = value.strip()
    if value[:1] != '"' or value[-1:] != '"':
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value.strip('"')


def _program(settings: Mapping[str, str]) -> str:
    version = settings.get("Version", "")
    if version.startswith("Fooocus"):
        return "Fooocus"
    if version.startswith("f") or "forge" in version.lower():
        return "Forge"
    if version.startswith("ComfyUI"):
        return "ComfyUI"
    return settings.get("App") or "Stable Diffusion web UI"


def _civitai(settings: str) -> str | None:
    """The checkpoint that Civitai's generator names in a list of its own."""
    at = settings.find("Civitai resources: [")
    if at < 0:
        return None
    try:
        listed, _ = json.JSONDecoder().raw_decode(settings, at + len("Civitai resources: "))
    except (ValueError, RecursionError):
        return None
    return next(
        (one.get("modelName") for one in listed if isinstance(one, dict) and one.get("type") == "checkpoint"),
        None,
    )

"""What is known of a picture that a program made."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from pipeline.pictures.metadata.text import line, lines

LARGEST = 8 * 2**20
"""Characters of JSON that is read."""

_SEED = re.compile(r"-?\d{1,20}")
_ENDING = re.compile(r"\.(safetensors|ckpt|pt|pth|gguf|bin|sft)$", re.IGNORECASE)


@dataclass
class Made:
    """generator: the program. seed: a number, as text since it may have 64 bits without a sign."""

    generator: str
    prompt: str | None = None
    negative_prompt: str | None = None
    model: str | None = None
    seed: str | None = None


def clean(made: Made) -> Made:
    """The same as facts keep it."""
    seed = str(made.seed) if isinstance(made.seed, int | str) and not isinstance(made.seed, bool) else ""
    model = line(made.model)
    model = _ENDING.sub("", re.split(r"[/\\]", model)[-1]) if model else None
    return Made(
        line(made.generator) or "unknown",
        lines(made.prompt),
        lines(made.negative_prompt),
        model or None,
        seed if _SEED.fullmatch(seed) else None,
    )


def json_of(text: str | None) -> dict | None:
    """A JSON object, or None where it is none."""
    text = (text or "").strip()
    if not text.startswith("{") or len(text) > LARGEST:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None

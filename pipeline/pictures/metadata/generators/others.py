"""InvokeAI, NovelAI, SwarmUI, Fooocus, Draw Things, Easy Diffusion, Midjourney."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.pictures.metadata.generators.made import Made, json_of

Texts = Mapping[str, str]

_DREAM = re.compile(r'"(.*)"\s+-s', re.DOTALL)
_DREAM_SEED = re.compile(r"\s-S\s?(\d{1,20})")
_MIDJOURNEY = re.compile(r"\s*Job ID: [0-9a-f-]{36}\s*$")
_BRACKETS = re.compile(r"\s*\[([^\[\]]*)\]")


def invokeai(texts: Texts) -> Made | None:
    """Three generations of it: `invokeai_metadata`, `sd-metadata`, `Dream`."""
    if found := json_of(texts.get("invokeai_metadata")):
        model = found.get("model")
        model = (model.get("name") or model.get("model_name")) if isinstance(model, dict) else model
        return Made(
            "InvokeAI", found.get("positive_prompt"), found.get("negative_prompt"), model, found.get("seed")
        )
    if found := json_of(texts.get("sd-metadata")):
        image = found["image"]
        prompt = image.get("prompt")
        if isinstance(prompt, list):
            prompt = ", ".join(one["prompt"] for one in prompt)
        plain, negative = _negative(prompt)
        return Made(
            "InvokeAI", plain, negative, found.get("model_weights") or found.get("model"), image.get("seed")
        )
    if (said := texts.get("Dream")) and (match := _DREAM.match(said[:20_000])):
        seed = _DREAM_SEED.search(said)
        plain, negative = _negative(match[1])
        return Made("InvokeAI", plain, negative, None, seed and seed[1])
    return None


def _negative(prompt: str | None) -> tuple[str | None, str | None]:
    """A prompt, and what stands in square brackets in it: what is not wanted."""
    if not prompt:
        return None, None
    return _BRACKETS.sub("", prompt[:20_000]), ", ".join(_BRACKETS.findall(prompt[:20_000])) or None


def novelai(texts: Texts) -> Made | None:
    """`Comment` with the settings; in WebP, and hidden in a picture, all of it as one object."""
    whole = json_of(texts.get("UserComment")) or json_of(texts.get("stealth"))
    if whole and "Comment" in whole:
        texts = {key: value for key, value in whole.items() if isinstance(value, str)}
    said = json_of(texts.get("Comment"))
    if said is None or not ("NovelAI" in texts.get("Software", "") or "uc" in said or "v4_prompt" in said):
        return None
    prompt = said.get("prompt") or texts.get("Description") or _captions(said.get("v4_prompt"))
    negative = said.get("uc") or _captions(said.get("v4_negative_prompt"))
    return Made("NovelAI", prompt, negative, texts.get("Source"), said.get("seed"))


def _captions(said: object) -> str | None:
    """The base caption of NovelAI's fourth version and those of its characters."""
    if not isinstance(said, dict):
        return None
    caption = said["caption"]
    return "\n".join(
        [caption["base_caption"], *(one["char_caption"] for one in caption.get("char_captions", ()))]
    )


def swarm(texts: Texts) -> Made | None:
    """`sui_image_params`, in `parameters` or the user comment."""
    for key in ("parameters", "UserComment"):
        found = json_of(texts.get(key))
        if found and isinstance(said := found.get("sui_image_params"), dict):
            return Made(
                "SwarmUI", said.get("prompt"), said.get("negativeprompt"), said.get("model"), said.get("seed")
            )
    return None


def fooocus(texts: Texts) -> Made | None:
    """Its own scheme; its other one is that of the web UI."""
    for key in ("parameters", "UserComment", "Comment"):
        found = json_of(texts.get(key))
        if (
            found
            and "prompt" in found
            and ("base_model" in found or "fooocus" in str(found.get("version", "")).lower())
        ):
            model = found.get("base_model") or found.get("base_model_name")
            return Made("Fooocus", found["prompt"], found.get("negative_prompt"), model, found.get("seed"))
    return None


def draw_things(texts: Texts) -> Made | None:
    """An object in the user comment, whose `c` is the prompt and `uc` the other one."""
    found = json_of(texts.get("UserComment"))
    if found is None or not isinstance(found.get("c"), str):
        return None
    return Made("Draw Things", found["c"], found.get("uc"), found.get("model"), found.get("seed"))


def easy_diffusion(texts: Texts) -> Made | None:
    """A text each."""
    if "use_stable_diffusion_model" not in texts and not ("prompt" in texts and "seed" in texts):
        return None
    return Made(
        "Easy Diffusion",
        texts.get("prompt"),
        texts.get("negative_prompt"),
        texts.get("use_stable_diffusion_model"),
        texts.get("seed"),
    )


def midjourney(texts: Texts) -> Made | None:
    """A description that ends with the number of a job."""
    said = texts.get("Description") or texts.get("description") or ""
    if not _MIDJOURNEY.search(said[-200:]):
        return None
    return Made("Midjourney", said[: said.rfind("Job ID:")].strip())

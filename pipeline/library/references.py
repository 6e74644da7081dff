"""Queries without the ids of images: what is kept in JSON names none."""

from __future__ import annotations

import json
import re

_REFERENCE = re.compile(r"image:(\d+)")


def without_ids(query: object) -> tuple[str, list[int]]:
    """A query as JSON in which places stand for the images it names, and those images.

    Images are named by texts that begin with `image:ID`, and by the numbers below `images`.
    """
    images: list[int] = []

    def placed(image: int | str) -> str:
        images.append(int(image))
        return f"image:@{len(images) - 1}"

    def strip(value: object, numbers: bool = False) -> object:
        if isinstance(value, dict):
            return {key: strip(value[key], key == "images") for key in sorted(value)}
        if isinstance(value, list | tuple):
            return [strip(item, numbers) for item in value]
        if numbers and isinstance(value, int):
            return {"image": placed(value)}
        found = _REFERENCE.match(value) if isinstance(value, str) else None
        return placed(found[1]) + value[found.end() :] if found else value

    text = json.dumps(strip(query), sort_keys=True)
    return text, images


def with_ids(asked: str, images: list[int | None]) -> dict:
    """What `without_ids` took apart; a forgotten image is `image:?`, or None among numbers."""

    def fill(value: object) -> object:
        if isinstance(value, dict):
            if value.keys() == {"image"} and str(value["image"]).startswith("image:@"):
                return images[int(value["image"][7:])]
            return {key: fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [fill(item) for item in value]
        found = re.match(r"image:@(\d+)", value) if isinstance(value, str) else None
        if not found:
            return value
        image = images[int(found[1])]
        return f"image:{'?' if image is None else image}{value[found.end():]}"

    return fill(json.loads(asked))

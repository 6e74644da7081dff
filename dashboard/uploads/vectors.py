"""Vectors of pictures from outside, as the browser keeps them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import numpy as np

from pipeline.errors import QueryError


def packed(vectors: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Vectors as the browser keeps them: little-endian float32 as base64."""
    return {
        name: base64.b64encode(vector.astype("<f4").tobytes()).decode()
        for name, vector in vectors.items()
    }


def unpacked(given: Mapping[str, str]) -> dict[str, np.ndarray]:
    """What `packed` made, {name: (dim,) float32}."""
    try:
        return {
            name: np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
            for name, text in given.items()
        }
    except (binascii.Error, ValueError):
        raise QueryError("The image's vectors did not arrive whole; give it again.") from None

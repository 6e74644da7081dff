"""Arrays for the browser: as one block of bytes, which assets/map_engine/data.js takes apart, or inside of JSON.

A little-endian uint32 says how long the head is: JSON, filled up with spaces so that what
follows begins at a multiple of 8. The head names each array with its dtype, length and place
after the head, every one at a multiple of 8, where the browser's typed arrays need no copy.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import numpy as np

MIMETYPE = "application/octet-stream"

_STEP = 8  # bytes: the largest element


def pack(head: Mapping, arrays: Mapping[str, np.ndarray]) -> bytes:
    """A head (what JSON can say) and arrays (k,) each of a dtype that is a typed array in the browser."""
    known, parts, at = [], [], 0
    for name, array in arrays.items():
        data = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        known.append([name, data.dtype.str.lstrip("<|="), len(data), at])
        parts.append(data.tobytes() + bytes(-data.nbytes % _STEP))
        at += len(parts[-1])
    text = json.dumps({**head, "arrays": known}, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 4) % _STEP)
    return b"".join((len(text).to_bytes(4, "little"), text, *parts))


def unpack(data: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """The head and the arrays, as the browser sees them."""
    start = 4 + int.from_bytes(data[:4], "little")
    head = json.loads(data[4:start])
    arrays = {
        name: np.frombuffer(data, f"<{kind}" if kind[1:] != "1" else kind, count, start + at)
        for name, kind, count, at in head.pop("arrays")
    }
    return head, arrays

def typed(array: np.ndarray) -> dict[str, str]:
    """An array for the browser inside of JSON: {"dtype", "bdata": base64 of its little-endian bytes}."""
    data = np.ascontiguousarray(array)
    return {
        "dtype": data.dtype.str.lstrip("<|="),
        "bdata": base64.b64encode(data.tobytes()).decode("ascii"),
    }

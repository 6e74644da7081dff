"""Ids of images as a short text for an address; assets/ids.js writes and reads the same.

Ascending ids as differences, each in groups of seven bits with the lowest first and the eighth
bit where more follow (LEB128), all of it as base64 for addresses (RFC 4648, section 5). Ids
that lie together take one byte each: 300 of them about 500 characters.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

import numpy as np

LONGEST = 8_000
"""Characters that are read: what every browser and proxy lets pass in an address."""


def pack(ids: Iterable[int]) -> str:
    """Ids, positive and below 2^31, in any order and however often, as text."""
    data, last = bytearray(), 0
    for one in sorted({int(one) for one in ids}):
        step, last = one - last, one
        while step > 127:
            data.append(step & 127 | 128)
            step >>= 7
        data.append(step)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unpack(text: str) -> list[int]:
    """What `pack` wrote, ascending; nothing where it is none of its texts, or too long."""
    if not text.isascii() or len(text) > LONGEST:
        return []
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return []
    steps, step, shift = [], 0, 0
    for byte in data:
        step |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            steps.append(step)
            step, shift = 0, 0
        elif shift > 28:
            return []
    ids = np.cumsum(np.array(steps, np.int64))
    fine = not shift and len(ids) and min(steps) > 0 and ids[-1] < 2**31
    return ids.tolist() if fine else []

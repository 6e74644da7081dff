"""Strips of a large PNG: their filters undone, the next made while one is used."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from isal import isal_zlib

from pipeline.pictures import opencv
from pipeline.pictures.still import opened

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# What a filtered row of so many bytes a pixel may pass for: (channels, depth).
_CARRIERS = {1: (1, 8), 2: (2, 8), 3: (3, 8), 4: (4, 8), 6: (3, 16), 8: (4, 16)}
_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def ahead(strips: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Strips, the next of which is made while one is used: inflating and decoding leave Python's lock to others."""
    with ThreadPoolExecutor(1, "strips") as thread:
        waiting = thread.submit(next, strips, None)
        while (strip := waiting.result()) is not None:
            waiting = thread.submit(next, strips, None)
            yield strip


def unfiltered(filtered: np.ndarray, before: np.ndarray, pixel_bytes: int) -> np.ndarray:
    """(n, row_bytes) uint8 of filtered rows (n, 1 + row_bytes), after the row before: as a small PNG of
    their own, whose decoder undoes the filters."""
    if not filtered[:, 0].any():
        return np.ascontiguousarray(filtered[:, 1:])
    channels, depth = _CARRIERS[pixel_bytes]
    row_bytes = filtered.shape[1] - 1
    width, count = row_bytes // pixel_bytes, len(filtered)
    body = width.to_bytes(4, "big") + (count + 1).to_bytes(4, "big")
    body += bytes([depth, _COLOR_TYPES[channels], 0, 0, 0])
    packed = _stored(b"\0", before, filtered)
    by_opencv = depth == 16 or channels == 4  # Pillow's own copies cost a fifth of the time
    check = isal_zlib.crc32(b"".join([b"IDAT", *packed])) if by_opencv else 0  # Pillow reads none
    carrier = b"".join([
        SIGNATURE, chunk(b"IHDR", body), sum(map(len, packed)).to_bytes(4, "big"), b"IDAT", *packed,
        check.to_bytes(4, "big"), chunk(b"IEND", b""),
    ])  # fmt: skip
    samples = opencv.interleaved(carrier)[1:] if by_opencv else np.asarray(opened(carrier, "PNG"))[1:]
    samples = samples.astype(">u2") if depth == 16 else samples
    return np.ascontiguousarray(samples).view(np.uint8).reshape(count, row_bytes)


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    check = zlib.crc32(body, zlib.crc32(kind))
    return b"".join([len(body).to_bytes(4, "big"), kind, body, check.to_bytes(4, "big")])


def _stored(*parts) -> list:
    """Bytes as a zlib stream (RFC 1950) of blocks that are not compressed, in parts to be joined."""
    made, check = [b"\x78\x01"], 1
    for part in parts:
        view = memoryview(part).cast("B")
        check = isal_zlib.adler32(view, check)
        for at in range(0, len(view), 65_535):
            block = view[at : at + 65_535]
            size = len(block).to_bytes(2, "little")
            made += [b"\0", size, bytes(255 - byte for byte in size), block]
    return [*made, b"\x01\0\0\xff\xff", check.to_bytes(4, "big")]

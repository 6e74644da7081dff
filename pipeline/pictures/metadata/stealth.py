"""Texts hidden in the lowest bits of a PNG's transparency, column by column, as NovelAI writes them.

A magic word says that there is one, 32 bits how many bits it has, and then it comes, packed
by gzip. Few rows are enough to see that there is none.
"""

from __future__ import annotations

import zlib

import numpy as np

from pipeline.pictures.metadata.source import Source

_MAGIC = {b"stealth_pngcomp": True, b"stealth_pnginfo": False}
_MAGIC_BITS, _HEAD = 15 * 8, 15 * 8 + 32
_MOST_BITS, _LARGEST = 2_000_000, 2**20  # of the packed text; bytes of the text
_MOST_PIXELS = 16_000_000
_RGBA = 6


def hidden(source: Source) -> str | None:
    """The text hidden in a picture, or None. Raises ValueError where it is damaged."""
    head = source.read(0, 33)
    if (
        len(head) < 33
        or head[:8] != b"\x89PNG\r\n\x1a\n"
        or head[12:16] != b"IHDR"
        or head[24:26] != bytes([8, _RGBA])
        or head[28] != 0
    ):
        return None
    width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if width * height > _MOST_PIXELS or height < _HEAD:
        return None
    first = _bits(source, width, _HEAD, 1)
    if first is None or (magic := np.packbits(first[:_MAGIC_BITS]).tobytes()) not in _MAGIC:
        return None
    length = int.from_bytes(np.packbits(first[_MAGIC_BITS:]).tobytes(), "big")
    columns = -(-(_HEAD + length) // height)
    if length > _MOST_BITS or columns > width:
        raise ValueError(f"it claims {length:,} bits")
    bits = _bits(source, width, height, columns)
    if bits is None:
        raise ValueError("the picture is cut off")
    packed = np.packbits(bits[_HEAD : _HEAD + length]).tobytes()
    if not _MAGIC[magic]:
        return packed.decode("utf-8", "replace")
    try:
        return zlib.decompressobj(31).decompress(packed, _LARGEST).decode("utf-8", "replace")
    except zlib.error as error:
        raise ValueError(str(error)) from None


def _bits(source: Source, width: int, height: int, columns: int) -> np.ndarray | None:
    """The lowest bits of the transparency of the first rows and columns, column by column, (k,)
    uint8; None where the rows are damaged."""
    row = 4 * width + 1
    raw = _inflated(source, row * height)
    if len(raw) < row * height:
        return None
    rows = np.frombuffer(raw, np.uint8, row * height).reshape(height, row)
    alpha = _unfiltered(rows[:, 0], rows[:, 4 : 4 * columns + 1 : 4])
    return None if alpha is None else (alpha & 1).T.ravel()


def _inflated(source: Source, count: int) -> bytes:
    """So many bytes of a PNG's pixels, or fewer where it has no more."""
    inflate, gathered, at = zlib.decompressobj(), bytearray(), 8
    while len(gathered) < count:
        head = source.read(at, 8)
        size = int.from_bytes(head[:4], "big")
        if len(head) < 8 or head[4:] == b"IEND":
            break
        if head[4:] == b"IDAT":
            for start in range(0, size, 2**20):
                piece = source.read(at + 8 + start, min(2**20, size - start))
                try:
                    gathered += inflate.decompress(piece, count - len(gathered))
                except zlib.error:
                    return b""
                if len(gathered) >= count or not piece:
                    break
        at += 12 + size
    return bytes(gathered)


def _unfiltered(filters: np.ndarray, samples: np.ndarray) -> np.ndarray | None:
    """One channel of filtered rows (PNG 1.2, 6): each channel is filtered by itself."""
    out = np.zeros(samples.shape, np.uint8)
    above = np.zeros(samples.shape[1], np.uint8)
    for at, (kind, row) in enumerate(zip(filters.tolist(), samples)):
        if kind == 0:
            out[at] = row
        elif kind == 1:
            out[at] = np.cumsum(row, dtype=np.uint8)
        elif kind == 2:
            out[at] = row + above
        elif kind in (3, 4):
            out[at] = _average(row, above) if kind == 3 else _paeth(row, above)
        else:
            return None
        above = out[at]
    return out


def _average(row: np.ndarray, above: np.ndarray) -> list[int]:
    left, done = 0, []
    for value, up in zip(row.tolist(), above.tolist()):
        left = (value + ((left + up) >> 1)) & 255
        done.append(left)
    return done


def _paeth(row: np.ndarray, above: np.ndarray) -> list[int]:
    left = corner = 0
    done = []
    for value, up in zip(row.tolist(), above.tolist()):
        guess = left + up - corner
        near, far, far_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
        if near <= far and near <= far_corner:
            best = left
        elif far <= far_corner:
            best = up
        else:
            best = corner
        left, corner = (value + best) & 255, up
        done.append(left)
    return done

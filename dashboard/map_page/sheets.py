"""Thumbnails of a map, packed into a few sheets that together stay below a size."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pipeline.export.projector import fitted
from pipeline.library import Library

BYTES = 10_000_000
"""Of all sheets: as base64, and with all else of 10,000 pictures, 15 MB."""
_WAYS = ((192, 78), (160, 75), (128, 72), (96, 68), (80, 62), (64, 56), (56, 50), (48, 45), (40, 40), (32, 35))
"""Sides of a picture (px) and qualities of WebP, the best first."""
_SHEET = 4_096  # px: browsers keep a decoded sheet of 67 MB
_TRIED = 100  # pictures that a way is judged by
_MARGIN = 0.92  # a sample is not all


@dataclass(frozen=True)
class Sheets:
    """files: WebP, each of `columns` × `columns` squares of `side` px at most. sizes: (n, 2) uint8, width and height of
    each picture in its square's middle; 0 without one."""

    files: list[bytes]
    side: int
    columns: int
    sizes: np.ndarray


def packed(library: Library, ids: np.ndarray) -> Sheets:
    """The thumbnails of images (n,), in their order, as large as `BYTES` lets them be."""
    sample = ids[np.linspace(0, len(ids) - 1, min(_TRIED, len(ids))).round().astype(int)]
    for side, quality in _WAYS:
        tried = sum(map(len, _drawn(library, sample, side, quality).files))
        if tried / len(sample) * len(ids) <= BYTES * _MARGIN:
            made = _drawn(library, ids, side, quality)
            if sum(map(len, made.files)) <= BYTES:
                return made
    return _drawn(library, ids, *_WAYS[-1])


def _drawn(library: Library, ids: np.ndarray, side: int, quality: int) -> Sheets:
    columns = min(_SHEET // side, math.ceil(math.sqrt(len(ids))))
    sizes, files = np.zeros((len(ids), 2), np.uint8), []
    for start in range(0, len(ids), columns**2):
        part = ids[start : start + columns**2].tolist()
        sheet = Image.new("RGB", (columns * side, math.ceil(len(part) / columns) * side), (128, 128, 128))
        for at, number in enumerate(part):
            if not (jpeg := library.thumbnail(number)):
                continue
            tile = fitted(jpeg, side)
            sizes[start + at] = tile.size
            left, top = at % columns * side, at // columns * side
            sheet.paste(tile, (left + (side - tile.width) // 2, top + (side - tile.height) // 2))
        file = io.BytesIO()
        sheet.save(file, "WEBP", quality=quality, method=2)
        files.append(file.getvalue())
    return Sheets(files, side, columns, sizes)

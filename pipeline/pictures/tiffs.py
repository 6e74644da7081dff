"""TIFF: by Pillow where it keeps all levels, else by OpenCV."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pipeline.errors import ImageError
from pipeline.pictures import opencv, tiff
from pipeline.pictures.info import ImageInfo
from pipeline.pictures.levels import used_bits, widened
from pipeline.pictures.raster import Raster
from pipeline.pictures.still import Still

_OPENCV_COST = 3.0  # bytes of memory for a byte of the file's samples


class Tiff:
    """The first page of a TIFF."""

    def __init__(self, data: bytes):
        self._data = data
        tags = next(tiff.directories(data), {})
        bits, samples = tags.get(tiff.BITS, (1,)), tags.get(tiff.SAMPLES, (1,))[0]
        self._bits = max(bits)
        wide = self._bits > 8 and (samples > 1 or self._bits not in (16, 32))
        self._pillow = None if wide else _Page.of(data, self._declared(tags))
        if self._pillow is not None:
            self.info, self.cost = self._pillow.info, self._pillow.cost
            return
        width, height = tags.get(tiff.WIDTH, (0,))[0], tags.get(tiff.HEIGHT, (0,))[0]
        turn = tags.get(tiff.ORIENTATION, (1,))[0]
        turn = turn if turn in range(1, 9) else 1
        self.info = ImageInfo.turned(width, height, "TIFF", turn, f"{samples} × {self._bits} bits")
        self.cost = max(1, samples) * max(8, self._bits) / 8 * _OPENCV_COST

    def _declared(self, tags: dict) -> int:
        most = tags.get(tiff.MAX_SAMPLE, (65535,))[0]
        return most.bit_length() if self._bits == 16 and 255 < most < 65535 else self._bits

    def raster(self, max_side: int) -> Raster:
        """The samples, long side `max_side` px or more where the picture has them."""
        if self._pillow is not None:
            return self._pillow.raster(max_side)
        return opencv.raster(self._data, self._bits)


class _Page(Still):
    """By Pillow, which turns a TIFF by itself and gives its size as turned."""

    @classmethod
    def of(cls, data: bytes, bits: int) -> _Page | None:
        """None where Pillow refuses it."""
        try:
            page = cls(data, "TIFF")
        except (ImageError, ValueError, SyntaxError, KeyError, TypeError):
            return None
        page._bits = bits
        return page

    def _turn(self, kind: str) -> int:
        return 1

    def _prepared(self) -> Image.Image:
        picture = super()._prepared()
        if picture is not self._picture or not picture.mode.startswith("I;16"):
            return picture
        words = np.asarray(picture).astype(np.uint16)
        return Image.fromarray(widened(words, used_bits(words, self._bits)))

"""TIFF: by Pillow where it keeps all levels, else by OpenCV. Both turn it by themselves."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from PIL import Image

from pipeline.errors import ImageError
from pipeline.pictures import opencv, tiff
from pipeline.pictures.info import ImageInfo
from pipeline.pictures.levels import range_of, scaled, used_bits, widened
from pipeline.pictures.raster import Raster
from pipeline.pictures.still import Still

_OPENCV_COST = 3.0  # bytes of memory for a byte of samples
_WHITE_IS_ZERO = 0
_UNSIGNED = 1
_SAMPLED = 1000  # px: of each side, the samples that the range is taken from


class Tiff:
    """The first page of a TIFF; the picture, where that is its thumbnail."""

    def __init__(self, data: bytes):
        self.exif = data
        self._data = data = tiff.led_by_its_picture(data)
        tags = next(tiff.directories(data), {})
        if not tags:
            raise ImageError("the file is cut off, or its header is damaged")
        bits, samples = max(tags.get(tiff.BITS, (1,))), tags.get(tiff.SAMPLES, (1,))[0]
        wide = bits > 8 and (samples > 1 or bits not in (16, 32))
        self._page = None if wide else _Page.of(data, tags)
        if self._page is not None:
            # A strip may be as large as the page, and is held beside it.
            self.info, self.cost = self._page.info, self._page.cost + samples * max(8, bits) / 8
            return
        width, height = tags.get(tiff.WIDTH, (0,))[0], tags.get(tiff.HEIGHT, (0,))[0]
        if tags.get(tiff.ORIENTATION, (1,))[0] in (5, 6, 7, 8):
            width, height = height, width
        self.info = ImageInfo(width, height, "TIFF", 1, f"{samples} × {bits} bits")
        self.cost = max(1, samples) * max(8, bits) / 8 * _OPENCV_COST

    def raster(self, max_side: int) -> Raster:
        """The samples, long side `max_side` px or more where the picture has them."""
        if self._page is not None:
            return self._page.raster(max_side)
        return opencv.raster(self._data, widen=True)


class _Page(Still):
    """By Pillow, which gives its size as turned."""

    @classmethod
    def of(cls, data: bytes, tags: dict[int, tuple[int, ...]]) -> _Page | None:
        """None where Pillow refuses it."""
        try:
            page = cls(data, "TIFF")
        except (ImageError, ValueError, SyntaxError, KeyError, TypeError):
            return None
        page._inverted = tags.get(tiff.PHOTOMETRIC, (1,))[0] == _WHITE_IS_ZERO
        page._unsigned = tags.get(tiff.SAMPLE_FORMAT, (_UNSIGNED,))[0] == _UNSIGNED
        return page

    def _turn(self, kind: str) -> int:
        return 1

    def _samples(self, picture: Image.Image) -> Raster:
        """Samples of more than 8 bits over the whole range of 16."""
        mode = self._picture.mode
        if not (mode.startswith("I;16") or mode in ("I", "F")):
            return super()._samples(picture)
        words = self._words(np.asarray(picture), mode)
        return Raster((65535 - words if self._inverted else words)[:, :, None], None, self._space("gray"))

    def _words(self, values: np.ndarray, mode: str) -> np.ndarray:
        if mode.startswith("I;16"):
            return widened(values.astype(np.uint16), used_bits(self._extremes[1]))
        return scaled(self._signed(values), *self._range)

    def _signed(self, values: np.ndarray) -> np.ndarray:
        return values.view(np.uint32) if values.dtype == np.int32 and self._unsigned else values

    @cached_property
    def _extremes(self) -> tuple[float, float]:
        if self._picture.mode.startswith("I;16"):
            return 0, int(np.asarray(self._picture).max())
        least, most = self._picture.getextrema()
        return (0, 2**32 - 1) if self._unsigned and least < 0 and self._picture.mode == "I" else (least, most)

    @cached_property
    def _range(self) -> tuple[float, float]:
        """Of all of the picture, though it is converted in bands."""
        width, height = self._picture.size
        some = self._picture.resize((min(width, _SAMPLED), min(height, _SAMPLED)), Image.Resampling.NEAREST)
        return range_of(self._signed(np.asarray(some)), *map(float, self._extremes))

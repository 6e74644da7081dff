"""Pictures that Pillow opens: the way of every format without one of its own.

Large ones are reduced band by band, so that beside Pillow's own copy nothing large is made.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError

from pipeline.errors import ImageError
from pipeline.pictures import tiff
from pipeline.pictures.color import Space
from pipeline.pictures.info import ImageInfo
from pipeline.pictures.raster import Raster, stacked

Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before any pixel is decoded

warnings.filterwarnings("ignore", module=r"PIL\.")  # on damaged files; once: it is no thread's own

_BAND = 4_000_000  # pixels that are converted at a time

# Bytes that decoding takes for a pixel, by measure, where it is more than Pillow's own copy.
_COSTS = {"WEBP": 17, "AVIF": 12, "JPEG2000": 20}
_PARTIAL_GIF_COST = 9
_SAMPLE_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}


def opened(data: bytes, kind: str) -> Image.Image:
    """The header of a picture of that Pillow format; raises ImageError with the reason."""
    try:
        return Image.open(io.BytesIO(data), formats=[kind])
    except UnidentifiedImageError:
        raise ImageError("the header is damaged, or of a kind that is not read") from None


class Still:
    """One opened picture; `kind` is Pillow's name of its format."""

    def __init__(self, data: bytes, kind: str):
        self._picture = picture = opened(data, kind)
        turn = self._turn(kind)
        width, height = picture.size
        self.info = ImageInfo.turned(width, height, picture.format or kind, turn, picture.mode)
        self.cost = _COSTS.get(kind, _SAMPLE_BYTES.get(picture.mode, 4))

    @property
    def exif(self) -> bytes:
        """The EXIF block; empty where there is none."""
        return self._picture.info.get("exif") or b""

    def _turn(self, kind: str) -> int:
        return tiff.orientation(self.exif)

    def unreduced(self) -> Raster:
        """All samples, in one piece."""
        self._picture.load()
        return self._samples(self._prepared())

    def raster(self, max_side: int) -> Raster:
        """The samples, long side `max_side` px or more where the picture has them."""
        self._picture.load()
        picture = self._prepared()
        width, height = picture.size
        factor = max(1, max(width, height) // (2 * max_side)) if width * height > _BAND else 1
        step = height if factor == 1 else max(1, _BAND // (width * factor)) * factor
        bands = []
        for top in range(0, height, step):
            band = picture if step >= height else picture.crop((0, top, width, min(top + step, height)))
            bands.append(self._samples(band).shrunk(factor))
        return stacked(bands)

    def _space(self, model: str) -> Space:
        return Space(model, icc=self._picture.info.get("icc_profile"))

    def _prepared(self) -> Image.Image:
        return self._picture

    def _samples(self, picture: Image.Image) -> Raster:
        mode = picture.mode
        key = self._picture.info.get("transparency")
        if mode.startswith("I;16"):
            samples = np.asarray(picture).astype(np.uint16)
            alpha = None if not isinstance(key, int) else np.where(samples == key, 0, 65535).astype(np.uint16)
            return Raster(samples[:, :, None], alpha, self._space("gray"))
        if mode in ("1", "L") and key is None:
            samples = np.asarray(picture.convert("L"))
            return Raster(samples[:, :, None], None, self._space("gray"))
        if mode in ("LA", "La"):
            samples = np.asarray(picture.convert("LA"))
            return Raster(samples[:, :, :1], samples[:, :, 1], self._space("gray"))
        if mode == "CMYK":
            return Raster(np.asarray(picture), None, self._space("cmyk"))
        if mode == "LAB":
            return Raster(np.asarray(picture), None, self._space("lab"))
        if key is not None or mode in ("RGBA", "RGBa", "PA") or picture.has_transparency_data:
            picture.info.setdefault("transparency", key)
            samples = np.asarray(picture.convert("RGBA"))
            return Raster(samples[:, :, :3], samples[:, :, 3], self._space("rgb"))
        return Raster(np.asarray(picture.convert("RGB")), None, self._space("rgb"))


class Gif(Still):
    """The first frame on its screen; what it leaves free is transparent, as in browsers."""

    def __init__(self, data: bytes, kind: str = "GIF"):
        super().__init__(data, kind)
        self._frame = self._picture.tile[0][1] if self._picture.tile else (0, 0, *self._picture.size)
        if self._frame != (0, 0, *self._picture.size):
            self.cost = _PARTIAL_GIF_COST

    def _prepared(self) -> Image.Image:
        picture = self._picture
        if self._frame == (0, 0, *picture.size):
            return picture
        screen = Image.new("RGBA", picture.size)
        screen.paste(picture.crop(self._frame).convert("RGBA"), self._frame[:2])
        return screen

"""Raw files of cameras: the picture that the camera put in, else one developed at half size."""

from __future__ import annotations

import io

import numpy as np

from pipeline.errors import ImageError
from pipeline.pictures.info import ImageInfo
from pipeline.pictures.jpeg import Jpeg
from pipeline.pictures.raster import Raster

_TURNS = {0: 1, 3: 3, 5: 8, 6: 6}  # LibRaw's flip as an EXIF orientation
_COST = 12  # bytes of memory for a pixel: the sensor's words and four channels at half size
_RATIO = 0.02  # by which a preview's shape may differ: cameras crop a few lines


class Raw:
    """One opened raw file."""

    def __init__(self, data: bytes):
        import rawpy  # only where there are raw files

        self._errors = (rawpy.LibRawError,)
        try:
            self._raw = rawpy.imread(io.BytesIO(data))
        except rawpy.LibRawError as error:
            raise ImageError(f"the raw file is damaged, or of a kind that is not read ({_said(error)})") from None
        sizes = self._raw.sizes
        self._turn = _TURNS.get(sizes.flip, 1)
        self.info = ImageInfo.turned(sizes.width, sizes.height, "RAW", self._turn, "RGB")
        self.cost = _COST
        self.exif = data if data[:2] in (b"II", b"MM") else b""

    def raster(self, max_side: int) -> Raster:
        """The samples, long side `max_side` px or more where the picture has them."""
        try:
            return self._preview(max_side) or Raster(
                self._raw.postprocess(half_size=True, use_camera_wb=True, user_flip=0)
            )
        except self._errors as error:
            raise ImageError(f"the raw file is damaged ({_said(error)})") from None
        finally:
            self._raw.close()

    def _preview(self, max_side: int) -> Raster | None:
        """The embedded picture, if it is the whole one and large enough."""
        import rawpy

        try:
            found = self._raw.extract_thumb()
        except rawpy.LibRawError:
            return None
        if found.format == rawpy.ThumbFormat.BITMAP:
            return self._if_alike(Raster(np.asarray(found.data)), max_side)
        try:
            preview = Jpeg(found.data)
            if max(preview.info.width, preview.info.height) < self._enough(max_side):
                return None
            return self._if_alike(preview.raster(max_side), max_side)
        except (ImageError, OSError, ValueError, SyntaxError):
            return None

    def _if_alike(self, raster: Raster, max_side: int) -> Raster | None:
        sizes = self._raw.sizes
        height, width = raster.samples.shape[:2]
        alike = abs(width * sizes.height / (height * sizes.width) - 1) < _RATIO
        return raster if alike and max(width, height) >= self._enough(max_side) else None

    def _enough(self, max_side: int) -> float:
        """How long a side a preview needs: no more than the raw file has, but for the lines that are cropped."""
        return min(max_side, (1 - _RATIO) * max(self._raw.sizes.width, self._raw.sizes.height))


def _said(error: Exception) -> str:
    text = error.args[0] if error.args else error
    return text.decode("ascii", "replace") if isinstance(text, bytes) else str(text)

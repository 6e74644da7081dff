"""Pictures that Pillow refuses, or keeps less of, and OpenCV reads alike."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.errors import ImageError
from pipeline.pictures.color import Space
from pipeline.pictures.levels import spread, used_bits, widened
from pipeline.pictures.raster import Raster


def raster(data: bytes, bits: int = 16) -> Raster:
    """All samples as the file holds them, `bits` of each used; raises ImageError with the reason."""
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from None
        pixels = None
    if pixels is None:
        raise ImageError("the image is damaged, or of a kind that is not read")
    if pixels.dtype == np.uint16:
        pixels = widened(pixels, used_bits(pixels, bits))
    elif pixels.dtype != np.uint8:
        pixels = spread(pixels)
    if pixels.ndim == 2:
        return Raster(pixels[:, :, None], None, Space("gray"))
    if pixels.shape[2] == 2:
        return Raster(pixels[:, :, :1], pixels[:, :, 1], Space("gray"))
    alpha = pixels[:, :, 3] if pixels.shape[2] == 4 else None
    return Raster(pixels[:, :, 2::-1], alpha, Space("rgb"))

"""Pictures that Pillow refuses, or keeps less of, and OpenCV reads alike."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.errors import ImageError
from pipeline.pictures.color import Space
from pipeline.pictures.levels import spread, used_bits, widened
from pipeline.pictures.raster import Raster

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # it would print of damaged files; they become a reason


def raster(data: bytes, widen: bool = False) -> Raster:
    """All samples, those of a TIFF turned; raises ImageError with the reason.

    widen: whether samples of 16 bits that use only the low ones are spread over all.
    """
    pixels = interleaved(data)
    if pixels.dtype == np.uint16:
        pixels = widened(pixels, used_bits(int(pixels.max())) if widen else 16)
    elif pixels.dtype != np.uint8:
        pixels = spread(pixels)
    if pixels.shape[2] == 1:
        return Raster(pixels, None, Space("gray"))
    if pixels.shape[2] == 2:
        return Raster(pixels[:, :, :1], pixels[:, :, 1], Space("gray"))
    alpha = pixels[:, :, 3] if pixels.shape[2] == 4 else None
    return Raster(pixels[:, :, :3], alpha, Space("rgb"))


def interleaved(data: bytes) -> np.ndarray:
    """(h, w, c) as the file holds them, c = 1 gray, 2 with alpha, 3 RGB, 4 RGBA."""
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from None
        pixels = None
    if pixels is None:
        raise ImageError("the image is damaged, or of a kind that is not read")
    if pixels.ndim == 2:
        return pixels[:, :, None]
    turned = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}.get(pixels.shape[2])
    if turned is None or pixels.dtype not in (np.uint8, np.uint16, np.float32):
        return np.concatenate([pixels[:, :, 2::-1], pixels[:, :, 3:]], axis=2) if pixels.shape[2] > 2 else pixels
    return cv2.cvtColor(pixels, turned)

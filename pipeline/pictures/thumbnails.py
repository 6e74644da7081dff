"""Decoded pictures made smaller, and as JPEG for the screen."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from pipeline.errors import ImageError

THUMBNAIL_SIDE = 256
"""Long side of a thumbnail, px (the browser never waits for a full decode)."""


def resize(pixels: np.ndarray, max_side: int) -> np.ndarray:
    """Reduce (h, w) or (h, w, c ≤ 4) so that the long side is at most `max_side`; never enlarge.

    uint8, uint16 or float32. By less than a quarter bilinearly: exact areas of such a fraction
    take three times as long as decoding the JPEG. By more, bilinear would skip pixels: SIFT
    lost a point of rank-1.
    """
    height, width = pixels.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_LINEAR if scale > 0.75 else cv2.INTER_AREA
    return cv2.resize(pixels, size, interpolation=method)


def thumbnail(pixels: np.ndarray) -> bytes:
    """A decoded picture (h, w, 3) uint8 RGB as JPEG bytes, long side `THUMBNAIL_SIDE` px."""
    return encode_jpeg(resize(pixels, THUMBNAIL_SIDE), quality=85)


def is_whole(jpeg: object) -> bool:
    """Whether bytes are a thumbnail as `thumbnail` makes them, from the first marker to the last.

    Every byte is decoded; one that has changed and still decodes is not noticed.
    """
    if not isinstance(jpeg, bytes) or jpeg[:2] != b"\xff\xd8" or jpeg[-2:] != b"\xff\xd9":
        return False
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
            picture.load()
            return max(picture.size) <= THUMBNAIL_SIDE
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def encode_jpeg(pixels: np.ndarray, quality: int = 92) -> bytes:
    """A picture (h, w, 3) uint8 RGB as JPEG bytes."""
    done, encoded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ImageError("the image could not be encoded")
    return encoded.tobytes()

"""Named changes a picture goes through in the world, to measure what still finds it.

Each takes a decoded picture (h, w, 3) uint8 RGB and returns the same, changed.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from pipeline.pictures.decoding import encode_jpeg


def crop70(image: np.ndarray) -> np.ndarray:
    """The middle 70 % of width and height: about half of the picture is left."""
    height, width = image.shape[:2]
    tall, wide = max(1, round(height * 0.7)), max(1, round(width * 0.7))
    top, left = (height - tall) // 2, (width - wide) // 2
    return np.ascontiguousarray(image[top : top + tall, left : left + wide])


def rotate12(image: np.ndarray) -> np.ndarray:
    """Turned by 12° about the middle; the corners left open repeat the border."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 12, 1)
    return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)


def half_jpeg20(image: np.ndarray) -> np.ndarray:
    """Half the size and saved as a JPEG of quality 20, as a messenger would."""
    height, width = image.shape[:2]
    half = cv2.resize(
        image, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA
    )
    encoded = np.frombuffer(encode_jpeg(half, quality=20), np.uint8)
    return np.ascontiguousarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[:, :, ::-1])


def dark_mirror(image: np.ndarray) -> np.ndarray:
    """Left and right exchanged, at 60 % of the brightness."""
    return (image[:, ::-1] * np.float32(0.6)).astype(np.uint8)


def blur2(image: np.ndarray) -> np.ndarray:
    """Out of focus: a Gaussian of sigma 2 px."""
    return cv2.GaussianBlur(image, (0, 0), 2)


TRANSFORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "crop70": crop70,
    "rotate12": rotate12,
    "half_jpeg20": half_jpeg20,
    "dark_mirror": dark_mirror,
    "blur2": blur2,
}

"""The only module that decodes an image.

Every picture is seen the same way everywhere: turned as its EXIF says, RGB, transparency
on white, the first frame of an animation, and reduced to a working size of at most
`WORK_SIDE` pixels on its long side, so that one decode feeds thumbnail and extractors.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from pipeline.errors import ImageError

WORK_SIDE = 512
"""Long side of a decoded picture, px: no extractor looks closer than that."""

THUMBNAIL_SIDE = 256
"""Long side of a thumbnail, px (the browser never waits for a full decode)."""

MAX_PIXELS = 400_000_000
"""Pictures above this are refused before decoding: 400 megapixels are 1.2 GB as RGB."""

EXTENSIONS = frozenset(
    ".jpg .jpeg .jpe .jfif .png .webp .gif .bmp .tif .tiff .avif".split()
)

# The reductions that libjpeg decodes for free, largest first.
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)

# A marker of a JPEG's stream; not zeros and restarts, which belong to the coded pixels.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")

Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before any pixel is decoded


@dataclass(frozen=True)
class ImageInfo:
    """What a header says: size in px as seen (after the EXIF turn), format, EXIF turn."""

    width: int
    height: int
    format: str
    orientation: int
    mode: str


def is_image_name(path: Path) -> bool:
    """Whether the file name ends like a picture's, in any letter case."""
    return path.suffix.lower() in EXTENSIONS


def probe(data: bytes) -> ImageInfo:
    """Read the header of an encoded picture.

    Raises ImageError when the bytes are no picture or the picture is too large.
    """
    if not data:
        raise ImageError("the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as picture:
                width, height = picture.size
                _check_size(width, height)  # first: a PNG is decoded in search of its EXIF
                # Pillow turns TIFF by itself, and reports its size as turned.
                orientation = 1 if picture.format == "TIFF" else _orientation(picture)
                return ImageInfo(
                    width=height if orientation >= 5 else width,
                    height=width if orientation >= 5 else height,
                    format=picture.format or "unknown",
                    orientation=orientation,
                    mode=picture.mode,
                )
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError("not an image in a format that can be read") from None
    except Exception as error:  # Pillow's readers raise many kinds on damaged files
        raise ImageError(f"the header is damaged ({error})") from None


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise ImageError("the image has no pixels")
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{width} × {height} px is above the limit of {MAX_PIXELS // 1_000_000} megapixels"
        )


def decode(data: bytes, max_side: int = WORK_SIDE) -> np.ndarray:
    """Decode an encoded picture to its working size.

    Returns (height, width, 3) uint8 RGB, 0–255, C-contiguous, turned as its EXIF says,
    long side at most `max_side` px and never enlarged. Raises ImageError with the reason
    when the bytes cannot be read whole.
    """
    info = probe(data)
    if info.format in ("JPEG", "MPO") and info.mode in ("RGB", "L"):
        pixels = _decode_jpeg(data, info, max_side)
    else:
        pixels = _decode_any(data, info.orientation)
    return resize(pixels, max_side)


def read(path: Path) -> bytes:
    """The bytes of a file; raises ImageError with the reason when it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ImageError("the file is not there any more") from None
    except OSError as error:
        raise ImageError(f"the file cannot be opened ({error.strerror})") from None


def resize(pixels: np.ndarray, max_side: int) -> np.ndarray:
    """Reduce (h, w) or (h, w, 3) uint8 so that the long side is at most `max_side`; never enlarge.

    By less than a quarter bilinearly: exact areas of such a fraction take three times as long
    as decoding the JPEG. By more, bilinear would skip pixels: SIFT lost a point of rank-1.
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


def encode_jpeg(pixels: np.ndarray, quality: int = 92) -> bytes:
    """A picture (h, w, 3) uint8 RGB as JPEG bytes."""
    done, encoded = cv2.imencode(
        ".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise ImageError("the image could not be encoded")
    return encoded.tobytes()


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation 1–8; 1 when there is none or the EXIF block is damaged."""
    try:
        value = picture.getexif().get(0x0112, 1)
    except Exception:  # Pillow's EXIF reader raises many kinds on damaged blocks
        return 1
    return value if value in range(1, 9) else 1


def _decode_jpeg(data: bytes, info: ImageInfo, max_side: int) -> np.ndarray:
    # OpenCV fills the rest of a cut-off JPEG with gray and says nothing.
    if not _is_whole(data):
        raise ImageError("the file is cut off")
    long_side = max(info.width, info.height)
    flag = next(
        (flag for factor, flag in _REDUCED if long_side >= factor * max_side),
        cv2.IMREAD_COLOR,
    )
    pixels = cv2.imdecode(
        np.frombuffer(data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION
    )
    if pixels is None:
        return _decode_any(data, info.orientation)
    return _turn(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), info.orientation)


def _is_whole(data: bytes) -> bool:
    """Whether the coded stream of a JPEG has its end marker.

    That follows the last start-of-scan marker. Where both occur in what comes after the
    picture, as in the video of a motion photo, the stream is followed from the beginning.
    """
    if data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda"):
        return True
    at = 2
    while found := _MARKER.search(data, at):
        if found[1] == b"\xd9":
            return True
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return False


def _turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation (EXIF 2.32, tag 274) to (h, w, 3) pixels."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _decode_any(data: bytes, orientation: int) -> np.ndarray:
    """Decode with Pillow, for every format and mode that OpenCV does not treat alike."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as picture:
                return _turn(np.array(_as_rgb(picture)), orientation)
    except Exception as error:  # as above
        raise ImageError(f"the image is damaged ({error})") from None


def _as_rgb(picture: Image.Image) -> Image.Image:
    """Convert any mode to RGB; transparency goes on white, 16 bits are scaled to 8."""
    if picture.mode.startswith("I;16"):
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    elif picture.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(picture, np.float64), posinf=0, neginf=0)
        low, high = float(values.min()), float(values.max())
        span = (high - low) or 1.0
        picture = Image.fromarray(((values - low) * (255 / span)).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture)
    return picture.convert("RGB")

"""The one door to pictures: what a header says, and pixels at working size.

Every picture is seen the same way everywhere: as a browser shows it on white (what is white itself
on transparent ground, on dark gray). In the colors that its profile means, turned as its container or EXIF says, the first frame of an
animation, and reduced to a working size of at most `WORK_SIDE` pixels on its long side, so
that one decode feeds thumbnail and extractors.
"""

from __future__ import annotations

import errno
import importlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from pipeline import stores
from pipeline.errors import ImageError, TransientImageError
from pipeline.pictures import formats
from pipeline.pictures.bmp import Bmp
from pipeline.pictures.containers import Avif, Heif, JpegXl, Webp
from pipeline.pictures.formats import EXTENSIONS, is_image_name
from pipeline.pictures.info import OWN, UNTRUSTED, ImageInfo, Limits
from pipeline.pictures.jpeg import Jpeg
from pipeline.pictures.png import Png
from pipeline.pictures.raster import Raster, turned
from pipeline.pictures.raw import Raw
from pipeline.pictures.still import Gif, Still
from pipeline.pictures.thumbnails import THUMBNAIL_SIDE, encode_jpeg, resize, thumbnail
from pipeline.pictures.tiffs import Tiff

__all__ = [
    "EXTENSIONS", "OWN", "THUMBNAIL_SIDE", "UNTRUSTED", "WORK_SIDE", "ImageInfo", "Limits", "decode",
    "decode_sides", "encode_jpeg", "is_image_name", "opened", "probe", "read", "resize", "thumbnail",
]

WORK_SIDE = 512
"""Long side of a decoded picture, px: no extractor looks closer than that."""

MAX_BYTES = 2**30
"""Files above this are not read: one larger than memory would end the run."""

_NO_FILE = {errno.EISDIR: "it is not a file", errno.ELOOP: "the link leads to itself"}


class Picture(Protocol):
    """An opened picture: its header is read, no pixel is decoded.

    cost: bytes of memory for a pixel while it is decoded. Methods raise ImageError with the
    reason, and what their decoders raise.
    """

    info: ImageInfo
    cost: float
    exif: bytes
    """The EXIF block, or a file whose own directory holds its tags; empty where there is none."""

    def raster(self, max_side: int) -> Raster:
        """The samples, not turned, long side `max_side` px or more where there are so many."""


_READERS = {
    "JPEG": Jpeg,
    "PNG": Png,
    "BMP": Bmp,
    "TIFF": Tiff,
    "AVIF": Avif,
    "HEIF": Heif,
    "JXL": JpegXl,
    "RAW": Raw,
    "GIF": Gif,
    "WEBP": Webp,
    "JPEG2000": lambda data: Still(data, "JPEG2000"),
}
"""How each format of `formats.sniff` is opened."""


def probe(data: bytes, limits: Limits = OWN) -> ImageInfo:
    """Read the header of an encoded picture.

    Raises ImageError when the bytes are no picture or the picture is too large.
    """
    return opened(data, limits).info


def decode(data: bytes, max_side: int = WORK_SIDE, limits: Limits = OWN) -> np.ndarray:
    """Decode an encoded picture to its working size.

    Returns (height, width, 3) uint8 sRGB, 0–255, C-contiguous, turned, long side at most
    `max_side` px and never enlarged. Raises ImageError with the reason when the bytes cannot
    be read whole, MemoryError when there is not enough memory now.
    """
    return decode_sides(data, (max_side,), limits)[0]


def decode_sides(data: bytes, sides: Sequence[int], limits: Limits = OWN) -> list[np.ndarray]:
    """As `decode`, at several sizes of one decoding."""
    picture = opened(data, limits)
    cheap = isinstance(picture, Jpeg)  # it is decoded at about the size that is asked for
    try:
        whole = None if cheap else picture.raster(max(sides))
        return [_seen(picture, whole or picture.raster(side), side) for side in sides]
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        raise _reason(error, "the image is damaged") from None


def warm_up() -> None:
    """Load what is loaded with the first picture of its kind, before a process is limited."""
    for module in ("pi_heif", "pillow_jxl", "rawpy"):
        importlib.import_module(module)
    small = np.zeros((8, 8, 3), np.uint8)
    cv2.resize(small, (4, 4), interpolation=cv2.INTER_AREA)
    decode(encode_jpeg(small))


def _seen(picture: Picture, raster: Raster, side: int) -> np.ndarray:
    pixels = turned(raster.reduced(side).on_ground(), picture.info.orientation)
    return np.require(pixels, requirements="CW")


def opened(data: bytes, limits: Limits | None = None) -> Picture:
    """Open an encoded picture; raises ImageError when the bytes are none, or it is above the limits."""
    if not data:
        raise ImageError("the file is empty")
    kind = formats.sniff(data)
    if kind is None:
        raise ImageError("not an image in a format that can be read")
    try:
        picture = _READERS[kind](data)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # decoders raise many kinds on damaged files
        raise _reason(error, "the header is damaged") from None
    if limits is not None:
        limits.check(picture.info, picture.cost)
    return picture


def _reason(error: Exception, what: str) -> Exception:
    """What to raise for what a decoder raised."""
    if isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem:
        return MemoryError()
    said = " ".join(str(error).split())[:200]
    return ImageError(f"{what} ({said})" if said else what)


def read(place: Path | str) -> bytes:
    """The bytes of a file, or of what lies at an address.

    Raises ImageError when it is no file or too large, TransientImageError with the reason when
    it cannot be read this time.
    """
    if stores.is_address(place):
        return _fetched(place)
    try:
        # Not blocking: opening a pipe would wait for somebody to write to it.
        with open(os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ImageError(_NO_FILE[errno.EISDIR])
            if reason := too_large(status.st_size):
                raise ImageError(reason)
            return file.read(status.st_size)
    except FileNotFoundError:
        raise TransientImageError("the file is not there any more") from None
    except MemoryError:
        raise TransientImageError("there was not enough memory to read it") from None
    except OSError as error:
        if error.errno in _NO_FILE:
            raise ImageError(_NO_FILE[error.errno]) from None
        raise TransientImageError(f"the file cannot be opened ({error.strerror or error})") from None


def too_large(size: int) -> str | None:
    """Why a file of so many bytes is not read; None where it is."""
    if size <= MAX_BYTES:
        return None
    return f"the file has {size / 2**30:,.1f} GB, above the limit of {MAX_BYTES // 2**30} GB"


def _fetched(address: str) -> bytes:
    try:
        data = stores.read(address)
    except FileNotFoundError:
        raise TransientImageError("the file is not there any more") from None
    except MemoryError:
        raise TransientImageError("there was not enough memory to read it") from None
    except stores.StoreError as error:
        raise TransientImageError(f"the file cannot be fetched ({error})") from None
    if reason := too_large(len(data)):
        raise ImageError(reason)
    return data

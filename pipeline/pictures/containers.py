"""WebP, HEIF, AVIF and JPEG XL, whose containers tell where coded pixels lie.

In the last three it is also the container that says how a picture is turned, whatever its
EXIF says.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.errors import ImageError
from pipeline.pictures import bmff
from pipeline.pictures.color import Space
from pipeline.pictures.info import ImageInfo
from pipeline.pictures.jpeg import Jpeg
from pipeline.pictures.levels import spread
from pipeline.pictures.raster import Raster, turned
from pipeline.pictures.still import Still

_HOLE = bytes(16384)
"""Coded pixels never hold so many zeros."""

_WEBP_CODED = (b"VP8 ", b"VP8L", b"ALPH", b"ANMF")
_WEBP_HOLE = bytes(1024)
_CODED = (b"mdat", b"jxlc", b"jxlp")
_HEIF_COST, _JXL_COST = 12, 20  # bytes of memory for a pixel


class Webp(Still):
    """WebP."""

    def __init__(self, data: bytes):
        super().__init__(data, "WEBP")
        for kind, start, end in _riff_chunks(data):
            if end > len(data):
                raise ImageError("the file is cut off")
            if kind in _WEBP_CODED and data.find(_WEBP_HOLE, start, end) >= 0:
                raise ImageError("a part of the file is only zeros")


def _riff_chunks(data: bytes):
    """(kind, start, end) of the chunks of a RIFF file."""
    at, last = 12, 8 + int.from_bytes(data[4:8], "little")
    while at + 8 <= min(last, len(data)):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], at + 8, at + 8 + length
        at += 8 + length + (length & 1)


class Avif(Still):
    """AVIF; Pillow hands the container's turn on as that of the EXIF block."""

    def __init__(self, data: bytes):
        super().__init__(data, "AVIF")
        _refuse_holes(data)
        self._numbers = _code_points(data)

    def _space(self, model: str) -> Space:
        if icc := self._picture.info.get("icc_profile"):
            return Space(model, icc)
        return Space(model, cicp=self._numbers)


class Heif:
    """HEIF, HEIC; libheif turns it."""

    cost = _HEIF_COST

    def __init__(self, data: bytes):
        size = bmff.size(data)
        if size is None:
            raise ImageError("the header is damaged, or the file is cut off")
        _refuse_holes(data)
        self._data = data
        self.info = ImageInfo(*size, "HEIF", 1, "RGB")

    @property
    def exif(self) -> bytes:
        """The EXIF block; empty where there is none."""
        return bmff.exif(self._data)

    def raster(self, max_side: int) -> Raster:
        """The samples, long side `max_side` px or more where the picture has them."""
        import pi_heif  # only where there are such files

        pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
        picture = _HeifPixels(self._data)
        if (picture.info.width, picture.info.height) != (self.info.width, self.info.height):
            raise ImageError("the header is damaged")
        return picture.raster(max_side)


class _HeifPixels(Still):
    def __init__(self, data: bytes):
        super().__init__(data, "HEIF")
        self._numbers = _code_points(data)

    def _turn(self, kind: str) -> int:
        return 1

    _space = Avif._space


class JpegXl:
    """One opened JPEG XL; libjxl turns it."""

    def __init__(self, data: bytes):
        self._data = data
        stream = _codestream(data)
        if stream[:2] != b"\xff\x0a":
            raise ImageError("the header is damaged")
        width, height = _jxl_size(stream[2:64])
        self.info = ImageInfo(width, height, "JXL", 1, "RGB")
        self.cost = _JXL_COST
        box = next((data[start:end] for kind, start, end in bmff.boxes(data) if kind == b"Exif"), b"")
        # Four bytes before it say where it begins; some writers leave them out.
        self.exif = box if box[:2] in (b"II", b"MM") else box[4:]

    def raster(self, max_side: int) -> Raster:
        """All samples."""
        import pillow_jxl  # only where there are such files

        _refuse_holes(self._data)
        try:
            was_jpeg, info, pixels, icc, _ = pillow_jxl.Decoder(num_threads=0)(self._data)
        except (RuntimeError, ValueError, OSError):  # what it says is advice on building it, in several lines
            raise ImageError("the image is damaged") from None
        if was_jpeg:
            jpeg = Jpeg(bytes(pixels))
            raster = jpeg.raster(max_side)
            return replace(raster, samples=turned(raster.samples, jpeg.info.orientation))
        samples = _typed(bytes(pixels), info.mode).reshape(info.height, info.width, -1)
        channels = samples.shape[2]
        alpha = samples[:, :, -1] if channels in (2, 4) else None
        samples = samples[:, :, : channels - (alpha is not None)]
        return Raster(samples, alpha, Space("gray" if samples.shape[2] == 1 else "rgb", bytes(icc) or None))


def _typed(pixels: bytes, mode: str) -> np.ndarray:
    if mode.startswith("F"):
        return spread(np.frombuffer(pixels, np.float16 if mode == "F;16" else np.float32))
    return np.frombuffer(pixels, np.uint16 if "16" in mode else np.uint8)


def _refuse_holes(data: bytes) -> None:
    """Raise ImageError where the file ends early or coded pixels were never written."""
    for kind, start, end in bmff.boxes(data):
        if kind in _CODED:
            if end > len(data):
                raise ImageError("the file is cut off")
            if data.find(_HOLE, start, end) >= 0:
                raise ImageError("a part of the file is only zeros")


def _code_points(data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer (H.273) of the first `colr` box that says them."""
    for kind, start, end in bmff.boxes(data):
        at = data.find(b"colrnclx", start, end) if kind == b"meta" else -1
        if at >= 0 and at + 12 <= len(data):
            return int.from_bytes(data[at + 8 : at + 10], "big"), int.from_bytes(data[at + 10 : at + 12], "big")
    return None


def _codestream(data: bytes) -> bytes:
    """The beginning of the bare stream of a JPEG XL file."""
    if data[:2] == b"\xff\x0a":
        return data[:64]
    for kind, start, _ in bmff.boxes(data):
        if kind == b"jxlc":
            return data[start : start + 64]
        if kind == b"jxlp":
            return data[start + 4 : start + 68]
    return b""


_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def _jxl_size(stream: bytes) -> tuple[int, int]:
    """Width and height as seen, of the size header that a stream begins with (ISO/IEC 18181-1, D.2)."""
    bits, at = int.from_bytes(stream, "little"), 0

    def take(count: int) -> int:
        nonlocal at
        at += count
        return bits >> (at - count) & ((1 << count) - 1)

    def side(small: int) -> int:
        return 8 * (1 + take(5)) if small else 1 + take((9, 13, 18, 30)[take(2)])

    small = take(1)
    height = side(small)
    ratio = take(3)
    width = height * _RATIOS[ratio - 1][0] // _RATIOS[ratio - 1][1] if ratio else side(small)
    if not take(1) and take(1) and take(3) >= 4:  # not all by default, more fields, the turn less 1
        width, height = height, width
    return width, height

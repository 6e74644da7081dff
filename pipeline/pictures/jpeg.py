"""JPEG: decoded by OpenCV at an eighth, quarter or half of its size where that is enough."""

from __future__ import annotations

import re

import cv2
import numpy as np

from pipeline.errors import ImageError
from pipeline.pictures import tiff
from pipeline.pictures.color import Space
from pipeline.pictures.info import ImageInfo
from pipeline.pictures.raster import Raster
from pipeline.pictures.still import Still, opened

# The reductions that libjpeg decodes for free, largest first.
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)

# A marker of a JPEG's stream; not zeros and restarts, which belong to the coded pixels.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_SCAN, _TABLES, _END = 0xDA, 0xC4, 0xD9
_ARITHMETIC = (0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
_SIXTEEN_ZEROS = 0xF0

_HOLE = bytes(4096)
"""A sector that was never written."""

_FOLLOWING = (b"", b"\0" + b"\xd5\x6b\xae\xf5" * 64, b"\0" + b"\x2a\x95\xd2\x4b" * 64)
"""None, and coded pixels of two kinds: a zero first, for a last byte 0xff would begin a marker with any other."""

_REDUCED_COST = 0.25  # bytes of memory for a pixel of the file, decoded at an eighth
_PROGRESSIVE_COST = 6.5  # all coefficients, two bytes each, are kept till the last scan


class Jpeg:
    """One opened JPEG."""

    def __init__(self, data: bytes):
        self._data = data
        self._picture = picture = opened(data, "JPEG")
        width, height = picture.size
        self.exif = picture.info.get("exif", b"")
        turn = tiff.orientation(self.exif)
        self.info = ImageInfo.turned(width, height, "JPEG", turn, picture.mode)
        self.cost = _PROGRESSIVE_COST if picture.info.get("progressive") else _REDUCED_COST

    def raster(self, max_side: int) -> Raster:
        """The samples, long side `max_side` px or more where the picture has them."""
        if not is_whole(self._data):
            self._data = _ended(self._data)
        if _has_hole(self._data):
            raise ImageError("a part of the file is only zeros")
        if self._picture.mode == "CMYK":
            return self._by_pillow(max_side)
        long_side = max(self.info.width, self.info.height)
        flag = next((f for factor, f in _REDUCED if long_side >= factor * max_side), cv2.IMREAD_COLOR)
        try:
            encoded = np.frombuffer(self._data, np.uint8)
            pixels = cv2.imdecode(encoded, flag | cv2.IMREAD_IGNORE_ORIENTATION)
        except cv2.error:  # wider than it takes
            pixels = None
        if pixels is None:
            return self._by_pillow(max_side)
        if self._picture.mode == "L":
            return Raster(pixels[:, :, :1], None, Space("gray", self._picture.info.get("icc_profile")))
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        return Raster(pixels, None, Space("rgb", self._picture.info.get("icc_profile")))

    def _by_pillow(self, max_side: int) -> Raster:
        return _Drafted(self._data, max_side).raster(max_side)


class _Drafted(Still):
    """By Pillow, reduced by libjpeg while it decodes."""

    def __init__(self, data: bytes, max_side: int):
        super().__init__(data, "JPEG")
        self._picture.draft(None, (max_side, max_side))


def is_whole(data: bytes) -> bool:
    """Whether the coded stream of a JPEG has its end marker.

    That follows the last start-of-scan marker. Where both occur in what comes after the
    picture, as in the video of a motion photo, the stream is followed from the beginning.
    """
    if data.endswith(b"\xff\xd9") or data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda"):
        return True
    return any(marker == _END for marker, _ in _segments(data))


def _ended(data: bytes) -> bytes:
    """A JPEG with the end marker that it lacks: some cameras and programs write none, and every viewer shows theirs.

    Raises ImageError where pixels are missing, too, but for the last block or two: decoders fill them with gray
    and say nothing, but what is put in their place then makes a difference.
    """
    ended = [data + more + b"\xff\xd9" for more in _FOLLOWING]
    for flag in (cv2.IMREAD_REDUCED_COLOR_8, cv2.IMREAD_COLOR):  # most that is cut off shows in an eighth, of little memory
        first = _pixels(ended[0], flag)
        if first is None or not all(np.array_equal(first, _pixels(other, flag)) for other in ended[1:]):
            raise ImageError("the file is cut off")
    return ended[0]


def _pixels(data: bytes, flag: int) -> np.ndarray | None:
    return cv2.imdecode(np.frombuffer(data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)


def _segments(data: bytes):
    """(marker, offset of what follows it) up to the end of the first picture."""
    at = 2
    while found := _MARKER.search(data, at):
        marker = found[1][0]
        yield marker, found.end()
        if marker == _END:
            return
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")


def _has_hole(data: bytes) -> bool:
    """Whether coded pixels are zeros for so long that they cannot be meant.

    Zeros mean what the shortest codes of a scan's Huffman tables stand for. Where that is no
    change and the end of a block in all of them, an even area is coded so; elsewhere it never is.
    """
    hole = data.find(_HOLE)
    if hole < 0:
        return False
    shortest: dict[tuple[int, int], int] = {}
    scan, may_be_even = None, True
    for marker, at in _segments(data):
        if scan is not None and not may_be_even and data.find(_HOLE, scan, at) >= 0:
            return True
        scan = None
        if marker == _TABLES:
            shortest.update(_shortest_codes(data, at))
        elif marker == _SCAN:
            scan, may_be_even = at, _may_be_even(data, at, shortest)
        elif marker in _ARITHMETIC:
            return False
    return False


def _shortest_codes(data: bytes, at: int):
    """((class, table), what its shortest code stands for) of each Huffman table of a segment."""
    end = min(at + int.from_bytes(data[at : at + 2], "big"), len(data) - 17)
    at += 2
    while at < end:
        count = sum(data[at + 1 : at + 17])
        if count:
            yield (data[at] >> 4, data[at] & 15), data[at + 17]
        at += 17 + count


def _may_be_even(data: bytes, at: int, shortest: dict[tuple[int, int], int]) -> bool:
    """Whether zeros in the scan whose header lies there stand for an even area."""
    count = data[at + 2] if at + 2 < len(data) else 0
    tables = data[at + 4 : at + 3 + 2 * count : 2]
    first, last, refined = (*data[at + 3 + 2 * count : at + 6 + 2 * count], 0, 0, 0)[:3]
    if refined >> 4:
        return True  # bits of differences, which may all be none
    even = all(shortest.get((0, table >> 4), 0) == 0 for table in tables) if first == 0 else True
    if last > 0:  # the end of one block, or in a progressive file of up to 2^14
        codes = [shortest.get((1, table & 15), 0) for table in tables]
        even &= all(code & 15 == 0 and code != _SIXTEEN_ZEROS for code in codes)
    return even

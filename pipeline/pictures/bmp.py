"""BMP in all the shapes that browsers show: OS/2 and Windows headers, palettes, bit fields,
runs of 4, 8 and 24 bits, rows from below or from above.

Pillow refuses a number of them, and OpenCV others.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np

from pipeline.errors import ImageError
from pipeline.pictures.color import D65, Space
from pipeline.pictures.info import ImageInfo
from pipeline.pictures.jpeg import Jpeg
from pipeline.pictures.png import Png
from pipeline.pictures.raster import Raster

_RGB, _RLE8, _RLE4, _FIELDS, _JPEG, _PNG, _ALPHA_FIELDS = 0, 1, 2, 3, 4, 5, 6
_OS2_RLE24 = 4  # in an OS/2 header, which has no JPEG
_OS2_HUFFMAN = 3
_OS2 = (12, 16, 64)
_RUNS = {_RLE8: 8, _RLE4: 4}
_MOST_RUNS = 40_000_000  # pixels of a picture in runs: they are followed one by one
_COST, _RUN_COST = 9, 12  # bytes of memory for a pixel

_FIELDS_OF = {16: (0x7C00, 0x3E0, 0x1F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}


@dataclass(frozen=True)
class _Header:
    start: int
    size: int
    width: int
    height: int
    from_above: bool
    bits: int
    compression: int
    colors: int
    pixels: int

    @classmethod
    def of(cls, data: bytes) -> _Header:
        start = 14 if data[:2] == b"BM" else 28  # the first picture of an array
        pixels, size = struct.unpack_from("<II", data, start - 4)
        if size == 12:
            width, height, _, bits = struct.unpack_from("<HHHH", data, start + 4)
            return cls(start, size, width, height, False, bits, _RGB, 0, pixels)
        if not (16 <= size <= 64 or size in (108, 124)):
            raise ImageError("the header is damaged, or of a kind that is not read")
        fields = data[start + 4 : start + size].ljust(36, b"\0") if size < 40 else data[start + 4 :]
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", fields)
        colors = struct.unpack_from("<I", fields, 28)[0]
        if width < 0:
            raise ImageError("the header is damaged")
        return cls(start, size, width, abs(height), height < 0, bits, compression, colors, pixels)


class Bmp:
    """One opened BMP."""

    exif = b""

    def __init__(self, data: bytes):
        self._data = data
        try:
            self._header = header = _Header.of(data)
        except struct.error:
            raise ImageError("the file is cut off") from None
        self.info = ImageInfo(header.width, header.height, "BMP", 1, str(header.bits))
        self.cost = _COST if self._run_bits() is None else _RUN_COST

    def _run_bits(self) -> int | None:
        header = self._header
        if header.size in _OS2 and header.compression == _OS2_RLE24 and header.bits == 24:
            return 24
        return _RUNS.get(header.compression)

    def raster(self, max_side: int) -> Raster:
        """All samples."""
        header = self._header
        if header.size not in _OS2 and header.compression in (_JPEG, _PNG):
            return self._embedded(max_side)
        if header.size in _OS2 and header.compression == _OS2_HUFFMAN:
            raise ImageError("a BMP in Huffman code is not read")
        if (run_bits := self._run_bits()) is not None:
            if header.width * header.height > _MOST_RUNS:
                raise ImageError("too large for a BMP in runs")
            return replace(self._in_runs(run_bits), space=self._space())
        if header.bits in (1, 2, 4, 8):
            return Raster(self._palette()[self._indices()], None, self._space())
        if header.bits in (16, 24, 32):
            return replace(self._direct(), space=self._space())
        raise ImageError(f"a BMP of {header.bits} bits is not read")

    def _embedded(self, max_side: int) -> Raster:
        kind = Jpeg if self._header.compression == _JPEG else Png
        picture = kind(self._data[self._header.pixels :])
        if (picture.info.width, picture.info.height) != (self.info.width, self.info.height):
            raise ImageError("the header is damaged")
        return picture.raster(max_side)

    def _space(self) -> Space:
        """Of the longest headers: a profile, or gamma and primaries."""
        header, data = self._header, self._data
        if header.size < 108 or len(data) < header.start + header.size:
            return Space()
        kind = data[header.start + 56 : header.start + 60]
        if kind == b"DEBM" and header.size == 124:
            at, size = struct.unpack_from("<II", data, header.start + 112)
            return Space(icc=data[header.start + at : header.start + at + size] or None)
        gamma = struct.unpack_from("<I", data, header.start + 96)[0] / 65536
        if kind != bytes(4) or not 0.1 <= gamma <= 10:
            return Space()
        ends = np.frombuffer(data, "<u4", 9, header.start + 60).reshape(3, 3) / 2**30
        sums = ends.sum(axis=1, keepdims=True)
        if not (sums > 0).all():
            return Space(gamma=gamma)
        return Space(gamma=gamma, primaries=(*(float(v) for v in (ends / sums)[:, :2].ravel()), *D65))

    def _rows(self, bits: int) -> np.ndarray:
        """(h, bytes of a row) uint8 from above."""
        header = self._header
        stride = (header.width * bits + 31) // 32 * 4
        used = (header.width * bits + 7) // 8
        size = stride * header.height
        held = len(self._data) - header.pixels
        if held < size - (stride - used):
            raise ImageError("the file is cut off")
        if held < size:
            raw = np.frombuffer(self._data[header.pixels :] + bytes(size - held), np.uint8)
        else:
            raw = np.frombuffer(self._data, np.uint8, size, header.pixels)
        rows = raw.reshape(header.height, stride)[:, :used]
        return rows if header.from_above else rows[::-1]

    def _indices(self) -> np.ndarray:
        bits, rows = self._header.bits, self._rows(self._header.bits)
        if bits == 8:
            return rows
        parts = [(rows >> shift) & ((1 << bits) - 1) for shift in range(8 - bits, -1, -bits)]
        return np.stack(parts, 2).reshape(len(rows), -1)[:, : self._header.width]

    def _palette(self) -> np.ndarray:
        """(256, 3) uint8 RGB; black where the file has no more colors."""
        header = self._header
        entry = 3 if header.size == 12 else 4
        start = header.start + header.size
        if header.size == 40 and header.compression in (_FIELDS, _ALPHA_FIELDS):
            start += 12
        most = min(header.colors or 256, 256, 1 << min(header.bits, 8))
        end = min(start + most * entry, max(header.pixels, start))
        given = np.frombuffer(self._data[start:end], np.uint8)
        given = given[: len(given) // entry * entry].reshape(-1, entry)
        colors = np.zeros((256, 3), np.uint8)
        colors[: len(given)] = given[:, 2::-1]
        return colors

    def _direct(self) -> Raster:
        header = self._header
        rows = self._rows(header.bits)
        if header.bits == 24:
            return Raster(rows.reshape(len(rows), header.width, 3)[:, :, ::-1])
        kind = "<u2" if header.bits == 16 else "<u4"
        words = np.ascontiguousarray(rows).view(kind)
        red, green, blue, alpha = self._masks()
        if (red, green, blue, alpha) == _FIELDS_OF[32] and header.bits == 32:
            return Raster(rows.reshape(len(rows), header.width, 4)[:, :, 2::-1])
        samples = np.stack([_field(words, mask) for mask in (red, green, blue)], axis=2)
        opacity = _field(words, alpha) if alpha else None
        if opacity is not None and not opacity.any():
            opacity = None  # written by what knows no alpha
        return Raster(samples, opacity)

    def _masks(self) -> tuple[int, ...]:
        header = self._header
        by_header = header.size >= 56
        if header.compression not in (_FIELDS, _ALPHA_FIELDS):
            red, green, blue, _ = _FIELDS_OF[header.bits]
            alpha = self._data[header.start + 52 : header.start + 56] if header.bits == 32 and by_header else b""
            return red, green, blue, int.from_bytes(alpha, "little")
        count = 4 if by_header or header.compression == _ALPHA_FIELDS else 3
        at = header.start + 40  # in the longer headers, or after the shorter one
        try:
            masks = struct.unpack_from(f"<{count}I", self._data, at)
        except struct.error:
            raise ImageError("the file is cut off") from None
        return (*masks, 0)[:4]

    def _in_runs(self, bits: int) -> Raster:
        header = self._header
        canvas, reached = _follow_runs(self._data[header.pixels :], header.width, header.height, bits)
        if not header.from_above:
            canvas, reached = canvas[::-1], reached[::-1]
        samples = canvas[:, :, ::-1] if bits == 24 else self._palette()[canvas[:, :, 0]]
        # What no run reaches is transparent, as browsers have it.
        return Raster(np.ascontiguousarray(samples), None if reached.all() else np.where(reached, 255, 0).astype(np.uint8))


def _field(words: np.ndarray, mask: int) -> np.ndarray:
    """The bits of a mask as uint8 over the whole range."""
    if not mask:
        return np.zeros(words.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    top = mask >> shift
    values = (words & np.uint32(mask)) >> np.uint32(shift)
    if top == 255:
        return values.astype(np.uint8)
    return np.minimum(np.rint(values.astype(np.float64) * (255 / top)), 255).astype(np.uint8)


def _follow_runs(data: bytes, width: int, height: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Palette indices or BGR (h, w, 1 or 3) from below, and (h, w) bool where a run has been."""
    step = 3 if bits == 24 else 1
    canvas = np.zeros((height, width, step), np.uint8)
    reached = np.zeros((height, width), bool)
    at = x = y = 0

    def put(values: np.ndarray) -> None:
        nonlocal x
        if x + len(values) > width:
            raise ImageError("the image is damaged (a run leads beyond its row)")
        canvas[y, x : x + len(values)] = values
        reached[y, x : x + len(values)] = True
        x += len(values)

    while y < height:
        if at + 2 > len(data):
            raise ImageError("the file is cut off")
        count, value = data[at], data[at + 1]
        at += 2
        if count:
            color = data[at - 1 : at - 1 + step]
            at += step - 1
            if len(color) < step:
                raise ImageError("the file is cut off")
            put(_values(color * count if bits != 4 else color * ((count + 1) // 2), count, bits))
        elif value == 0:
            x, y = 0, y + 1
        elif value == 1:
            break
        elif value == 2:
            if at + 2 > len(data):
                raise ImageError("the file is cut off")
            x, y, at = min(x + data[at], width), y + data[at + 1], at + 2
        else:
            length = (value * bits + 7) // 8
            literal = data[at : at + length]
            if len(literal) < length:
                raise ImageError("the file is cut off")
            put(_values(literal, value, bits))
            at += length + (length & 1)
    return canvas, reached


def _values(data: bytes, count: int, bits: int) -> np.ndarray:
    """(count, 1 or 3) uint8 of packed values."""
    values = np.frombuffer(data, np.uint8)
    if bits == 4:
        values = np.stack([values >> 4, values & 15], 1).reshape(-1)
    return values.reshape(-1, 3 if bits == 24 else 1)[:count]

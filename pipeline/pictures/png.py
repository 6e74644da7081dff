"""PNG: its chunks are read here, its pixels by Pillow, those of 16 bits by OpenCV.

The decoders get the chunks that make pixels and no others: what hides in the rest, damaged
or inflated, does not reach them. Large pictures are decoded strip by strip, inflated by ISA-L, which takes
under half of zlib's time.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from isal import isal_zlib

from pipeline.errors import ImageError
from pipeline.pictures import opencv, tiff
from pipeline.pictures.color import Space
from pipeline.pictures.info import ImageInfo
from pipeline.pictures.levels import used_bits, widened
from pipeline.pictures.raster import Raster, stacked
from pipeline.pictures.still import Still
from pipeline.pictures.strips import SIGNATURE, ahead, chunk, unfiltered

_LARGE = 30_000_000  # pixels; above, strips
_BAND = 4_000_000  # pixels of a strip
_PIECE = 2**20  # bytes inflated at a time: what is left of one is copied each time
_ICC_BYTES = 4 * 2**20
_SRGB_GAMMA = 45455  # what old writers call sRGB
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_GRAY, _PALETTE, _GRAY_ALPHA = 0, 3, 4
_STRIP_COST, _COST, _WIDE_COST = 0.6, 7, 14  # bytes of memory for a pixel

@dataclass(frozen=True)
class _Header:
    width: int
    height: int
    depth: int
    color: int
    interlaced: bool

    @classmethod
    def of(cls, body: bytes) -> _Header:
        if len(body) != 13:
            raise ImageError("the header is damaged")
        depth, color, interlace = body[8], body[9], body[12]
        if depth not in _DEPTHS.get(color, ()):
            raise ImageError("the header is damaged")
        return cls(int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big"), depth, color, interlace == 1)

    @property
    def row_bytes(self) -> int:
        return (self.width * self.depth * _CHANNELS[self.color] + 7) // 8

    @property
    def pixel_bytes(self) -> int:
        return max(1, self.depth * _CHANNELS[self.color] // 8)


class Png:
    """One opened PNG; of an animation its still picture."""

    def __init__(self, data: bytes):
        self._data = data
        self._pixels: list[tuple[int, int]] = []
        self._found: dict[bytes, bytes] = {}
        for kind, start, end in _chunks(data):
            if kind == b"IDAT":
                self._pixels.append((start, end))
            elif kind in _READ and kind not in self._found and not self._pixels:  # later ones do not count
                self._found[kind] = data[start:end]
        if b"IHDR" not in self._found:
            raise ImageError("the header is damaged")
        self._header = header = _Header.of(self._found[b"IHDR"])
        self.exif = self._found.get(b"eXIf", b"")
        turn = tiff.orientation(self.exif)
        self.info = ImageInfo.turned(header.width, header.height, "PNG", turn, f"{header.color}/{header.depth}")
        self._in_strips = header.width * header.height > _LARGE and not header.interlaced
        self.cost = _STRIP_COST if self._in_strips else _WIDE_COST if header.depth == 16 else _COST

    def raster(self, max_side: int) -> Raster:
        """The samples, long side `max_side` px or more where the picture has them."""
        if not self._pixels:
            raise ImageError("the file is cut off")
        if self._in_strips:
            return self._spread(self._by_strips(max_side))
        header = self._header
        data = _file(self._found, (self._data[start:end] for start, end in self._pixels), header)
        wide = header.depth == 16 and header.color != _GRAY
        plain = opencv.raster(data) if wide else _Plain(data, "PNG").raster(max_side)
        return self._spread(self._with_meaning(plain))

    def _spread(self, found: Raster) -> Raster:
        """Gray words of which a camera or microscope has used only some bits over all levels, as of a TIFF."""
        if found.samples.dtype != np.uint16 or self._header.color not in (_GRAY, _GRAY_ALPHA):
            return found
        return replace(found, samples=widened(found.samples, used_bits(int(found.samples.max()))))

    def _with_meaning(self, plain: Raster) -> Raster:
        """With transparency by a key, and with its colors' space."""
        samples, alpha = plain.samples, plain.alpha
        if alpha is None:
            alpha = self._keyed(samples)
        return Raster(samples, alpha, self._space("gray" if samples.shape[2] == 1 else "rgb"))

    def _keyed(self, samples: np.ndarray) -> np.ndarray | None:
        body = self._found.get(b"tRNS", b"")
        header = self._header
        if header.color not in (0, 2) or len(body) < 2 * samples.shape[2]:
            return None
        key = np.frombuffer(body, ">u2", samples.shape[2]).astype(np.uint32)
        top = np.iinfo(samples.dtype).max
        key = key * (top // ((1 << header.depth) - 1)) if header.depth < 16 else key
        return np.where((samples == key).all(axis=2), 0, top).astype(samples.dtype)

    def _space(self, model: str) -> Space:
        found = self._found
        if len(found.get(b"cICP", b"")) == 4 and found[b"cICP"][2] == 0:
            return Space(model, cicp=(found[b"cICP"][0], found[b"cICP"][1]))
        if icc := _profile(found.get(b"iCCP", b"")):
            return Space(model, icc)
        if b"sRGB" in found or len(found.get(b"gAMA", b"")) != 4:
            return Space(model)
        gamma = int.from_bytes(found[b"gAMA"], "big")
        if not 0 < gamma < 1_000_000 or (gamma == _SRGB_GAMMA and b"cHRM" not in found):
            return Space(model)
        primaries = None
        if len(found.get(b"cHRM", b"")) == 32:
            values = np.frombuffer(found[b"cHRM"], ">u4") / 100_000
            primaries = (*(float(v) for v in values[2:]), float(values[0]), float(values[1]))
        return Space(model, gamma=100_000 / gamma, primaries=primaries)

    def _by_strips(self, max_side: int) -> Raster:
        header = self._header
        factor = max(1, max(header.width, header.height) // (2 * max_side))
        step = max(1, _BAND // (header.width * factor)) * factor
        bands = []
        for rows in ahead(self._rows(ahead(self._filtered(step)))):
            bands.append(self._with_meaning(self._unpacked(rows)).shrunk(factor))
        return stacked(bands)

    def _rows(self, strips: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Strips of rows without their filters: (n, row_bytes) uint8."""
        header = self._header
        before = np.zeros(header.row_bytes, np.uint8)
        for filtered in strips:
            rows = unfiltered(filtered, before, header.pixel_bytes)
            before = rows[-1].copy()
            yield rows

    def _filtered(self, step: int) -> Iterator[np.ndarray]:
        """The inflated rows (n, 1 + row_bytes) uint8, each with its filter before it, `step` at a time."""
        left, size = self._header.height, self._header.row_bytes + 1
        inflate, gathered, held = isal_zlib.decompressobj(), [], 0
        for piece in self._pieces():
            more = True
            while left and more:
                wanted = min(step, left) * size
                try:
                    part = inflate.decompress(piece, wanted - held)
                except isal_zlib.error as error:
                    raise ImageError(f"the image is damaged ({error})") from None
                gathered.append(part)
                held += len(part)
                piece = inflate.unconsumed_tail
                more = bool(piece) or held == wanted  # what it holds back comes without more input
                if held == wanted:
                    yield np.frombuffer(b"".join(gathered), np.uint8).reshape(-1, size)
                    left -= min(step, left)
                    gathered, held = [], 0
        if left:
            raise ImageError("the file is cut off")

    def _pieces(self) -> Iterator[memoryview]:
        """The deflated pixels."""
        data = memoryview(self._data)
        for start, end in self._pixels:
            for at in range(start, end, _PIECE):
                yield data[at : min(at + _PIECE, end)]

    def _unpacked(self, rows: np.ndarray) -> Raster:
        """Rows of bytes (n, row_bytes) as samples."""
        header, channels = self._header, _CHANNELS[self._header.color]
        if header.depth == 16:
            samples = rows.view(">u2").astype(np.uint16).reshape(len(rows), header.width, channels)
        elif header.depth == 8:
            samples = rows.reshape(len(rows), header.width, channels)
        else:
            bits = np.unpackbits(rows, axis=1)[:, : header.width * header.depth]
            weights = 1 << np.arange(header.depth - 1, -1, -1, dtype=np.uint8)
            samples = (bits.reshape(len(rows), header.width, header.depth) @ weights)[:, :, None].astype(np.uint8)
            if header.color == _GRAY:
                samples = samples * np.uint8(255 // ((1 << header.depth) - 1))
        if header.color == _PALETTE:
            samples = self._palette()[samples[:, :, 0]]
            return Raster(samples[:, :, :3], samples[:, :, 3] if b"tRNS" in self._found else None)
        if channels == 4:  # taken apart by OpenCV in a third of the time
            return Raster(cv2.cvtColor(samples, cv2.COLOR_RGBA2RGB), cv2.extractChannel(samples, 3))
        if channels == 2:
            return Raster(samples[:, :, :1], samples[:, :, 1])
        return Raster(samples)

    def _palette(self) -> np.ndarray:
        """(256, 4) uint8 RGBA; black and opaque where the file has no more colors."""
        colors = np.zeros((256, 4), np.uint8)
        colors[:, 3] = 255
        given = np.frombuffer(self._found.get(b"PLTE", b"")[:768], np.uint8)
        given = given[: len(given) // 3 * 3].reshape(-1, 3)
        colors[: len(given), :3] = given
        alpha = np.frombuffer(self._found.get(b"tRNS", b"")[:256], np.uint8)
        colors[: len(alpha), 3] = alpha
        return colors


_READ = (b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"eXIf")


class _Plain(Still):
    """Pixels alone: what they mean is known here."""

    def _space(self, model: str) -> Space:
        return Space(model)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of each whole chunk. Raises ImageError where one that counts is damaged."""
    at = len(SIGNATURE)
    view = memoryview(data)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        end = at + 8 + length
        if end + 4 > len(data):
            if kind == b"IDAT":  # what came of it may be all that is needed
                yield kind, at + 8, len(data)
            return
        if kind in (b"IHDR", b"PLTE", b"IDAT"):
            if isal_zlib.crc32(view[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
                raise ImageError(
                    "the header is damaged" if kind == b"IHDR" else "the image is damaged (wrong check sum)"
                )
        yield kind, at + 8, end
        if kind == b"IEND":
            return
        at = end + 4


def _file(found: dict[bytes, bytes], pixels, header: _Header) -> bytes:
    """A PNG of what makes pixels alone."""
    parts = [SIGNATURE, chunk(b"IHDR", found[b"IHDR"])]
    if header.color == _PALETTE:
        parts += [chunk(kind, found[kind]) for kind in (b"PLTE", b"tRNS") if kind in found]
    parts += [chunk(b"IDAT", body) for body in pixels]
    return b"".join([*parts, chunk(b"IEND", b"")])


def _profile(body: bytes) -> bytes | None:
    """The ICC profile of an iCCP chunk: a name, a zero, the method, the profile deflated."""
    name, zero, packed = body[:80].partition(b"\0")
    if not zero:
        return None
    try:
        return zlib.decompressobj().decompress(body[len(name) + 2 :], _ICC_BYTES)
    except zlib.error:
        return None

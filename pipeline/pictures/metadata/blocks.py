"""Where the containers of pictures keep what is said about them.

Only blocks are found here, none is understood. Takes any bytes and never raises; what is too
large to be meant is left out with a note.
"""

from __future__ import annotations

import zlib
from binascii import Error as HexError
from binascii import unhexlify
from dataclasses import dataclass, field

import brotli

from pipeline.pictures import formats
from pipeline.pictures.metadata.boxes import items, parts
from pipeline.pictures.metadata.source import Source
from pipeline.pictures.metadata.text import decoded

_LARGEST = 8 * 2**20
"""Bytes of one block, packed or not: the largest workflows have some hundred kB."""
_MOST_TEXTS = 100
_MOST_PARTS = 20_000  # chunks, segments, boxes of a file
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_CANON_UUID = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"


@dataclass
class Blocks:
    """The blocks of a file.

    exif: TIFF structures, each with its own places. photoshop: image resources, in which IPTC
    lies. texts: by their keys, as in PNG. problems: sentences.
    """

    exif: list[Source] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)
    iptc: list[bytes] = field(default_factory=list)
    photoshop: bytes = b""
    texts: dict[str, str] = field(default_factory=dict)
    comment: str | None = None
    problems: list[str] = field(default_factory=list)

    def too_large(self, what: str, size: int) -> bool:
        """Whether a block is left out; that it is, is noted."""
        if size > _LARGEST:
            self.problems.append(f"{what} of {size / 2**20:,.0f} MB is left out")
        return size > _LARGEST


def blocks(source: Source) -> Blocks:
    """The blocks of a picture's file."""
    found = Blocks()
    kind = formats.sniff(source.read(0, 2**14))
    if kind == "JPEG":
        _jpeg(source, found)
    elif kind == "PNG":
        _png(source, found)
    elif kind == "WEBP":
        _webp(source, found)
    elif kind in ("HEIF", "AVIF", "JXL", "JPEG2000"):
        _boxes(source, found)
    elif kind in ("TIFF", "RAW"):
        _raw(source, found)
    return found


def _jpeg(source: Source, found: Blocks) -> None:
    at = 2
    for _ in range(_MOST_PARTS):
        marker = source.read(at, 2)
        while marker[:1] == b"\xff" and marker[1:] == b"\xff":  # filled up
            at += 1
            marker = source.read(at, 2)
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in (0xDA, 0xD9):
            return
        size = source.number(at + 2, 2)
        if marker[1] in (0xE1, 0xED, 0xFE):
            body = source.part(at + 4, size - 2)
            head = body.read(0, 40)
            if marker[1] == 0xE1 and head.startswith(b"Exif\0"):
                found.exif.append(body.part(6))
            elif marker[1] == 0xE1 and head.startswith(_XMP_HEAD):
                found.xmp.append(body.read(len(_XMP_HEAD)))
            elif marker[1] == 0xED and head.startswith(_PHOTOSHOP) and len(found.photoshop) < _LARGEST:
                found.photoshop += body.read(len(_PHOTOSHOP))
            elif marker[1] == 0xFE and found.comment is None:
                found.comment = decoded(body.read())
        at += 2 + max(size, 2)


def _png(source: Source, found: Blocks) -> None:
    at = 8
    for _ in range(_MOST_PARTS):
        head = source.read(at, 8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind in (b"eXIf", b"tEXt", b"zTXt", b"iTXt") and not found.too_large(
            f"a {kind.decode()} chunk", size
        ):
            body = source.part(at + 8, size)
            if kind == b"eXIf":
                found.exif.append(body.part(6) if body.read(0, 6) == b"Exif\0\0" else body)
            elif len(found.texts) < _MOST_TEXTS:
                _png_text(kind, body.read(), found)
        at += 12 + size


def _png_text(kind: bytes, body: bytes, found: Blocks) -> None:
    key, _, rest = body.partition(b"\0")
    name = key[:80].decode("latin-1")
    if kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:]
        _, _, rest = rest.partition(b"\0")
        _, _, rest = rest.partition(b"\0")
    else:
        packed, rest = kind == b"zTXt", rest[1:] if kind == b"zTXt" else rest
    if packed:
        rest = _inflated(rest, found)
    if name == "XML:com.adobe.xmp":
        found.xmp.append(rest)
    elif name.startswith("Raw profile type "):
        _profile(name[17:], rest, found)
    else:
        found.texts.setdefault(name, decoded(rest))


def _inflated(packed: bytes, found: Blocks) -> bytes:
    try:
        unpacked = zlib.decompressobj().decompress(packed, _LARGEST + 1)
    except zlib.error:
        found.problems.append("a packed text is damaged")
        return b""
    return b"" if found.too_large("a packed text", len(unpacked)) else unpacked


def _profile(kind: str, text: bytes, found: Blocks) -> None:
    """A block as ImageMagick writes it into a PNG: name, length, and the bytes in hexadecimal."""
    parts = text.split(None, 2)
    try:
        body = unhexlify(b"".join(parts[2].split())) if len(parts) == 3 else b""
    except HexError:
        found.problems.append("a profile in a text is damaged")
        return
    if body.startswith(_XMP_HEAD) or kind == "xmp":
        found.xmp.append(body.removeprefix(_XMP_HEAD))
    elif kind in ("exif", "APP1"):
        found.exif.append(Source.of(body.removeprefix(b"Exif\0\0")))
    elif kind in ("iptc", "8bim"):
        found.photoshop += body


def _webp(source: Source, found: Blocks) -> None:
    at = 12
    for _ in range(_MOST_PARTS):
        head = source.read(at, 8)
        if len(head) < 8:
            return
        size, kind = int.from_bytes(head[4:], "little"), head[:4]
        if kind in (b"EXIF", b"XMP ") and not found.too_large(f"a {kind.decode().strip()} chunk", size):
            body = source.part(at + 8, size)
            if kind == b"XMP ":
                found.xmp.append(body.read())
            else:
                found.exif.append(body.part(6) if body.read(0, 6) == b"Exif\0\0" else body)
        at += 8 + size + (size & 1)


def _boxes(source: Source, found: Blocks) -> None:
    """Boxes of ISO base media files and their kin."""
    for kind, body in parts(source):
        packed = None
        if kind == b"brob":
            kind, packed = body.read(0, 4), body.part(4)
        if kind in (b"Exif", b"xml "):
            if found.too_large(f"a box {kind.decode().strip()}", (packed or body).size):
                continue
            body = body if packed is None else Source.of(_unbrotlied(packed.read(), found))
            if kind == b"xml ":
                found.xmp.append(body.read())
            else:
                found.exif.append(_after_offset(body))
        elif kind == b"uuid" and body.read(0, 16) == _XMP_UUID and not found.too_large("XMP", body.size):
            found.xmp.append(body.read(16))
        elif kind == b"meta":
            for name, item in items(source, body):
                if found.too_large(name, item.size):
                    continue
                if name == "Exif":
                    found.exif.append(_after_offset(item))
                else:
                    found.xmp.append(item.read())


def _unbrotlied(packed: bytes, found: Blocks) -> bytes:
    try:
        unpacked = brotli.Decompressor().process(packed, output_buffer_limit=_LARGEST)
    except brotli.error:
        found.problems.append("a packed box is damaged")
        return b""
    return unpacked


def _after_offset(body: Source) -> Source:
    """The TIFF structure of an EXIF box: four bytes before it say where it begins; some leave them out."""
    if body.read(0, 2) in (b"II", b"MM"):
        return body
    start = 4 + body.number(0, 4)
    inner = body.part(start)
    return inner.part(6) if inner.read(0, 6) == b"Exif\0\0" else inner


def _raw(source: Source, found: Blocks) -> None:
    """TIFF, and raw files of cameras: most are TIFFs, Fujifilm's hold a JPEG, Canon's newest boxes."""
    head = source.read(0, 16)
    if head.startswith(b"FUJIFILMCCD-RAW"):
        _jpeg(source.part(source.number(84, 4), source.number(88, 4)), found)
    elif head[4:8] == b"ftyp":
        for kind, body in parts(source):
            if kind == b"moov":
                for inner, canon in parts(body):
                    if inner == b"uuid" and canon.read(0, 16) == _CANON_UUID:
                        found.exif += [one for name, one in parts(canon.part(16)) if name[:3] == b"CMT"]
            elif kind == b"uuid" and body.read(0, 16) == _XMP_UUID and not found.too_large("XMP", body.size):
                found.xmp.append(body.read(16))
    elif head[:2] in (b"II", b"MM"):
        found.exif.append(source)

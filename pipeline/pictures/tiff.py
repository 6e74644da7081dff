"""The tags of a TIFF directory, which EXIF blocks and most raw files share.

A reader for the few tags that decide how a picture is decoded. It takes any bytes, reads
no more than asked and never raises: what lies outside the data is not there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

ORIENTATION, COMPRESSION, PHOTOMETRIC, SUB_IFDS, DNG_VERSION = 0x0112, 0x0103, 0x0106, 0x014A, 0xC612
KIND, OLD_KIND = 0x00FE, 0x00FF  # NewSubfileType, SubfileType
BITS, SAMPLES, SAMPLE_FORMAT = 0x0102, 0x0115, 0x0153
WIDTH, HEIGHT = 0x0100, 0x0101

_CFA, _LINEAR_RAW = 32803, 34892  # photometric interpretations of TIFF/EP and DNG
_RAW_COMPRESSIONS = (32767, 32770, 34713, 65535)  # Sony, Samsung, Nikon, Pentax
_REDUCED, _MASK, _OLD_REDUCED = 1, 4, 2  # bits of the kind of a page; a value of the old one
_MOST_TAGS = 512  # of a directory; EXIF has some sixty
_MOST_DIRECTORIES = 16
_MOST_VALUES = 64

# Field types of TIFF 6.0 and BigTIFF that hold whole numbers.
_WHOLE = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}


def orientation(exif: bytes) -> int:
    """The orientation 1–8 that an EXIF block says; 1 when there is none or it is damaged."""
    if exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    value = next((tags.get(ORIENTATION, (1,)) for tags in directories(exif)), (1,))[0]
    return value if value in range(1, 9) else 1


def is_raw(data: bytes) -> bool:
    """Whether a TIFF is what a camera's sensor saw: only a raw developer makes a picture of it."""
    if data[8:10] == b"CR":
        return True  # Canon's CR2
    for tags in directories(data):
        photometric, compression = tags.get(PHOTOMETRIC, (0,))[0], tags.get(COMPRESSION, (0,))[0]
        if DNG_VERSION in tags or photometric in (_CFA, _LINEAR_RAW):
            return True
        if compression in _RAW_COMPRESSIONS:
            return True
    return False


def led_by_its_picture(data: bytes) -> bytes:
    """A TIFF whose first directory is the picture: where that says it is a thumbnail, the first one that is
    none and larger takes its place, as scanners and editors write it behind or below the thumbnail."""
    places = _places(data)
    first = next(places, (0, {}))[1]
    if not _is_reduced(first):
        return data
    size = _area(first)
    full = next((at for at, tags in places if not _is_reduced(tags) and _area(tags) > size), 0)
    if not full:
        return data
    big = data[2:4] in (b"+\0", b"\0+")
    where, kind = (8, "Q") if big else (4, "I")
    at = struct.pack({b"II": "<", b"MM": ">"}[data[:2]] + kind, full)
    return b"".join([data[:where], at, data[where + len(at) :]])


def _is_reduced(tags: dict[int, tuple[int, ...]]) -> bool:
    """Whether a directory is a smaller version of another one, or what of one is seen through."""
    return bool(tags.get(KIND, (0,))[0] & (_REDUCED | _MASK)) or tags.get(OLD_KIND, (0,))[0] == _OLD_REDUCED


def _area(tags: dict[int, tuple[int, ...]]) -> int:
    return tags.get(WIDTH, (0,))[0] * tags.get(HEIGHT, (0,))[0]


def directories(data: bytes) -> Iterator[dict[int, tuple[int, ...]]]:
    """The directories of a TIFF and those below them: {tag: whole numbers, the first 64}."""
    for _, tags in _places(data):
        yield tags


def _places(data: bytes) -> Iterator[tuple[int, dict[int, tuple[int, ...]]]]:
    """The same, each with the byte at which it begins."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return
    big = data[2:4] in (b"+\0", b"\0+")
    waiting, seen = [_number(data, 8 if big else 4, order, big)], set()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        at = waiting.pop(0)
        if at in seen or not 8 <= at < len(data):
            continue
        seen.add(at)
        tags, following = _directory(data, at, order, big)
        yield at, tags
        waiting += [following, *tags.get(SUB_IFDS, ())]


def _number(data: bytes, at: int, order: str, big: bool) -> int:
    kind = order + ("Q" if big else "I")
    size = struct.calcsize(kind)
    return struct.unpack_from(kind, data, at)[0] if 0 <= at <= len(data) - size else 0


def _directory(data: bytes, at: int, order: str, big: bool) -> tuple[dict[int, tuple[int, ...]], int]:
    """The tags of the directory at an offset, and where the next one lies (0: nowhere)."""
    head, entry, inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    start = at + struct.calcsize(order + head)
    step = struct.calcsize(order + entry) + inline
    if start > len(data):
        return {}, 0
    count = min(struct.unpack_from(order + head, data, at)[0], (len(data) - start) // step)
    tags = {}
    for number in range(min(count, _MOST_TAGS)):
        field = start + number * step
        tag, kind, length = struct.unpack_from(order + entry, data, field)
        if kind not in _WHOLE or not length:
            continue
        form = order + _WHOLE[kind] * min(length, _MOST_VALUES)
        value = field + step - inline
        if struct.calcsize(order + _WHOLE[kind]) * length > inline:
            value = _number(data, value, order, big)
        if value + struct.calcsize(form) <= len(data):
            tags[tag] = struct.unpack_from(form, data, value)
    return tags, _number(data, start + count * step, order, big)

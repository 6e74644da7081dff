"""Boxes of ISO base media files (ISO/IEC 14496-12): what HEIF says of its picture.

The library that decodes HEIF has been seen to crash while it opens damaged files; so size and
EXIF are read here, and that library is used for nothing but pixels. Takes any bytes, never
raises.
"""

from __future__ import annotations

from collections.abc import Iterator

_EXIF = (b"Exif\0\0MM\0*", b"Exif\0\0II*\0")
_CONTAINERS = (b"iprp", b"ipco")
_MOST_PROPERTIES = 4096


def boxes(data: bytes, at: int = 0, last: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of the boxes between two offsets; the end may lie beyond the data."""
    last = len(data) if last is None else min(last, len(data))
    while at + 8 <= last:
        length, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = last if length == 0 else at + length
        if end < at + head:
            return
        yield kind, at + head, end
        at = end


def size(data: bytes) -> tuple[int, int] | None:
    """Width and height of the primary item as seen, in px; None where the boxes do not say."""
    meta = next(((start + 4, end) for kind, start, end in boxes(data) if kind == b"meta"), None)
    if meta is None:
        return None
    primary, properties, linked = 0, [], {}
    for kind, start, end in _within(data, *meta):
        if kind == b"pitm":
            primary = int.from_bytes(data[start + 4 : start + (8 if data[start : start + 1] > b"\0" else 6)], "big")
        elif kind == b"ipma":
            linked |= _links(data, start, min(end, len(data)))
        elif kind in (b"ispe", b"irot") or kind not in _STRUCTURE:
            properties.append((kind, start))
    found, turned = None, False
    for number in linked.get(primary, ()):
        kind, start = properties[number - 1] if 0 < number <= len(properties) else (b"", 0)
        if kind == b"ispe":
            found = tuple(int.from_bytes(data[at : at + 4], "big") for at in (start + 4, start + 8))
        turned |= kind == b"irot" and data[start : start + 1] in (b"\1", b"\3")
    return found[::-1] if found and turned else found


_STRUCTURE = (b"hdlr", b"dinf", b"pitm", b"iinf", b"iref", b"iloc", b"idat", b"ipro", b"grpl", b"ipma", b"free", b"skip")


def _within(data: bytes, at: int, last: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of a meta box and of those in it that hold properties, in their order."""
    for kind, start, end in boxes(data, at, last):
        if kind in _CONTAINERS:
            yield from _within(data, start, min(end, last))
        else:
            yield kind, start, end


def _links(data: bytes, start: int, end: int) -> dict[int, list[int]]:
    """{item: numbers of its properties, from 1} of an ipma box."""
    version, flags = data[start : start + 1], data[start + 3 : start + 4]
    wide, long = version > b"\0", bool(flags and flags[0] & 1)
    count, at, links = int.from_bytes(data[start + 4 : start + 8], "big"), start + 8, {}
    for _ in range(min(count, _MOST_PROPERTIES)):
        item_end = at + (4 if wide else 2)
        if item_end >= end:
            break
        item, held = int.from_bytes(data[at:item_end], "big"), data[item_end]
        step, at = 2 if long else 1, item_end + 1
        mask = 0x7FFF if long else 0x7F
        links[item] = [int.from_bytes(data[at + step * n : at + step * (n + 1)], "big") & mask for n in range(held)]
        at += step * held
    return links


def exif(data: bytes) -> bytes:
    """The EXIF block of a HEIF; empty where there is none."""
    found = [at for at in map(data.find, _EXIF) if at >= 0]
    return data[min(found) : min(found) + 2**16] if found else b""

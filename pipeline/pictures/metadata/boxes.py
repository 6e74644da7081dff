"""Boxes of ISO base media files (ISO/IEC 14496-12), and the items of HEIF and AVIF (23008-12) that
hold EXIF and XMP: where a meta box says they lie."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.pictures.metadata.source import Source

_MOST = 1_000  # items, extents
_MOST_PARTS = 20_000  # boxes of a file


def parts(source: Source) -> Iterator[tuple[bytes, Source]]:
    """(kind, body) of the boxes of an ISO base media file."""
    at = 0
    for _ in range(_MOST_PARTS):
        size, kind, head = source.number(at, 4), source.read(at + 4, 4), 8
        if len(kind) < 4:
            return
        if size == 1:
            size, head = source.number(at + 8, 8), 16
        elif size == 0:
            size = source.size - at
        if size < head:
            return
        yield kind, source.part(at + head, size - head)
        at += size


def items(file: Source, meta: Source) -> Iterator[tuple[str, Source]]:
    """("Exif" or "XMP", its bytes) of each such item; meta: the box's body, with its version."""
    held = dict(parts(meta.part(4)))
    names = _names(held[b"iinf"]) if b"iinf" in held else {}
    if not names or b"iloc" not in held:
        return
    for number, method, pieces in _places(held[b"iloc"]):
        if number in names and len(pieces) == 1:  # in one piece, as everybody writes them
            base = file if method == 0 else held.get(b"idat")
            if base is not None:
                yield names[number], base.part(*pieces[0])


def _names(box: Source) -> dict[int, str]:
    """The items that matter, by number."""
    found = {}
    version = box.number(0, 1)
    for kind, entry in parts(box.part(6 if version == 0 else 8)):
        if kind != b"infe" or entry.number(0, 1) < 2:
            continue
        wide = 4 if entry.number(0, 1) > 2 else 2
        what = entry.read(4 + wide + 2, 4)
        if what == b"Exif":
            found[entry.number(4, wide)] = "Exif"
        elif what == b"mime" and b"application/rdf+xml" in entry.read(4 + wide + 6, 200):
            found[entry.number(4, wide)] = "XMP"
    return found


def _places(box: Source) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """(item, how it is stored, [(offset, length)]) of an iloc box."""
    version, sizes, more = box.number(0, 1), box.number(4, 1), box.number(5, 1)
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version in (1, 2) else 0
    wide = 4 if version > 1 else 2
    count, at = box.number(6, wide), 6 + wide
    for _ in range(min(count, _MOST)):
        if at >= box.size:
            return
        number, at = box.number(at, wide), at + wide
        method = 0
        if version in (1, 2):
            method, at = box.number(at, 2) & 15, at + 2
        base, at = box.number(at + 2, base_size), at + 2 + base_size
        extents, at, pieces = box.number(at, 2), at + 2, []
        for _ in range(min(extents, _MOST)):
            if at >= box.size:
                return
            at += index_size
            offset, length = box.number(at, offset_size), box.number(at + offset_size, length_size)
            pieces.append((base + offset, length))
            at += offset_size + length_size
        yield number, method, pieces

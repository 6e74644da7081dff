"""IPTC-IIM 4.2: what news agencies and old catalogs write, in Photoshop's image resources."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.pictures.metadata.exif import time
from pipeline.pictures.metadata.text import LINE, keywords, line, lines

_IPTC = 0x0404
_UTF8 = b"\x1b%G"
_MOST = 2_000


def of_photoshop(resources: bytes) -> bytes:
    """The IPTC block among Photoshop's image resources; empty where there is none."""
    at = 0
    for _ in range(_MOST):
        if resources[at : at + 4] not in (b"8BIM", b"MeSa", b"PHUT", b"AgHg", b"DCSR"):
            break
        number = int.from_bytes(resources[at + 4 : at + 6], "big")
        name = resources[at + 6] if at + 6 < len(resources) else 0
        start = at + 6 + (name + 2) // 2 * 2
        size = int.from_bytes(resources[start : start + 4], "big")
        if number == _IPTC:
            return resources[start + 4 : start + 4 + size]
        at = start + 4 + size + (size & 1)
    return b""


def told(block: bytes) -> dict[str, object]:
    """What an IPTC block says, by the columns of facts."""
    said: dict[tuple[int, int], list[bytes]] = {}
    for key, body in _datasets(block):
        said.setdefault(key, []).append(body)
    utf8 = said.get((1, 90), [b""])[0] == _UTF8

    def first(number: int) -> str | None:
        return _text(said[2, number][0], utf8) if (2, number) in said else None

    day, clock = first(55) or "", first(60) or ""
    clock = clock or "000000"
    when = f"{day[:4]}-{day[4:6]}-{day[6:8]} {clock[:2]}:{clock[2:4]}:{clock[4:6]}{clock[6:]}"
    return {
        "title": line(first(5), LINE) or line(first(105), LINE),
        "caption": lines(first(120)),
        "creator": line(first(80)),
        "copyright": line(first(116)),
        "taken": time(when),
        "keywords": keywords(_text(one, utf8) for one in said.get((2, 25), ())),
    }


def _datasets(block: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    for _ in range(_MOST):
        if block[at : at + 1] != b"\x1c" or at + 5 > len(block):
            return
        key, size, at = (block[at + 1], block[at + 2]), int.from_bytes(block[at + 3 : at + 5], "big"), at + 5
        if size & 0x8000:  # longer than 32 kB: so many bytes say how long
            wide = size & 0x7FFF
            if wide > 4:
                return
            size, at = int.from_bytes(block[at : at + wide], "big"), at + wide
        yield key, block[at : at + size]
        at += size


def _text(raw: bytes, utf8: bool) -> str:
    try:
        return raw.decode("utf-8")  # most write it whether they say so or not
    except UnicodeDecodeError:
        return raw.decode("utf-8" if utf8 else "cp1252", "replace")

"""EXIF 2.32: camera, exposure, time and place of a shot, and the texts that some programs put there."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping

from pipeline.pictures.metadata.source import Source
from pipeline.pictures.metadata.text import decoded, line, lines

_SHOT, _PLACE, XMP, IPTC, PHOTOSHOP = 0x8769, 0x8825, 0x02BC, 0x83BB, 0x8649
DESCRIPTION, MAKE, MODEL = 0x010E, 0x010F, 0x0110
COMMENT = 0x9286
_MOST_TAGS, _LARGEST = 512, 8 * 2**20
_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_FORMS = {3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_MOST_NUMBERS = 16
_TIME = re.compile(
    r"(\d{4})[:/.-](\d\d)[:/.-](\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?"
)
_SAYS_NOTHING = (
    "olympus digital camera",
    "sony dsc",
    "minolta digital camera",
    "digital camera",
    "dcim",
    "image description",
)
"""Descriptions that cameras put into every picture."""

Tags = Mapping[int, object]
"""Tag → bytes of a text or an opaque value, else a tuple of numbers."""


def tags(source: Source) -> dict[int, object] | None:
    """The tags of a TIFF structure: its first directory, and those of the shot and the place.

    Tags of the place are numbered from 0x10000. None where it is no such structure.
    """
    head = source.read(0, 16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        return None
    big = head[2:4] in (b"+\0", b"\0+")
    first = source.number(8, 8, _word(order)) if big else source.number(4, 4, _word(order))
    found = _directory(source, first, order, big)
    for pointer, base in ((_SHOT, 0), (_PLACE, 0x10000)):
        if at := whole(found, pointer):
            found |= {
                base + tag: value
                for tag, value in _directory(source, at, order, big).items()
                if base + tag not in found
            }
    return found


def _word(order: str) -> str:
    return "little" if order == "<" else "big"


def _directory(source: Source, at: int, order: str, big: bool) -> dict[int, object]:
    if at < 8:
        return {}
    count, at = (
        (source.number(at, 8, _word(order)), at + 8) if big else (source.number(at, 2, _word(order)), at + 2)
    )
    step, inline, form = (20, 8, order + "HHQ") if big else (12, 4, order + "HHI")
    entries = source.read(at, min(count, _MOST_TAGS) * step)
    found = {}
    for field in range(0, len(entries) - step + 1, step):
        tag, kind, length = struct.unpack_from(form, entries, field)
        size = _SIZES.get(kind, 0) * length
        if not 0 < size <= _LARGEST or tag in found:
            continue
        raw = entries[field + step - inline : field + step]
        if size > inline:
            if tag not in _WANTED:  # thumbnails, strips, maker notes
                continue
            raw = source.read(int.from_bytes(raw, _word(order)), size)
        found[tag] = _value(kind, raw[:size], order)
    return found


def _value(kind: int, raw: bytes, order: str) -> object:
    if kind in (1, 2, 7):
        return raw
    if kind in (5, 10):
        pairs = struct.unpack(
            order + ("I" if kind == 5 else "i") * (min(len(raw) // 8, _MOST_NUMBERS) * 2),
            raw[: 8 * min(len(raw) // 8, _MOST_NUMBERS)],
        )
        return tuple(over / under if under else math.nan for over, under in zip(pairs[::2], pairs[1::2]))
    size = _SIZES[kind]
    count = min(len(raw) // size, _MOST_NUMBERS)
    return struct.unpack(order + _FORMS[kind] * count, raw[: size * count])


_WANTED = {
    DESCRIPTION, MAKE, MODEL, 0x0131, 0x013B, XMP, IPTC, PHOTOSHOP, 0x8298, 0x829A, 0x829D, 0x9003, 0x9004, 0x9010,
    0x9011, 0x9012, COMMENT, 0x9290, 0x9291, 0x9292, 0x920A, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0xA434, 2, 4,
}  # fmt: skip


def told(found: Tags) -> dict[str, object]:
    """What EXIF tags say, by the columns of facts."""
    camera = _camera(text(found, MAKE), text(found, MODEL))
    caption = lines(whole_text(found, DESCRIPTION)) or lines(_utf16(found, 0x9C9C))
    words = _utf16(found, 0x9C9E)
    rating = whole(found, 0x4746)
    return {
        "taken": _taken(found, 0x9003, 0x9291, 0x9011) or _taken(found, 0x9004, 0x9292, 0x9012),
        "camera": camera,
        "lens": text(found, 0xA434),
        "orientation": whole(found, 0x0112) if whole(found, 0x0112) in range(1, 9) else None,
        "exposure": _number(found, 0x829A),
        "aperture": _number(found, 0x829D),
        "iso": _number(found, 0x8827),
        "focal_length": _number(found, 0x920A),
        **_place(found),
        "title": line(_utf16(found, 0x9C9B)),
        "caption": None if caption and caption.lower().strip(". ") in _SAYS_NOTHING else caption,
        "creator": text(found, 0x013B) or line(_utf16(found, 0x9C9D)),
        "copyright": text(found, 0x8298),
        "rating": rating if rating in range(1, 6) else None,
        "keywords": tuple((words or "").split(";")),
    }


def text(found: Tags, tag: int) -> str | None:
    """A tag's text on one line."""
    return line(whole_text(found, tag))


def whole_text(found: Tags, tag: int) -> str | None:
    """A tag's text as it stands."""
    raw = found.get(tag)
    return decoded(raw) if isinstance(raw, bytes) else None


def comment(found: Tags) -> str | None:
    """The user comment, by the character code that its first eight bytes name."""
    raw = found.get(COMMENT)
    if not isinstance(raw, bytes) or len(raw) < 8:
        return None
    code, body = raw[:8], raw[8:]
    if code.startswith(b"UNICODE"):
        return _of_unicode(body)
    if code.startswith((b"ASCII", b"JIS", bytes(8))):
        return decoded(body) or None
    return decoded(raw) or None


def _of_unicode(body: bytes) -> str:
    """UTF-16 of either order: programs do not keep to that of the file; some write UTF-8 all the same."""
    body = body[: len(body) // 2 * 2]
    even, odd = body[:400:2].count(0), body[1:400:2].count(0)
    if not even and not odd and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace").partition("\0")[0]
    return body.decode("utf-16-be" if even >= odd else "utf-16-le", "replace").partition("\0")[0]


def _utf16(found: Tags, tag: int) -> str | None:
    raw = found.get(tag)
    return (
        raw[: len(raw) // 2 * 2].decode("utf-16-le", "replace").partition("\0")[0]
        if isinstance(raw, bytes)
        else None
    )


def whole(found: Tags, tag: int) -> int | None:
    """A tag's first whole number."""
    value = found.get(tag)
    return value[0] if isinstance(value, tuple) and value and isinstance(value[0], int) else None


def _number(found: Tags, tag: int) -> float | None:
    """A number that a camera may mean, or None: damaged fractions are none."""
    value = found.get(tag)
    number = float(value[0]) if isinstance(value, tuple) and value else math.nan
    return number if 1e-6 < number < 1e7 else None


def _camera(make: str | None, model: str | None) -> str | None:
    """Maker and model, the maker once: many models begin with it."""
    if make and model and model.lower().startswith(make.split()[0].lower()):
        return model
    return " ".join(filter(None, (make, model))) or None


def _taken(found: Tags, tag: int, fraction: int, offset: int) -> str | None:
    return time(whole_text(found, tag), whole_text(found, fraction), whole_text(found, offset))


def time(said: str | None, fraction: str | None = None, offset: str | None = None) -> str | None:
    """A time as facts keep it, or None where it is none: cameras without a clock write zeros."""
    match = _TIME.match((said or "").strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, part, zone = match.groups()
    days = 31 if month not in ("02", "04", "06", "09", "11") else 29 if month == "02" else 30
    leap = int(year) % 4 == 0 and (int(year) % 100 != 0 or int(year) % 400 == 0)
    if month == "02" and not leap:
        days = 28
    second = second or "00"
    if not (
        "0001" <= year
        and "01" <= month <= "12"
        and 1 <= int(day) <= days
        and hour < "24"
        and minute < "60"
        and second < "60"
    ):
        return None
    part = part or (fraction or "").strip()
    part = f".{part[:9]}" if part.isdecimal() and part.isascii() and part.strip("0") else ""
    zone = zone or (offset or "").strip()
    zone = "+00:00" if zone == "Z" else zone
    zone = zone if re.fullmatch(r"[+-]\d\d:?\d\d", zone) else ""
    if zone and ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{part}{zone}"


def _place(found: Tags) -> dict[str, float | None]:
    latitude = _degrees(found, 0x10002, 0x10001, b"S", 90)
    longitude = _degrees(found, 0x10004, 0x10003, b"W", 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):  # no fix
        return {"latitude": None, "longitude": None}
    return {"latitude": latitude, "longitude": longitude}


def _degrees(found: Tags, tag: int, side: int, negative: bytes, most: int) -> float | None:
    value = found.get(tag)
    if not isinstance(value, tuple) or not value or not isinstance(value[0], float):
        return None
    degrees = sum(part / 60**power for power, part in enumerate(value[:3]) if not math.isnan(part))
    said = found.get(side)
    if isinstance(said, bytes) and said[:1].upper() == negative:
        degrees = -degrees
    return round(degrees, 7) if not math.isnan(value[0]) and abs(degrees) <= most else None

"""XMP (ISO 16684-1): RDF that programs for photographs write, in a file or in a sidecar beside it."""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pipeline.pictures.metadata.exif import time
from pipeline.pictures.metadata.text import LINE, keywords, line, lines

LARGEST = 4 * 2**20
"""Bytes of a packet that is read: edits of a raw developer take some hundred kB."""

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_MOST_NODES = 50_000
_SPACES = {
    "http://purl.org/dc/elements/1.1/": "dc", "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop", "http://ns.adobe.com/exif/1.0/": "exif",
    "http://cipa.jp/exif/1.0/": "exifEX", "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.adobe.com/tiff/1.0/": "tiff", "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://www.digikam.org/ns/1.0/": "digiKam", "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
}  # fmt: skip
_WANTED = {
    "dc:subject", "dc:title", "dc:description", "dc:creator", "dc:rights", "xmp:Rating", "xmp:CreateDate",
    "xmp:CreatorTool", "photoshop:DateCreated", "photoshop:Headline", "exif:DateTimeOriginal", "exif:ExposureTime",
    "exif:FNumber", "exif:ISOSpeedRatings", "exifEX:PhotographicSensitivity", "exif:FocalLength", "exif:GPSLatitude",
    "exif:GPSLongitude", "exif:UserComment", "aux:Lens", "exifEX:LensModel", "tiff:Make", "tiff:Model",
    "tiff:Orientation", "lr:hierarchicalSubject", "digiKam:TagsList", "MicrosoftPhoto:LastKeywordXMP",
}  # fmt: skip

Said = dict[str, list[str]]
"""Property → its values, that in no language or the default one first."""


def properties(packet: bytes) -> Said:
    """The properties of a packet that matter. Raises ValueError with the reason where it cannot be read."""
    if len(packet) > LARGEST:
        raise ValueError(f"it has {len(packet) / 2**20:,.0f} MB")
    packet = packet.strip(b"\0 \t\r\n\xef\xbb\xbf")
    try:
        tree = fromstring(packet, forbid_dtd=True)
    except DefusedXmlException:
        raise ValueError("it defines entities") from None
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise ValueError(str(error)[:100]) from None
    said: Said = {}
    for count, node in enumerate(tree.iter(_RDF + "Description")):
        if count > _MOST_NODES:
            break
        for name, value in node.attrib.items():
            if (key := _name(name)) in _WANTED:
                said.setdefault(key, []).append(value)
        for child in node:
            if isinstance(child.tag, str) and (key := _name(child.tag)) in _WANTED:
                said.setdefault(key, []).extend(_values(child))
    return said


def _name(tag: str) -> str:
    space, _, local = tag[1:].partition("}")
    return f"{_SPACES.get(space, space)}:{local}"


def _values(node: Element) -> list[str]:
    """The values of a property: of a bag or sequence each, of alternatives the default first."""
    found = []
    for item in node.iter(_RDF + "li"):
        if len(found) >= 1_000:
            break
        if item.get(_LANGUAGE) == "x-default":
            found.insert(0, item.text or "")
        else:
            found.append(item.text or "")
    return found or [node.text or ""]


def told(said: Said) -> dict[str, object]:
    """What XMP's properties say, by the columns of facts."""

    def first(*names: str) -> str | None:
        return next((said[name][0] for name in names if said.get(name)), None)

    rating = _fraction(first("xmp:Rating"))
    make, model = line(first("tiff:Make")), line(first("tiff:Model"))
    latitude, longitude = _degrees(first("exif:GPSLatitude")), _degrees(first("exif:GPSLongitude"))
    whole = latitude is not None and longitude is not None
    turn = _fraction(first("tiff:Orientation"))
    paths = [
        *said.get("lr:hierarchicalSubject", ()),
        *(one.replace("/", "|") for one in said.get("digiKam:TagsList", ())),
    ]
    return {
        "title": line(first("dc:title"), LINE) or line(first("photoshop:Headline"), LINE),
        "caption": lines(first("dc:description")),
        "creator": line(", ".join(said.get("dc:creator", ()))),
        "copyright": line(first("dc:rights")),
        "rating": round(rating) if rating is not None and -1 <= rating <= 5 and rating != 0 else None,
        "taken": time(first("exif:DateTimeOriginal")) or time(first("photoshop:DateCreated"))
        or time(first("xmp:CreateDate")),
        "camera": model if model and make and model.lower().startswith(make.split()[0].lower())
        else " ".join(filter(None, (make, model))) or None,
        "lens": line(first("aux:Lens", "exifEX:LensModel")),
        "orientation": int(turn) if turn in range(1, 9) else None,
        "exposure": _positive(first("exif:ExposureTime")),
        "aperture": _positive(first("exif:FNumber")),
        "iso": _positive(first("exif:ISOSpeedRatings", "exifEX:PhotographicSensitivity")),
        "focal_length": _positive(first("exif:FocalLength")),
        "latitude": latitude if whole else None,
        "longitude": longitude if whole else None,
        "keywords": keywords([
            *said.get("dc:subject", ()), *(path.rpartition("|")[2] for path in paths),
            *said.get("MicrosoftPhoto:LastKeywordXMP", ()),
        ]),
    }  # fmt: skip


def _fraction(text: str | None) -> float | None:
    """A number, or two with a stroke between."""
    over, _, under = (text or "")[:60].partition("/")
    try:
        number = float(over) / float(under or 1)
    except (ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def _positive(text: str | None) -> float | None:
    number = _fraction(text)
    return number if number is not None and 1e-6 < number < 1e7 else None


def _degrees(text: str | None) -> float | None:
    """`48,12.5N` or `48,12,30N` in degrees."""
    text = (text or "").strip()[:60]
    if text[-1:].upper() not in ("N", "S", "E", "W"):
        return None
    try:
        degrees = sum(float(part) / 60**power for power, part in enumerate(text[:-1].split(",")[:3]))
    except ValueError:
        return None
    most = 90 if text[-1].upper() in "NS" else 180
    if not 0 <= degrees <= most:
        return None
    return round(-degrees if text[-1].upper() in "SW" else degrees, 7)

"""From a file's blocks to facts: who says it best is believed.

Of texts XMP is asked first, then IPTC, then EXIF, as programs for photographs do (Metadata
Working Group 2010); of the shot EXIF, which the camera wrote. A sidecar, made after the
picture, comes before all of its texts. Bounded in size and so in time, whatever the file holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from pipeline import stores
from pipeline.pictures.metadata import exif, iptc, stealth, xmp
from pipeline.pictures.metadata.blocks import Blocks, blocks
from pipeline.pictures.metadata.generators import recognize
from pipeline.pictures.metadata.metadata import Metadata
from pipeline.pictures.metadata.source import Source
from pipeline.pictures.metadata.text import LINE, keywords, line, lines

_OF_SHOT = {
    "taken",
    "camera",
    "lens",
    "orientation",
    "exposure",
    "aperture",
    "iso",
    "focal_length",
    "latitude",
    "longitude",
}
_NOT_OF_MADE = {"title", "caption", "camera", "lens", "creator"}
_PNG_TEXTS = {"Title": "title", "Description": "caption", "Author": "creator", "Copyright": "copyright"}
_LONGEST_PROBLEM = 300

Said = dict[str, object]


def read(data: bytes | BinaryIO, sidecar: bytes | None = None) -> Metadata:
    """What a picture's file, as bytes or open, and the XMP file beside it say. Never raises for what is in them."""
    source = Source.of(data)
    found = blocks(source)
    tags = _tags(found)
    packets = _packets(found, sidecar)
    texts = _texts(found, tags, packets)
    made = recognize(texts)
    if made is None and (hidden := _hidden(source, found)):
        made = recognize(texts | hidden)
    photoshop = found.photoshop or next(
        (raw for raw in (tags.get(exif.PHOTOSHOP),) if isinstance(raw, bytes)), b""
    )
    block = iptc.of_photoshop(photoshop) or next(
        (raw for raw in (tags.get(exif.IPTC),) if isinstance(raw, bytes)), b""
    )
    shot = exif.told(tags)
    told = [
        {name: shot[name] for name in _OF_SHOT},
        *map(xmp.told, packets),
        iptc.told(block) if block else {},
        shot,
    ]
    if made is None:
        told.append(_plain(found))
    else:  # whose settings stand in captions, and whose name in the camera's place
        told = [{name: value for name, value in one.items() if name not in _NOT_OF_MADE} for one in told]
        told.append(vars(made))
    merged = _merged(told)
    merged["problem"] = line("; ".join(dict.fromkeys(found.problems)), _LONGEST_PROBLEM)
    return Metadata(**merged)


def read_file(file: Path | str, sidecar: Path | str | None = None) -> Metadata:
    """As `read`, of a file or an address, opening no more of a file than is asked for. Raises OSError where it cannot be opened."""
    beside, problem = None, None
    if sidecar is not None:
        beside, problem = read_sidecar(sidecar)
    with stores.opened(file) as opened:
        told = read(opened, beside)
    if problem:
        told.problem = "; ".join(filter(None, (told.problem, problem)))
    return told


def read_sidecar(file: Path | str) -> tuple[bytes | None, str | None]:
    """The bytes of an XMP file beside a picture, or why they cannot be had."""
    try:
        with stores.opened(file) as opened:
            return opened.read(xmp.LARGEST + 1), None
    except OSError as error:
        return None, f"the XMP file beside it cannot be opened ({error.strerror or error})"


def _tags(found: Blocks) -> dict[int, object]:
    """The tags of all EXIF structures, the first one's where several say something."""
    tags: dict[int, object] = {}
    for structure in found.exif[:8]:
        one = exif.tags(structure)
        if one is None:
            found.problems.append("EXIF is damaged")
        tags = {**(one or {}), **tags}
    return tags


def _packets(found: Blocks, sidecar: bytes | None) -> list[xmp.Said]:
    """The properties of the sidecar and of XMP inside, in this order."""
    packets = []
    named = [(sidecar, "the XMP file beside it")] if sidecar is not None else []
    for packet, name in [*named, *((packet, "XMP") for packet in found.xmp[:4])]:
        try:
            packets.append(xmp.properties(packet))
        except ValueError as error:
            found.problems.append(f"{name} cannot be read ({error})")
    return packets


def _texts(found: Blocks, tags: dict[int, object], packets: list[xmp.Said]) -> dict[str, str]:
    """All texts in which a generator may have written, by their keys."""
    texts = dict(found.texts)
    if found.comment:
        texts.setdefault("comment", found.comment)
    comment = exif.comment(tags) or next(
        (said["exif:UserComment"][0] for said in packets if said.get("exif:UserComment")), None
    )
    if comment:
        texts.setdefault("UserComment", comment)
    for tag in (exif.DESCRIPTION, exif.MAKE, exif.MODEL):
        text = exif.whole_text(tags, tag)
        name, _, rest = (text or "").partition(":")
        if name.lower() in ("prompt", "workflow") and rest.lstrip().startswith("{"):
            texts.setdefault(name.lower(), rest)
            tags.pop(tag)
        elif text and tag == exif.DESCRIPTION:
            texts.setdefault("description", text)
    for said in packets:
        if said.get("dc:description"):
            texts.setdefault("description", said["dc:description"][0])
    return texts


def _hidden(source: Source, found: Blocks) -> dict[str, str]:
    try:
        text = stealth.hidden(source)
    except ValueError as error:
        found.problems.append(f"the text hidden in the picture cannot be read ({error})")
        return {}
    return {} if text is None else {"stealth": text, "parameters": found.texts.get("parameters", text)}


def _plain(found: Blocks) -> Said:
    """What PNG's own keys say, and the comment of a JPEG."""
    said: Said = {}
    for key, name in _PNG_TEXTS.items():
        text = found.texts.get(key)
        said[name] = lines(text) if name == "caption" else line(text, LINE)
    said["caption"] = said["caption"] or lines(found.comment)
    return said


def _merged(told: list[Said]) -> Said:
    """One value a column: of the shot from EXIF first, of all else from the first that has it."""
    merged: Said = {}
    for one in told:
        merged |= {
            key: value
            for key, value in one.items()
            if value is not None and key not in merged and key != "keywords"
        }
    merged["keywords"] = keywords(word for one in told for word in one.get("keywords", ()))
    return merged

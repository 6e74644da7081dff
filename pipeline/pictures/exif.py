"""What an image file says of itself: format, camera, when and how the picture was taken.

Only the header is read, no pixel is decoded. Tags are those of EXIF 2.32.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PIL import Image

from pipeline.pictures import decoding

_MAKE, _MODEL, _EXIF = 0x010F, 0x0110, 0x8769
_EXPOSURE, _APERTURE, _ISO, _TAKEN, _FOCAL, _LENS = 0x829A, 0x829D, 0x8827, 0x9003, 0x920A, 0xA434
_LONGEST = 80  # characters of a text: damaged blocks can hold anything


@dataclass(frozen=True)
class Facts:
    """Texts for the screen; None where the file does not say."""

    format: str
    camera: str | None = None
    lens: str | None = None
    taken: datetime | None = None
    exposure: str | None = None


def read(file: Path) -> Facts:
    """The facts of an image file.

    Raises ImageError with the reason when it cannot be read; a damaged block of tags is as none.
    """
    picture = decoding.opened(decoding.read(file))
    tags = Image.Exif()
    with suppress(Exception):  # Pillow's EXIF reader raises many kinds on damaged blocks
        tags.load(picture.exif)
    shot: Mapping = {}
    with suppress(Exception):
        shot = tags.get_ifd(_EXIF)
    return Facts(
        format=picture.info.format,
        camera=_camera(_text(_value(tags, _MAKE)), _text(_value(tags, _MODEL))),
        lens=_text(_value(shot, _LENS)),
        taken=_time(_text(_value(shot, _TAKEN))),
        exposure=_exposure(shot),
    )


def _value(tags: Mapping, tag: int) -> object:
    """A tag's value, or None: Pillow reads it only now, and raises many kinds."""
    try:
        return tags.get(tag)
    except Exception:
        return None


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    kept = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    return kept[:_LONGEST] or None


def _camera(make: str | None, model: str | None) -> str | None:
    """Maker and model, the maker once: many models begin with it."""
    if make and model and model.lower().startswith(make.split()[0].lower()):
        return model
    return " ".join(filter(None, (make, model))) or None


def _time(text: str | None) -> datetime | None:
    """A time within the years 1 to 9999, or None: cameras without a clock write zeros."""
    try:
        return datetime.strptime(text or "", "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None


def _exposure(shot: Mapping) -> str | None:
    """`1/250 s · f/2.8 · ISO 100 · 50 mm`, of what is known."""
    seconds, aperture, focal = (_number(_value(shot, tag)) for tag in (_EXPOSURE, _APERTURE, _FOCAL))
    iso = _value(shot, _ISO)
    iso = _number(iso[0] if isinstance(iso, tuple) and iso else iso)
    parts = []
    if seconds:
        parts.append(f"{seconds:g} s" if seconds >= 0.3 else f"1/{1 / seconds:.0f} s")
    if aperture:
        parts.append(f"f/{aperture:.3g}")
    if iso:
        parts.append(f"ISO {iso:.0f}")
    if focal:
        parts.append(f"{focal:.3g} mm")
    return " · ".join(parts) or None


def _number(value: object) -> float | None:
    """A number that a camera may mean, or None: damaged fractions divide by zero."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if 1e-6 < number < 1e6 else None

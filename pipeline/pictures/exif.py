"""What an image file says of itself: format, camera, when and how the picture was taken.

Only the header is read, no pixel is decoded. Tags are those of EXIF 2.32.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from pipeline.errors import ImageError

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
    """The facts of an image file; raises ImageError with the reason when it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file) as picture:
                kind = picture.format or "unknown"
                main, shot = _blocks(picture)
    except FileNotFoundError:
        raise ImageError("the file is not there any more") from None
    except UnidentifiedImageError:
        raise ImageError("not an image in a format that can be read") from None
    except OSError as error:
        raise ImageError(f"the file cannot be opened ({error.strerror or error})") from None
    except Exception as error:  # Pillow's readers raise many kinds on damaged files
        raise ImageError(f"the header is damaged ({error})") from None
    return Facts(
        format="JPEG" if kind == "MPO" else kind,
        camera=_camera(_text(main.get(_MAKE)), _text(main.get(_MODEL))),
        lens=_text(shot.get(_LENS)),
        taken=_time(_text(shot.get(_TAKEN))),
        exposure=_exposure(shot),
    )


def _blocks(picture: Image.Image) -> tuple[dict, dict]:
    """The main block of tags and the one about the shot; empty where there are none."""
    try:
        exif = picture.getexif()
        return dict(exif), dict(exif.get_ifd(_EXIF))
    except Exception:  # Pillow's EXIF reader raises many kinds on damaged blocks
        return {}, {}


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
    try:
        return datetime.strptime(text or "", "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None


def _exposure(shot: dict) -> str | None:
    """`1/250 s · f/2.8 · ISO 100 · 50 mm`, of what is known."""
    seconds, aperture, focal = (_number(shot.get(tag)) for tag in (_EXPOSURE, _APERTURE, _FOCAL))
    iso = shot.get(_ISO)
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
    """A positive number, or None: damaged fractions divide by zero."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if 0 < number < 1e6 else None

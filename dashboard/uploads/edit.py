"""What a person does to the picture they search with: turn, mirror, crop."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from dashboard.reads import Reads
from pipeline.errors import ImageError, QueryError
from pipeline.pictures import decoding, untrusted

WHOLE = 1000
"""A crop counts in thousandths of the seen picture's sides."""
SMALLEST = 20
"""Shorter sides of a crop are slips of the hand."""

_KEPT = 64  # vectors of edited pictures, some 10 KB each
_MOST_SIDE = 4096  # px: a small crop is cut from a picture decoded so large, not larger


@dataclass(frozen=True)
class Edit:
    """Turned clockwise by 0, 90, 180 or 270 degrees, then mirrored, then cropped.

    crop: (x, y, width, height) in thousandths of the turned and mirrored picture.
    """

    turn: int = 0
    mirror: bool = False
    crop: tuple[int, int, int, int] | None = None

    @classmethod
    def of(cls, given: Mapping[str, object]) -> Edit:
        """From {turn, mirror, crop} as the browser or an address has them; nonsense is passed over."""
        turn = str(given.get("turn") or "0")
        crop = given.get("crop")
        if isinstance(crop, (list, tuple)):
            crop = ",".join(map(str, crop))
        return cls(
            int(turn) if turn in ("90", "180", "270") else 0,
            str(given.get("mirror")) in ("1", "True"),
            _crop(str(crop or "")),
        )

    @classmethod
    def read(cls, suffix: str) -> Edit:
        """From what `suffix` wrote."""
        given: dict[str, object] = {}
        for part in suffix.split("~"):
            name = "crop" if "." in part else "mirror" if part == "m" else "turn"
            given[name] = part.replace(".", ",") if name == "crop" else "1" if part == "m" else part
        return cls.of(given)

    @property
    def suffix(self) -> str:
        """The edit after a name in a list of an address: `~90~m~100.50.400.300`, or nothing."""
        parts = [str(self.turn)] if self.turn else []
        parts += ["m"] if self.mirror else []
        parts += [".".join(map(str, self.crop))] if self.crop else []
        return "".join(f"~{part}" for part in parts)

    def params(self) -> dict[str, object]:
        """The edit as parameters of an address."""
        crop = ",".join(map(str, self.crop)) if self.crop else None
        return {"turn": self.turn or None, "mirror": 1 if self.mirror else None, "crop": crop}

    @property
    def side(self) -> int:
        """Long side, px, at which a picture is decoded, so that as much is left of it as is looked at of a whole one."""
        return min(_MOST_SIDE, decoding.WORK_SIDE * WHOLE // min(self.crop[2:])) if self.crop else decoding.WORK_SIDE

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """A picture (h, w, 3) uint8 as the person sees it."""
        pixels = np.rot90(pixels, -self.turn // 90)
        if self.mirror:
            pixels = pixels[:, ::-1]
        if self.crop:
            height, width = pixels.shape[:2]
            x, y, w, h = self.crop
            left, top = x * width // WHOLE, y * height // WHOLE
            right, bottom = -(-(x + w) * width // WHOLE), -(-(y + h) * height // WHOLE)
            pixels = pixels[top:bottom, left:right]
        return np.ascontiguousarray(pixels)


def _crop(text: str) -> tuple[int, int, int, int] | None:
    """`x,y,width,height` within the picture, or None; the whole picture is no crop."""
    found = re.fullmatch(r"(\d{1,4}),(\d{1,4}),(\d{1,4}),(\d{1,4})", text, re.ASCII)
    if not found:
        return None
    x, y, width, height = map(int, found.groups())
    inside = x + width <= WHOLE and y + height <= WHOLE and min(width, height) >= SMALLEST
    return (x, y, width, height) if inside and (width, height) != (WHOLE, WHOLE) else None


_Kept = tuple[threading.Lock, OrderedDict[tuple, dict[str, np.ndarray]]]
_kept_by: WeakKeyDictionary[Reads, _Kept] = WeakKeyDictionary()


class EditedPictures:
    """The vectors of edited library images; the latest are kept, so that a slider is quick, and known to all pages of
    the same reads, so that what was searched with is explained without being looked at again."""

    def __init__(self, reads: Reads):
        self._reads = reads
        self._lock, self._kept = _kept_by.setdefault(reads, (threading.Lock(), OrderedDict()))

    def vectors(self, image_id: int, edit: Edit) -> dict[str, np.ndarray]:
        """{name: (dim,) float32, norm 1 or 0} of a library image after an edit.

        Raises QueryError when there is no such image or its file cannot be read.
        """
        row = self._reads.image(image_id)
        if row is None:
            raise QueryError("That image is not in the library any more.")
        made = tuple(one.extractor for one in self._reads.library.embeddings().values())
        key = (image_id, row.mtime, row.size, edit, self._reads.embeddings(), made)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        try:
            pixels = untrusted.decode(decoding.read(row.place), (edit.side,), decoding.OWN)[0]
        except ImageError as error:
            raise QueryError(f"This image cannot be edited: {error}.") from None
        vectors = self._reads.embed(edit.apply(pixels))
        with self._lock:
            self._kept[key] = vectors
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return vectors

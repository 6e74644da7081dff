"""What a header says, and how large a picture may be."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import ImageError


@dataclass(frozen=True)
class ImageInfo:
    """Size in px as seen (after the turn), format, EXIF turn 1–8 still to be applied, mode."""

    width: int
    height: int
    format: str
    orientation: int
    mode: str

    @classmethod
    def turned(cls, width: int, height: int, kind: str, orientation: int, mode: str) -> ImageInfo:
        """From the size that is stored."""
        if orientation >= 5:
            width, height = height, width
        return cls(width, height, kind, orientation, mode)


@dataclass(frozen=True)
class Limits:
    """How large a picture may be: pixels, and bytes of memory while it is decoded."""

    pixels: int
    memory: int

    def check(self, info: ImageInfo, cost: float) -> None:
        """Raise ImageError with the reason; cost: bytes of memory for a pixel."""
        pixels = info.width * info.height
        if info.width < 1 or info.height < 1:
            raise ImageError("the image has no pixels")
        size = f"{info.width} × {info.height} px"
        if pixels > self.pixels:
            raise ImageError(f"{size} is above the limit of {self.pixels // 1_000_000} megapixels")
        if pixels * cost > self.memory:
            needed, most = pixels * cost / 2**30, self.memory / 2**30
            raise ImageError(f"{size} take {needed:.1f} GB to decode, above the limit of {most:.1f} GB")


OWN = Limits(400_000_000, 5 * 2**28)
"""For a person's own files: 400 megapixels, 1.25 GB."""

UNTRUSTED = Limits(64_000_000, 2**30)
"""For uploads and web addresses: 64 megapixels, 1 GB."""

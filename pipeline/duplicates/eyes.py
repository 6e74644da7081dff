"""Looks at two images through their thumbnails, and says why they are copies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipeline.duplicates.candidates import Candidate, Turn
from pipeline.library import Library
from pipeline.pictures import alignment, decoding, hashes
from pipeline.pictures.agreement import LAID_OVER, SAME
from pipeline.pictures.alignment import Alignment, Picture

IDENTICAL, SAVED, RECOLORED, PART, TURNED, MIRRORED, COVERED = (
    "same file", "saved again", "recolored", "part", "turned", "mirrored", "laid over"
)  # fmt: skip
KINDS = (IDENTICAL, SAVED, RECOLORED, PART, TURNED, MIRRORED, COVERED)
"""What became of a copy."""

OVER = "the same picture with something laid over"

_PICTURES = 1_000  # kept with their keypoints, 300 KB each
_SHAPE = 0.04  # how far the logarithms of two aspects may lie apart to be laid over one another as a whole
_WHOLE = 0.9  # part of both pictures that lie on one another where neither is a part of the other
_STRAIGHT = 4.0  # degrees from a quarter turn that pass for one


@dataclass(frozen=True)
class Reason:
    """Why two images are copies: what became of one (`KINDS`), and a sentence."""

    kind: str
    text: str

    @property
    def told(self) -> str:
        """The sentence by itself: points and bits do not say what became of a copy."""
        return self.text if self.kind in self.text or self.kind == IDENTICAL else f"{self.kind}, {self.text}"


class Eyes:
    """Looks at pairs of images of a library."""

    def __init__(self, library: Library):
        self._library = library
        self._picture = lru_cache(_PICTURES)(self._read)

    def compare(self, one: int, other: int, candidate: Candidate) -> Reason | None:
        """Why two images are copies, or None when they are not."""
        mine, theirs = self._picture(one), self._picture(other)
        if mine is None or theirs is None:
            return None
        covered = None
        for look in (self._as_whole, self._turned, self._by_points):
            reason = look(mine, theirs, candidate)
            if reason is not None and reason.kind != COVERED:
                return reason
            covered = covered or reason
        return covered

    def _as_whole(self, mine: Picture, theirs: Picture, candidate: Candidate) -> Reason | None:
        if not _alike(mine.pixels, theirs.pixels) and candidate.bits is None:
            return None
        laid = alignment.lay(mine, theirs, alignment.stretch(mine, theirs))
        found = laid.verdict(colors=True) if laid else None
        told = "the same all over" if candidate.bits is None else f"hash {candidate.bits} of {hashes.BITS} bits apart"
        if found == SAME:
            return Reason(SAVED, told)
        if candidate.bits is not None and laid and laid.verdict(colors=False) == SAME:
            return Reason(RECOLORED, f"{told}, other colors")
        return Reason(COVERED, OVER) if found == LAID_OVER else None

    def _turned(self, mine: Picture, theirs: Picture, candidate: Candidate) -> Reason | None:
        for turn in candidate.turns:
            picture = mine.turned(*turn)
            if not _alike(picture.pixels, theirs.pixels):
                continue
            laid = alignment.lay(picture, theirs, alignment.stretch(picture, theirs))
            if laid and laid.verdict(colors=True) == SAME:
                return Reason(MIRRORED if turn[1] else TURNED, _told(turn))
        return None

    def _by_points(self, mine: Picture, theirs: Picture, candidate: Candidate) -> Reason | None:
        if not candidate.by_points:
            return None
        covered = None
        for picture, mirror in ((mine, False), (mine.mirrored(), True)):
            found = alignment.align(picture, theirs)
            laid = alignment.lay(picture, theirs, found) if found else None
            verdict = laid.verdict(colors=True) if laid else None
            if verdict == SAME:
                return _reason(picture, theirs, found, mirror)
            if verdict == LAID_OVER and covered is None:
                covered = Reason(COVERED, f"{OVER}, {found.points} matching points{', mirrored' if mirror else ''}")
        return covered

    def _read(self, image_id: int) -> Picture | None:
        jpeg = self._library.thumbnail(image_id)
        return Picture.of(decoding.decode(jpeg)) if jpeg else None


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two pictures have about the same shape."""
    (height, width), (tall, wide) = one.shape[:2], other.shape[:2]
    return abs(float(np.log(height * wide / (width * tall)))) <= _SHAPE


def _told(turn: Turn) -> str:
    quarters, mirror = turn
    return ", ".join(["mirrored"] * mirror + [f"turned by {90 * quarters}°"] * bool(quarters))


def _reason(mine: Picture, theirs: Picture, found: Alignment, mirror: bool) -> Reason:
    """What a common alignment says: mirrored, turned, a part, or the same in another place."""
    text = f"{found.points} matching points"
    angle = float(np.degrees(np.arctan2(-found.matrix[1, 0], found.matrix[0, 0])))
    quarters = round(angle / 90) % 4
    straight = abs(angle - 90 * round(angle / 90)) <= _STRAIGHT
    if mirror:
        return Reason(MIRRORED, f"{text}, {_told((quarters if straight else 0, True))}")
    if not straight:
        return Reason(TURNED, f"{text}, turned by {angle % 360:.0f}°")
    if quarters:
        return Reason(TURNED, f"{text}, {_told((quarters, False))}")
    sizes = mine.pixels[..., 0].size * found.scale**2, theirs.pixels[..., 0].size
    return Reason(PART if min(sizes) < _WHOLE * max(sizes) else SAVED, text)

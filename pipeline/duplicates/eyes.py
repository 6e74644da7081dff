"""Looks at two images and says why they are copies: through their thumbnails, and of drawings and pages, where what
matters may be too small for these, through their files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from pipeline import stores
from pipeline.duplicates.candidates import Candidate, Turn
from pipeline.errors import ImageError
from pipeline.library import Library
from pipeline.pictures import alignment, decoding, frame, hashes, marks
from pipeline.pictures.agreement import LAID_OVER, SAME, Laid
from pipeline.pictures.alignment import Alignment, Picture

IDENTICAL, SAVED, RECOLORED, PART, TURNED, MIRRORED, COVERED, FRAMED = (
    "same file", "saved again", "recolored", "part", "turned", "mirrored", "laid over", "framed"
)  # fmt: skip
KINDS = (IDENTICAL, SAVED, RECOLORED, PART, TURNED, MIRRORED, COVERED, FRAMED)
"""What became of a copy."""

OVER = "the same picture with something laid over"
PLAIN = "nothing is on it, seen in full size"

_PICTURES = 1_000  # kept with their keypoints, 300 KB each
_FILES = 16  # kept in full size, 9 MB each
_SHAPE = 0.04  # how far the logarithms of two aspects may lie apart to be laid over one another as a whole
_WHOLE = 0.9  # part of both pictures that lie on one another where neither is a part of the other
_COVERED = 20
"""Keypoints that must agree before something is said to be laid over a part: two flowers had 19, two balloons 16."""
_STRAIGHT = 4.0  # degrees from a quarter turn that pass for one


@dataclass(frozen=True)
class Reason:
    """Why two images are copies: what became of one (`KINDS`), and a sentence. closely: whether that may hang on what
    cannot be seen where they are small. added: the image that has more than the picture itself, something laid over it or
    a frame around it, or 0."""

    kind: str
    text: str
    closely: bool = False
    added: int = 0

    @property
    def told(self) -> str:
        """The sentence by itself: points and bits do not say what became of a copy."""
        return self.text if self.kind in self.text or self.kind == IDENTICAL else f"{self.kind}, {self.text}"


@dataclass(frozen=True)
class _Looked:
    """A pair that is looked at: ids, thumbnails, and why."""

    one: int
    other: int
    mine: Picture
    theirs: Picture
    candidate: Candidate


class Eyes:
    """Looks at pairs of images of a library, and of these and pictures from outside."""

    def __init__(self, library: Library, outside: Mapping[int, np.ndarray] | None = None):
        """outside: pictures (h, w, 3) uint8 RGB that are no images of the library, by ids that none of these has."""
        self._library, self._outside = library, outside or {}
        self._picture = lru_cache(_PICTURES)(self._read)
        self._file = lru_cache(_FILES)(self._decoded)
        self._file_with_points = lru_cache(_FILES)(self._pointed)

    def compare(self, one: int, other: int, candidate: Candidate) -> Reason | None:
        """Why two images are copies, or None when they are not."""
        mine, theirs = self._picture(one), self._picture(other)
        if mine is None or theirs is None:
            return None
        pair = _Looked(one, other, mine, theirs, candidate)
        if mine.is_plain and theirs.is_plain:
            return self._plain(pair)
        covered = None
        for look in (self._as_whole, self._turned, self._by_points):
            reason = look(pair)
            if reason is not None and reason.kind != COVERED:
                return reason
            covered = covered or reason
        return covered

    def _plain(self, pair: _Looked) -> Reason | None:
        """Of pictures with nothing on their thumbnails: the same color makes copies, whatever their shapes, where the
        files show no mark either; what cannot be read may have one."""
        if _stretched(pair.mine, pair.theirs, shapes=False).verdict(colors=True) != SAME:
            return None
        return Reason(SAVED, PLAIN) if self._marked(pair) is False else None

    def _as_whole(self, pair: _Looked) -> Reason | None:
        bits = pair.candidate.bits
        laid = _stretched(pair.mine, pair.theirs, shapes=bits is None)
        found = laid.verdict(colors=True) if laid else None
        told = "the same all over" if bits is None else f"hash {bits} of {hashes.BITS} bits apart"
        recolored = laid and found != SAME and bits is not None and laid.verdict(colors=False) == SAME
        if (found == SAME or recolored) and not (laid.drawn and self._marked(pair)):
            kind, told = (RECOLORED, f"{told}, other colors") if recolored else (SAVED, told)
            return Reason(kind, told, laid.drawn)
        if found != LAID_OVER:
            return None
        return Reason(COVERED, OVER, added=_covered(pair, laid, alignment.stretch(pair.mine, pair.theirs)))

    def _turned(self, pair: _Looked) -> Reason | None:
        for turn in pair.candidate.turns:
            laid = _stretched(pair.mine, pair.theirs, turn)
            if laid and laid.verdict(colors=True) == SAME and not (laid.drawn and self._marked(pair, turn)):
                return replace(_reason_of(turn), closely=laid.drawn)
        return None

    def _by_points(self, pair: _Looked) -> Reason | None:
        if not pair.candidate.by_points:
            return None
        covered = None
        for picture, mirror in ((pair.mine, False), (pair.mine.mirrored(), True)):
            found = alignment.align(picture, pair.theirs)
            laid = alignment.lay(picture, pair.theirs, found) if found else None
            verdict = laid.verdict(colors=True) if laid else None
            if verdict == SAME and not (laid.drawn and self._marked_by_points(pair, found, mirror)):
                reason = replace(_reason(picture, pair.theirs, found, mirror), closely=laid.drawn)
                framed = _framed(pair, picture, found)
                return replace(reason, kind=FRAMED, added=framed) if framed else reason
            if verdict == LAID_OVER and found.points >= _COVERED and covered is None:
                told = f"{OVER}, {found.points} matching points{', mirrored' if mirror else ''}"
                covered = Reason(COVERED, told, added=_covered(pair, laid, found))
        return covered

    def _marked(self, pair: _Looked, turn: Turn = (0, False)) -> bool | None:
        """Whether in full size one picture has a mark that the other has not; None where that cannot be seen."""
        files = self._file(pair.one), self._file(pair.other)
        if any(file is None for file in files):
            return None
        laid = _stretched(*map(Picture.bare, files), turn, shapes=False)
        return marks.has_mark(laid) if laid else None

    def _marked_by_points(self, pair: _Looked, found: Alignment, mirror: bool) -> bool | None:
        """The same where keypoints say how they lie; found: as thumbnails."""
        both = self._file_with_points(pair.one), self._file_with_points(pair.other)
        if any(one is None for one in both):
            return None
        (file, mine), (other, theirs) = both
        if mirror:
            file, mine = np.ascontiguousarray(file[:, ::-1]), mine.mirrored()
        guess = found.enlarged(_times(mine, pair.mine), _times(theirs, pair.theirs))
        better = alignment.refined(mine, theirs, guess)
        if better is None:
            return None
        file, other = Picture.bare(file), Picture.bare(other)
        laid = alignment.lay(file, other, better.enlarged(_times(file, mine), _times(other, theirs)))
        return marks.has_mark(laid) if laid else None

    def _read(self, image_id: int) -> Picture | None:
        own = self._outside.get(image_id)
        jpeg = self._library.thumbnail(image_id) if own is None else decoding.thumbnail(own)
        return Picture.of(decoding.decode(jpeg)) if jpeg else None

    def _decoded(self, image_id: int) -> np.ndarray | None:
        """A picture in full size, as good as; what lies in a store is not fetched for that."""
        if image_id in self._outside:
            return decoding.resize(self._outside[image_id], marks.SIDE)
        row = self._library.image(image_id)
        if row is None or stores.is_address(row.place):
            return None
        try:
            return decoding.decode(decoding.read(row.place), marks.SIDE)
        except (ImageError, MemoryError):
            return None

    def _pointed(self, image_id: int) -> tuple[np.ndarray, Picture] | None:
        """A picture in full size, and smaller with its keypoints."""
        file = self._file(image_id)
        return None if file is None else (file, Picture.of(decoding.resize(file, marks.SIDE_ALIGNED)))


def _stretched(mine: Picture, theirs: Picture, turn: Turn = (0, False), *, shapes: bool = True) -> Laid | None:
    """One picture, turned, over the whole of the other. shapes: None where they are not of about the same shape."""
    picture = mine if turn == (0, False) else mine.turned(*turn)
    if shapes and not _alike(picture.pixels, theirs.pixels):
        return None
    return alignment.lay(picture, theirs, alignment.stretch(picture, theirs))


def _covered(pair: _Looked, laid: Laid, found: Alignment) -> int:
    """Which of a pair something is laid over."""
    return pair.one if laid.over_one != alignment.exchanged(found) else pair.other


def _framed(pair: _Looked, mine: Picture, found: Alignment) -> int:
    """Which of a pair is the other in a frame, or 0. found: how the one, as `mine`, lies on the other."""
    back = Alignment(cv2.invertAffineTransform(found.matrix), found.points)
    for inner, outer, lies, image in ((mine, pair.theirs, found, pair.other), (pair.theirs, mine, back, pair.one)):
        if frame.framed(inner, outer, lies):
            return image
    return 0


def _times(large: Picture, small: Picture) -> float:
    """How many times as high the one is as the other."""
    return len(large.pixels) / len(small.pixels)


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two pictures have about the same shape."""
    (height, width), (tall, wide) = one.shape[:2], other.shape[:2]
    return abs(float(np.log(height * wide / (width * tall)))) <= _SHAPE


def _reason_of(turn: Turn) -> Reason:
    """What a turn, or none, makes of a picture."""
    quarters, mirror = turn
    kind = MIRRORED if mirror else TURNED if quarters else SAVED
    return Reason(kind, _told(turn))


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

"""Whether two pictures that are laid over one another show the same, place by place.

Three things are looked at. Structure: how the gray levels correlate around each place, as they are and
without what rows and columns have in common (two pages of text have their lines in common). Oddities:
places where either picture has what the other has nowhere near, whatever the brightness of the whole. Colors.

Copies have no oddities worth the name. Where there are some, most of them in one plain color or two, or as a veil
over what lies below, and the rest agrees as that of copies does, something was laid over the picture: a watermark,
a caption. Where each of two pictures
has its own, they are two pictures on a common ground, however much the ground is worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from pipeline.pictures.brightness import fit, fitted
from pipeline.pictures.correlation import Measures, fine_correlation, measured
from pipeline.pictures.moved import each_has_its_own, grown
from pipeline.pictures.overlay import has_color_of, in_one_color, is_ground, is_two_toned, on_top, plain
from pipeline.pictures.rim import within_frame
from pipeline.pictures.shading import is_shaded
from pipeline.pictures.sharpness import blurred, softening

SAME, LAID_OVER = "same", "laid over"

MEAN_AGREEMENT, LOW_AGREEMENT = 0.8, 0.42
"""What the local correlation must reach on average and in its worst tenth. Copies of 300 photographs had 0.87 and
0.71 at least, those that were made brighter than white 0.46; other pairs of photographs 0.75 and 0.34 at most."""
COLOR_AGREEMENT = 0.9
"""Cosine of the colors laid over one another: 0.95 at least for those copies, 0.86 at most
for other flowers of the same kind in the sample gallery."""
FINE_AGREEMENT = 0.45
"""The mean of what is left without what rows and columns have in common, by which pages of text are told apart."""
MIN_OVERLAP = 0.6
"""Part of the smaller picture that must lie on the other. Above one half, any two pictures that a third
one explains have something in common."""
SHARP, SHARP_DRAWING = (0.45, 0.7), 0.89
"""Correlation in small places, in all but the worst hundredth and twentieth. Copies of photographs had 0.68 and 0.77
at least, windows of one program 0.1 and 0.75 at most; figures of one deck, which are mostly ground, 0.73 and their
copies 0.91."""
SHARP_GROUND, BARE = (0.85, 0.91), 0.8
"""The same of what lies around letters on a bare ground, of which one color is that share: around letters on
photographs it was 0.92 and 0.94, between slides of one deck 0.57 and 0.76."""
EVEN = 0.22
"""Share of a picture that is all even in drawings, windows and pages; in photographs of clothing it was 0.19 at most."""
SHARP_COVERED, SHARP_SHADED = (0.4, 0.65), (0.0, 0.65)
"""The same on other grounds: between the letters of a watermark all over a photograph it was 0.56 and 0.76; of what is shaded,
where the rim of a letter that hardly differs from its ground is the worst hundredth."""
ODD = 0.012
"""Share of the places with structure that may be odd in a copy: it was none in half of the copies of photographs."""
MARK, THING = 0.00012, 0.0012
"""Share of the largest oddity in a copy: some six pixels, the stroke of a figure on a slide, where there is
little structure; sixty elsewhere."""
BLURRED = 0.9
"""Correlation in the worst tenth from which two pictures are the same but for how sharp they are."""
SOFTER = 2.1
"""px of a Gaussian that may lie between two copies of a photograph; what is softer shows too little to be sure of."""
HOPELESS, NOWHERE = 0.35, 0.15
"""Mean correlation below which no part can be the same, unless so many places of a thing on an even ground agree: under a bar
across its lower sixth a small thing had 0.3 of them left."""
STEEP = 2.5
"""So many times as steep as what lies below, letters in two tones are something laid over a shaded picture whatever lies
below; on parts of photographs it was 3.1 to 5.3."""
COVERED = 0.5
"""Share of a picture that may be laid over."""
REST_MEAN, REST_LOW, REST_FINE, REST_COLOR = 0.88, 0.7, 0.25, 0.6
"""What the rest must reach where something is laid over: it is as good as that of copies."""
GROUND, REST = 0.2, 0.4
"""Share of places with structure from which a picture is more than a drawing on a ground; and of those that must
agree where something is laid over a drawing, since a plain ground says nothing."""
SEEN, SEEN_LEAST = 0.35, 0.02
"""Of a shaded thing under what is laid over it: share of its own detail that must be seen, however little of the picture the
thing takes, and of the picture that this must be. Letters a third of the height of small things left 0.4."""

WHITE, BRIGHTER = 251, 0.06
"""Levels that count as white; how much a gain must differ from 1 to have cut something off there."""

_CHROMA = 64.0  # squared chroma that counts as gray: 8 levels of Lab
_LEVELS, _SHARE = 14.0, 0.35  # an oddity: so many levels, and so much of the contrast around it
_REACH, _FAR = 3, 8  # px around an oddity that it may have touched; its color, which JPEG keeps in large blocks
_EVEN = 6.0  # levels of contrast in a place that is even
_DRAWN = 30.0  # levels of contrast around what is drawn on a plain ground
_HUES = 20.0  # levels of a* and b* that are another color


@dataclass
class Laid:
    """Two pictures (h, w, 3) uint8 RGB in one frame, and where both are: (h, w) bool."""

    one: np.ndarray
    other: np.ndarray
    inside: np.ndarray
    over_one: bool = False
    """Whether it is `one` that something is laid over, where the verdict is that."""

    def verdict(self, *, colors: bool) -> str | None:
        """SAME, LAID_OVER, or None. colors: whether these must agree; without, a plain shape is none of its own."""
        one, other = self._grays
        found = self._measures
        if found.structure == 0:
            return SAME if self._flat() else None
        if (found.mean < HOPELESS and (found.agreeing < NOWHERE or not self.drawn)) or (not colors and found.structure < GROUND):
            return None
        odd = self._odd | (self._odd_colors if colors else False)
        if self._agrees(odd):
            return SAME if self._to_the_letter(found) and (not colors or self._color(self.inside)) else None
        if (not self.drawn or self._shaded) and self._same_but_softer(colors):
            return SAME
        return LAID_OVER if colors and self._laid_over(one, other, odd) else None

    def _agrees(self, odd: np.ndarray) -> bool:
        """Whether the structure is that of copies, and what is odd is nothing."""
        found = self._measures
        count = max(1.0, found.structure * float(self.inside.sum()))
        mark = (MARK if found.structure < GROUND else THING) * self.inside.size
        most = ODD * count
        if found.low >= BLURRED and not self.drawn:  # all over it: what is odd is what a blur took
            most, mark = 0.03 * count, 0.003 * self.inside.size
        return alike(found) and odd.sum() <= most and largest(odd) <= mark

    def _each_has_its_own(self, odd: np.ndarray) -> bool:
        """Whether what is odd is partly of the one and partly of the other, as of a thing that moved."""
        pair = fitted(self.one.astype(np.float32), self.other.astype(np.float32), *self.line)
        return each_has_its_own(*map(blurred, pair, softening(*self.evened)), odd, self.inside)

    def _same_but_softer(self, colors: bool) -> bool:
        """Whether they are the same once they are equally sharp, of pictures of which one is out of focus."""
        sigmas = softening(*self.evened)
        if not 0 < max(sigmas) <= SOFTER:
            return False
        soft = Laid(*map(blurred, (self.one, self.other), sigmas), self.inside)
        return soft._agrees(soft._odd | (soft._odd_colors if colors else False)) and (not colors or self._color(self.inside))

    @cached_property
    def _grays(self) -> tuple[np.ndarray, np.ndarray]:
        return tuple(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) for pixels in (self.one, self.other))

    @cached_property
    def _measures(self) -> Measures:
        return measured(*self._grays, self.inside)

    @cached_property
    def line(self) -> tuple[float, float, bool]:
        """What brings them to one brightness and contrast, see `brightness.fit`."""
        return fit(*self._grays, self.inside)

    @cached_property
    def evened(self) -> tuple[np.ndarray, np.ndarray]:
        """Both in gray, (h, w) float32, brought to one brightness and contrast."""
        return fitted(*self._grays, *self.line)

    @cached_property
    def _odd(self) -> np.ndarray:
        return oddities(*self.evened, self.inside)

    @cached_property
    def drawn(self) -> bool:
        """Whether so much of both is even as of drawings, windows and pages."""
        even = np.maximum(*map(_contrast, self._grays)) <= _EVEN
        return bool((even & self.inside).sum() >= EVEN * self.inside.sum())

    @cached_property
    def _shaded(self) -> bool:
        """Whether they have the shades of a photograph, though they may be cut out onto an even ground."""
        return is_shaded(self.one) or is_shaded(self.other)

    @cached_property
    def _cut(self) -> np.ndarray:
        """What was cut off at white in one picture, which was made brighter."""
        if abs(self.line[0] - 1) < BRIGHTER:
            return np.zeros_like(self.inside)
        one, other = (gray >= WHITE for gray in self._grays)
        return grown((one ^ other) & (np.minimum(*self.evened) >= WHITE - 12), 4)

    @cached_property
    def _odd_colors(self) -> np.ndarray:
        """Where the chroma is another, at one brightness and contrast."""
        pair = fitted(self.one.astype(np.float32), self.other.astype(np.float32), *self.line)
        first, second = (
            cv2.GaussianBlur(cv2.cvtColor(pixels / np.float32(255), cv2.COLOR_RGB2LAB)[..., 1:], (0, 0), 2.0) for pixels in pair
        )
        near = np.ones((5, 5), np.uint8)
        away = [first - cv2.dilate(second, near), cv2.erode(second, near) - first,
                second - cv2.dilate(first, near), cv2.erode(first, near) - second]  # fmt: skip
        return self.inside & (np.maximum.reduce(away).max(axis=2) > _HUES)

    def _to_the_letter(self, found: Measures) -> bool:
        """Whether the smallest structure agrees, and on a plain ground the colors of what is drawn."""
        one, other = self._grays
        if found.structure >= GROUND:
            if not self.drawn or self._shaded:
                return True  # a photograph out of focus has lost its smallest structure
            worst, bad = fine_correlation(one, other, self.inside & ~self._cut)
            return worst >= SHARP[0] and bad >= SHARP[1]
        drawn = self.inside & (np.maximum(_contrast(one), _contrast(other)) > _DRAWN)
        colored = not drawn.any() or color_agreement(self.one[drawn], self.other[drawn]) >= COLOR_AGREEMENT
        return colored and fine_correlation(one, other, self.inside)[0] >= SHARP_DRAWING

    def _flat(self) -> bool:
        """Whether two pictures without structure are the same: no difference, and no mark anywhere."""
        apart = np.abs(self.one.astype(np.int16) - self.other)[self.inside]
        if not len(apart) or float(apart.mean()) >= 4:
            return False
        return all(
            largest(oddities(one, other, self.inside)) <= MARK * self.inside.size
            for one, other in zip(*(np.moveaxis(p.astype(np.float32), 2, 0) for p in (self.one, self.other)))
        )

    def _color(self, where: np.ndarray, least: float = COLOR_AGREEMENT) -> bool:
        return color_agreement(self.one[where], self.other[where]) >= least

    def _laid_over(self, one: np.ndarray, other: np.ndarray, odd: np.ndarray) -> bool:
        inside = self.inside & within_frame(self.one, self.other)
        rest = inside & ~grown(odd, _REACH)
        if not odd.any() or rest.sum() < (1 - COVERED) * inside.sum():
            return False
        found = measured(one, other, rest)
        shaded = self._shaded and is_shaded(self.one, rest) and is_shaded(self.other, rest)
        if not shaded and found.structure < REST or found.mean < REST_MEAN or found.low < REST_LOW or found.fine < REST_FINE:
            return False
        far = inside & ~grown(odd, _FAR)
        if not self._color(far if far.sum() > 0.2 * inside.sum() else rest, REST_COLOR):
            return False
        sharp = np.array(fine_correlation(one, other, rest & ~self._cut))
        ring = inside & grown(odd, _FAR) & ~grown(odd, _REACH)
        edges = _edges(one, odd), _edges(other, odd)
        for top, below, gray, steeper in ((self.one, self.other, other, edges), (self.other, self.one, one, edges[::-1])):
            if shaded and not _seen(gray, rest, inside):
                continue
            # The bar of a chart is longer, a line of a page is missing: of drawings only what is strange to them is laid over.
            if self.drawn and not shaded and (has_color_of(top[odd], below[rest]) or is_ground(top[odd], top[ring])):
                continue
            bare = plain(below[odd]) >= BARE
            least = SHARP_SHADED if shaded else SHARP_GROUND if bare else SHARP_COVERED
            letters = shaded and steeper[0] >= STEEP * steeper[1] and is_two_toned(top[odd], below[odd], rims=bare)
            if (sharp >= least).all() and (letters or on_top(top[odd], below[odd])):
                self.over_one = edges[0] > edges[1]
                # Of a thing that moved, what the one has and what the other has are no one color over the same picture.
                return letters or in_one_color(top[odd], below[odd]) or not self._each_has_its_own(odd & inside)
        return False


def _seen(below: np.ndarray, rest: np.ndarray, inside: np.ndarray) -> bool:
    """Whether enough of what is on a gray picture (h, w) float32 lies in the rest of it."""
    uneven = inside & (_contrast(below) > _EVEN)
    seen = float((uneven & rest).sum())
    return seen >= max(SEEN * float(uneven.sum()), SEEN_LEAST * float(inside.sum()))


def alike(found: Measures) -> bool:
    """Whether the structure of two pictures is that of copies."""
    return found.mean >= MEAN_AGREEMENT and found.low >= LOW_AGREEMENT and found.fine >= FINE_AGREEMENT


def color_agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of the chroma (Lab's a and b) of pixels (n, 3) uint8 RGB, place by place.

    1 for the same hues, whatever the brightness, and for two gray pictures; 0 for gray
    against colored; −1 for opposite hues.
    """
    first, second = (
        cv2.cvtColor(np.ascontiguousarray(pixels)[None], cv2.COLOR_RGB2LAB)[0, :, 1:] - np.float32(128)
        for pixels in (one, other)
    )
    gray = _CHROMA * len(first)
    both = np.sqrt((np.square(first).sum() + gray) * (np.square(second).sum() + gray))
    return float((float((first * second).sum()) + gray) / both)


def oddities(one: np.ndarray, other: np.ndarray, inside: np.ndarray, share: float = _SHARE) -> np.ndarray:
    """Where either picture (h, w) float32 has what the other has nowhere near. share: of the contrast around it."""
    one, other = (cv2.GaussianBlur(gray, (0, 0), 1.0) for gray in (one, other))
    near = np.ones((3, 3), np.uint8)
    low = [cv2.erode(gray, near) for gray in (one, other)]
    high = [cv2.dilate(gray, near) for gray in (one, other)]
    away = np.maximum.reduce([one - high[1], low[1] - one, other - high[0], low[0] - other])
    return inside & (away > np.maximum(_LEVELS, share * np.maximum(_contrast(one), _contrast(other))))


def _edges(gray: np.ndarray, places: np.ndarray) -> float:
    """How steep a gray picture (h, w) float32 is at and around some places: letters have sharp rims."""
    return float(_contrast(gray)[grown(places, _REACH)].mean())


def _contrast(gray: np.ndarray) -> np.ndarray:
    """Between the lightest and the darkest of 9 × 9 px."""
    around = np.ones((9, 9), np.uint8)
    return cv2.dilate(gray, around) - cv2.erode(gray, around)


def largest(places: np.ndarray) -> int:
    """Pixels of the largest connected part."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(places.astype(np.uint8), connectivity=8)
    return int(stats[1:, cv2.CC_STAT_AREA].max()) if count > 1 else 0

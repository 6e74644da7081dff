"""What a picture has around another is a frame, or more of the same."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from pipeline.duplicates.groups import Group, Pair
from pipeline.duplicates.eyes import Reason
from pipeline.duplicates.review import Reviewer
from pipeline.pictures import decoding, thumbnails
from pipeline.pictures.alignment import Alignment, Picture
from pipeline.pictures.frame import framed
from tests.conftest import synthetic_library
from tests.copies import bordered


def around(image: np.ndarray, top: int, side: int, color: tuple[int, int, int]) -> np.ndarray:
    return cv2.copyMakeBorder(image, top, top, side, side, cv2.BORDER_CONSTANT, value=color)


def scene() -> np.ndarray:
    """Soft clouds of color, bright to the left, (300, 400, 3) uint8."""
    noise = np.random.default_rng(1).integers(0, 256, (9, 12, 3), np.uint8)
    return cv2.resize(noise, (400, 300), interpolation=cv2.INTER_CUBIC)


def product() -> np.ndarray:
    """A thing on white, which touches no side."""
    image = np.full((300, 400, 3), 255, np.uint8)
    image[80:220, 120:280] = scene()[80:220, 120:280]
    return image


def seen(image: np.ndarray) -> Picture:
    """As a library has it: its thumbnail."""
    return Picture.bare(decoding.decode(thumbnails.thumbnail(image)))


def lies(inner: np.ndarray, outer: np.ndarray, top: int, side: int) -> Alignment:
    """How the thumbnail of the one lies on that of the other, which has so much around it."""
    small, large = (256 / max(image.shape[:2]) for image in (inner, outer))
    scale = large / small
    move = (scale - 1) / 2 + large * np.array([side, top])  # pixel centers, not corners, fall on one another
    return Alignment(np.array([[scale, 0, move[0]], [0, scale, move[1]]]), 9)


FRAMES: dict[str, Callable[[np.ndarray], tuple[np.ndarray, int, int]]] = {
    "dark": lambda image: (bordered(image), 33, 33),
    "white": lambda image: (around(image, 20, 20, (255, 255, 255)), 20, 20),
    "bars above and below": lambda image: (around(image, 60, 0, (0, 0, 0)), 60, 0),
    "a mount": lambda image: (around(image, 120, 150, (226, 220, 205)), 120, 150),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_is_seen_on_the_one_that_has_it(kind):
    image = scene()
    outer, top, side = FRAMES[kind](image)
    found = lies(image, outer, top, side)
    assert framed(seen(image), seen(outer), found)
    back = Alignment(cv2.invertAffineTransform(found.matrix), 9)
    assert not framed(seen(outer), seen(image), back)
    on_white = product()
    assert framed(seen(on_white), seen(FRAMES[kind](on_white)[0]), found) == (kind != "white")  # there its ground goes on


@pytest.mark.parametrize("made", [scene, product])
def test_what_was_cut_out_of_a_picture_has_no_frame_around_it(made):
    outer = made()
    inner = outer[40:-40, 50:-50].copy()
    assert not framed(seen(inner), seen(outer), lies(inner, outer, 40, 50))
    beside = outer[:, 50:].copy()
    assert not framed(seen(beside), seen(outer), lies(beside, outer, 0, 50))


def test_what_a_framed_or_lettered_picture_is_like_is_no_better_and_a_thumbnail_neither(tmp_path):
    """The largest that has no more than the picture itself is suggested to be kept."""
    library = synthetic_library(tmp_path, 6, {"color": 4})
    sizes = {1: (900, 700), 2: (880, 680), 3: (800, 600), 4: (1000, 750), 5: (640, 480), 6: (90, 60)}
    for image, (width, height) in sizes.items():
        library.db.execute("UPDATE images SET width = ?, height = ? WHERE id = ?", (width, height, image))
    rows = library.images_by_id(sorted(sizes))

    def kept(*pairs: tuple[int, int, str, int]) -> set[int]:
        reasons = tuple(Pair(one, other, Reason(kind, "said", added=added)) for one, other, kind, added in pairs)
        ids = sorted({image for one, other, *_ in pairs for image in (one, other)})
        (group,) = Reviewer(library).copies([Group(tuple(rows[i] for i in ids), pairs[0][0], reasons)])
        return set(group.keep)

    assert kept((1, 3, "framed", 1), (1, 5, "framed", 1), (1, 2, "saved again", 0)) == {3}
    assert kept((3, 1, "framed", 1), (3, 4, "laid over", 4), (1, 2, "same file", 0), (3, 5, "saved again", 0)) == {3}
    assert kept((1, 3, "framed", 1), (1, 4, "part", 0)) == {4}
    assert kept((1, 6, "framed", 1)) == {1}

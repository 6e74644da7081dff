"""Pictures that are mostly ground, made here: slides, flat shapes, pages of text, bills, screenshots, charts, line art.

Many are nearly alike without being copies, as those of one deck, book or program are.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

WORDS = (
    "market river plan growth winter table number light garden letter method annual window copper result summer paper "
    "section morning valley index theory silver engine harbor report island colour budget figure needle quarter yellow"
).split()
COLORS = ["#c0392b", "#2980b9", "#27ae60", "#f39c12", "#8e44ad", "#16a085", "#2c3e50", "#d35400"]


@functools.cache
def font(size: int):
    """A font of that height, px."""
    return ImageFont.load_default(size)


def sentence(chance: random.Random, count: int) -> str:
    """So many words."""
    return " ".join(chance.choice(WORDS) for _ in range(count))


def numbered(number: int, chance: random.Random) -> Image.Image:
    """A white slide with its number, as slides between chapters are."""
    picture = Image.new("RGB", (800, 600), "white")
    ImageDraw.Draw(picture).text((380, 270), str(number + 1), fill="black", font=font(48))
    return picture


def slide(number: int, chance: random.Random) -> Image.Image:
    """One of a deck: the same bar and mark, another title and other points."""
    picture = Image.new("RGB", (960, 540), "#fdfdfb")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 960, 70), fill="#1f3a5f")
    draw.ellipse((890, 480, 940, 530), fill="#c0392b")
    draw.text((40, 18), sentence(chance, 3), fill="white", font=font(32))
    for line in range(chance.randint(3, 6)):
        draw.text((80, 120 + 60 * line), "- " + sentence(chance, chance.randint(3, 6)), fill="#222", font=font(26))
    draw.text((20, 510), f"{number + 1}", fill="#777", font=font(14))
    return picture


def shape(number: int, chance: random.Random) -> Image.Image:
    """A flat shape of one color on white."""
    picture = Image.new("RGB", (600, 600), "white")
    draw = ImageDraw.Draw(picture)
    kind, color = divmod(number, len(COLORS))
    side = (20, 45, 90)[chance.randrange(3)]
    box = (300 - side, 300 - side, 300 + side, 300 + side)
    match kind % 5:
        case 0: draw.ellipse(box, fill=COLORS[color])
        case 1: draw.rectangle(box, fill=COLORS[color])
        case 2: draw.polygon([(300, box[1]), (box[2], box[3]), (box[0], box[3])], fill=COLORS[color])
        case 3: draw.regular_polygon((300, 300, side), 5, fill=COLORS[color])
        case _: draw.arc(box, 30, 290, fill=COLORS[color], width=max(4, side // 4))
    return picture


def page(number: int, chance: random.Random) -> Image.Image:
    """A page of a book: lines in the same places, other words."""
    picture = Image.new("L", (700, 990), 250)
    draw = ImageDraw.Draw(picture)
    for line in range(36):
        text, last = "", line % 9 == 8
        while draw.textlength(text, font(18)) < (250 + 60 * chance.random() if last else 540):
            text += chance.choice(WORDS) + " "
        draw.text((70, 60 + 24 * line), text.strip(), fill=20, font=font(18))
    draw.text((340, 950), str(number + 11), fill=20, font=font(16))
    return picture.convert("RGB")


def bill(number: int, chance: random.Random) -> Image.Image:
    """One of a firm: the same rows, another number, day and sum."""
    picture, same = Image.new("RGB", (700, 990), "white"), random.Random("rows")
    draw = ImageDraw.Draw(picture)
    draw.text((50, 45), "Miller & Sons", fill="#223", font=font(26))
    draw.line((50, 85, 650, 85), fill="#223", width=2)
    draw.text((50, 112), f"Invoice 2024-{1043 + 7 * number}", fill="black", font=font(17))
    draw.text((520, 112), f"{1 + number % 28}. {5 + number % 7}. 2024", fill="black", font=font(15))
    for row in range(14):
        draw.text((50, 180 + 28 * row), sentence(same, 4), fill="#222", font=font(14))
        draw.text((560, 180 + 28 * row), f"{same.randint(1, 999)}.00", fill="#222", font=font(14))
    draw.line((50, 640, 650, 640), fill="#223", width=2)
    draw.text((560, 655), f"{chance.randint(100, 9999)}.50", fill="black", font=font(17))
    for line in range(6):
        draw.text((50, 800 + 18 * line), sentence(same, 12), fill="#555", font=font(11))
    return picture


def screen(number: int, chance: random.Random) -> Image.Image:
    """A window of the same program with other rows in its list."""
    picture = Image.new("RGB", (1000, 700), "#ececec")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 1000, 36), fill="#3b3f45")
    for at, color in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        draw.ellipse((14 + 24 * at, 12, 28 + 24 * at, 26), fill=color)
    draw.rectangle((0, 36, 220, 700), fill="#dfe3e8")
    for row, text in enumerate(("Inbox", "Drafts", "Sent", "Archive", "Spam", "Trash")):
        draw.text((30, 70 + 40 * row), text, fill="#333", font=font(18))
    for row in range(14):
        draw.line((220, 80 + 44 * row, 1000, 80 + 44 * row), fill="#ccc")
        draw.text((240, 50 + 44 * row), sentence(chance, 2), fill="#111", font=font(16))
        draw.text((480, 50 + 44 * row), sentence(chance, 4), fill="#666", font=font(14))
    return picture


def chart(number: int, chance: random.Random) -> Image.Image:
    """Bars on the same axes."""
    picture = Image.new("RGB", (800, 500), "white")
    draw = ImageDraw.Draw(picture)
    draw.line((60, 30, 60, 450), fill="black", width=2)
    draw.line((60, 450, 780, 450), fill="black", width=2)
    for bar in range(9):
        height = chance.randint(20, 400)
        draw.rectangle((85 + 76 * bar, 450 - height, 135 + 76 * bar, 450), fill="#2980b9")
        draw.text((95 + 76 * bar, 460), str(2010 + bar), fill="black", font=font(13))
    return picture


def drawing(number: int, chance: random.Random) -> Image.Image:
    """Lines on white: some curves and polygons."""
    picture = Image.new("RGB", (700, 700), "white")
    draw = ImageDraw.Draw(picture)
    for _ in range(chance.randint(3, 8)):
        x, y, size, turn = chance.randint(120, 580), chance.randint(120, 580), chance.randint(40, 180), chance.random() * 6
        corners = chance.randint(3, 9)
        points = [
            (x + size * math.cos(turn + 6.283 * i / corners) * chance.uniform(0.6, 1.2),
             y + size * math.sin(turn + 6.283 * i / corners) * chance.uniform(0.6, 1.2)) for i in range(corners + 1)
        ]  # fmt: skip
        draw.line(points, fill="black", width=chance.choice((2, 3, 5)), joint="curve")
    return picture


def card(number: int, chance: random.Random) -> Image.Image:
    """One color all over."""
    return Image.new("RGB", (400, 300), tuple(chance.randrange(256) for _ in range(3)))


KINDS: dict[str, tuple[Callable[[int, random.Random], Image.Image], int]] = {
    "numbered": (numbered, 30), "slide": (slide, 35), "shape": (shape, 35), "page": (page, 35), "screen": (screen, 30),
    "chart": (chart, 25), "drawing": (drawing, 35), "card": (card, 25), "bill": (bill, 20),
}  # fmt: skip
"""How each kind is made, and how many there are: 270 pictures."""


def smaller(pixels: np.ndarray) -> np.ndarray:
    """Half as wide and high."""
    return cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def cropped(pixels: np.ndarray) -> np.ndarray:
    """Without a twentieth at each side."""
    height, width = pixels.shape[:2]
    return np.ascontiguousarray(pixels[height // 20 : -(height // 20), width // 20 : -(width // 20)])


COPIES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], int]] = {
    "saved": (lambda pixels: pixels, 70), "smaller": (smaller, 50), "darker": (lambda pixels: (pixels * 0.8).astype(np.uint8), 85),
    "turned": (lambda pixels: np.ascontiguousarray(np.rot90(pixels)), 85), "cropped": (cropped, 85),
}  # fmt: skip
"""How every fifth picture is copied, and JPEG's quality: 54 copies."""


def made(seed: int = 0, share: float = 1.0) -> tuple[dict[str, np.ndarray], dict[str, tuple[np.ndarray, int]], set[frozenset]]:
    """Originals by name, (h, w, 3) uint8 RGB; copies with the JPEG quality to save them at; which pairs are copies.

    share: of each kind.
    """
    originals, copies, truth = {}, {}, set()
    for kind, (make, count) in KINDS.items():
        for number in range(max(1, round(share * count))):
            chance = random.Random(f"{seed} {kind} {number}")
            originals[f"{kind}-{number:02}.png"] = np.asarray(make(number, chance))
    for at, name in enumerate(list(originals)[::5]):
        how = list(COPIES)[at % len(COPIES)]
        change, quality = COPIES[how]
        copy = f"copy-{how}-{name.removesuffix('.png')}.jpg"
        copies[copy] = change(originals[name]), quality
        truth.add(frozenset((name, copy)))
    return originals, copies, truth

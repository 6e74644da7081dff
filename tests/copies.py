"""How photographs are changed on their way through the world, for measuring what is found again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.pictures.decoding import encode_jpeg
from pipeline.quality.transforms import TRANSFORMS


def saved(image: np.ndarray, quality: int) -> np.ndarray:
    """Saved as a JPEG of that quality."""
    return cv2.imdecode(np.frombuffer(encode_jpeg(image, quality), np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1].copy()


def half25(image: np.ndarray) -> np.ndarray:
    """Half the size, as a JPEG of quality 25."""
    return saved(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), 25)


def brighter(image: np.ndarray) -> np.ndarray:
    """A quarter brighter; what is white stays so."""
    return np.clip(image * np.float32(1.25), 0, 255).astype(np.uint8)


def bordered(image: np.ndarray) -> np.ndarray:
    """With a border of a twelfth of its width."""
    edge = image.shape[1] // 12
    return cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(30, 30, 30))


def lettered(image: np.ndarray, text: str, size: float, place: float, fill: tuple, outline: tuple | None = None) -> np.ndarray:
    """With letters laid over: size of their height and place of their middle as shares of the picture's height; fill
    with an alpha; outline of them or None."""
    below = Image.fromarray(image).convert("RGBA")
    over = Image.new("RGBA", below.size, (0, 0, 0, 0))
    letters = ImageFont.load_default(max(8, int(size * below.height)))
    width = max(1, int(letters.size / 14)) if outline else 0
    ImageDraw.Draw(over).text(
        (below.width / 2, place * below.height), text, fill=fill, font=letters, anchor="mm", stroke_width=width, stroke_fill=outline)
    return np.asarray(Image.alpha_composite(below, over).convert("RGB"))


def watermarked(image: np.ndarray) -> np.ndarray:
    """With a word in half-transparent white, aslant and all over it."""
    below = Image.fromarray(image).convert("RGBA")
    over = Image.new("RGBA", (2 * below.width, 2 * below.height), (0, 0, 0, 0))
    draw, letters = ImageDraw.Draw(over), ImageFont.load_default(max(10, below.height // 9))
    for row in range(0, 2 * below.height, int(letters.size * 2.2)):
        draw.text((0, row), "SAMPLE   " * 12, fill=(255, 255, 255, 120), font=letters)
    over = over.rotate(30).crop((below.width // 2, below.height // 2, below.width // 2 + below.width, below.height // 2 + below.height))
    return np.asarray(Image.alpha_composite(below, over).convert("RGB"))


def barred(image: np.ndarray) -> np.ndarray:
    """With a black bar across its lower sixth, and white words in it."""
    picture = Image.fromarray(image).copy()
    draw, top = ImageDraw.Draw(picture), int(picture.height * 5 / 6)
    draw.rectangle((0, top, picture.width, picture.height), fill="black")
    letters = ImageFont.load_default(max(8, picture.height // 12))
    draw.text((picture.width / 2, (top + picture.height) / 2), "Summer 2026", fill="white", font=letters, anchor="mm")
    return np.asarray(picture)


LETTERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "white": partial(lettered, text="COPYRIGHT", size=0.14, place=0.5, fill=(255, 255, 255, 255)),
    "black": partial(lettered, text="FOR SALE", size=0.2, place=0.35, fill=(0, 0, 0, 255)),
    "caption": partial(lettered, text="WHEN IT IS MONDAY", size=0.11, place=0.88, fill=(255, 255, 255, 255), outline=(0, 0, 0, 255)),
    "red": partial(lettered, text="SOLD", size=0.34, place=0.5, fill=(220, 20, 20, 255)),
    "veil": partial(lettered, text="SAMPLE", size=0.24, place=0.5, fill=(255, 255, 255, 130)),
    "aslant": watermarked,
    "bar": barred,
}
"""Letters laid over."""

TURNS = {f"turn{90 * quarters}": partial(np.rot90, k=quarters) for quarters in (1, 2, 3)}

CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **TRANSFORMS, "half25": half25, "brighter": brighter, "bordered": bordered,
    **{name: lambda image, turn=turn: np.ascontiguousarray(turn(image)) for name, turn in TURNS.items()}, **LETTERS,
}  # fmt: skip


def part(image: np.ndarray) -> np.ndarray:
    """Seven eighths of each side, from a place that depends on the picture."""
    height, width = (side * 7 // 8 for side in image.shape[:2])
    chance = np.random.default_rng(int(image[::16, ::16].sum()))
    top, left = chance.integers(0, image.shape[0] - height + 1), chance.integers(0, image.shape[1] - width + 1)
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def turned25(image: np.ndarray) -> np.ndarray:
    """Turned by 25 degrees in its frame, black where nothing is."""
    height, width = image.shape[:2]
    return cv2.warpAffine(image, cv2.getRotationMatrix2D((width / 2, height / 2), 25, 1), (width, height))


IMAGEDEDUP: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "crop": part,
    "flip left-right": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "flip top-bottom": lambda image: np.ascontiguousarray(image[::-1]),
    "turned 25°": turned25,
    "squeezed square": lambda image: cv2.resize(image, (min(image.shape[:2]),) * 2, interpolation=cv2.INTER_AREA),
}
"""The kinds of change that imagededup publishes its figures of (its user guide, "Benchmarks"): crops of 560 × 420 out of
640 × 480, both flips, a turn by 25 degrees, and a resize to the aspect 1:1."""

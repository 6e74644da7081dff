"""Decoding: what a picture looks like must not depend on how its file says it."""

from __future__ import annotations

import io
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from pipeline.errors import ImageError
from pipeline.pictures import decoding


def picture(width: int = 300, height: int = 200) -> Image.Image:
    """Smooth, asymmetric in both directions, so that every turn shows."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([255 * x / width, 255 * y / height, 128 + 60 * np.sin(x / 30)], axis=2)
    pixels[: height // 4, : width // 4] = 250
    return Image.fromarray(pixels.astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def difference(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turn_is_applied_in_every_format(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    data = encoded(picture(), kind, exif=exif, **options)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    assert difference(decoding.decode(data), expected) < 2
    info = decoding.probe(data)
    assert (info.height, info.width) == expected.shape[:2]


@pytest.mark.parametrize("size", [(3000, 2000), (900, 1600), (1025, 30), (512, 512), (40, 30), (1, 1)])
def test_working_size_keeps_shape_and_never_enlarges(size):
    whole = picture(*size) if min(size) > 4 else Image.new("RGB", size, "red")
    pixels = decoding.decode(encoded(whole, "JPEG", quality=95))
    assert max(pixels.shape[:2]) == min(max(size), decoding.WORK_SIDE)
    assert pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    if min(size) > 100:
        plain = whole.resize(pixels.shape[1::-1], Image.Resampling.BOX)
        assert difference(pixels, np.asarray(plain)) < 4


def test_transparency_lies_on_white():
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert (decoding.decode(encoded(clear, "PNG")) == 255).all()
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([0, 0, 255] + [0] * 765)
    assert (decoding.decode(encoded(palette, "GIF", transparency=0)) == 255).all()


def test_unusual_modes_become_rgb():
    gray = picture().convert("L")
    for image, kind in [
        (gray, "JPEG"),
        (picture().convert("CMYK"), "JPEG"),
        (Image.fromarray(np.asarray(gray).astype(np.uint16) * 257), "PNG"),
        (picture().convert("1"), "PNG"),
        (picture().convert("P"), "GIF"),
    ]:
        pixels = decoding.decode(encoded(image, kind))
        assert pixels.shape == (200, 300, 3)
        assert difference(pixels[..., 0], np.asarray(image.convert("RGB") if kind != "PNG" or image.mode == "1"
                                                     else gray.convert("RGB"))[..., 0]) < 6


def test_numbers_that_are_none_count_as_zero():
    values = np.linspace(0, 1, 600, dtype=np.float32).reshape(20, 30)
    values[0, 0], values[0, 1] = np.nan, np.inf
    pixels = decoding.decode(encoded(Image.fromarray(values), "TIFF"))
    assert pixels[0, 0, 0] == pixels[0, 1, 0] == 0 and pixels[-1, -1, 0] == 255


def test_what_follows_a_picture_in_its_file_does_not_count():
    data = encoded(picture(), "JPEG", progressive=True)
    video = b"\0\0\0\x18ftypmp42" + b"\xff\xd9 \xff\xda" * 3  # a motion photo
    assert np.array_equal(decoding.decode(data + video), decoding.decode(data))
    with pytest.raises(ImageError, match="cut off"):
        decoding.decode(data[:-500])


def test_first_frame_of_an_animation():
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert (decoding.decode(data)[0, 0] == (255, 0, 0)).all()


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "empty"),
        (b"hello, I am a text", "not an image"),
        (encoded(picture(), "JPEG")[:-2000], "cut off"),
        (encoded(picture(), "PNG")[:600], "damaged"),
        (encoded(picture(), "WEBP")[:400], "not an image|damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "not an image|damaged"),
    ],
)
def test_what_cannot_be_read_says_why(data, said):
    with pytest.raises(ImageError, match=said):
        decoding.decode(data)


@pytest.mark.parametrize("kind, at, order", [("BMP", 18, "little"), ("PNG", 16, "big")])
def test_too_many_pixels_are_refused_before_decoding(kind, at, order):
    header = bytearray(encoded(Image.new("L", (10, 10)), kind))
    header[at : at + 8] = (50_000).to_bytes(4, order) * 2
    if kind == "PNG":
        header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    with pytest.raises(ImageError, match="megapixels"):
        decoding.decode(bytes(header))


def test_a_file_damaged_anywhere_has_a_reason_and_nothing_worse():
    """Pillow's readers raise what they please: AVIF's a RuntimeError, for one."""
    generator = np.random.default_rng(0)
    reasons = set()
    for kind in ("AVIF", "PNG", "TIFF", "GIF"):
        data = np.frombuffer(encoded(picture(120, 90), kind), np.uint8)
        for _ in range(40):
            damaged = data.copy()
            damaged[generator.integers(len(data), size=8)] = generator.integers(256, size=8)
            try:
                assert decoding.decode(damaged.tobytes()).ndim == 3
            except ImageError as error:
                reasons.add(str(error).partition(" (")[0])
    assert "the image is damaged" in reasons and len(reasons) >= 2


def test_thumbnail_is_a_small_jpeg_of_the_same_shape():
    thumbnail = Image.open(io.BytesIO(decoding.thumbnail(np.asarray(picture(500, 250)))))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (256, 128))


def test_a_jpeg_that_is_cut_off_is_found_out_without_its_pixels():
    """A recovered card is full of them: each took three times the memory of its pixels, and seconds."""
    pixels = cv2.resize(np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8), (3200, 2400))
    data = cv2.imencode(".jpg", pixels)[1].tobytes()
    tracemalloc.start()
    try:
        with pytest.raises(ImageError, match="cut off"):
            decoding.decode(data[: len(data) // 2])
        cut = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert decoding.decode(data[:-2]).shape == decoding.decode(data).shape
        whole = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert cut < pixels.nbytes / 4 and whole < 3.5 * pixels.nbytes

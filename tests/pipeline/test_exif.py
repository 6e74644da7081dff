"""What files say of themselves."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pillow_jxl  # noqa: F401  registers itself with Pillow
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from pipeline.errors import ImageError
from pipeline.pictures import exif
from tests import corpus


def shot(path, main=(), block=(), kind="JPEG"):
    """A picture with EXIF tags."""
    tags = Image.Exif()
    tags.update(dict(main))
    if block:
        tags.get_ifd(0x8769).update(dict(block))
    Image.new("RGB", (8, 6), "teal").save(path, kind, exif=tags)
    return path


def test_camera_time_and_exposure_are_read(tmp_path):
    file = shot(
        tmp_path / "a.jpg",
        {0x010F: "NIKON CORPORATION", 0x0110: "NIKON D750"},
        {0x829A: IFDRational(1, 250), 0x829D: IFDRational(28, 10), 0x8827: 100,
         0x9003: "2014:05:03 12:30:01", 0x920A: IFDRational(50, 1), 0xA434: "50mm f/1.8"},
    )
    assert exif.read(file) == exif.Facts(
        format="JPEG", camera="NIKON D750", lens="50mm f/1.8", taken=datetime(2014, 5, 3, 12, 30, 1),
        exposure="1/250 s · f/2.8 · ISO 100 · 50 mm",
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "JXL", "HEIF"])
def test_every_format_tells_when_it_was_taken(kind, tmp_path):
    tags = Image.Exif()
    tags[0x0110] = "Camera"
    tags.get_ifd(0x8769)[0x9003] = "1953:05:29 11:30:00"  # before any computer's clock
    image = Image.fromarray(corpus.scene())
    block = tags.tobytes()
    data = corpus._heic(image, exif=block) if kind == "HEIF" else corpus.saved(image, kind, exif=block)
    (tmp_path / "file").write_bytes(data)
    assert exif.read(tmp_path / "file") == exif.Facts(kind, camera="Camera", taken=datetime(1953, 5, 29, 11, 30))


@pytest.mark.parametrize("said", ["10000:01:01 00:00:00", "0000:00:00 00:00:00", "2014:13:03 12:30:01", "now", "\ud800", ""])
def test_times_that_are_none_are_left_out(said, tmp_path):
    assert exif.read(shot(tmp_path / "a.jpg", block={0x9003: said.encode("utf-8", "surrogatepass").decode("latin-1")})).taken is None


def test_no_block_of_tags_is_too_hostile(tmp_path):
    """Bytes at random places of a real block: facts or nothing, never an error."""
    file = shot(
        tmp_path / "a.jpg", {0x010F: "Maker", 0x0110: "Model"},
        {0x829A: IFDRational(1, 250), 0x8827: (100, 200), 0x9003: "2014:05:03 12:30:01", 0x927C: bytes(100)},
    )
    whole = np.frombuffer(file.read_bytes(), np.uint8)
    start, end = whole.tobytes().index(b"Exif\0\0") + 6, whole.tobytes().index(b"\xff\xdb")
    generator, told = np.random.default_rng(3), 0
    for _ in range(400):
        damaged = whole.copy()
        places = generator.integers(start, end, size=generator.integers(1, 12))
        damaged[places] = generator.choice([0, 1, 127, 128, 255, 65], size=len(places))
        file.write_bytes(damaged.tobytes())
        told += exif.read(file).camera is not None
    assert 50 < told < 400


def test_what_is_damaged_or_missing_is_left_out(tmp_path):
    assert exif.read(shot(tmp_path / "plain.png", kind="PNG")) == exif.Facts("PNG")
    odd = shot(
        tmp_path / "odd.jpg", {0x010F: "Maker\x00\x07 ", 0x0110: "<b>X</b>"},
        {0x829A: IFDRational(1, 0), 0x9003: "0000:00:00 00:00:00", 0x829D: IFDRational(0, 1)},
    )
    assert exif.read(odd) == exif.Facts("JPEG", camera="Maker <b>X</b>")


def test_files_that_cannot_be_read_say_why(tmp_path):
    with pytest.raises(ImageError, match="not there"):
        exif.read(tmp_path / "gone.jpg")
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(ImageError, match="not an image"):
        exif.read(tmp_path / "text.jpg")

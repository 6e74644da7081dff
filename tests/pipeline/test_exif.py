"""What files say of themselves."""

from __future__ import annotations

from datetime import datetime

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from pipeline.errors import ImageError
from pipeline.pictures import exif


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

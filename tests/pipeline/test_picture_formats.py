"""Every kind of picture is right or has a reason: the corpus, decoded."""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import ImageError, TransientImageError
from pipeline.pictures import decoding, formats, png, tiff
from tests import corpus

WHOLE = 40_000  # px: a side that no small picture has


def difference(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def test_what_browsers_do_not_read_looks_as_it_was_made():
    for name, (data, expected) in corpus.others().items():
        pixels = decoding.decode(data, WHOLE)
        if name == "dng":  # developed at half size, brightened as a camera does
            expected = cv2.resize(corpus.scene(240, 160), (120, 80), interpolation=cv2.INTER_AREA)
            assert pixels.shape == expected.shape
            assert np.corrcoef(pixels.ravel(), expected.ravel())[0, 1] > 0.97
            continue
        assert difference(pixels, expected) <= 3, name
        info = decoding.probe(data)
        assert (info.height, info.width) == expected.shape[:2], name


@pytest.mark.slow
def test_what_is_broken_says_why():
    told = {}
    for name, (data, _) in corpus.broken().items():
        try:
            told[name] = f"read: {decoding.decode(data).shape}"
        except ImageError as error:
            told[name] = str(error)
    assert not {name: told[name] for name, (_, said) in corpus.broken().items() if not re.search(said, told[name])}


def test_the_same_colors_look_alike_in_a_wide_gamut():
    """As plain numbers the two are far apart: the profile makes them one picture."""
    image = Image.fromarray(corpus.scene())
    wide = corpus.saved(corpus._in_profile(image, corpus.rgb_profile()), "PNG", icc_profile=corpus.rgb_profile())
    plain = np.asarray(Image.open(io.BytesIO(wide)))
    seen = decoding.decode(wide, WHOLE)
    assert difference(plain, corpus.scene()) > 20
    assert difference(seen, corpus.scene()) < 2


@pytest.mark.parametrize("kind, options", [("PNG", {}), ("WEBP", {"lossless": True}), ("AVIF", {"quality": 95}), ("TIFF", {}), ("JPEG2000", {})])
def test_white_on_transparent_ground_is_seen(kind, options):
    """Marks and drawings in white, on white, would all be one empty picture, and copies of one another."""
    mark = np.zeros((90, 120, 4), np.uint8)
    mark[20:70, 30:50] = 255
    mark[..., :3] = 250
    seen = decoding.decode(corpus.saved(Image.fromarray(mark), kind, **options), WHOLE)
    assert seen[45, 40].min() > 240 and seen[5, 5].max() < 80, "on dark ground"
    mark[40:60, 60:90] = (30, 60, 200, 255)
    assert decoding.decode(corpus.saved(Image.fromarray(mark), kind, **options), WHOLE)[5, 5].min() > 248, "on white as ever"
    mark[..., 3] = 0
    assert decoding.decode(corpus.saved(Image.fromarray(mark), kind, **options), WHOLE).min() > 248, "nothing to be seen"
    mark[...] = 255
    assert decoding.decode(corpus.saved(Image.fromarray(mark), kind, **options), WHOLE).min() > 248, "opaque white"


@pytest.mark.parametrize("name", ["jpeg", "jpeg-progressive", "jpeg-gray", "jpeg-cmyk", "jpeg-30000x3", "jpeg-1x1", "noise"])
def test_a_jpeg_may_lack_its_end_marker_but_no_pixels(name):
    data = corpus.saved(corpus.noise(), "JPEG", quality=90) if name == "noise" else corpus.jpegs()[name]
    assert data.endswith(b"\xff\xd9")
    for side in (WHOLE, 100):
        assert np.array_equal(decoding.decode(data[:-2], side), decoding.decode(data, side))
    for gone in (100, len(data) // 9, len(data) // 2) if name != "jpeg-1x1" else ():
        with pytest.raises(ImageError, match="cut off|damaged"):
            decoding.decode(data[:-gone])


def test_words_of_which_few_bits_are_used_are_seen_in_png_as_in_tiff():
    """Cameras, microscopes and depth sensors keep 10 to 12 bits in words of 16: as they stand all of it is black."""
    gray = corpus.scene()[:, :, 1]
    words = gray.astype(np.uint32) * 16  # 12 bits
    for made in (corpus.png(words[:, :, None], 16), corpus.png(np.dstack([words, np.full_like(words, 65535)]), 16)):
        seen = decoding.decode(made, WHOLE)
        assert difference(seen, np.repeat(gray[:, :, None], 3, axis=2)) < 2
    full = gray.astype(np.uint32) * 257
    assert difference(decoding.decode(corpus.png(full[:, :, None], 16), WHOLE)[:, :, 0], gray) < 1


def test_names_do_not_count():
    stills = corpus.stills()
    for name, kind in (("png-rgb", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP"), ("bmp-24", "BMP"), ("avif", "AVIF")):
        assert formats.sniff(stills[name]) == kind == decoding.probe(stills[name]).format
    for name, kind in (("heic", "HEIF"), ("jxl", "JXL"), ("dng", "RAW"), ("tiff", "TIFF"), ("jp2", "JPEG2000")):
        assert formats.sniff(corpus.others()[name][0]) == kind
    assert formats.says_nothing("IMG_1") and formats.says_nothing("x.jpg(2)") and not formats.says_nothing("x.json")
    assert formats.is_image_name(Path("a/B.HEIC")) and formats.is_unread_name(Path("drawing.PSD"))
    assert not formats.EXTENSIONS & formats.UNREAD_EXTENSIONS


def test_of_a_raw_file_the_picture_is_taken_that_the_camera_put_in_where_it_is_the_whole_one():
    negative = 255 - corpus.scene(240, 160)  # so that one sees which it is

    def taken(preview: bytes, side: int = WHOLE, turn: int = 1) -> np.ndarray | None:
        """What is seen, where it is the preview; None where the sensor's words are developed."""
        pixels = decoding.decode(corpus.dng(preview, turn), side)
        likeness = np.corrcoef(pixels.ravel(), _sized(np.rot90(negative, {6: 3, 3: 2}.get(turn, 0)), pixels).ravel())[0, 1]
        assert abs(likeness) > 0.95, "neither the one nor the other"
        return pixels if likeness > 0 else None

    whole = corpus.saved(Image.fromarray(negative), "JPEG", quality=95)
    assert difference(taken(whole), negative) < 3
    assert taken(whole, turn=6).shape == (240, 160, 3) and taken(whole, turn=3) is not None
    half = corpus.saved(Image.fromarray(negative).resize((120, 80)), "JPEG", quality=95)
    assert taken(half, 100) is not None and taken(half) is None, "too small for what is asked"
    cropped = corpus.saved(Image.fromarray(negative[:, 20:220]).resize((240, 192)), "JPEG", quality=95)
    assert taken(cropped) is None, "of another shape"
    assert taken(whole[: len(whole) // 4]) is None and taken(b"\xff\xd8 no picture") is None
    assert (decoding.probe(corpus.dng(whole, 6)).width, decoding.probe(corpus.dng(whole)).width) == (160, 240)


def _sized(picture: np.ndarray, like: np.ndarray) -> np.ndarray:
    return cv2.resize(np.ascontiguousarray(picture), like.shape[1::-1], interpolation=cv2.INTER_AREA)


def test_a_raw_file_beside_its_jpeg_is_one_shot():
    names = ["IMG_1.CR2", "img_1.jpg", "IMG_2.NEF", "IMG_3.JPG", "IMG_3.dng", "x.png", "x.arw"]
    assert formats.raws_beside_jpegs(names) == {"IMG_1.CR2", "IMG_3.dng"}


@pytest.mark.parametrize("name", [name for name in corpus.pngs() if "interlaced" not in name and "animated" not in name])
def test_strips_are_the_picture(name, monkeypatch):
    """Large PNGs are decoded strip by strip: by that way small ones come out the same."""
    data = corpus.pngs()[name]
    plain = decoding.decode(data, WHOLE)
    monkeypatch.setattr(png, "_LARGE", 0)
    monkeypatch.setattr(png, "_BAND", 17 * 120)
    assert difference(decoding.decode(data, WHOLE), plain) < 0.02
    if plain.shape[0] > 40 and "turn" not in name:
        reduced = decoding.decode(data, 30)
        assert difference(reduced, cv2.resize(plain, reduced.shape[1::-1], interpolation=cv2.INTER_AREA)) < 3


def test_bits_flipped_in_a_strip_are_found(monkeypatch):
    monkeypatch.setattr(png, "_LARGE", 0)
    data = corpus.pngs()["png-rgb"]
    with pytest.raises(ImageError, match="check sum"):
        decoding.decode(corpus._patched(data, 300, b"abc"))
    short = corpus.png(corpus.scene())
    at = short.index(b"IDAT") + 4
    body = zlib.compress(zlib.decompress(short[at : short.index(b"IEND") - 8])[: 40 * 361])
    whole = short[: at - 8] + corpus.chunk(b"IDAT", body) + corpus.chunk(b"IEND")
    with pytest.raises(ImageError, match="cut off"):
        decoding.decode(whole)


@pytest.mark.parametrize("options", [{"optimize": True}, {"progressive": True}])
def test_even_areas_are_not_taken_for_holes(options):
    """An even area may be coded as thousands of zeros, where the shortest codes say so."""
    paper = corpus.saved(np.full((9_000, 9_000), 250, np.uint8), "JPEG", **options)
    assert bytes(4096) in paper
    assert (decoding.decode(paper) == 250).all()


def test_a_pipe_a_folder_and_what_is_forbidden_are_told_apart(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    for name in ("pipe.jpg", "folder.jpg", "loop.jpg"):
        with pytest.raises(ImageError) as raised:
            decoding.read(tmp_path / name)
        assert not isinstance(raised.value, TransientImageError)
    with pytest.raises(TransientImageError, match="not there"):
        decoding.read(tmp_path / "gone.jpg")
    with pytest.raises(TransientImageError, match="cannot be opened"):
        decoding.read(Path("/proc/self/mem/nothing.jpg"))  # a path through a file


def test_a_file_larger_than_memory_is_not_read(tmp_path):
    file = tmp_path / "sparse.tif"
    try:
        os.truncate(os.open(file, os.O_CREAT | os.O_WRONLY), 90 * 2**30)
    except OSError:
        pytest.skip("no sparse files here")
    with pytest.raises(ImageError, match="90.0 GB"):
        decoding.read(file)


_MEASURED = """
import resource, sys
import cv2
from pathlib import Path
from pipeline.errors import ImageError
from pipeline.pictures import decoding

cv2.setNumThreads(1)
decoding.warm_up()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    print(decoding.decode(decoding.read(Path(sys.argv[1]))).shape)
except ImageError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def _led_by_a_thumbnail(large: np.ndarray, below: bool) -> bytes:
    """A TIFF whose first page says that it is a reduced version; the picture follows it, or lies below it."""
    small = cv2.resize(large, (30, 20), interpolation=cv2.INTER_AREA)
    data = bytearray(cv2.imencodemulti(".tiff", [small, large])[1].tobytes())
    start = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, start)[0]
    entries = {struct.unpack_from("<H", data, at)[0]: at for at in range(start + 2, start + 2 + 12 * count, 12)}
    struct.pack_into("<I", data, entries[tiff.KIND] + 8, 1)
    if below:
        following = start + 2 + 12 * count
        struct.pack_into("<HHII", data, entries[297], tiff.SUB_IFDS, 4, 1, struct.unpack_from("<I", data, following)[0])
        struct.pack_into("<I", data, following, 0)
    return bytes(data)


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_of_a_tiff_that_begins_with_a_thumbnail_the_picture_is_seen(depth, below):
    large = cv2.cvtColor(corpus.scene(), cv2.COLOR_RGB2BGR).astype(depth) * (257 if depth == np.uint16 else 1)
    data = _led_by_a_thumbnail(large, below)
    info = decoding.probe(data)
    assert (info.height, info.width) == large.shape[:2]
    assert difference(decoding.decode(data, WHOLE), corpus.scene()) < 1


def _huge(kind: str) -> tuple[bytes, str]:
    """A file that is small on disk and large in memory, and what becomes of it."""
    if kind == "png":
        return corpus.blank_png(12_000, 9_000, filter=2), "(384, 512, 3)"
    gradient = Image.linear_gradient("L").resize((15_000, 10_000))
    if kind == "jpeg":
        return corpus.saved(gradient, "JPEG", quality=40), "(341, 512, 3)"
    if kind == "tiff":
        return corpus.saved(gradient, "TIFF", compression="tiff_lzw"), "(341, 512, 3)"
    return corpus.saved(gradient.resize((12_000, 10_000)), "WEBP", quality=1, method=0), "above the limit of 1.2 GB"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "jpeg", "tiff", "webp"])
def test_a_hundred_megapixels_take_little_memory(kind, tmp_path):
    data, said = _huge(kind)
    file = tmp_path / "huge"
    file.write_bytes(data)
    done = subprocess.run([sys.executable, "-c", _MEASURED, file], capture_output=True, text=True, timeout=120, check=True)
    answer, megabytes = done.stdout.splitlines()
    assert said in answer
    assert int(megabytes) < 450  # 108 megapixels of RGBA are 432 MB, and were three times that


def test_pictures_are_decoded_by_several_threads_at_once():
    """The dashboard's threads share profiles' transforms and Pillow's readers."""
    stills = corpus.stills()
    names = ["png-icc", "jpeg-icc", "jpeg-cmyk-icc", "webp-icc", "avif", "gif-clear", "png-gama-1.0"]
    expected = {name: decoding.decode(stills[name], WHOLE) for name in names}
    wrong = []

    def work(shift: int) -> None:
        for turn in range(20):
            name = names[(turn + shift) % len(names)]
            if not np.array_equal(decoding.decode(stills[name], WHOLE), expected[name]):
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(shift,)) for shift in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_library_that_decodes_heif_is_not_needed_to_look_at_one(tmp_path):
    """It has crashed on damaged files as it opened them, and a scan looks in its own process."""
    (tmp_path / "a.heic").write_bytes(corpus.others()["heic-turn-6"][0])
    script = (
        "import sys; from pathlib import Path; from pipeline.pictures import decoding, metadata\n"
        "info = decoding.probe(Path(sys.argv[1]).read_bytes()); metadata.read_file(Path(sys.argv[1]))\n"
        "print(info.width, info.height, '_pi_heif' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "a.heic"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["80", "120", "False"]

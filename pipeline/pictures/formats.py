"""Which pictures are read: by their first bytes, not by their names.

Names only say what is worth opening; where they say nothing, the first bytes do. Of a raw file beside a JPEG of the same name, the
JPEG is enough: both are one shot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from pipeline.pictures import tiff

RAW_EXTENSIONS = frozenset(
    ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf"
    " .raw .rw2 .rwl .sr2 .srf .srw .x3f".split()
)
"""Raw files of cameras, as LibRaw reads them."""

EXTENSIONS = RAW_EXTENSIONS | frozenset(
    ".jpg .jpeg .jpe .jfif .jfi .jif .pjpeg .pjp .jps .insp .mpo .png .apng .webp .gif .bmp .dib .tif .tiff .avif .avifs"
    " .heic .heif .hif .jxl .jp2 .j2k .j2c .jpc .jpf .jpx".split()
)
"""Names of files that are opened."""

UNREAD_EXTENSIONS = frozenset(
    ".ai .cdr .cin .dds .djvu .dpx .emf .eps .exr .fits .hdr .heics .icns .ico .jls .jxr .kra"
    " .pbm .pcx .pdn .pgm .pnm .ppm .psb .psd .qoi .sgi .svg .svgz .tga .wmf .xbm .xcf .xpm".split()
)
"""Names of pictures that nothing here reads; a scan counts them, so that none is passed over
in silence."""

_KIND = re.compile(r"\.[a-z][a-z0-9]{1,4}", re.ASCII | re.IGNORECASE)
"""What says of a file of which kind it is."""
_CUT = frozenset(".jp .pn .gi .we .web .he .hei .av .avi .ti .bm".split())
"""Kinds of pictures whose names were cut off, as exports of photo services do."""
_LEFTOVER = re.compile(r".*(?:~|_original|\.(?:crdownload|partial|download|filepart))", re.DOTALL | re.IGNORECASE)
"""What editors keep of before, and downloads that have not ended."""
_WEAK = (b"BM", b"BA", b"\xff\x0a")
"""Signatures that may well begin a text, or anything."""

_JPEGS = frozenset(".jpg .jpeg .jpe .jfif .heic .heif .hif".split())

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\xff\x0a", "JXL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JXL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"FUJIFILMCCD-RAW", "RAW"),
    (b"FOVb", "RAW"),
    (b"\0MRM", "RAW"),
    (b"IIU\0", "RAW"),  # Panasonic
    (b"IIRO", "RAW"),  # Olympus
    (b"IIRS", "RAW"),
    (b"MMOR", "RAW"),
    (b"BM", "BMP"),
    (b"BA", "BMP"),  # an OS/2 array of them
)

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_AVIF = (b"avif", b"avis")
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2", b"miaf")


def is_image_name(path: PurePath) -> bool:
    """Whether the file name ends like a picture's that is read, in any letter case."""
    return path.suffix.lower() in EXTENSIONS


def is_unread_name(path: PurePath) -> bool:
    """Whether the file name ends like a picture's of a kind that nothing here reads."""
    return path.suffix.lower() in UNREAD_EXTENSIONS


def says_nothing(name: str) -> bool:
    """Whether a file's name does not say of which kind the file is: `IMG_1`, `beach.jpg(1)`, `a long na.jp`."""
    suffix = PurePath(name).suffix
    return (not _KIND.fullmatch(suffix) or suffix.lower() in _CUT) and not _LEFTOVER.fullmatch(name)


def is_surely_one(head: bytes) -> bool:
    """Whether the first bytes of a file whose name says nothing are a picture's."""
    return sniff(head) is not None and not head.startswith(_WEAK)


def raws_beside_jpegs(names: Iterable[str]) -> set[str]:
    """Of the file names of one folder, the raw files that lie beside a finished picture.

    `IMG_1.CR2` and `IMG_1.JPG` are one shot; letter case does not count.
    """
    raws: dict[str, list[str]] = {}
    finished = set()
    for name in names:
        path = PurePath(name)
        suffix = path.suffix.lower()
        if suffix in RAW_EXTENSIONS:
            raws.setdefault(path.stem.lower(), []).append(name)
        elif suffix in _JPEGS:
            finished.add(path.stem.lower())
    return {name for stem, group in raws.items() if stem in finished for name in group}


def sniff(data: bytes) -> str | None:
    """The format that the bytes of a file begin like, or None.

    One of JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF, HEIF, JXL, JPEG2000, RAW.
    """
    head = data[:32]
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] in _TIFF:
        return "RAW" if tiff.is_raw(data) else "TIFF"
    if head[6:14] == b"HEAPCCDR":
        return "RAW"  # Canon's before CR2
    if head[4:8] == b"ftyp":
        return _brand(data)
    return None


def _brand(data: bytes) -> str | None:
    """By the brands of an ISO base media file: a list of four letters each."""
    length = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, length - 3, 4))]
    if b"crx " in brands[:1]:
        return "RAW"
    if any(brand in _AVIF for brand in brands):
        return "AVIF"
    return "HEIF" if any(brand in _HEIF for brand in brands) else None

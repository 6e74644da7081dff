"""Pictures of every kind, made here: what a decoder meets in the world, small.

`stills` are those that a browser shows, `others` those that only we read, `broken` those that
have to end as a reason. All show the same scene, asymmetric in both directions.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image, ImageCms, ImageOps

WIDTH, HEIGHT = 120, 80
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


def scene(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """(h, w, 3) uint8: smooth colors, a white corner, a dark bar."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([255 * x / width, 255 * y / height, 128 + 100 * np.sin(x / 17) * np.cos(y / 11)], axis=2)
    pixels[: height // 4, : width // 4] = 250
    pixels[-height // 8 :, width // 2 :] = (40, 10, 30)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def opacity(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """(h, w) uint8: transparent on the left, opaque on the right."""
    return np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))


def saved(pixels: np.ndarray | Image.Image, kind: str, **options) -> bytes:
    """As Pillow writes it."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turn_tag(orientation: int) -> Image.Exif:
    """An EXIF block that says an orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


# PNG


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def blank_png(width: int, height: int, filter: int) -> bytes:
    """A PNG of RGBA zeros, each row by one filter (0 to 4): small, made at once, and as large in memory as any.

    The stream is one block of rows again and again, each without a look at those before it.
    """
    row = bytes([filter]) + bytes(4 * width)
    together = max(1, math.isqrt(height))
    checked, written = 1, [b"\x78\x01"]
    for rows, times in ((together, height // together), (height % together, 1)):
        block = row * rows
        deflate = zlib.compressobj(1, zlib.DEFLATED, -15)
        written.append((deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)) * times)
        low, high = zlib.adler32(block) & 0xFFFF, zlib.adler32(block) >> 16
        for _ in range(times):  # of both parts together
            before = checked & 0xFFFF
            high_now = ((checked >> 16) + high + len(block) * (before - 1)) % 65521
            checked = high_now << 16 | (before + low - 1) % 65521
    body = b"".join(written) + b"\x03\x00" + struct.pack(">I", checked)
    head = struct.pack(">II5B", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join((chunk(b"IHDR", head), chunk(b"IDAT", body), chunk(b"IEND")))


def png(samples: np.ndarray, depth: int = 8, *, before: bytes = b"", after: bytes = b"", color: int | None = None,
        level: int = 6) -> bytes:
    """A PNG of (h, w, c) samples, rows filtered by turns; `before` and `after` IDAT: more chunks."""
    height, width, channels = samples.shape
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels] if color is None else color
    if depth == 16:
        rows = samples.astype(">u2").reshape(height, -1).view(np.uint8)
    elif depth == 8:
        rows = samples.astype(np.uint8).reshape(height, -1)
    else:
        bits = np.unpackbits(samples.astype(np.uint8), axis=2)[:, :, -depth:]
        rows = np.packbits(bits.reshape(height, -1), axis=1)
    body = _filtered(rows, max(1, channels * depth // 8))
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"".join([
        b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), before, chunk(b"IDAT", zlib.compress(body, level)), after,
        chunk(b"IEND"),
    ])


def _filtered(rows: np.ndarray, step: int) -> bytes:
    """Rows of bytes after the five filters of PNG in turn."""
    rows = rows.astype(np.int16)
    left = np.pad(rows, ((0, 0), (step, 0)))[:, :-step]
    above = np.pad(rows, ((1, 0), (0, 0)))[:-1]
    corner = np.pad(left, ((1, 0), (0, 0)))[:-1]
    guess = left + above - corner
    near = [np.abs(guess - other) for other in (left, above, corner)]
    paeth = np.where((near[0] <= near[1]) & (near[0] <= near[2]), left, np.where(near[1] <= near[2], above, corner))
    predictions = (np.zeros_like(rows), left, above, (left + above) // 2, paeth)
    out = bytearray()
    for number, row in enumerate(rows):
        kind = number % 5
        out += bytes([kind]) + (row - predictions[kind][number]).astype(np.uint8).tobytes()
    return bytes(out)


def gamma_chunk(gamma: float) -> bytes:
    """gAMA: samples are light to the power of `gamma`."""
    return chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))


def primaries_chunk(*values: float) -> bytes:
    """cHRM: x and y of white, red, green, blue."""
    return chunk(b"cHRM", struct.pack(">8I", *(round(v * 100_000) for v in values)))


def profile_chunk(icc: bytes) -> bytes:
    """iCCP."""
    return chunk(b"iCCP", b"profile\0\0" + zlib.compress(icc))


# ICC profiles


def _s15(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _profile(space: bytes, pcs: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(79), b"wtpt": _s15(0.9642, 1, 0.8249),
        b"cprt": b"text\0\0\0\0none\0\0\0\0", **tags,
    }
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        table += name + struct.pack(">II", start + len(body), len(value))
        body += value
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"test", 0x02100000, kind, space, pcs)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


def rgb_profile(gamma: float = 1.8) -> bytes:
    """A wide gamut (that of ProPhoto) of pure powers."""
    return _profile(b"RGB ", b"XYZ ", {
        b"rXYZ": _s15(0.7977, 0.2880, 0), b"gXYZ": _s15(0.1352, 0.7119, 0), b"bXYZ": _s15(0.0313, 0.0001, 0.8249),
        b"rTRC": _curve(gamma), b"gTRC": _curve(gamma), b"bTRC": _curve(gamma),
    })


def gray_profile(gamma: float = 1.0) -> bytes:
    """Gray of a pure power."""
    return _profile(b"GRAY", b"XYZ ", {b"kTRC": _curve(gamma)})


def cmyk_profile() -> bytes:
    """Inks unlike the naive ones: a table of Lab by 5 steps of each ink."""
    steps = np.linspace(0, 1, 5)
    c, m, y, k = np.meshgrid(steps, steps, steps, steps, indexing="ij")
    light = np.stack([(1 - 0.9 * c) * (1 - 0.2 * m), (1 - 0.3 * c) * (1 - 0.8 * m) * (1 - 0.1 * y),
                      (1 - 0.1 * c) * (1 - 0.3 * m) * (1 - 0.9 * y)], -1) * (1 - 0.95 * k[..., None])
    xyz = light @ np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]]).T
    f = np.cbrt(np.maximum(xyz / (0.9642, 1, 0.8249), 0.0089))
    lab = np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)
    table = np.rint(np.clip((lab + (0, 128, 128)) / (100, 255, 255), 0, 1) * 255).astype(np.uint8).reshape(-1, 3)
    ramp = bytes(range(256))
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 5, 0]) + identity + ramp * 4 + table.tobytes() + ramp * 3
    return _profile(b"CMYK", b"Lab ", {b"A2B0": lut}, b"prtr")


# BMP


def bmp(words: bytes, width: int, height: int, bits: int, *, header: int = 40, compression: int = 0,
        palette: bytes = b"", masks: tuple[int, ...] = (), from_above: bool = False) -> bytes:
    """A BMP of rows that are already in its order and padding."""
    if header == 12:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        colors = len(palette) // 4
        head = struct.pack("<IiiHHIIiiII", header, width, -height if from_above else height, 1, bits, compression,
                           len(words), 2835, 2835, colors, 0)
        if header == 16:
            head = head[:16]
        elif header > 40:
            head += struct.pack(f"<{len(masks)}I", *masks)
            head = head.ljust(header, b"\0")[:header]
        elif masks:
            head += struct.pack(f"<{len(masks)}I", *masks)
    start = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(words), 0, 0, start) + head + palette + words


def bmp_rows(rows: np.ndarray) -> bytes:
    """Rows (h, bytes) uint8 from below, padded to words."""
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))[::-1].tobytes()


def few_colors() -> tuple[np.ndarray, bytes, bytes]:
    """(h, w) uint8 of 16 indices in blocks, and their palette as BGR0 and as BGR."""
    pixels = scene()
    indices = (pixels[:, :, 0] // 64 * 4 + pixels[:, :, 1] // 64).astype(np.uint8)
    colors = np.zeros((16, 4), np.uint8)
    colors[:, 0], colors[:, 1], colors[:, 2] = np.arange(16) * 9 + 40, np.arange(16) % 4 * 80, np.arange(16) // 4 * 80
    return indices, colors.tobytes(), colors[:, :3].tobytes()


def _packed(indices: np.ndarray, bits: int) -> np.ndarray:
    spread = np.unpackbits(indices[:, :, None], axis=2)[:, :, -bits:]
    return np.packbits(spread.reshape(len(indices), -1), axis=1)


def _runs(values: np.ndarray, bits: int) -> bytes:
    """Rows from below in runs and, every fifth row, as they are; the last row by a jump."""
    out = bytearray()
    for number, row in enumerate(values[::-1]):
        at = 0
        while at < len(row):
            if number % 5 == 4 and len(row) - at >= 4 and bits != 24:
                part = row[at : at + 200]
                packed = part if bits == 8 else _packed(part[None], 4)[0]
                out += bytes([0, len(part)]) + packed.tobytes() + bytes(len(packed.tobytes()) & 1)
            else:
                same = at + 1
                while same < len(row) and same - at < 255 and (row[same] == row[at]).all():
                    same += 1
                part = row[at:same]
                value = bytes([int(part[0]) * 17]) if bits == 4 else np.atleast_1d(part[0]).tobytes()
                out += bytes([len(part)]) + value
            at += len(part)
        out += b"\0\0"
    return bytes(out) + b"\0\1"


def bmps() -> dict[str, bytes]:
    """The variants of BMP that browsers show."""
    pixels = scene()
    bgr = np.ascontiguousarray(pixels[:, :, ::-1])
    size = (WIDTH, HEIGHT)
    indices, quads, triples = few_colors()
    red, green, blue = (pixels[:, :, c].astype(np.uint32) for c in range(3))
    alpha = opacity().astype(np.uint32)

    def words(values: np.ndarray, kind: str) -> bytes:
        return bmp_rows(np.ascontiguousarray(values.astype(kind)).view(np.uint8))

    five = (red >> 3) << 10 | (green >> 3) << 5 | blue >> 3
    six = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
    four = (red >> 4) << 8 | (green >> 4) << 4 | blue >> 4
    ten = (red << 2 | red >> 6) << 20 | (green << 2 | green >> 6) << 10 | (blue << 2 | blue >> 6)
    rgba = red << 24 | green << 16 | blue << 8 | alpha
    argb = alpha << 24 | red << 16 | green << 8 | blue
    rows24 = bmp_rows(bgr.reshape(HEIGHT, -1))
    two = (pixels[:, :, 1] > 128).astype(np.uint8)
    blocks = np.frombuffer(triples, np.uint8).reshape(16, 3)[indices]
    ends = struct.pack("<12I", *(round(v * 2**30) for v in (0.64, 0.33, 0.03, 0.3, 0.6, 0.1, 0.15, 0.06, 0.79)),
                       *(round(v * 65536) for v in (1.4, 1.4, 1.4)))
    long = bmp(rows24, *size, 24, header=124)
    profiled = _patched(_patched(long, 14 + 56, b"DEBM"), 14 + 112, struct.pack("<II", len(long) - 14, len(rgb_profile())))
    return {
        "bmp-v4-gamma": _patched(bmp(rows24, *size, 24, header=108), 14 + 60, ends),
        "bmp-v5-profile": profiled + rgb_profile(),
        "bmp-alpha-fields": bmp(words(rgba, "<u4"), *size, 32, compression=6,
                                masks=(0xFF << 24, 0xFF << 16, 0xFF << 8, 0xFF)),
        "bmp-1": bmp(bmp_rows(_packed(two, 1)), *size, 1, palette=quads[4:8] + quads[40:44]),
        "bmp-4": bmp(bmp_rows(_packed(indices, 4)), *size, 4, palette=quads),
        "bmp-8": bmp(bmp_rows(indices), *size, 8, palette=quads),
        "bmp-24": bmp(rows24, *size, 24),
        "bmp-24-above": bmp(bmp_rows(bgr[::-1].reshape(HEIGHT, -1)), *size, 24, from_above=True),
        "bmp-32": bmp(words(argb, "<u4"), *size, 32),
        "bmp-16": bmp(words(five, "<u2"), *size, 16),
        "bmp-565": bmp(words(six, "<u2"), *size, 16, compression=3, masks=(0xF800, 0x7E0, 0x1F)),
        "bmp-444": bmp(words(four, "<u2"), *size, 16, compression=3, masks=(0xF00, 0xF0, 0xF)),
        "bmp-10-bits": bmp(words(ten, "<u4"), *size, 32, compression=3, masks=(0x3FF << 20, 0x3FF << 10, 0x3FF)),
        "bmp-rgba-v4": bmp(words(rgba, "<u4"), *size, 32, header=108, compression=3,
                           masks=(0xFF << 24, 0xFF << 16, 0xFF << 8, 0xFF)),
        "bmp-argb-v5": bmp(words(argb, "<u4"), *size, 32, header=124, compression=3,
                           masks=(0xFF << 16, 0xFF << 8, 0xFF, 0xFF << 24)),
        "bmp-v3": bmp(words(argb, "<u4"), *size, 32, header=56, compression=3,
                      masks=(0xFF << 16, 0xFF << 8, 0xFF, 0xFF << 24)),
        "bmp-rle8": bmp(_runs(indices, 8), *size, 8, compression=1, palette=quads),
        "bmp-rle4": bmp(_runs(indices, 4), *size, 4, compression=2, palette=quads),
        "bmp-rle24": bmp(_runs(blocks, 24), *size, 24, header=64, compression=4),
        "bmp-os2-8": bmp(bmp_rows(indices), *size, 8, header=12, palette=triples),
        "bmp-os2-24": bmp(rows24, *size, 24, header=12),
        "bmp-os22-8": bmp(bmp_rows(indices), *size, 8, header=64, palette=quads),
        "bmp-os22-short": bmp(bmp_rows(indices), *size, 8, header=16, palette=quads + bytes(4 * 240)),
    }


@cache
def pngs() -> dict[str, bytes]:
    """All color types and depths, transparency, and what says colors."""
    pixels, alpha = scene(), opacity()
    gray = pixels[:, :, 1:2]
    wide = pixels.astype(np.uint32) * 257 + (np.arange(WIDTH)[None, :, None] % 200)
    wide = np.minimum(wide, 65535)
    indices, _, triples = few_colors()
    plte = chunk(b"PLTE", np.frombuffer(triples, np.uint8).reshape(-1, 3)[:, ::-1].tobytes())
    clear = chunk(b"tRNS", bytes([0, 60, 255, 128, 200]))
    p3 = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
    both = np.dstack([pixels, alpha])
    made = {
        "png-rgb": png(pixels), "png-rgba": png(both), "png-gray": png(gray),
        "png-gray-alpha": png(np.dstack([gray, alpha])),
        "png-rgb16": png(wide, 16), "png-gray16": png(wide[:, :, :1], 16),
        "png-rgba16": png(np.dstack([wide, alpha.astype(np.uint32) * 257]), 16),
        "png-gray-alpha16": png(np.dstack([wide[:, :, :1], alpha.astype(np.uint32) * 257]), 16),
        "png-palette-4": png(indices[:, :, None], 4, color=3, before=plte),
        "png-palette-clear": png(indices[:, :, None], 8, color=3, before=plte + clear),
        "png-key-rgb": png(pixels, before=chunk(b"tRNS", struct.pack(">3H", 250, 250, 250))),
        "png-key-rgb16": png(wide, 16, before=chunk(b"tRNS", struct.pack(">3H", *(int(v) for v in wide[0, 5])))),
        "png-key-gray4": png(gray // 16, 4, before=chunk(b"tRNS", struct.pack(">H", 7))),
        "png-key-gray16": png(wide[:, :, :1] // 256 * 256, 16, before=chunk(b"tRNS", struct.pack(">H", 0x4000))),
        "png-gama-1.0": png(pixels, before=gamma_chunk(1.0)),
        "png-gama-0.45": png(pixels, before=gamma_chunk(0.45455)),
        "png-gama-1.0-rgb16": png(wide, 16, before=gamma_chunk(1.0)),
        "png-gama-0.7-gray": png(gray, before=gamma_chunk(0.7)),
        "png-gama-0.6-rgba": png(both, before=gamma_chunk(0.6)),
        "png-gama-chrm": png(pixels, before=gamma_chunk(0.45455) + primaries_chunk(*p3)),
        "png-chrm-alone": png(pixels, before=primaries_chunk(*p3)),
        "png-srgb-over-gama": png(pixels, before=gamma_chunk(1.0) + chunk(b"sRGB", b"\0")),
        "png-icc": png(pixels, before=profile_chunk(rgb_profile())),
        "png-icc-rgba": png(both, before=profile_chunk(rgb_profile())),
        "png-icc-over-gama": png(pixels, before=gamma_chunk(1.0) + profile_chunk(rgb_profile())),
        "png-icc-palette": png(indices[:, :, None], 8, color=3, before=profile_chunk(rgb_profile()) + plte),
        "png-icc-gray": png(gray, before=profile_chunk(gray_profile())),
        "png-icc-wrong-space": png(gray, before=profile_chunk(rgb_profile())),
        "png-icc-broken": png(pixels, before=profile_chunk(rgb_profile()[:300])),
        "png-cicp-p3": png(pixels, before=chunk(b"cICP", bytes([12, 13, 0, 1]))),
        "png-cicp-over-icc": png(pixels, before=profile_chunk(rgb_profile()) + chunk(b"cICP", bytes([1, 13, 0, 1]))),
        "png-cicp-linear": png(pixels, before=chunk(b"cICP", bytes([1, 8, 0, 1]))),
        "png-cicp-2020": png(pixels, before=chunk(b"cICP", bytes([9, 13, 0, 1]))),
        "png-interlaced": saved(pixels, "PNG"),
        "png-animated": saved(pixels, "PNG", save_all=True, append_images=[Image.fromarray(255 - pixels)]),
        "png-1x1": png(pixels[:1, :1]), "png-wide": png(scene(3000, 3)),
        "png-named-otherwise": png(pixels),
    }
    for depth in (1, 2, 4):
        made[f"png-gray-{depth}"] = png(gray >> (8 - depth), depth)
    for turn in range(1, 9):
        made[f"png-turn-{turn}"] = png(pixels, before=chunk(b"eXIf", turn_tag(turn).tobytes()[6:]))
    made["png-turn-after"] = png(pixels, after=chunk(b"eXIf", turn_tag(6).tobytes()[6:]))
    return made


def jpegs() -> dict[str, bytes]:
    """Baseline, progressive, gray, CMYK, profiles, turns."""
    pixels = scene()
    image = Image.fromarray(pixels)
    cmyk = image.convert("CMYK")
    good = {"quality": 95, "subsampling": 0}
    made = {
        "jpeg": saved(pixels, "JPEG", quality=95), "jpeg-progressive": saved(pixels, "JPEG", progressive=True, quality=95),
        "jpeg-gray": saved(pixels[:, :, 1], "JPEG", quality=95),
        "jpeg-rgb": saved(pixels, "JPEG", keep_rgb=True, quality=95),
        "jpeg-icc": saved(pixels, "JPEG", icc_profile=rgb_profile(), **good),
        "jpeg-icc-srgb": saved(pixels, "JPEG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), **good),
        "jpeg-icc-gray": saved(pixels[:, :, 1], "JPEG", icc_profile=gray_profile(), **good),
        "jpeg-icc-broken": saved(pixels, "JPEG", icc_profile=rgb_profile()[:200], **good),
        "jpeg-icc-text": saved(pixels, "JPEG", icc_profile=b"no profile " * 20, **good),
        "jpeg-cmyk": saved(cmyk, "JPEG", quality=95),
        "jpeg-cmyk-icc": saved(cmyk, "JPEG", icc_profile=cmyk_profile(), quality=95),
        "jpeg-exif-broken": saved(pixels, "JPEG", exif=b"Exif\0\0II*\0" + b"\xff" * 60, **good),
        "jpeg-mpo": saved(image, "MPO", save_all=True, append_images=[image.rotate(180)]),
        "jpeg-30000x3": saved(scene(30000, 3), "JPEG", **good), "jpeg-1x1": saved(pixels[:1, :1], "JPEG"),
    }
    for turn in range(1, 9):
        made[f"jpeg-turn-{turn}"] = saved(pixels, "JPEG", exif=turn_tag(turn), **good)
    return made


def moderns() -> dict[str, bytes]:
    """GIF, WebP and AVIF."""
    pixels, image = scene(), Image.fromarray(scene())
    both = Image.fromarray(np.dstack([pixels, opacity()]))
    inverse = Image.fromarray(255 - pixels)
    indices, _, triples = few_colors()
    palette = Image.fromarray(indices).convert("L")
    palette.putpalette(np.frombuffer(triples, np.uint8).reshape(-1, 3)[:, ::-1].tobytes())
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6"/></x:xmpmeta>'
    made = {
        "gif": saved(image.quantize(128), "GIF"), "gif-clear": saved(palette, "GIF", transparency=5),
        "gif-animated": saved(image.quantize(64), "GIF", save_all=True, append_images=[inverse.quantize(64)]),
        "gif-frame-in-screen": _patched(saved(palette, "GIF"), 6, struct.pack("<HH", WIDTH + 40, HEIGHT + 20)),
        "gif-interlaced": saved(palette, "GIF", interlace=1),
        "webp": saved(image, "WEBP", quality=95), "webp-lossless": saved(image, "WEBP", lossless=True),
        "webp-alpha": saved(both, "WEBP", lossless=True, exact=True), "webp-alpha-lossy": saved(both, "WEBP", quality=95),
        "webp-icc": saved(image, "WEBP", lossless=True, icc_profile=rgb_profile()),
        "webp-animated": saved(image, "WEBP", lossless=True, save_all=True, append_images=[inverse]),
        "avif": saved(image, "AVIF", quality=95), "avif-444": saved(image, "AVIF", quality=95, subsampling="4:4:4"),
        "avif-alpha": saved(both, "AVIF", quality=95), "avif-icc": saved(image, "AVIF", quality=95, icc_profile=rgb_profile()),
        "avif-animated": saved(image, "AVIF", quality=95, save_all=True, append_images=[inverse]),
        "avif-turned-by-xmp": saved(image, "AVIF", quality=95, xmp=xmp),
        "avif-p3": _with_code_points(saved(image, "AVIF", quality=95, subsampling="4:4:4"), 12, 13),
        "webp-turned-by-xmp": saved(image, "WEBP", lossless=True, xmp=xmp),
        "png-turned-by-xmp": png(pixels, before=chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)),
    }
    for turn in range(1, 9):
        made[f"webp-turn-{turn}"] = saved(image, "WEBP", lossless=True, exif=turn_tag(turn))
        made[f"avif-turn-{turn}"] = saved(image, "AVIF", quality=95, exif=turn_tag(turn))
    return made


def _with_code_points(data: bytes, primaries: int, transfer: int) -> bytes:
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


@cache
def stills() -> dict[str, bytes]:
    """Everything that a browser shows."""
    return pngs() | jpegs() | moderns() | bmps()

# TIFF and raw files


def tiff(samples: bytes, width: int, height: int, *, bits: tuple[int, ...], photometric: int, form: int = 1,
         turn: int = 1, order: str = "<", tags: dict[int, tuple[int, tuple]] | None = None,
         children: bytes = b"") -> bytes:
    """A TIFF of one uncompressed strip. tags: {tag: (type, values)} beside the usual ones."""
    count = len(bits)
    entries = {
        0xFE: (4, (0,)), 0x100: (4, (width,)), 0x101: (4, (height,)), 0x102: (3, bits), 0x103: (3, (1,)),
        0x106: (3, (photometric,)), 0x111: (4, (8,)), 0x112: (3, (turn,)), 0x115: (3, (count,)),
        0x116: (4, (height,)), 0x117: (4, (len(samples),)), 0x11C: (3, (1,)), 0x153: (3, (form,) * count),
        **(tags or {}),
    }
    kinds = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 10: "ii", 7: "B"}
    body = samples + bytes(-len(samples) % 2)
    start, table = 8 + len(body), b""
    far = start + 2 + 12 * len(entries) + 4
    extra = b""
    for tag, (kind, values) in sorted(entries.items()):
        flat = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
        packed = struct.pack(order + kinds[kind][0] * len(flat), *flat)
        length = len(values)
        if len(packed) > 4:
            place = struct.pack(order + "I", far + len(extra))
            extra += packed + bytes(len(packed) & 1)
        else:
            place = packed.ljust(4, b"\0")
        table += struct.pack(order + "HHI", tag, kind, length) + place
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", start)
    return head + body + struct.pack(order + "H", len(entries)) + table + bytes(4) + extra


def _bits(values: np.ndarray, bits: int) -> bytes:
    """Rows of samples packed without gaps, each row from a new byte."""
    spread = (values.astype(np.uint32)[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(spread.astype(np.uint8).reshape(len(values), -1), axis=1).tobytes()


def dng(preview: bytes = b"", turn: int = 1) -> bytes:
    """A raw file: the scene as a sensor of red, green, green, blue sees it. preview: a JPEG that the camera put in."""
    light = (scene(240, 160).astype(np.float32) / 255) ** 2.2
    mosaic = light[:, :, 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = light[::2, ::2, 0], light[1::2, 1::2, 2]
    words = np.rint(mosaic * 65535).astype("<u2").tobytes()
    matrix = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
    made = tiff(words, 240, 160, bits=(16,), photometric=32803, turn=turn, tags={
        0x10F: (2, tuple(b"Test\0")), 0x110: (2, tuple(b"Camera\0")), 0x828D: (3, (2, 2)), 0x828E: (1, (0, 1, 1, 2)),
        0xC612: (1, (1, 4, 0, 0)), 0xC614: (2, tuple(b"Test Camera\0")),
        0xC621: (10, tuple((round(v * 10000), 10000) for v in matrix)),
        0xC628: (5, ((1, 1), (1, 1), (1, 1))), 0xC65A: (3, (21,)),
    })
    return _with_preview(made, preview) if preview else made


def _with_preview(raw: bytes, jpeg: bytes) -> bytes:
    """A raw file of little end first with a second directory that names a JPEG behind it."""
    data = bytearray(raw + bytes(len(raw) & 1))
    first, = struct.unpack_from("<I", data, 4)
    link = first + 2 + 12 * struct.unpack_from("<H", data, first)[0]
    at, directory = len(data), len(data) + len(jpeg) + (len(jpeg) & 1)
    tags = ((0xFE, 1), (0x103, 6), (0x106, 6), (0x115, 3), (0x201, at), (0x202, len(jpeg)))
    data += jpeg + bytes(len(jpeg) & 1) + struct.pack("<H", len(tags))
    data += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags) + bytes(4)
    struct.pack_into("<I", data, link, directory)
    return bytes(data)


@cache
def others() -> dict[str, tuple[bytes, np.ndarray]]:
    """Formats that only we read: {name: (file, what it has to look like)}."""
    import pillow_jxl  # noqa: F401  registers itself with Pillow

    pixels, image = scene(), Image.fromarray(scene())
    gray = np.repeat(pixels[:, :, 1:2], 3, axis=2)
    size = (WIDTH, HEIGHT)
    one = pixels[:, :, 1].astype(np.uint32)
    wide = (pixels.astype(np.uint32) * 257).astype("<u2")
    outlier = one.astype("<f4") / 255
    outlier[40, 60] = 1e6
    counts = one * 40 + 1000
    far = counts.astype("<f4")
    far[40, 60] = 1e9
    made = {
        "tiff": (saved(image, "TIFF"), pixels), "tiff-lzw": (saved(image, "TIFF", compression="tiff_lzw"), pixels),
        "tiff-pages": (saved(image, "TIFF", save_all=True, append_images=[image.rotate(180)]), pixels),
        "tiff-bilevel": (saved(image.convert("1"), "TIFF", compression="group4"),
                         np.asarray(image.convert("1").convert("RGB"))),
        "tiff-cmyk": (saved(image.convert("CMYK"), "TIFF"), np.asarray(image.convert("CMYK").convert("RGB"))),
        "tiff-lab": (saved(ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"),
                                                     ImageCms.createProfile("LAB"), outputMode="LAB"), "TIFF"), pixels),
        "tiff-ycbcr": (saved(image.convert("YCbCr"), "TIFF"), pixels),
        "tiff-jpeg": (saved(image, "TIFF", compression="jpeg", quality=95), pixels),
        "tiff-gray16": (tiff((one * 257).astype("<u2").tobytes(), *size, bits=(16,), photometric=1), gray),
        "tiff-gray16-big": (tiff((one * 257).astype(">u2").tobytes(), *size, bits=(16,), photometric=1, order=">"), gray),
        "tiff-white-is-zero16": (tiff((65535 - one * 257).astype("<u2").tobytes(), *size, bits=(16,), photometric=0), gray),
        "tiff-10-in-16": (tiff((one * 1023 // 255).astype("<u2").tobytes(), *size, bits=(16,), photometric=1), gray),
        "tiff-gray10": (tiff(_bits(one * 1023 // 255, 10), *size, bits=(10,), photometric=1), gray),
        "tiff-gray12": (tiff(_bits(one * 4095 // 255, 12), *size, bits=(12,), photometric=1), gray),
        "tiff-gray14": (tiff(_bits(one * 16383 // 255, 14), *size, bits=(14,), photometric=1), gray),
        "tiff-gray32": (tiff((one * 16843009).astype("<u4").tobytes(), *size, bits=(32,), photometric=1), gray),
        "tiff-rgb16": (tiff(wide.tobytes(), *size, bits=(16,) * 3, photometric=2), pixels),
        "tiff-rgb12-in-16": (tiff((wide >> 4).tobytes(), *size, bits=(16,) * 3, photometric=2), pixels),
        "tiff-rgb12": (tiff(_bits((wide >> 4).reshape(HEIGHT, -1), 12), *size, bits=(12,) * 3, photometric=2), pixels),
        "tiff-rgb32": (tiff((pixels.astype("<u4") * 16843009).tobytes(), *size, bits=(32,) * 3, photometric=2), pixels),
        "tiff-float": (tiff((one / 255).astype("<f4").tobytes(), *size, bits=(32,), photometric=1, form=3), gray),
        "tiff-float-outlier": (tiff(outlier.tobytes(), *size, bits=(32,), photometric=1, form=3), gray),
        "tiff-float-counts": (tiff(counts.astype("<f4").tobytes(), *size, bits=(32,), photometric=1, form=3), gray),
        "tiff-float-counts-outlier": (tiff(far.tobytes(), *size, bits=(32,), photometric=1, form=3), gray),
        "tiff-float-dark": (tiff((one / 510).astype("<f4").tobytes(), *size, bits=(32,), photometric=1, form=3), gray // 2),
        "tiff-float64": (tiff((one / 255).astype("<f8").tobytes(), *size, bits=(64,), photometric=1, form=3), gray),
        "tiff-float-rgb": (tiff((pixels / 255).astype("<f4").tobytes(), *size, bits=(32,) * 3, photometric=2, form=3), pixels),
        "tiff-icc": (saved(_in_profile(image, rgb_profile()), "TIFF", icc_profile=rgb_profile()), pixels),
        "jp2": (saved(image, "JPEG2000"), pixels),
        "jxl": (saved(image, "JXL", lossless=True), pixels),
        "jxl-alpha": (saved(Image.fromarray(np.dstack([pixels, opacity()])), "JXL", lossless=True), _on_white(pixels)),
        "heic": (_heic(image), pixels), "heic-alpha": (_heic(Image.fromarray(np.dstack([pixels, opacity()]))), _on_white(pixels)),
        "heic-icc": (_heic(_in_profile(image, rgb_profile()), icc_profile=rgb_profile()), pixels),
        "dng": (dng(), pixels),
    }
    for turn in range(1, 9):
        exif = turn_tag(turn)
        seen = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(saved(image, "PNG", exif=exif)))))
        made[f"tiff-turn-{turn}"] = (tiff(pixels.tobytes(), *size, bits=(8,) * 3, photometric=2, turn=turn), seen)
        made[f"tiff16-turn-{turn}"] = (tiff(wide.tobytes(), *size, bits=(16,) * 3, photometric=2, turn=turn), seen)
        made[f"tiff-float-turn-{turn}"] = (
            tiff((pixels / 255).astype("<f4").tobytes(), *size, bits=(32,) * 3, photometric=2, form=3, turn=turn), seen)
        made[f"heic-turn-{turn}"] = (_heic(image, exif=exif.tobytes()), seen)
    return made


def _heic(image: Image.Image, **options) -> bytes:
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=95, chroma=444, **options)
    return buffer.getvalue()


def _in_profile(image: Image.Image, icc: bytes) -> Image.Image:
    return ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(icc)))


def _on_white(pixels: np.ndarray) -> np.ndarray:
    weight = opacity()[:, :, None] / 255
    return np.rint(255 - weight * (255.0 - pixels)).astype(np.uint8)


# What has to end as a reason


def _patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def _declared(width: int, height: int) -> bytes:
    """A PNG that says a size and holds nothing of it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND")


def noise(width: int = 800, height: int = 600) -> np.ndarray:
    """(h, w, 3) uint8 that no coder makes small."""
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def with_hole(data: bytes, start: float = 0.5, size: int = 12_000) -> bytes:
    """A file of which a stretch was never written."""
    return _patched(data, int(len(data) * start), bytes(size))


@cache
def broken() -> dict[str, tuple[bytes, str]]:
    """{name: (file, pattern of the reason)}."""
    scenes = stills() | {name: data for name, (data, _) in others().items()}
    cut = "jpeg png-rgb png-rgb16 webp webp-lossless gif avif tiff tiff-lzw tiff-rgb16 heic jxl jp2 dng bmp-24 bmp-8 bmp-rle8"
    reasons = "cut off|damaged|truncated|not read|zeros"
    noisy = Image.fromarray(noise())
    made = {f"{name}-cut": (scenes[name][: len(scenes[name]) * 6 // 10], reasons) for name in cut.split()}
    made |= {f"{name}-head": (scenes[name][:40], f"{reasons}|not an image") for name in cut.split()}
    made |= {
        "empty": (b"", "empty"), "text": (b"Dear diary, this is no picture.\n" * 9, "not an image"), "svg": (SVG, "not an image"),
        "html": (b"<!doctype html><title>404</title>", "not an image"), "zeros": (bytes(5000), "not an image"),
        "pdf": (b"%PDF-1.7\n" + bytes(99), "not an image"), "mp4": (b"\0\0\0\x18ftypmp42" + bytes(99), "not an image"),
        "png-declared": (_declared(50_000, 50_000), "megapixels"), "png-tall": (_declared(1, 2**31 - 1), "megapixels"),
        "png-none": (_declared(0, 10), "no pixels"), "png-checksum": (_patched(scenes["png-rgb"], 200, b"\1\2\3"), "check sum"),
        "bmp-declared": (_patched(scenes["bmp-24"], 18, struct.pack("<ii", 50_000, 50_000)), "megapixels"),
        "gif-declared": (_patched(scenes["gif"], 6, struct.pack("<HH", 65535, 65535)), "megapixels|GB"),
        "jxl-declared": (b"\xff\x0a" + _jxl_size(50_000, 50_000) + bytes(60), "megapixels"),
        "tiff-declared": (tiff(b"", 50_000, 50_000, bits=(8,) * 3, photometric=2), "megapixels"),
        "tiff16-declared": (tiff(b"", 19_000, 19_000, bits=(16,) * 3, photometric=2), "GB"),
        "jpeg-hole": (with_hole(saved(noisy, "JPEG", quality=90)), "only zeros"),
        "jpeg-hole-progressive": (with_hole(saved(noisy, "JPEG", quality=90, progressive=True)), "only zeros|cut off"),
        "jpeg-zero-tail": (_patched(saved(noisy, "JPEG"), 9000, bytes(10**6))[: len(saved(noisy, "JPEG"))], "cut off|zeros"),
        "png-hole": (with_hole(saved(noisy, "PNG")), "check sum|cut off|damaged"),
        "webp-hole": (with_hole(saved(noisy, "WEBP", quality=95)), "zeros"),
        "webp-zero-tail": (with_hole(saved(noisy, "WEBP", quality=95), 0.3, 10**6)[: len(saved(noisy, "WEBP", quality=95))], "zeros"),
        "avif-hole": (with_hole(saved(noisy, "AVIF", quality=95), size=20_000), "zeros"),
        "heic-hole": (with_hole(_heic(noisy), size=20_000), "zeros"),
    }
    return made


def _jxl_size(width: int, height: int) -> bytes:
    bits = 0 | 3 << 1 | (height - 1) << 3 | 0 << 33 | 3 << 36 | (width - 1) << 38
    return bits.to_bytes(12, "little")

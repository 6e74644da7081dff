"""Pictures of every kind, made here: what a decoder meets in the world, small.

`stills` are those that a browser shows, `others` those that only we read, `broken` those that
have to end as a reason. All show the same scene, asymmetric in both directions.
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

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
    return {
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


def stills() -> dict[str, bytes]:
    """Everything that a browser shows."""
    return pngs() | jpegs() | moderns() | bmps()

"""Single things: a flower, a flag in the wind, hot-air balloons."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.gallery.scene import Scene, bend, blur, fixed, mix, relief, step


def flower(s: Scene) -> np.ndarray:
    """A bloom seen from above: daisy, dahlia, sunflower with its spirals, or lotus."""
    picture = _bokeh(s)
    cx, cy = s.pick(-0.06, 0.06), s.pick(-0.06, 0.06)
    x, y = s.x - cx, s.y - cy
    r, angle = np.hypot(x, y), np.arctan2(y, x) + s.pick(0, 6.28)
    rings = (2, 7, 3, 5)[s.layout]
    count = (int(s.rng.integers(13, 19)), 16, 21, 9)[s.layout]
    reach = s.pick(0.4, 0.46)
    heart = (0.11, 0.04, 0.2, 0.06)[s.layout]
    pale, deep = (0.95, 0.6) if s.rng.random() < 0.5 else (0.72, 0.3)
    accent = s.layout != 2 and s.rng.random() < 0.3
    veins = s.noise(26, 2)
    for ring in range(rings):
        place = ring / max(rings - 1, 1)
        inner = heart * (1.3 if s.layout != 2 else 0.95)
        size = reach - (reach - inner) * place * (0.84 if rings > 3 else 0.25)
        window = _window(s, cx, cy, size + 0.06)
        for half in (0, 1):
            turn = angle[window] + (ring * 0.618 + half) * 2 * np.pi / count
            mask, tone = _petal(s, r[window] / size, turn, count // 2, veins[window])
            tone = deep + (pale - deep) * (0.35 * place + 0.65 * tone) - 0.06 * half
            color = s.tone(tone)
            if accent:
                color = mix(color, s.accent * (0.2 + 1.05 * tone)[..., None], 0.78)
            shadow = blur(bend(mask, np.float32(-3), np.float32(-4)), 4.5)
            below = picture[window] * (1 - 0.5 * shadow)[..., None]
            picture[window] = mix(below, color, mask)
    return s.finish(_heart(s, picture, (cx, cy), r, heart), vignette=0.3)


def _window(s: Scene, cx: float, cy: float, reach: float) -> tuple[slice, slice]:
    """The rows and columns within `reach` of a point, so small rings cost little."""
    column, row = cx * s.short + s.width / 2, cy * s.short + s.height / 2
    far = reach * s.short
    return (
        slice(max(int(row - far), 0), min(int(row + far) + 1, s.height)),
        slice(max(int(column - far), 0), min(int(column + far) + 1, s.width)),
    )


def _petal(
    s: Scene, r: np.ndarray, turn: np.ndarray, count: int, veins: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Every second petal of a ring: mask and tone, `r` in units of the petal's length."""
    lap = (0.8, 0.95, 0.72, 0.92)[s.layout]
    a = ((turn * count / (2 * np.pi)) % 1 - 0.5) * 2 / lap
    side = np.clip(np.abs(a), 0, 1)
    power = (2.6, 1.7, 1.5, 1.35)[s.layout]
    outline = 1 - side**power * (0.42, 0.4, 0.62, 0.72)[s.layout]
    if s.layout == 0:
        outline = outline - 0.035 * np.exp(-((a * 5) ** 2))
    edge = 0.012
    mask = step(outline + edge, outline - edge, r) * step(1.0, 0.93, np.abs(a))
    crease = np.cos(a * 9) * 0.5 + 0.5
    tone = 0.18 + 0.78 * np.clip(r, 0, 1) ** 1.4 - 0.28 * side**2 - 0.12 * step(0.16, 0, side)
    tone = tone + 0.09 * crease * (1 - r) + 0.12 * (veins - 0.5) - 0.2 * step(0.42, 0.1, r)
    return mask.astype(np.float32), tone.astype(np.float32)


def _heart(
    s: Scene, picture: np.ndarray, center: tuple[float, float], r: np.ndarray, heart: float
) -> np.ndarray:
    """The center: florets on Vogel's spiral (1979), each a shaded bead."""
    disk = step(heart, heart - 0.008, r)
    shadow = blur(disk, 5)
    picture = mix(picture, picture * 0.4, shadow * (1 - disk))
    picture = mix(picture, s.tone(0.1), disk)
    florets = (220, 60, 520, 90)[s.layout]
    k = np.arange(florets)
    away = heart * np.sqrt((k + 0.5) / florets)
    turn = k * np.pi * (3 - np.sqrt(5))
    scale = s.short * 2
    canvas = np.zeros((s.height * 2, s.width * 2, 3), dtype=np.uint8)
    size = heart / np.sqrt(florets) * scale * 0.95
    middle = np.array([s.width, s.height]) + scale * np.array(center)
    spots = middle + scale * away[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    for i in range(florets):
        near = away[i] / heart
        color = s.accent * (0.5 + 0.5 * near) if s.layout != 2 else s.tone(0.16 + 0.5 * near**2.5)
        spot = tuple(int(v) for v in fixed(spots[i]))
        cv2.circle(canvas, spot, int(size * 16), (color * 175).tolist(), -1, cv2.LINE_AA, 4)
        spot = tuple(int(v) for v in fixed(spots[i] - size * 0.25))
        cv2.circle(canvas, spot, int(size * 8), (color * 255).tolist(), -1, cv2.LINE_AA, 4)
    beads = cv2.resize(canvas, (s.width, s.height), interpolation=cv2.INTER_AREA)
    beads = beads.astype(np.float32) / 255
    cover = blur(np.clip(beads.max(axis=2) * 6, 0, 1), 0.5)
    return mix(picture, beads, cover)


def _bokeh(s: Scene) -> np.ndarray:
    """A soft, dark garden: out-of-focus leaves and lights."""
    ground = s.noise(3, 3)
    picture = s.tone(0.06 + 0.24 * ground + 0.1 * (1 - s.v))
    layer = np.zeros((s.height, s.width), dtype=np.float32)
    for _ in range(16):
        spot = (int(s.pick(0, s.width)), int(s.pick(0, s.height)))
        disk = int(s.pick(0.03, 0.08) * s.short)
        cv2.circle(layer, spot, disk, s.pick(0.1, 0.5), -1, cv2.LINE_AA)
    return mix(picture, s.tone(0.66), 0.5 * blur(layer, 2.5))


def flag(s: Scene) -> np.ndarray:
    """A flag on its pole: cloth rolling in the wind under a clouded sky."""
    warm = np.exp(-1.5 * np.hypot(s.u - s.pick(0.3, 0.9), s.v - s.pick(0.5, 0.9)))
    bank = step(0.42, 0.8, s.noise(2.5, 5, stretch=1.8))
    dark = s.rng.random() < 0.4
    sky = 0.2 + 0.3 * s.v + 0.2 * warm if dark else 0.62 + 0.2 * s.v + 0.2 * warm
    picture = mix(s.tone(sky), s.tone(0.62 if dark else 0.97), (0.5 if dark else 0.7) * bank)
    wide = s.width / s.short
    pole = -0.5 * wide + s.pick(0.07, 0.11)
    long = min(wide - 0.2, 1.06) * s.pick(0.88, 0.98)
    tall, top = min(long * 0.64, 0.62), s.pick(-0.38, -0.24)
    a = (s.x - pole) / long
    waves, lag, turn = s.pick(1.1, 1.9), s.pick(0.3, 0.9), s.pick(0, 6.28)
    swing = np.clip(a, 0, 1) ** 0.7 * s.pick(0.035, 0.06)
    phase = 2 * np.pi * waves * a + turn - lag * (s.y - top) / tall
    lift = swing * (np.sin(phase) + 0.35 * np.sin(2.3 * phase + 1.1))
    squeeze = a + 0.009 * np.sin(phase + 0.8)
    b = (s.y - top - lift - 0.05 * np.clip(a, 0, 1)) / tall
    edge = 1.2 / (long * s.short)
    mask = step(0, edge, a) * step(1, 1 - edge, squeeze) * step(0, 1.5 * edge, b)
    mask = (mask * step(1, 1 - 1.5 * edge, b)).astype(np.float32)
    cloth = _emblem(s, squeeze, b, long / tall)
    slope = np.cos(phase) + 0.35 * 2.3 * np.cos(2.3 * phase + 1.1)
    crease = s.noise(8, 3, stretch=0.5)
    light = 0.86 + 0.24 * slope * np.clip(a * 2.5, 0.15, 1) + 0.2 * (relief(crease, 5) - 1)
    thread = 1 + 0.03 * np.sin(a * long * s.short * 2.1) * np.sin(b * tall * s.short * 2.1)
    cloth = cloth * (np.clip(light, 0.3, 1.25) * thread)[..., None]
    shadow = blur(bend(mask, np.float32(-6), np.float32(-8)), 8)
    picture = mix(picture * (1 - 0.18 * shadow)[..., None], cloth, mask)
    return s.finish(_pole(s, picture, pole, top))


def _emblem(s: Scene, a: np.ndarray, b: np.ndarray, ratio: float) -> np.ndarray:
    """The design over cloth coordinates `a` (fly) and `b` (hoist), both 0–1."""
    tones = [s.tone(0.12), s.tone(0.38), s.tone(0.97), s.accent, s.tone(0.7)]
    order = s.rng.permutation(5)
    first, second, third = (tones[i] for i in order[:3])
    blank = np.zeros_like(a * b)[..., None]
    soft = 0.006

    def band(value: np.ndarray, low: float, high: float) -> np.ndarray:
        return step(low - soft, low + soft, value) * step(high + soft, high - soft, value)

    x, y = (a - 0.5) * ratio, b - 0.5
    kind = s.layout * 2 + int(s.rng.integers(2))
    if kind in (0, 1):
        along = a if kind == 0 else b
        field = mix(first + blank, second, band(along + 0 * blank[..., 0], 1 / 3, 2 / 3))
        return mix(field, third, band(along + 0 * blank[..., 0], 2 / 3, 2))
    if kind in (2, 3):
        hoist = (a - 0.36) * ratio if kind == 2 else x
        cross = np.maximum(band(hoist, -0.13, 0.13), band(y, -0.13, 0.13))
        inner = np.maximum(band(hoist, -0.06, 0.06), band(y, -0.06, 0.06))
        return mix(mix(first + blank, second, cross), third, inner)
    if kind == 4:
        field = mix(first + blank, second, step(0.25 - 4 * soft, 0.25 + 4 * soft, np.abs((b * 4.5) % 1 - 0.5)))
        canton = band(a, -1, 0.42) * band(b, -1, 0.555)
        star = _star((a - 0.21) * ratio, b - 0.28, 0.2)
        return mix(mix(field, third, canton), second, canton * star)
    if kind == 5:
        wedge = step(0.01, -0.01, a * ratio - 0.85 * (1 - np.abs(2 * b - 1)))
        field = mix(first + blank, second, band(b, 0.5, 2))
        return mix(field, third, wedge)
    if kind == 6:
        disk = step(0.3 + soft, 0.3 - soft, np.hypot(x, y))
        return mix(mix(first + blank, second, disk), third, disk * _star(x, y, 0.27))
    quarter = np.where((x > 0) == (y > 0), 1, 0).astype(np.float32)
    field = mix(first + blank, second, blur(quarter, 0.8))
    ring = np.hypot(x, y)
    return mix(field, third, step(0.24 + soft, 0.24 - soft, ring) * step(0.13, 0.13 + 2 * soft, ring))


def _star(x: np.ndarray, y: np.ndarray, size: float) -> np.ndarray:
    away = np.abs((np.arctan2(x, -y) / (2 * np.pi) * 5 + 0.5) % 1 - 0.5) * 0.4 * np.pi
    corner, inner = 0.2 * np.pi, 0.382 * size
    reach = size * inner * np.sin(corner)
    reach = reach / (size * np.sin(away) + inner * np.sin(corner - away))
    return step(reach + 0.006, reach - 0.006, np.hypot(x, y))


def _pole(s: Scene, picture: np.ndarray, pole: float, top: float) -> np.ndarray:
    across = (s.x - pole + 0.008) / 0.012
    shaft = step(1, 0.85, np.abs(across)) * (s.y > top - 0.05)
    shine = np.sqrt(np.clip(1 - across**2, 0, 1)) * (1 - 0.35 * across)
    picture = mix(picture, s.tone(0.8) * (0.25 + 0.7 * shine + 0 * s.y)[..., None], shaft)
    ball = np.hypot(s.x - pole + 0.008, s.y - top + 0.06) / 0.024
    gleam = np.exp(-3 * np.hypot(s.x - pole + 0.016, s.y - top + 0.068) / 0.024)
    return mix(picture, s.tone(0.3 + 0.7 * gleam), step(1.04, 0.94, ball))


def hot_air_balloons(s: Scene) -> np.ndarray:
    """Balloons with gored envelopes over hazy hills, near and far."""
    light = s.pick(0.15, 0.4)
    glow = np.exp(-2 * np.hypot(s.u - light, s.v - 0.35))
    sky = 0.5 + 0.42 * s.v + 0.22 * glow
    clouds = step(0.5, 0.85, s.noise(3, 5, stretch=2.6))
    picture = mix(s.tone(sky), s.tone(0.97), 0.55 * clouds)
    for layer in range(4):
        near = layer / 3
        crest = 0.72 + 0.2 * near - 0.09 * s.profile(2 + layer, 4)
        tone = 0.68 - 0.5 * near + 0.26 * np.clip((s.v - crest) / 0.2, 0, 1) * (1 - near)
        mask = step(-0.003, 0.003, s.v - crest)
        picture = mix(picture, s.tone(tone + 0.06 * (s.noise(30, 3) - 0.5)), mask)
    count = (1, 3, 5, 8)[s.layout]
    size = np.sort(s.rng.uniform(0.045, (0.3, 0.2, 0.16, 0.12)[s.layout], count))
    size[-1] = (0.29, 0.21, 0.17, 0.14)[s.layout]
    places = np.linspace(0.22, 0.78, count) if count > 1 else np.array([0.5])
    s.rng.shuffle(places)
    for radius, place in zip(size, places, strict=True):
        room = s.width / s.short / 2 - radius - 0.02
        x = float(np.clip((place - 0.5) * s.width / s.short + s.pick(-0.05, 0.05), -room, room))
        y = s.pick(-0.28, 0.14) if count > 1 else s.pick(-0.17, -0.12)
        picture = _balloon(s, picture, (x, y), float(radius))
    return s.finish(picture, vignette=0.16)


def _balloon(s: Scene, picture: np.ndarray, at: tuple[float, float], radius: float) -> np.ndarray:
    edge = 1.2 / (radius * s.short)
    rows, columns = _around(s, at, radius, 1.35 + edge)
    x, y = (s.x[:, columns] - at[0]) / radius, (s.y[rows] - at[1]) / radius
    cone = np.clip((y - 0.35) / 1.0, 0, 1)
    girth = np.where(y < 0.35, np.sqrt(np.clip(1 - y**2, 0, 1)), 0.937 - 0.66 * cone**1.15)
    mask = step(edge, -edge, np.abs(x) - girth) * step(1.35 + edge, 1.35, y) * (y > -1.02)
    around = np.arcsin(np.clip(x / np.maximum(girth, 1e-3), -1, 1))
    gores = 12
    place = (around / np.pi + 0.5) * gores / 2 + s.pick(0, 1)
    gore = np.floor(place).astype(np.int32)
    kind = s.rng.integers(4)
    if kind == 0:
        tint = (gore % 2).astype(np.float32)
    elif kind == 1:
        tint = (np.floor(2.4 * y + 9).astype(np.int32) % 2).astype(np.float32) + 0 * x
    elif kind == 2:
        tint = ((gore + np.floor(3.2 * y + 9).astype(np.int32)) % 2).astype(np.float32)
    else:
        zigzag = 0.16 * np.abs(place % 1 - 0.5) * 2
        tint = (np.floor(2.6 * (y + zigzag) + 9).astype(np.int32) % 3 == 0).astype(np.float32)
    pair = (s.tone(0.94), s.accent) if s.rng.random() < 0.6 else (s.tone(0.3), s.tone(0.95))
    body = mix(pair[0] + 0 * tint[..., None], pair[1], blur(tint, 0.7))
    seam = 1 - 0.16 * step(0.1, 0.0, np.abs(place % 1 - 0.5) * -1 + 0.5)
    normal_z = np.cos(around)
    shade = 0.5 + 0.34 * normal_z - 0.36 * np.sin(around) - 0.16 * y
    body = body * (np.clip(shade, 0.28, 1.12) * seam)[..., None]
    picture[rows, columns] = mix(picture[rows, columns], body, mask)
    return _basket(s, picture, at, radius)


def _around(s: Scene, at: tuple[float, float], radius: float, reach: float) -> tuple[slice, slice]:
    """The rows and columns within `reach` radii of a place, and some more for what blurs."""
    slices = []
    for middle, length in ((at[1], s.height), (at[0], s.width)):
        middle, half = middle * s.short + length / 2, reach * radius * s.short + 8
        slices.append(slice(max(0, int(middle - half)), min(length, int(middle + half) + 1)))
    return slices[0], slices[1]


def _basket(s: Scene, picture: np.ndarray, at: tuple[float, float], radius: float) -> np.ndarray:
    origin = np.array([at[0] * s.short + s.width / 2, at[1] * s.short + s.height / 2])
    unit = radius * s.short
    mask = np.zeros((s.height, s.width), dtype=np.uint8)
    for side in (-1, -0.35, 0.35, 1):
        ends = fixed(origin + unit * np.array([[0.26 * side, 1.34], [0.16 * side, 1.72]]))
        cv2.line(mask, ends[0], ends[1], 190, 1, cv2.LINE_AA, 4)
    box = np.array([[-0.18, 1.7], [0.18, 1.7], [0.15, 1.95], [-0.15, 1.95]])
    cv2.fillPoly(mask, [fixed(origin + unit * box)], 255, cv2.LINE_AA, 4)
    return mix(picture, s.tone(0.36 - 0.08 * np.sign(s.x - at[0] + 0 * s.y)), mask / 255)

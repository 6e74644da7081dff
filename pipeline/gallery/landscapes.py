"""Landscapes: sea at dusk, forest in fog, mountains in haze, desert dunes."""

from __future__ import annotations

import numpy as np

from pipeline.gallery.scene import Scene, blur, mix, relief, step


def dusk_seascape(s: Scene) -> np.ndarray:
    """A low sun over the sea: clouds in perspective, its glitter on the waves."""
    horizon = s.pick(0.42, 0.62)
    sun_u, sun_v = s.pick(0.22, 0.78), horizon - s.pick(0.04, 0.2)
    aspect = s.width / s.height
    away = np.hypot((s.u - sun_u) * aspect, (s.v - sun_v) * 1.35)
    glow = np.exp(-3.2 * away)
    up = np.maximum((horizon - s.v) / horizon, 0)
    sky = s.tone(0.66 - 0.58 * up**0.8 + 0.34 * glow)
    disk = step(0.052, 0.046, np.hypot((s.u - sun_u) * aspect, s.v - sun_v))
    sky = mix(sky, s.tone(1.0), disk)
    sky = _clouds(s, sky, up, glow)
    sky = sky + 0.16 * np.exp(-9 * away)[..., None] * s.tone(0.95)

    depth = np.maximum(s.v - horizon, 0) / (1 - horizon)
    waves = s.plane(s.noise(44, 3, stretch=2.5), depth**0.7 + 0.03, 0.2)
    swell = s.plane(s.noise(12, 3, stretch=4), depth**0.8 + 0.05, 0.16)
    mirror = s.tone(0.52 - 0.42 * depth**0.6 + 0.22 * (swell - 0.5) + 0.1 * glow)
    path = np.exp(-(((s.u - sun_u) * aspect / (0.035 + 0.2 * depth)) ** 2))
    glitter = step(0.62 - 0.24 * path, 0.72 - 0.12 * path, 0.6 * waves + 0.4 * swell)
    mirror = mirror * (0.86 + 0.28 * waves)[..., None]
    mirror = mix(mirror, s.tone(0.97), glitter * (0.06 + 0.9 * path))
    picture = mix(sky, mirror, step(horizon - 0.002, horizon + 0.002, s.v + 0 * s.u))
    if s.layout in (1, 3):
        picture = _headland(s, picture, horizon)
    if s.layout in (2, 3):
        picture = _sailboat(s, picture, horizon, sun_u)
    return s.finish(picture)


def _clouds(s: Scene, sky: np.ndarray, up: np.ndarray, glow: np.ndarray) -> np.ndarray:
    for scale, cover in ((0.12, s.pick(0.46, 0.56)), (0.2, s.pick(0.5, 0.62))):
        field = s.plane(s.noise(5, 5, stretch=2.2), up + 0.12, scale)
        body = step(cover, cover + 0.22, field)
        rim = body * (1 - step(cover + 0.08, cover + 0.34, field))
        tone = 0.2 + 0.3 * (1 - up) + 0.34 * glow + 0.36 * rim * (0.25 + glow)
        sky = mix(sky, s.tone(tone), body * 0.78 * step(0.02, 0.2, up))
    return sky


def _headland(s: Scene, picture: np.ndarray, horizon: float) -> np.ndarray:
    left = s.rng.random() < 0.5
    for near, reach in ((0.35, s.pick(0.55, 0.8)), (0.8, s.pick(0.25, 0.42))):
        along = s.u if left else 1 - s.u
        rise = np.clip(1 - along / reach, 0, 1) ** 0.8 * s.pick(0.1, 0.2)
        crest = horizon - rise * (0.55 + 0.6 * s.profile(6, 5))
        land = step(-0.003, 0.003, s.v - crest) * step(0.006, 0.0, s.v - horizon - 0.004)
        land = land * (along < reach)
        picture = mix(picture, s.tone(0.34 - 0.26 * near + 0 * s.v * s.u), land)
    return picture


def _sailboat(s: Scene, picture: np.ndarray, horizon: float, sun_u: float) -> np.ndarray:
    size = s.pick(0.1, 0.17) * s.short
    left = (sun_u + s.pick(-0.12, 0.12)) * s.width
    base = (horizon + s.pick(0.05, 0.14)) * s.height
    hull = np.array([(-0.5, -0.12), (0.55, -0.12), (0.38, 0.06), (-0.36, 0.06)])
    main = np.array([(0.02, -1.5), (0.05, -0.2), (-0.5, -0.2), (-0.32, -0.7)])
    jib = np.array([(0.07, -1.35), (0.5, -0.22), (0.08, -0.22)])
    at = np.array([left, base])
    parts = [at + size * part for part in (hull, main, jib)]
    shadow = s.shapes([at + size * part * (1, -0.7) + (0, 3) for part in (hull, main, jib)])
    picture = picture * (1 - 0.45 * blur(shadow, 1.6))[..., None]
    return mix(picture, s.tone(0.05), s.shapes(parts))


def misty_forest(s: Scene) -> np.ndarray:
    """Conifers in fog, one slope behind the other, or trunks with rays of light."""
    if s.layout == 3:
        return _trunks(s)
    light = s.pick(0.2, 0.8)
    glow = np.exp(-2.2 * np.hypot(s.u - light, s.v - 0.12))
    mist = s.noise(3, 4, stretch=3)
    picture = s.tone(0.72 - 0.14 * s.v + 0.28 * glow + 0.1 * (mist - 0.5))
    if s.layout == 1:
        disk = step(0.075, 0.07, np.hypot(s.x - (light - 0.5), s.y + 0.3))
        picture = mix(picture, s.tone(1.0), 0.85 * disk)
    layers = 6
    for layer in range(layers):
        near = layer / (layers - 1)
        base = 0.36 + 0.66 * near + 0.05 * s.pick(-1, 1)
        tilt = s.pick(-0.16, 0.16)
        ground = base + tilt * (s.u - 0.5) + 0.09 * (s.profile(2, 2) - 0.5)
        count = int(46 - 32 * near)
        tall = (0.1 + 0.34 * near**1.3) * s.height
        trees = _conifers(s, ground, count, tall)
        mask = np.maximum(trees, step(-0.004, 0.006, s.v - ground))
        tone = 0.66 - 0.58 * near**0.85
        depth = np.clip((s.v - ground) / 0.22, 0, 1)
        fog = (0.1 + 0.5 * depth) * (1 - 0.8 * near) + 0.12 * (mist - 0.5)
        picture = mix(picture, s.tone(tone + 0.42 * fog * (1 - near) + 0.1 * glow), mask)
        veil = step(-0.08, 0.12, s.v - ground) * 0.75 * (1 - near) ** 0.6 * (0.3 + mist)
        picture = mix(picture, s.tone(0.8 - 0.25 * near), np.clip(veil, 0, 1))
    return s.finish(picture)


def _conifers(s: Scene, ground: np.ndarray, count: int, tall: float) -> np.ndarray:
    """A row of firs with ragged boughs whose feet stand on `ground` (1, w) in v."""
    outlines = []
    boughs = 11
    for place in np.linspace(-0.03, 1.03, count) + s.rng.normal(0, 0.35 / count, count):
        height = tall * s.pick(0.6, 1.15)
        column = int(np.clip(place, 0, 0.999) * s.width)
        foot = ground[0, column] * s.height + 0.05 * tall
        level = np.repeat(np.linspace(0.04, 1, boughs), 2)
        reach = 0.2 * level**0.85 * height
        reach[1::2] *= 0.52
        reach = reach * s.rng.uniform(0.75, 1.15, 2 * boughs)
        droop = np.tile([0.03, 0.0], boughs) * height
        y = foot - height * (1 - level) + droop
        x = place * s.width
        right = np.stack([x + reach, y], axis=1)
        left = np.stack([x - reach * s.rng.uniform(0.8, 1.1), y], axis=1)[::-1]
        outlines.append(np.concatenate([[(x, foot - height)], right, left]))
    return s.shapes(outlines)


def _trunks(s: Scene) -> np.ndarray:
    light = s.pick(0.25, 0.75)
    away = np.hypot((s.u - light) * 1.2, s.v - 0.22)
    glow = np.exp(-2.6 * away)
    mist = s.noise(3, 4, stretch=2)
    picture = s.tone(0.5 + 0.46 * glow + 0.16 * (mist - 0.5))
    for layer in range(6):
        near = layer / 5
        outlines = []
        for _ in range(int(15 - 11 * near)):
            place, wide = s.pick(-0.02, 1.02), (0.007 + 0.034 * near**1.4) * s.width
            lean, foot = s.pick(-0.03, 0.03), (0.68 + 0.3 * near) * s.height
            level = np.linspace(-0.02, 1, 9)
            x = place * s.width + lean * s.width * level + s.rng.normal(0, wide * 0.08, 9)
            girth = wide * (0.55 + 0.35 * level + 0.5 * level**12)
            y = level * foot
            right = np.stack([x + girth, y], axis=1)
            outlines.append(np.concatenate([right, np.stack([x - girth, y], axis=1)[::-1]]))
        bark = s.noise(60, 2, stretch=0.1) - 0.5
        tone = 0.62 - 0.56 * near + 0.3 * glow * (1 - near) + 0.1 * bark * near
        picture = mix(picture, s.tone(tone), s.shapes(outlines))
        ground = 0.66 + 0.3 * near + 0.05 * (s.profile(5, 4) - 0.5)
        mask = step(-0.01, 0.012, s.v - ground)
        picture = mix(picture, s.tone(tone + 0.1 + 0.12 * (s.noise(40, 2) - 0.5)), mask)
        veil = 0.3 * (1 - near) * (0.5 + mist) * step(0.2, 0.75, s.v)
        picture = mix(picture, s.tone(0.74 + 0.2 * glow), veil)
    angle = np.arctan2(s.v + 0.25, s.u - light)
    beams = np.interp(angle, np.linspace(0, np.pi, 90), s.rng.random(90) ** 3)
    rays = blur(beams.astype(np.float32), 3) * step(1.15, 0.1, s.v + 0 * s.u) * glow**0.5
    return s.finish(picture + 0.42 * rays[..., None] * s.tone(0.95))


def mountain_haze(s: Scene) -> np.ndarray:
    """Range behind range, each paler than the one before it; sun, snow or a lake."""
    light = s.pick(0.2, 0.8)
    shore = 0.7 if s.layout == 2 else 2.0
    glow = np.exp(-2.6 * np.hypot(s.u - light, (s.v - 0.3) * 1.3))
    picture = s.tone(0.62 + 0.36 * s.v + 0.26 * glow - 0.2 * (1 - s.v) ** 2)
    wisps = step(0.55, 0.9, s.noise(3, 5, stretch=5))
    picture = mix(picture, s.tone(0.95), 0.4 * wisps * step(0.6, 0.1, s.v))
    disk = step(0.068, 0.062, np.hypot(s.u - light, (s.v - 0.22) * s.height / s.width))
    picture = mix(picture, s.tone(1.0), 0.9 * disk)
    layers = 4 if s.layout == 2 else 7
    for layer in range(layers):
        near = layer / (layers - 1)
        rough = s.profile(3 + layer % 3, 7, gain=0.47)
        ridge = 1 - np.abs(2 * s.profile(3 + layer // 2, 5, gain=0.46) - 1)
        base = 0.4 + 0.52 * near if s.layout != 2 else 0.42 + 0.27 * near
        tall = 0.2 * (1 - 0.4 * near)
        if s.layout == 1:
            base, tall = 0.6 + 0.36 * near, 0.1
        crest = base - tall * (0.55 * ridge + 0.45 * rough)
        mask = step(-0.0025, 0.0025, s.v - crest)
        below = np.clip((s.v - crest) / 0.3, 0, 1)
        rock = _hang(s, s.noise(9, 5), crest)
        light_on = relief(rock, 9 * (0.35 + near), 0.5 if light > 0.5 else 2.6)
        tone = 0.72 - (0.5 if s.layout == 2 else 0.64) * near**0.8 + (0.3 - 0.2 * near) * below + 0.12 * glow
        tone = tone + (light_on - 1) * (0.1 + 0.08 * near)
        picture = mix(picture, s.tone(tone), mask)
        if s.layout == 1 and layer == 1:
            picture = _massif(s, picture, light)
    if shore < 1:
        picture = _lake(s, picture, shore)
    if s.layout == 3:
        for near, count in ((0.0, 30), (1.0, 11)):
            ground = 0.93 + 0.1 * near + 0.05 * (s.profile(2, 2) - 0.5)
            trees = _conifers(s, ground, count, (0.15 + 0.17 * near) * s.height)
            trees = np.maximum(trees, step(-0.004, 0.006, s.v - ground))
            picture = mix(picture, s.tone(0.1 - 0.06 * near), trees)
    return s.finish(picture)


def _massif(s: Scene, picture: np.ndarray, light: float) -> np.ndarray:
    """Snowy peaks, each split by its ridge into a sunny and a shaded face."""
    away = 1 if light < 0.5 else -1
    middle = s.pick(0.4, 0.6)
    peaks = [(middle + s.pick(0.26, 0.36), s.pick(0.36, 0.42), 0.5)]
    peaks += [(middle - s.pick(0.26, 0.38), s.pick(0.34, 0.42), 0.5)]
    peaks += [(middle, s.pick(0.2, 0.26), s.pick(0.9, 1.1))]
    for u, top, steep in peaks:
        flank = np.abs(s.u - u) * s.width / s.short
        jag = 0.09 * (s.profile(7, 6, gain=0.55) - 0.5) * np.minimum(flank * 9, 1)
        crest = top + steep * flank * (0.75 + 0.35 * flank) + jag
        down = np.maximum(s.v - top, 0)
        rough = s.noise(8, 5, stretch=0.7)
        ridge = u + 0.1 * np.sin(13 * down + s.pick(0, 6)) * down * 2 + 0.22 * (rough - 0.5) * down**0.6
        face = (s.u - ridge) * away
        shade = step(-0.006, 0.03 + 0.2 * down, face)
        gully = relief(rough, 16, 0.6 if away < 0 else 2.5) - 1
        line = 0.24 + 0.2 * (s.noise(14, 4, stretch=0.5) - 0.5) + 0.14 * gully
        snow = step(0.02, -0.02, down - line)
        tone = _between(0.5 - 0.2 * shade, 0.98 - 0.36 * shade, snow) + 0.2 * gully
        tone = tone + 0.34 * step(0.2, 0.55, down)
        picture = mix(picture, s.tone(tone), step(-0.0025, 0.0025, s.v - crest))
    return picture


def _between(below: np.ndarray, above: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Blend two tones (h, w) as `mix` blends colors."""
    return below + (above - below) * mask


def _hang(s: Scene, field: np.ndarray, crest: np.ndarray) -> np.ndarray:
    """Hang a noise field (h, w) from a crest line (1, w), so gullies follow the ridge."""
    rows = ((s.v - 0.8 * crest + 1) * s.height).astype(np.int32) % s.height
    return np.take_along_axis(field, np.broadcast_to(rows, field.shape), axis=0)


def _lake(s: Scene, picture: np.ndarray, shore: float) -> np.ndarray:
    depth = np.maximum(s.v - shore, 0) / (1 - shore)
    ripple = s.plane(s.noise(30, 2, stretch=4), depth + 0.05, 0.1) - 0.5
    source = (2 * shore - s.v) * s.height + ripple * 26 * depth
    rows = np.clip(source, 0, s.height - 1).astype(np.int32)
    mirrored = picture[rows, np.arange(s.width)[None, :]]
    mirrored = blur(mirrored, 0.8) * (0.86 - 0.16 * depth + 0.12 * ripple)[..., None]
    return mix(picture, mirrored, step(shore - 0.002, shore + 0.002, s.v + 0 * s.u))


def desert_dunes(s: Scene) -> np.ndarray:
    """Dunes with a sharp crest between the sunny and the shaded slope, wind ripples."""
    light = s.pick(0.1, 0.4)
    glow = np.exp(-2.4 * np.hypot(s.u - light, s.v - 0.16))
    picture = s.tone(0.5 + 0.5 * s.v + 0.3 * glow)
    if s.layout in (1, 3):
        disk = step(0.06, 0.055, np.hypot(s.x - (light - 0.5), s.y + 0.32))
        picture = mix(picture, s.tone(1.0), 0.9 * disk)
    layers = (4, 5, 3, 4)[s.layout]
    for layer in range(layers):
        near = layer / (layers - 1)
        base = s.pick(0.34, 0.42) + 0.42 * near
        spacing = (0.42 + 0.62 * near) * s.pick(0.85, 1.3)
        amp = (0.07 + 0.13 * near) * s.pick(0.8, 1.2)
        start, sway, turn = s.pick(0, 1), s.pick(0.08, 0.2), s.pick(0, 6.28)
        wobble = 0.14 * (s.profile(2, 2) - 0.5)

        def phase(v: np.ndarray) -> np.ndarray:
            down = (v - base) / (0.3 + 0.5 * near)
            meander = sway * np.sin(4.2 * down + turn) + 0.55 * down
            return (s.u - meander + wobble) / spacing + start

        ridge = phase(np.float32(base - amp)) % 1
        rise = np.where(ridge < 0.3, 1 - ridge / 0.3, (ridge - 0.3) / 0.7)
        crest = base - amp * (rise**1.25) + 0.03 * (s.profile(2, 2) - 0.5)
        mask = step(-0.002, 0.002, s.v - crest)
        run = phase(s.v) % 1
        shade = step(-0.004, 0.012, run) * step(0.5, 0.12, run)
        sunny = 0.62 + 0.26 * run + 0.16 * glow
        sand = s.noise(4, 3)
        ripple = np.sin((s.v * (60 - 26 * near) + 2.6 * sand + 2.5 * run) * 6.28)
        tone = sunny - (0.34 + 0.2 * near) * shade + 0.028 * near * ripple * (1 - shade)
        tone = tone * (0.78 + 0.14 * near) + 0.2 * (1 - near) + 0.07 * (sand - 0.5)
        tone = tone + 0.1 * step(0.03, 0.0, s.v - crest) * (1 - shade)
        picture = mix(picture, s.tone(tone - 0.12 * near * (s.v - crest)), mask)
    return s.finish(picture)

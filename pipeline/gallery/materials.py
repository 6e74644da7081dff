"""Materials seen from near: woven fabric, brick walls, tree rings, marbled paper."""

from __future__ import annotations

import numpy as np

from pipeline.gallery.scene import Scene, bend, blur, mix, relief, slope, step


def woven_fabric(s: Scene) -> np.ndarray:
    """Cloth whose threads visibly pass over and under: plain, twill, herringbone, basket."""
    threads = (34, 40, 38, 24)[s.layout] + int(s.rng.integers(-4, 5))
    fold = blur(s.noise(2, 2), 12)
    lean = s.pick(-0.08, 0.08)
    across = (s.x + lean * s.y + 0.05 * fold + 1) * threads
    along = (s.y - lean * s.x + 0.05 * s.noise(2, 2) + 1) * threads
    i, j = across.astype(np.int32), along.astype(np.int32)
    over_warp, over_weft = _lift(s, across, along, i, j)
    a, b = (across % 1) * 2 - 1, (along % 1) * 2 - 1
    warp_height = 0.55 * np.sqrt(np.maximum(1 - a**2, 0)) + over_warp
    weft_height = 0.55 * np.sqrt(np.maximum(1 - b**2, 0)) + over_weft
    top = warp_height > weft_height
    height = np.maximum(warp_height, weft_height).astype(np.float32)

    warp_tone, weft_tone = _stripes(s, 3 * threads)
    uneven = s.rng.random(3 * threads, dtype=np.float32)
    tone = np.where(top, warp_tone[i], weft_tone[j])
    tone = tone + 0.07 * (np.where(top, uneven[i], uneven[j]) - 0.5)
    twist = np.where(top, np.sin(a * 3.4 + along * 15), np.sin(b * 3.4 + across * 15))
    light = 0.42 + 0.5 * (height / 1.55) + 0.03 * twist
    light = light * (0.6 + 0.4 * relief(height, 1.6)) * (0.82 + 0.36 * relief(fold, 8) - 0.2)
    cloth = s.tone(tone)
    stripe = np.where(top, warp_tone[i] < -0.5, weft_tone[j] < -0.5)
    cloth = mix(cloth, s.accent, stripe)
    return s.finish(cloth * np.clip(1.32 * light, 0, 1.25)[..., None])


def _lift(
    s: Scene, across: np.ndarray, along: np.ndarray, i: np.ndarray, j: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How far warp and weft rise above the other, eased along each thread: 0–1, (h, w)."""

    def over(i: np.ndarray, j: np.ndarray) -> np.ndarray:
        if s.layout == 0:
            return (i + j) % 2 == 0
        if s.layout == 1:
            return (i + j) % 4 < 2
        if s.layout == 2:
            return (j + np.where(i // 8 % 2 == 0, i, -i - 1)) % 4 < 2
        return (i // 2 + j // 2) % 2 == 0

    def eased(value: np.ndarray, before: np.ndarray, after: np.ndarray, t: np.ndarray):
        side = np.where(t < 0, before, after)
        return value + (side - value) * 0.5 * np.abs(t) ** 2.5

    here = over(i, j).astype(np.float32)
    a, b = (across % 1) * 2 - 1, (along % 1) * 2 - 1
    warp = eased(here, over(i, j - 1), over(i, j + 1), b)
    weft = eased(1 - here, ~over(i - 1, j), ~over(i + 1, j), a)
    return warp, weft


def _stripes(s: Scene, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Tones of warp and weft threads; -1 stands for the accent color."""
    if s.layout in (1, 2):
        dark, pale = s.pick(0.2, 0.4), s.pick(0.72, 0.9)
        warp, weft = np.full(count, dark), np.full(count, pale)
        if s.layout == 1:
            warp[:: int(s.rng.integers(9, 14))] = -1
        return warp.astype(np.float32), weft.astype(np.float32)
    sett = []
    for tone in s.rng.permutation([0.18, 0.42, 0.62, 0.86]):
        sett += [tone] * int(s.rng.integers(3, 8))
    sett += [-1] * int(s.rng.integers(1, 3))
    sett = sett + sett[::-1]
    tones = np.resize(np.array(sett, dtype=np.float32), count)
    return tones, tones.copy()


def brick_wall(s: Scene) -> np.ndarray:
    """Weathered bricks in mortar under slanting light; four bonds."""
    rows = s.pick(8, 13)
    wobble = 0.05 * (s.noise(20, 3) - 0.5)
    across, down = (s.x + 2) * rows + wobble * 2.4, (s.y + 2) * rows + wobble[::-1] * 2
    key, inset = _bond(s, across, down)
    table = s.rng.random((4, 4096), dtype=np.float32)
    face = step(0.045, 0.13, inset + 0.05 * (s.noise(40, 2) - 0.5))
    grit, blotch, stain = s.noise(110, 3, gain=0.8), s.noise(18, 4), s.noise(2, 4)
    dent = 0.36 * face * (0.86 + 0.28 * table[2][key])
    height = dent + 0.16 * grit + 0.1 * blotch * face
    tone = 0.32 + 0.3 * (table[0][key] - 0.5) + 0.2 * (blotch - 0.5)
    tone = tone - 0.16 * (table[1][key] > 0.86) + 0.12 * (table[1][key] < 0.1)
    mortar = s.tone(0.63 + 0.24 * (grit - 0.5) + 0.1 * (stain - 0.5)) * 0.88
    bricks = s.tone(tone + 0.14 * (grit - 0.5))
    if s.layout == 3:
        bricks = mix(bricks, s.tone(0.9), 0.72 * step(0.35, 0.6, stain))
    else:
        bricks = mix(bricks, s.accent, 0.2 * (table[3][key] > 0.82))
    wall = mix(mortar, bricks, face)
    light = relief(height, 5.5, s.pick(2.0, 2.7))
    fall = 1.12 - s.pick(0.2, 0.5) * np.hypot(s.u - s.pick(0.1, 0.5), s.v - s.pick(0, 0.3))
    wall = wall * (light * fall * (0.86 + 0.26 * stain))[..., None]
    return s.finish(wall * 1.08)


def _bond(s: Scene, across: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which brick a pixel belongs to, 0–4095, and how far inside (unit: brick height)."""
    if s.layout == 2:
        i, j = np.floor(across).astype(np.int32), np.floor(down).astype(np.int32)
        a, b, part = across - i, down - j, (i - j) % 4
        flat = part < 2
        left = np.where(part == 1, 9, a)
        right = np.where(part == 0, 9, 1 - a)
        over = np.where(part == 2, 9, b)
        under = np.where(part == 3, 9, 1 - b)
        inset = np.where(
            flat,
            np.minimum(np.minimum(left, right), np.minimum(b, 1 - b)),
            np.minimum(np.minimum(a, 1 - a), np.minimum(over, under)),
        )
        key = (i - (part == 1)) * 71 + (j - (part == 2)) * 37
        return key % 4096, inset.astype(np.float32)
    row = np.floor(down).astype(np.int32)
    if s.layout == 1:
        place = across / 3 + 0.5 * (row % 2) 
        brick = np.floor(place).astype(np.int32) * 2
        part = place % 1
        short = part > 2 / 3
        brick = brick + short
        side = np.where(short, (part - 2 / 3) * 3, part * 3)
        wide = np.where(short, 1.0, 2.0)
    else:
        long = 2.6 if s.layout == 0 else 2.2
        place = across / long + 0.5 * (row % 2)
        brick = np.floor(place).astype(np.int32)
        side, wide = (place % 1) * long, long
    edge = np.minimum(side, wide - side)
    rise = np.minimum(down - row, 1 - (down - row))
    return (brick * 53 + row * 131) % 4096, np.minimum(edge, rise).astype(np.float32)


def tree_rings(s: Scene) -> np.ndarray:
    """The end of a sawn log: rings of unequal width, rays, drying cracks, bark."""
    reach = (0.44, 0.45, 0.95, 0.43)[s.layout]
    cx, cy = s.pick(-0.07, 0.07), s.pick(-0.07, 0.07)
    if s.layout == 2:
        cx, cy = s.pick(-0.4, -0.2), s.pick(0.1, 0.35)
    angle = np.arctan2(s.y - cy, s.x - cx)
    away = np.hypot(s.x - cx, s.y - cy)
    lumps = s.noise(2, 3) - 0.5
    bulge = 0.035 * np.sin(2 * angle + s.pick(0, 6)) + 0.022 * np.sin(3 * angle + s.pick(0, 6))
    wave = (s.noise(7, 3) - 0.5) * 0.022
    r = (away * (1 + bulge + 0.17 * lumps) + wave) / reach
    rings = 26 if s.layout != 2 else 40
    widths = s.rng.uniform(0.35, 1.5, rings) * np.linspace(1.5, 0.8, rings)
    edges = np.concatenate([[0], np.cumsum(widths) / widths.sum()])
    place = np.interp(r, edges, np.arange(rings + 1)).astype(np.float32)
    part, ring = place % 1, np.minimum(place.astype(np.int32), rings - 1)
    late = s.rng.uniform(0.14, 0.34, rings).astype(np.float32)[ring]
    shade = s.rng.uniform(-0.05, 0.05, rings).astype(np.float32)[ring]
    turns = ((angle / np.pi + 1) * 0.5 * (s.width - 1)).astype(np.float32)
    rays = s.noise(120, 1)[0][turns.astype(np.int32)]
    tone = 0.8 - late * step(0.35, 0.98, part) + shade - 0.14 * step(0.75, 0.2, r)
    tone = tone + 0.06 * (rays - 0.5) + 0.08 * (s.noise(90, 2) - 0.5) - 0.1 * step(0.04, 0, r)
    wood = s.tone(tone)
    wood = wood * _cracks(s, angle, r)[..., None]
    crust = s.noise(26, 4)
    bark = s.tone(0.27 + 0.3 * (crust - 0.5)) * relief(crust, 5)[..., None]
    edge = 0.93 + 0.016 * (crust - 0.5)
    log = mix(wood, bark, step(edge, edge + 0.008, r))
    rim = 1.03 + 0.05 * (crust - 0.5)
    outside = step(rim, rim + 0.012, r)
    ground = s.tone(0.1 + 0.2 * (s.noise(9, 5) - 0.3) + 0.08 * s.u)
    if s.layout in (1, 3):
        ground = s.tone(0.88 + 0.1 * (s.noise(60, 2, stretch=6) - 0.5) - 0.2 * s.v)
    drop = blur(bend(1 - outside, np.float32(-7), np.float32(-9)), 9)
    return s.finish(mix(log, ground * (1 - 0.7 * drop)[..., None], outside), vignette=0.14)


def _cracks(s: Scene, angle: np.ndarray, r: np.ndarray) -> np.ndarray:
    light = np.ones_like(r)
    for _ in range(int(s.rng.integers(3, 8))):
        at, start, end = s.pick(-3.1, 3.1), s.pick(0.02, 0.35), s.pick(0.5, 0.93)
        turn = np.abs((angle - at + 0.1 * np.sin(r * 9 + at) * r + np.pi) % (2 * np.pi) - np.pi)
        wide = 0.008 * step(start, 0.5 * (start + end), r) * step(end, end - 0.2, r)
        light *= 1 - 0.75 * step(wide + 0.004, wide * 0.5, turn * r) * (wide > 0.0006)
    return light


def marbled_paper(s: Scene) -> np.ndarray:
    """Ink floated on a bath, combed and swirled (mathematical marbling, Lu et al. 2012).

    The combs are applied backwards to the coordinates, then the first bath is looked up.
    """
    x, y = s.full(s.x), s.full(s.y)
    for _ in range(int(s.rng.integers(1, 3)) if s.layout in (1, 3) else 0):
        cx, cy, size = s.pick(-0.4, 0.4), s.pick(-0.4, 0.4), s.pick(0.12, 0.25)
        away = np.hypot(x - cx, y - cy)
        turn = s.pick(2.5, 5) * np.exp(-((away / size) ** 2)) * (1 if s.rng.random() < 0.5 else -1)
        dx, dy = x - cx, y - cy
        x = cx + dx * np.cos(turn) - dy * np.sin(turn)
        y = cy + dx * np.sin(turn) + dy * np.cos(turn)
    if s.layout in (0, 1):
        y = _comb(s, x, y, teeth=s.pick(9, 14), pull=0.16, sharp=0.02)
    if s.layout == 2:
        x = x + 0.07 * np.sin(2 * np.pi * s.pick(2.2, 3.4) * y)
        y = _comb(s, x, y, teeth=s.pick(4, 6), pull=0.3, sharp=0.05)
        y = _comb(s, x + 0.07, y, teeth=s.pick(4, 6), pull=-0.3, sharp=0.05)
    if s.layout != 3:
        x = _comb(s, y, x, teeth=s.pick(2, 4), pull=s.pick(0.1, 0.2), sharp=0.04)
    x = x + 0.06 * (s.noise(3, 3) - 0.5)
    return s.finish(_bath(s, x, y), vignette=0.12)


def _comb(
    s: Scene, along: np.ndarray, moved: np.ndarray, teeth: float, pull: float, sharp: float
) -> np.ndarray:
    tine = np.abs((along * teeth + s.pick(0, 1)) % 1 - 0.5) / teeth
    return moved - pull * sharp / (tine + sharp)


def _bath(s: Scene, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The bath before combing: bands of thrown drops, each a ring inside older rings."""
    veins = 14
    tones = s.rng.permutation(np.tile([0.08, 0.34, 0.6, 0.97, 0.78, -1], 4)).astype(np.float32)
    if s.layout == 3:
        drops = s.rng.uniform(-0.75, 0.75, (26, 2)).astype(np.float32)
        field = np.full_like(x, 9)
        for cx, cy in drops:
            field = np.minimum(field, np.hypot(x - cx, y - cy) * s.pick(0.7, 1.5))
        place = field * 46 + 1.2 * s.noise(6, 3)
    else:
        place = (y + 2 + 0.05 * np.sin(9 * x)) * veins
    ring = np.floor(place).astype(np.int32) % len(tones)
    part = place % 1
    code = tones[ring]
    color = mix(s.tone(code), s.accent, code < -0.5)
    after = tones[(ring + 1) % len(tones)]
    following = mix(s.tone(after), s.accent, after < -0.5)
    soft = np.clip(0.7 * np.hypot(*slope(place)), 0.02, 0.9)
    color = mix(color, following, np.clip((part - 1 + soft) / soft, 0, 1))
    pale = 1 + 0.1 * (s.noise(50, 3) - 0.5) - 0.08 * (1 - np.abs(part * 2 - 1))
    return color * pale[..., None]

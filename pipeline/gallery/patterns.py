"""Patterns: Truchet tiles, contour maps, stained glass, scales."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.gallery.scene import Scene, blur, mix, relief, slope, step


def truchet_tiles(s: Scene) -> np.ndarray:
    """Square tiles turned at random (Smith 1987): arcs, ribbons, triangles, two scales."""
    tiles = (8, 10, 9, 4.6)[s.layout] + s.pick(-1, 1)
    turn = np.pi / 4 if s.layout == 0 and s.rng.random() < 0.5 else 0.0
    x, y = s.x * np.cos(turn) - s.y * np.sin(turn), s.x * np.sin(turn) + s.y * np.cos(turn)
    across, down = (x + 1.5) * tiles, (y + 1.5) * tiles
    i, j = np.floor(across).astype(np.int32), np.floor(down).astype(np.int32)
    flips = s.rng.integers(0, 4, (64, 64))
    flip = flips[j % 64, i % 64]
    a, b = across - i, down - j
    pixel = tiles / s.short
    wash = s.noise(2, 3)
    if s.layout == 2:
        return s.finish(_triangles(s, a, b, flip, pixel, wash), vignette=0.15)
    mirrored = np.where(flip % 2 == 0, a, 1 - a)
    near = np.hypot(mirrored, b)
    far = np.hypot(1 - mirrored, 1 - b)
    arc = np.minimum(np.abs(near - 0.5), np.abs(far - 0.5))
    cut = (near < 0.5) | (far < 0.5)
    side = np.where((i + j + flip) % 2 == 0, cut, ~cut)
    base = mix(s.tone(0.2 + 0.14 * wash), s.tone(0.86 - 0.16 * wash), blur(side * 1.0, 0.7))
    if s.layout == 1:
        base = _ribbons(s, arc, pixel, wash)
    elif s.layout == 3:
        stripes = np.minimum(near, far) * 6
        lines = np.abs(stripes % 1 - 0.5)
        inked = step(0.2, 0.2 + 6 * pixel, lines)
        band = np.floor(stripes)
        band = np.minimum(band, 5 - band)  # alike from both ends, as neighbors may be flipped
        colors = s.tone(0.36 + 0.26 * band + 0.12 * wash)
        colors = mix(colors, s.accent, band == 1)
        base = mix(s.tone(0.08), colors, inked)
    else:
        rim = step(0.075 + pixel, 0.075, arc)
        base = base * (0.72 + 0.28 * step(0.0, 0.2, arc))[..., None]
        base = mix(base, s.accent if s.rng.random() < 0.5 else s.tone(0.6), rim)
    glaze = 0.94 + 0.12 * relief(blur(arc.astype(np.float32), 1.2), 3) - 0.06
    return s.finish(base * glaze[..., None], vignette=0.15)


def _ribbons(s: Scene, arc: np.ndarray, pixel: float, wash: np.ndarray) -> np.ndarray:
    ribbon = step(0.2 + pixel, 0.2, arc)
    shine = np.sqrt(np.clip(1 - (arc / 0.2) ** 2, 0, 1))
    shadow = blur(np.roll(ribbon, (4, 3), (0, 1)), 3.5)
    path = s.tone(0.5 + 0.4 * wash + 0.1 * shine) * (0.62 + 0.42 * shine)[..., None]
    path = mix(path, s.accent, 0.9 * step(0.06 + pixel, 0.06, arc))
    return mix(s.tone(0.14 + 0.12 * wash) * (1 - 0.6 * shadow)[..., None], path, ribbon)


def _triangles(
    s: Scene, a: np.ndarray, b: np.ndarray, flip: np.ndarray, pixel: float, wash: np.ndarray
) -> np.ndarray:
    p = np.where(flip % 2 == 0, a, 1 - a)
    q = np.where(flip // 2 == 0, b, 1 - b)
    dark = step(-pixel, pixel, p - q)
    tone_dark, tone_pale = s.tone(0.2 + 0.3 * wash), s.tone(0.72 + 0.24 * wash)
    picture = mix(tone_pale, tone_dark, dark)
    gap = np.minimum(np.minimum(a, 1 - a), np.minimum(b, 1 - b))
    gap = np.minimum(gap, np.abs(p - q) * 0.7)
    picture = mix(picture, s.accent, 0.92 * ((flip == 3) & (p > q)))
    bevel = 0.86 + 0.2 * relief(blur(step(0.0, 0.12, gap), 0.7), 2.2) - 0.06
    crackle = 0.95 + 0.1 * s.noise(30, 3)
    picture = picture * (bevel * crackle)[..., None]
    return mix(picture, s.tone(0.96), 0.8 * step(0.03 + pixel, 0.03, gap))


def contour_map(s: Scene) -> np.ndarray:
    """A topographic sheet: tinted heights, isolines, a grid, water, summits with figures."""
    height = _terrain(s)
    levels = (16, 20, 12, 24)[s.layout]
    sea = (0.3, -1, 0.42, 0.2)[s.layout]
    dark_sheet = s.layout == 3
    if dark_sheet:
        picture = s.tone(0.06 + 0.34 * height)
    else:
        picture = s.tone(0.97 - 0.5 * np.floor(height * levels) / levels)
    picture = picture * (0.72 + 0.3 * relief(height, 26))[..., None]
    place = height * levels
    steep = np.maximum(np.hypot(*slope(place)), 0.012)
    index = np.round(place).astype(np.int32) % 5 == 0
    off = np.abs(place - np.round(place)) / steep
    line = step(1.15, 0.35, off - 0.55 * index)
    ink = s.tone(0.9 if dark_sheet else 0.12)
    picture = mix(picture, ink, line * np.where(index, 0.9, 0.5))
    if sea > 0:
        picture = _water(s, picture, height, sea)
    pitch = s.short / 4
    grid = np.minimum(np.abs((s.x * 4 + 0.3) % 1 - 0.5), np.abs((s.y * 4 + 0.3) % 1 - 0.5)) * pitch
    picture = mix(picture, ink, 0.2 * step(0.9, 0.3, grid))
    picture = _summits(s, picture, height, dark_sheet)
    paper = 0.97 + 0.06 * (s.noise(70, 3) - 0.5)
    return s.finish(picture * paper[..., None], vignette=0.1)


def _terrain(s: Scene) -> np.ndarray:
    base = s.noise((2.2, 3, 2, 2.6)[s.layout], 4, gain=0.42)
    push = 30
    dx, dy = (blur(s.noise(3, 2), 3) - 0.5) * push, (blur(s.noise(3, 2), 3) - 0.5) * push
    map_x = (np.arange(s.width)[None, :] + dx).astype(np.float32)
    map_y = (np.arange(s.height)[:, None] + dy).astype(np.float32)
    bent = cv2.remap(base, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if s.layout == 2:
        bent = bent - 1.1 * np.hypot(s.x, s.y).astype(np.float32)
    return cv2.normalize(blur(bent, 1.6), None, 0, 0.999, cv2.NORM_MINMAX)


def _water(s: Scene, picture: np.ndarray, height: np.ndarray, sea: float) -> np.ndarray:
    wet = step(sea + 0.004, sea - 0.004, height)
    depth = np.clip((sea - height) / sea, 0, 1)
    rings = step(0.3, 0.5, np.abs((np.sqrt(depth) * 9) % 1 - 0.5))
    water = mix(s.accent, s.tone(0.97), 0.5 - 0.3 * depth + 0.16 * rings)
    picture = mix(picture, water, wet)
    steep = np.maximum(np.hypot(*slope(height)), 0.0012)
    shore = step(1.9, 0.9, np.abs(height - sea) / steep)
    return mix(picture, s.tone(0.08), 0.75 * shore)


def _summits(s: Scene, picture: np.ndarray, height: np.ndarray, dark_sheet: bool) -> np.ndarray:
    span = s.short // 4
    peak = cv2.dilate(height, np.ones((span, span), np.uint8))
    rows, columns = np.nonzero((height >= peak) & (height > 0.5))
    mask = np.zeros((s.height, s.width), dtype=np.uint8)
    for row, column in list(zip(rows.tolist(), columns.tolist(), strict=True))[:7]:
        if 12 < row < s.height - 12 and 12 < column < s.width - 44:
            mark = np.array([[column, row - 6], [column + 5, row + 4], [column - 5, row + 4]])
            cv2.fillPoly(mask, [mark], 255, cv2.LINE_AA)
            text = str(int(400 + 2600 * height[row, column]))
            place = (column + 8, row + 5)
            cv2.putText(mask, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.38, 255, 1, cv2.LINE_AA)
    return mix(picture, s.tone(0.99 if dark_sheet else 0.02), mask.astype(np.float32) / 255)


def stained_glass(s: Scene) -> np.ndarray:
    """Leaded panes with light behind them: rose window, free mosaic, sunburst, lancet."""
    sites, code = _panes(s)
    seeds = np.full((s.height, s.width), 255, dtype=np.uint8)
    columns = np.clip(((sites[:, 0] * s.short) + s.width / 2).astype(int), 0, s.width - 1)
    rows = np.clip(((sites[:, 1] * s.short) + s.height / 2).astype(int), 0, s.height - 1)
    seeds[rows, columns] = 0
    _, cells = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    names = np.zeros(int(cells.max()) + 1, dtype=np.int32)
    names[cells[rows, columns]] = np.arange(len(sites))
    pane = names[cells]
    edge = cv2.morphologyEx(pane.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((2, 2))) > 0
    lead = np.maximum(edge, _frame(s, np.hypot(s.x, s.y))).astype(np.uint8)
    gap = cv2.distanceTransform(1 - lead, cv2.DIST_L2, 5)
    came = step(2.9, 1.7, gap)
    tone = code[pane] + 0.1 * s.rng.random(len(sites), dtype=np.float32)[pane]
    swirl = s.noise(10, 4, stretch=s.pick(0.6, 2))
    sun = np.exp(-1.6 * np.hypot(s.x - s.pick(-0.2, 0.2), s.y + s.pick(0, 0.2)))
    glass = s.tone(np.clip(tone, 0.16, 1) + 0.16 * (swirl - 0.5))
    glass = mix(glass, s.accent * (0.85 + 0.3 * swirl[..., None]), code[pane] < 0)
    light = (0.62 + 0.62 * sun) * (0.72 + 0.3 * step(0, 9, gap)) * (0.84 + 0.16 * relief(swirl, 6))
    glass = glass * light[..., None]
    glass = glass + 0.35 * blur(np.clip(glass - 0.6, 0, 1), 6)
    solder = s.tone(0.03) + 0.16 * np.clip(relief(blur(came, 1.0), 3) - 0.9, 0, 1)[..., None]
    return s.finish(mix(glass, solder, came))


def _panes(s: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Centers (n, 2) of the panes and their tones (n,); a negative tone is the accent."""
    wide, tall = s.width / s.short / 2, s.height / s.short / 2
    if s.layout in (0, 2):
        petals = int(s.rng.choice([8, 10, 12]))
        sites, code = [(0.0, 0.0)], [0.98]
        radii = (0.1, 0.19, 0.29, 0.4, 0.52, 0.66, 0.8)
        tones = s.rng.permutation([0.3, 0.5, 0.72, 0.9, -1, 0.4, 0.62])
        for ring, radius in enumerate(radii):
            count = petals * (1 if ring < 2 else 2)
            for k in range(count):
                turn = 2 * np.pi * (k + 0.5 * (ring % 2)) / count
                sites.append((radius * np.cos(turn), radius * np.sin(turn)))
                alternate = tones[ring] if k % 2 == 0 else tones[(ring + 3) % 7]
                code.append(alternate if s.layout == 0 else 0.95 - 0.11 * ring + 0.06 * (k % 2))
        if s.layout == 2:
            code = [-1.0 if s.rng.random() < 0.14 else c for c in code]
        return np.array(sites), np.array(code, dtype=np.float32)
    count = 70 if s.layout == 1 else 90
    sites = s.rng.uniform(-1, 1, (count * 4, 2)) * (wide, tall)
    kept: list[np.ndarray] = []
    for site in sites:
        if len(kept) < count and all(np.hypot(*(site - other)) > 0.075 for other in kept):
            kept.append(site)
    places = np.array(kept)
    code = s.rng.choice([0.3, 0.45, 0.62, 0.8, 0.95, -1], len(places)).astype(np.float32)
    if s.layout == 3:
        code = 0.95 - 0.62 * (places[:, 1] / tall / 2 + 0.5) + s.rng.uniform(-0.1, 0.1, len(places))
        code = np.where(s.rng.random(len(places)) < 0.16, -1, code).astype(np.float32)
    return places, code


def _frame(s: Scene, radius: np.ndarray) -> np.ndarray:
    if s.layout == 0:
        rings = [np.abs(radius - r) for r in (0.055, 0.455)]
        return np.minimum(*rings) < 0.009
    if s.layout == 3:
        wide = s.width / s.short / 2 - 0.06
        arch = np.hypot(np.abs(s.x) + wide * 0.6, np.minimum(s.y + 0.02, 0)) - wide * 1.6
        return (np.abs(arch) < 0.012) | (np.abs(s.x) < 0.006)
    return np.zeros_like(radius, dtype=bool)

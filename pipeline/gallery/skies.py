"""Night skies: city skylines, planets, spiral galaxies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.gallery.scene import Scene, blur, fixed, mix, slope, step


def night_skyline(s: Scene) -> np.ndarray:
    """A city after dark: lit windows, a glow above the roofs, mirrored in a harbor."""
    shore = s.pick(0.68, 0.76) if s.layout != 3 else 1.0
    smog = s.noise(3, 4, stretch=3)
    picture = s.tone(0.08 + 0.62 * (s.v / shore) ** 2.4 + 0.1 * (smog - 0.5))
    night_stars = s.stars(110) * step(0.62 * shore, 0.1, s.v)
    picture = picture + 0.8 * night_stars[..., None]
    if s.layout in (0, 3):
        picture = _moon(s, picture, s.pick(-0.3, 0.3), s.pick(-0.36, -0.22))
    for layer in range(3):
        near = layer / 2
        picture = _buildings(s, picture, shore, near)
    if s.layout == 2:
        picture = _bridge(s, picture, shore)
    if shore < 1:
        picture = _harbor(s, picture, shore)
    glare = blur(np.clip(picture - 0.72, 0, 1), 5) * 0.9
    return s.finish(1.1 * picture + glare)


def _moon(s: Scene, picture: np.ndarray, x: float, y: float) -> np.ndarray:
    away = np.hypot(s.x - x, s.y - y)
    seas = s.noise(14, 3)
    disk = step(0.07, 0.064, away)
    picture = picture + 0.22 * np.exp(-9 * away)[..., None] * s.tone(0.9)
    return mix(picture, s.tone(0.93 - 0.2 * step(0.4, 0.7, seas)) * 0.9, disk)


def _buildings(s: Scene, picture: np.ndarray, shore: float, near: float) -> np.ndarray:
    foot = int(shore * s.height)
    facade = np.zeros((s.height, s.width), dtype=np.float32)
    windows = np.zeros_like(facade)
    left = -s.pick(0, 20)
    pane = 2 if near < 0.4 else 3
    while left < s.width:
        wide = int(s.pick(0.05, 0.11) * s.short * (0.8 + 0.5 * near))
        middle = 1 - abs((left + wide / 2) / s.width - 0.5)
        tall = (s.pick(0.2, 0.62) - 0.2 * near) * middle * shore * s.height
        top, start = int(foot - tall), max(int(left), 0)
        end = min(int(left) + wide, s.width)
        if end - start > 4:
            _tower(s, facade, windows, (start, end, top, foot), pane)
        left += wide + (s.pick(-4, 3) if near < 0.9 else s.pick(0, 14))
    tone = 0.36 - 0.3 * near + 0.06 * (1 - s.v)
    picture = mix(picture, s.tone(tone), np.minimum(facade, 1))
    shine = windows * (0.7 + 0.3 * near)
    halo = blur(shine, 3.5)[..., None] * s.tone(0.8) * 0.5
    return mix(picture, s.tone(0.97 - 0.06 * (1 - near)), shine) + halo


def _tower(s: Scene, facade: np.ndarray, windows: np.ndarray, box: tuple, pane: int) -> None:
    start, end, top, foot = box
    facade[top:foot, start:end] = 1
    center, wide = (start + end) // 2, end - start
    crown = s.rng.random()
    if crown < 0.3:
        facade[top - wide // 3 : top, start + wide // 4 : end - wide // 4] = 1
        facade[top - wide : top, center : center + 1] = 1
    elif crown < 0.5:
        for row in range(wide):
            inset = row // 2
            facade[top - row, start + inset : end - inset] = 1
    pitch = pane * 2
    rows = range(top + pitch, foot - pitch, pitch)
    columns = range(start + 2, end - pane, pitch - (pane > 2))
    lit = s.rng.random((len(rows), len(columns)))
    busy = s.pick(0.25, 0.6)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            if lit[i, j] < busy:
                windows[row : row + pane - 1, column : column + pane - 1] = (
                    0.55 + 0.45 * lit[i, j] / busy
                )


def _bridge(s: Scene, picture: np.ndarray, shore: float) -> np.ndarray:
    mask = np.zeros((s.height, s.width), dtype=np.uint8)
    deck = (shore - 0.05) * s.height
    towers = s.width * np.array([0.2, 0.8])
    head = (shore - 0.3) * s.height
    for tower in towers:
        for side in (-4, 4):
            ends = fixed(np.array([[tower + side, head], [tower + side, shore * s.height]]))
            cv2.line(mask, ends[0], ends[1], 255, 3, cv2.LINE_AA, 4)
        ends = fixed(np.array([[tower - 4, head + 6], [tower + 4, head + 6]]))
        cv2.line(mask, ends[0], ends[1], 255, 2, cv2.LINE_AA, 4)
    x = np.linspace(-0.02, 1.02, 160) * s.width
    half = (towers[1] - towers[0]) / 2
    inside = ((x - s.width / 2) / half) ** 2
    outside = 1 - (np.abs(x - s.width / 2) - half) / (0.24 * s.width)
    cable = deck - 4 - (deck - head - 4) * np.where(inside < 1, inside, outside)
    line = fixed(np.stack([x, cable], axis=1))
    cv2.polylines(mask, [line], False, 255, 1, cv2.LINE_AA, 4)
    for hanger, top in zip(x[::3], cable[::3], strict=True):
        ends = fixed(np.array([[hanger, top], [hanger, deck]]))
        cv2.line(mask, ends[0], ends[1], 110, 1, cv2.LINE_AA, 4)
    cv2.rectangle(mask, (0, int(deck)), (s.width, int(deck) + 3), 255, -1)
    picture = mix(picture, s.tone(0.04), mask.astype(np.float32) / 255)
    lamps = np.zeros((s.height, s.width), dtype=np.float32)
    lamps[int(deck) - 2, 4 :: s.width // 26] = 1
    return picture + np.clip(blur(lamps, 1.1) * 6, 0, 1)[..., None] * s.tone(0.97)


def _harbor(s: Scene, picture: np.ndarray, shore: float) -> np.ndarray:
    depth = np.maximum(s.v - shore, 0) / (1 - shore)
    ripple = s.plane(s.noise(34, 2, stretch=4), depth**0.8 + 0.06, 0.12) - 0.5
    rows = (2 * shore - s.v) * s.height - 1 + ripple * (10 + 40 * depth)
    across = np.arange(s.width)[None, :] + ripple * 8 * depth
    smeared = cv2.blur(picture, (1, 9))
    rows = np.clip(rows, 0, s.height - 1).astype(np.float32)
    across = np.broadcast_to(across, rows.shape).astype(np.float32)
    mirrored = cv2.remap(smeared, across, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    mirrored = mirrored * (0.86 - 0.3 * depth + 0.3 * ripple)[..., None]
    return mix(picture, mirrored, (s.v > shore) + 0 * s.u)


@dataclass(frozen=True)
class Globe:
    """A ball in space: center and radius in short sides, unit vector to the light, tilt."""

    x: float
    y: float
    radius: float
    light: tuple[float, float, float]
    tilt: float
    kind: str


def planet(s: Scene) -> np.ndarray:
    """A world in space: ringed giant, cratered rock, ocean world, or crescent with a moon."""
    radius = (0.27, 0.38, 0.36, 0.34)[s.layout] * s.pick(0.9, 1.08)
    light = np.array([s.pick(-0.85, -0.4), s.pick(-0.6, -0.1), 0.55])
    if s.layout == 3:
        light = np.array([-0.9, -0.25, -0.12])
    light = tuple((light / np.linalg.norm(light)).tolist())
    kind = ("gas", "rock", "ocean", "rock")[s.layout]
    world = Globe(
        s.pick(-0.07, 0.07), s.pick(-0.06, 0.06), radius, light, s.pick(-0.6, 0.6), kind
    )
    picture = _space(s)
    if kind == "gas":
        grooves = s.rng.random(40)
        picture = _ring(s, picture, world, grooves, front=False)
        picture = _globe(s, picture, world)
        picture = _ring(s, picture, world, grooves, front=True)
    else:
        picture = _globe(s, picture, world)
    if s.layout in (0, 3):
        x, y = (radius * s.pick(1.15, 1.4), radius * s.pick(-1.1, 0.9))
        size = radius * s.pick(0.1, 0.2)
        moon = Globe(world.x + x, world.y + y, size, light, 0.0, "rock")
        picture = _globe(s, picture, moon)
    return s.finish(picture)


def _space(s: Scene) -> np.ndarray:
    cloud = s.noise(3, 5)
    cloud = cloud * s.noise(2, 3)
    picture = s.tone(0.03 + 0.3 * step(0.2, 0.8, cloud))
    picture = picture + 0.1 * step(0.3, 0.9, cloud)[..., None] * s.accent
    return picture * 0.8 + s.stars(420)[..., None] * np.float32([1, 0.97, 0.92])


def _globe(s: Scene, picture: np.ndarray, globe: Globe) -> np.ndarray:
    x, y = (s.x - globe.x) / globe.radius, (s.y - globe.y) / globe.radius
    away = np.hypot(x, y)
    z = np.sqrt(np.maximum(1 - away**2, 0))
    pixel = 0.8 / (globe.radius * s.short)
    disk = step(1 + pixel, 1 - pixel, away)
    surface, bump = _surface(s, globe, x, y, z)
    to_x, to_y, to_z = globe.light
    lit = x * to_x + y * to_y + z * to_z
    day = np.clip(step(-0.16, 0.95, lit) * 1.22, 0, 1.2) * bump
    ball = surface * (0.03 + day)[..., None]
    air = 1.0 if globe.kind == "ocean" else 0.4
    rim = np.clip(1 - z, 0, 1) ** 3 * step(-0.2, 0.6, lit)
    ball = ball + 0.5 * air * rim[..., None] * s.tone(0.8)
    sunny = np.clip(0.3 - 0.5 * x, 0, 1)
    haze = np.exp(-np.maximum(away - 1, 0) * 16) * sunny
    picture = picture + 0.35 * air * haze[..., None] * s.tone(0.75)
    return mix(picture, ball, disk)


def _surface(
    s: Scene, globe: Globe, x: np.ndarray, y: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray | float]:
    """Colors of the ground and the light on its bumps, a factor around 1."""
    cos, sin = math.cos(globe.tilt), math.sin(globe.tilt)
    latitude = np.arcsin(np.clip(y * cos - x * sin, -1, 1))
    longitude = np.arctan2(x * cos + y * sin, z + 1e-6)
    map_x = (longitude / 3.2 + 0.5 + s.pick(0, 1)) * s.short
    map_y = (latitude / 3.2 + 0.5) * s.short

    def wrap(field: np.ndarray) -> np.ndarray:
        return cv2.remap(field, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    if globe.kind == "gas":
        bands = blur(s.rng.random((1, 64), dtype=np.float32), 1.1)[0]
        at = (latitude / np.pi + 0.5) * 50 + 7 + 2.6 * (wrap(s.noise(7, 5, stretch=4)) - 0.5)
        tone = 0.05 + 1.05 * np.interp(at, np.arange(64), bands) + 0.1 * wrap(s.noise(12, 3, 5))
        return s.tone(tone), 1.0
    if globe.kind == "ocean":
        land = wrap(s.noise(4, 6))
        ground = np.where(land > 0.53, 0.5 + 0.5 * (land - 0.5), 0.2 + 0.3 * land)
        ice = step(1.12, 1.22, np.abs(latitude) + 0.3 * (land - 0.5))
        clouds = step(0.56, 0.84, wrap(s.noise(6, 6, stretch=2.4)))
        return mix(s.tone(ground), s.tone(1.0), np.maximum(ice, 0.85 * clouds)), 1.0
    ground = wrap(s.noise(8, 6))
    height = 0.9 * ground + _craters(s, x, y, z)
    rise, fall = slope(height, globe.radius * s.short / 7.5)
    return s.tone(0.46 + 0.34 * (ground - 0.3)), 1 + np.clip(1.3 * rise + 0.65 * fall, -0.7, 0.7)


def _craters(s: Scene, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    height = np.zeros_like(z)
    for _ in range(24):
        at = s.rng.normal(size=3).astype(np.float32)
        at[2] = abs(at[2])
        at /= np.linalg.norm(at)
        size = 0.035 + 0.2 * s.rng.random() ** 3
        chord = 2 - 2 * (x * at[0] + y * at[1] + z * at[2])
        near = np.sqrt(np.maximum(chord, 0)) / size
        height += size * 3.4 * (step(1.3, 1.0, near) * 0.45 - step(1.0, 0.55, near))
    return height


def _ring(
    s: Scene, picture: np.ndarray, globe: Globe, grooves: np.ndarray, *, front: bool
) -> np.ndarray:
    x, y = (s.x - globe.x) / globe.radius, (s.y - globe.y) / globe.radius
    cos, sin = math.cos(globe.tilt), math.sin(globe.tilt)
    across, along = x * cos + y * sin, y * cos - x * sin
    reach = np.hypot(across, along / 0.3)
    dense = np.interp(reach, np.linspace(1.25, 2.15, len(grooves)), grooves).astype(np.float32)
    body = step(1.25, 1.3, reach) * step(2.12, 2.06, reach) * (0.25 + 0.7 * dense)
    body = body * (1 - 0.85 * step(0.03, 0.01, np.abs(reach - 1.82)))
    body = body * ((along > 0) == front)
    shade = 1 - 0.75 * step(1.02, 0.92, np.abs(across - 0.55)) * (not front)
    return mix(picture, s.tone(0.58 + 0.36 * dense) * shade[..., None], body)


def spiral_galaxy(s: Scene) -> np.ndarray:
    """A disk of stars in log-spiral arms around a bright core, seen at a slant."""
    arms = (2, 2, 3, 4)[s.layout]
    squeeze = (0.9, 0.5, 0.72, 0.95)[s.layout] * s.pick(0.9, 1.05)
    turn, pitch = s.pick(0, 6.28), s.pick(0.2, 0.34) * (1 if s.rng.random() < 0.5 else -1)
    x, y = s.x - s.pick(-0.08, 0.08), s.y - s.pick(-0.06, 0.06)
    roll = s.pick(0, 3.14)
    a, b = x * np.cos(roll) + y * np.sin(roll), (y * np.cos(roll) - x * np.sin(roll)) / squeeze
    r = np.hypot(a, b) * 2.15 + 1e-4
    rough = s.noise(7, 5) - 0.5
    angle = np.arctan2(b, a) - np.log(r) / pitch + turn + 1.5 * rough
    wave = 0.5 + 0.5 * np.cos(arms * angle)
    if s.layout == 1:
        bar = np.exp(-((b * 11) ** 2) - (a * 5.2) ** 4)
    else:
        bar = np.float32(0)
    disk = np.exp(-2.5 * r) * 2.3
    arm = disk * (0.12 + wave**2.2) * step(0.03, 0.25, r) * (0.55 + 0.9 * s.noise(24, 4))
    dust = (0.5 + 0.5 * np.cos(arms * angle + 1.0)) ** 5 * step(0.08, 0.3, r) * disk
    core = np.exp(-((r * 5.2) ** 1.25)) * 1.25 + 0.7 * bar
    tone = 0.04 + 0.62 * arm + 0.9 * core + 0.16 * disk - 0.34 * dust
    picture = s.tone(np.clip(tone, 0.02, 1))
    nursery = step(0.66, 0.84, s.noise(30, 3)) * wave**3 * step(0.12, 0.3, r) * disk
    picture = mix(picture, s.accent, np.clip(0.85 * nursery, 0, 0.85))
    speck = s.rng.random((s.height, s.width), dtype=np.float32) ** 24
    picture = picture + (blur(speck, 0.6) * np.clip(arm + 0.06, 0, 1) * 2.8)[..., None]
    return s.finish(picture + s.stars(260)[..., None] * 0.9)

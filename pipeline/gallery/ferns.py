"""Ferns: fronds made of branches made of leaflets, every part shaped like the whole."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.gallery.scene import Scene, bend, blur, fixed, mix

PAIRS = 22  # branches on each side of a stem
LEAFLETS = 14  # leaflets on each side of a branch


def fern(s: Scene) -> np.ndarray:
    """Fronds whose leaflets repeat the frond: one, a fan, an arch, a curling crozier."""
    light = np.exp(-1.6 * np.hypot(s.u - s.pick(0.2, 0.8), s.v - 0.2))
    if s.layout in (0, 2):
        picture = s.tone(0.74 + 0.24 * light + 0.08 * (s.noise(3, 4) - 0.5) - 0.12 * s.v)
        low, high = 0.12, 0.5
    else:
        picture = s.tone(0.06 + 0.26 * light + 0.12 * (s.noise(3, 4) - 0.5))
        low, high = 0.42, 0.92
    wide = s.width / s.short
    backs = [(s.pick(-0.6, 0.6) * wide, s.pick(0.5, 0.8), s.pick(-1, 1)) for _ in range(5)]
    for x, length, lean in backs:
        heading = -np.pi / 2 + 0.5 * lean
        ghost = _frond(s, np.array([x, 0.62]), length, heading, 0.7 * lean, coarse=True)
        tone = 0.5 + 0.16 * (high - 0.5) if low < 0.3 else 0.2
        picture = _lay(s, picture, (blur(ghost[0], 3), ghost[1]), tone, tone + 0.1, 0.55)
    for x, length, heading, curl in _arrangement(s, wide):
        leaf = _frond(s, np.array([x, 0.52]), length, heading, curl)
        shadow = blur(bend(leaf[0], np.float32(-5), np.float32(-7)), 5)
        picture = picture * (1 - 0.4 * shadow)[..., None]
        picture = _lay(s, picture, leaf, low, high, 1.0)
    return s.finish(picture)


def _arrangement(s: Scene, wide: float) -> list[tuple[float, float, float, float]]:
    """Foot (x), length, heading and bend of the fronds in front."""
    up, side = -np.pi / 2, 1 if s.rng.random() < 0.5 else -1
    if s.layout == 0:
        return [(s.pick(-0.1, 0.1) - 0.1 * side, 1.02, up + 0.1 * side, 0.3 * side)]
    if s.layout == 1:
        turns = np.linspace(-0.95, 0.95, 5) + s.rng.normal(0, 0.05, 5)
        order = turns[np.argsort(-np.abs(turns))]
        return [(0.02 * t, s.pick(0.7, 0.9), up + t, 0.55 * t) for t in order]
    if s.layout == 2:
        return [
            (-0.44 * wide * side, 1.1, up + 0.25 * side, 1.1 * side),
            (0.36 * wide * side, 0.85, up - 0.2 * side, -0.9 * side),
        ]
    return [
        (-0.2 * side, 0.95, up, 0.5 * side),
        (0.16 * side, 0.62, up - 0.1 * side, -0.6 * side),
        (0.34 * side, 0.5, up + 0.3 * side, 0.9 * side),
    ]


def _frond(
    s: Scene, foot: np.ndarray, length: float, heading: float, curl: float, *, coarse: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """One frond as a mask and the light on its leaflets, both (h, w), 0–1."""
    t = np.linspace(0, 1, 120)
    way = heading + curl * t**1.5
    stem = foot + length * np.cumsum(np.stack([np.cos(way), np.sin(way)], 1), axis=0) / len(t)
    place = 0.1 + 0.89 * np.linspace(0, 1, PAIRS) ** 0.92
    knot = (place * (len(t) - 1)).astype(int)
    size = length * 0.36 * np.minimum(place * 3.4, 1) ** 0.7 * (1 - place) ** 0.85 + 0.012
    outlines, lights = [], []
    for side in (-1, 1):
        turn = way[knot] + side * (1.28 - 0.4 * place) + s.rng.normal(0, 0.035, PAIRS)
        shade = 0.5 + 0.22 * side + s.rng.normal(0, 0.07, PAIRS)
        shape, tip = _branches(stem[knot], turn, size, side, coarse=coarse)
        outlines.append(shape)
        lights.append((shade[:, None] + 0.3 * tip).ravel())
    middle = np.array([s.width, s.height]) / 2
    canvas = np.zeros((s.height, s.width, 3), dtype=np.uint8)
    bright = (np.clip(np.concatenate(lights), 0.02, 1) * 255).astype(int).tolist()
    shapes = fixed(np.concatenate(outlines) * s.short + middle)
    for shape, light in zip(shapes, bright, strict=True):
        cv2.fillConvexPoly(canvas, shape, (255, light, 0), cv2.LINE_AA, 4)
    line = [fixed(stem * s.short + middle)]
    cv2.polylines(canvas, line, False, (255, 225, 0), 2, cv2.LINE_AA, 4)
    mask, light = (canvas[..., c].astype(np.float32) / 255 for c in (0, 1))
    return mask, light / np.maximum(mask, 0.02)


def _branches(
    root: np.ndarray, turn: np.ndarray, size: np.ndarray, side: int, *, coarse: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Outlines (n, 6, 2) of the leaflets of one side, and how near the tip each sits.

    `root` (p, 2), `turn` and `size` (p,) describe the branches; a coarse branch is one
    single leaf, enough for what is out of focus.
    """
    oval = np.array([(0, 0), (0.3, 0.24), (0.7, 0.2), (1, 0), (0.7, -0.2), (0.3, -0.24)])
    along = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    across = np.stack([-np.sin(turn), np.cos(turn)], axis=1)
    if coarse:
        shape = oval[:, :1] * along[:, None] + 0.24 * oval[:, 1:] * across[:, None]
        return root[:, None] + size[:, None, None] * shape, np.zeros((len(root), 1))
    t = np.linspace(0.03, 1, LEAFLETS)
    sag = 0.14 * side * t**2
    reach = size[:, None, None]
    at = root[:, None] + reach * (
        t[None, :, None] * along[:, None] + sag[None, :, None] * across[:, None]
    )
    long = size[:, None] * (0.1 * (1 - t) ** 0.8 + 0.016)[None]
    outlines = []
    for wing in (-1, 1):
        way = turn + wing * 1.0
        axis = np.stack([np.cos(way), np.sin(way)], axis=1)[:, None, None]
        normal = np.stack([-np.sin(way), np.cos(way)], axis=1)[:, None, None]
        leaf = oval[:, :1] * axis + 1.15 * oval[:, 1:] * normal
        outlines.append(at[:, :, None] + long[..., None, None] * leaf)
    rib = at[:, [0, LEAFLETS // 2, -1, -1, LEAFLETS // 2, 0]]
    thick = np.array([-1, -0.8, -0.4, 0.4, 0.8, 1])[None, :, None] * 0.011 * reach
    leaves = np.stack(outlines, axis=2).reshape(len(root), -1, 6, 2)
    ribs = (rib + thick * across[:, None])[:, None]
    shapes = np.concatenate([leaves, ribs], axis=1)
    tip = np.concatenate([np.repeat(t, 2), [0.9]])
    return shapes.reshape(-1, 6, 2), np.broadcast_to(tip, (len(root), len(tip)))


def _lay(
    s: Scene,
    picture: np.ndarray,
    leaf: tuple[np.ndarray, np.ndarray],
    low: float,
    high: float,
    opacity: float,
) -> np.ndarray:
    mask, light = leaf
    return mix(picture, s.tone(low + (high - low) * light), opacity * mask)

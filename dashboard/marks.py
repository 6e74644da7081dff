"""The marks of a map: colors, size and opacity of its points, and the order they are drawn in."""

from __future__ import annotations

import numpy as np

PALETTE = (
    "#398ad6", "#a7d91d", "#ba022f", "#72d1fe", "#ce9677",
    "#745583", "#484dd2", "#bb6802", "#96a5f0", "#13a5b2",
    "#9e6165", "#d76a87", "#0bdac9", "#626df5", "#a35aa7",
    "#922ba8", "#68be1f", "#fba587", "#6ab9c7", "#808d55",
    "#3997ff", "#6800ff", "#5eaa39", "#8e4c5e", "#5e68d0",
    "#429784", "#b35539", "#55d097", "#7b97d9", "#bd1384",
    "#5ed055", "#a142b3", "#ff68aa", "#d968ff", "#ecb3b3",
    "#f64caa", "#5555ec", "#a1b3ec", "#39b368", "#f64cd0",
    "#f6aa5e", "#d97b00", "#d90097", "#427b4c", "#bd2f00",
    "#7184bd", "#8ec6e3", "#bd9755", "#f62f09", "#4c7197",
    "#8e68bd", "#8ec67b", "#a17168", "#a100c6", "#4ca197",
    "#84aa8e", "#8e84ec", "#7171e3", "#d9a1b3", "#26c6ff",
)  # fmt: skip
"""Colors of the largest categories; the rest is "other". Clusters have theirs by
reads/cluster_colors.py, so that neighbors differ most. As many as a byte per point leaves room
for beside a scale, all of it twice (assets/map_engine/colors.js).

Found by farthest-point selection in OKLab (Ottosson 2020) over colors of lightness 0.50 to
0.82, which stand out from white and from near-black, with the least distance taken over
normal vision and simulated deuteranopia and protanopia (Machado, Oliveira & Fernandes 2009).
"""


def _scale(steps: int) -> tuple[str, ...]:
    """Colors from dark blue to light yellow at equal steps of OKLab (Ottosson 2020).

    Lightness rises evenly, and the hue runs from blue to yellow, the axis that
    deuteranopes and protanopes see as others do.
    """
    share = np.linspace(0, 1, steps)
    light = 0.42 + 0.44 * share
    angle = np.radians(275 - 175 * share)
    chroma = 0.135 - 0.05 * np.sin(np.pi * share)
    lab = np.stack([light, chroma * np.cos(angle), chroma * np.sin(angle)], axis=1)
    to_cone = np.array([[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728],
                        [1, -0.0894841775, -1.291485548]])
    to_rgb = np.array([[4.0767416621, -3.3077115913, 0.2309699292],
                       [-1.2684380046, 2.6097574011, -0.3413193965],
                       [-0.0041960863, -0.7034186147, 1.707614701]])
    linear = np.clip((lab @ to_cone.T) ** 3 @ to_rgb.T, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return tuple("#" + "".join(f"{round(255 * part):02x}" for part in row) for row in srgb)


SCALE = _scale(17)
"""Colors of figures, low to high."""


def marker_size(count: int) -> float:
    """Diameter in px: about 9 for 400 points, 6.5 for 4,000 and 3 for 100,000."""
    return float(np.clip(9 - 2.5 * (np.log10(max(count, 1)) - 2.6), 2, 10).round(1))


def marker_opacity(count: int) -> float:
    """From 0.9 for few points to 0.5 for very many, so that density shows."""
    return float(np.clip(0.9 - 0.12 * (np.log10(max(count, 1)) - 2.6), 0.5, 0.9).round(2))


def drawing_order(cluster: np.ndarray) -> np.ndarray:
    """Order (n,) in which points are drawn: noise below, then the large clusters, small on top."""
    return np.argsort(cluster, kind="stable")

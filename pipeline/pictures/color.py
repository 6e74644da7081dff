"""From a file's own colors to sRGB, as browsers show them.

Precedence is that of PNG (third edition, §4.3): coding-independent code points (ITU-T
H.273), then an ICC profile, then gamma and primaries. A profile that is damaged, or made for
another kind of samples, counts as none.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

D65 = (0.3127, 0.3290)
_BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)

# H.273, table 2: red, green, blue as x and y; white point.
_PRIMARIES = {
    1: (*_BT709, *D65),
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *D65),
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, 0.310, 0.316),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *D65),
}
_HDR_WHITE = 203.0  # cd/m², the diffuse white of BT.2408
_STEPS = 4096  # of the table that encodes linear light


@dataclass(frozen=True)
class Space:
    """What a file says of its colors; all None: sRGB.

    model: gray, rgb, cmyk or lab. cicp: primaries and transfer of H.273. gamma: the exponent
    that makes samples of 0–1 linear light. primaries: x and y of red, green, blue, white.
    """

    model: str = "rgb"
    icc: bytes | None = None
    cicp: tuple[int, int] | None = None
    gamma: float | None = None
    primaries: tuple[float, ...] | None = None


def to_srgb(samples: np.ndarray, space: Space) -> np.ndarray:
    """Samples (h, w, c) uint8 or uint16 as (h, w, 3) uint8 sRGB."""
    if space.cicp is not None:
        if space.cicp in ((1, 13), (1, 1), (1, 6), (2, 2)) or space.cicp[0] not in _PRIMARIES:
            return _plain(samples, space)
        return _by_numbers(samples, _transfer(space.cicp[1]), _PRIMARIES[space.cicp[0]])
    transform = _transform(space.icc, space.model, samples.shape[2]) if space.icc else None
    if transform is None and space.model == "lab":
        transform = _from_lab()
    if transform is not None:
        return _by_profile(eight_bits(samples), transform)
    if space.gamma is not None:
        exponent = space.gamma
        return _by_numbers(samples, lambda v: v**exponent, space.primaries or _PRIMARIES[1])
    return _plain(samples, space)


def eight_bits(samples: np.ndarray) -> np.ndarray:
    """uint16 over its whole range as uint8, rounded."""
    if samples.dtype == np.uint8:
        return samples
    return ((samples.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def _plain(samples: np.ndarray, space: Space) -> np.ndarray:
    samples = eight_bits(samples)
    if space.model == "cmyk":  # as browsers do without a profile
        light = 255 - samples.astype(np.uint16)
        return ((light[:, :, :3] * light[:, :, 3:] + 127) // 255).astype(np.uint8)
    return np.repeat(samples, 3, axis=2) if samples.shape[2] == 1 else samples


def _by_numbers(samples: np.ndarray, linear, primaries: tuple[float, ...]) -> np.ndarray:
    """By a transfer function and primaries."""
    top = np.iinfo(samples.dtype).max
    light = linear(np.arange(top + 1, dtype=np.float64) / top).astype(np.float32)[samples]
    if light.shape[2] == 1:
        light = np.repeat(light, 3, axis=2)
    if primaries != _PRIMARIES[1]:
        matrix = _to_srgb_primaries(primaries)
        if matrix is not None:
            light = light @ matrix.T
    return _srgb_table()[np.rint(np.sqrt(np.clip(light, 0, 1)) * (_STEPS - 1)).astype(np.uint16)]


@lru_cache
def _srgb_table() -> np.ndarray:
    """(_STEPS,) uint8: sRGB of the squares of 0–1, so that dark levels are told apart."""
    light = np.linspace(0, 1, _STEPS) ** 2
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * encoded).astype(np.uint8)


def _transfer(code: int):
    """The function from samples of 0–1 to linear light, 1 the diffuse white (H.273, table 3)."""
    if code == 4:
        return lambda v: v**2.2
    if code == 5:
        return lambda v: v**2.8
    if code == 8:
        return lambda v: v
    if code == 16:
        return _perceptual_quantizer
    if code == 18:
        return _hybrid_log_gamma
    return lambda v: np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def _perceptual_quantizer(values: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = values ** (1 / m2)
    return 10000 / _HDR_WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


def _hybrid_log_gamma(values: np.ndarray) -> np.ndarray:
    """ARIB STD-B67; 0.75 of the signal is diffuse white."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    return scene**1.2 * 1000 / _HDR_WHITE


@lru_cache(maxsize=32)
def _to_srgb_primaries(primaries: tuple[float, ...]) -> np.ndarray | None:
    """(3, 3) float32 from linear RGB of these primaries to linear sRGB; None where they are none."""
    source, target = _to_xyz(primaries), _to_xyz(_PRIMARIES[1])
    if source is None:
        return None
    return (np.linalg.inv(target) @ source).astype(np.float32)


def _to_xyz(primaries: tuple[float, ...]) -> np.ndarray | None:
    """(3, 3): linear RGB to XYZ adapted to D50 (Bradford)."""
    points = np.array(primaries, float).reshape(4, 2)
    if not (np.isfinite(points).all() and (points[:, 1] > 1e-6).all()):
        return None
    columns = np.stack([points[:, 0] / points[:, 1], np.ones(4), (1 - points.sum(1)) / points[:, 1]])
    try:
        scale = np.linalg.solve(columns[:, :3], columns[:, 3])
    except np.linalg.LinAlgError:
        return None
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    cones = bradford @ columns[:, 3]
    if (np.abs(cones) < 1e-6).any():
        return None
    adapt = np.linalg.inv(bradford) @ np.diag((bradford @ (0.9642, 1.0, 0.8249)) / cones) @ bradford
    matrix = adapt @ (columns[:, :3] * scale)
    return matrix if np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > 1e-9 else None


_MODES = {("gray", 1): ("L", "GRAY"), ("rgb", 3): ("RGB", "RGB"), ("cmyk", 4): ("CMYK", "CMYK")}


@lru_cache(maxsize=64)
def _transform(icc: bytes, model: str, channels: int) -> tuple | None:
    """(transform, mode it takes) of a profile; None where it is damaged, does not fit, or is sRGB."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        space = profile.profile.xcolor_space.strip()
        mode = next((m for m, name in _MODES.values() if name == space), None)
        wanted, _ = _MODES.get((model, channels), (None, ""))
        if mode == "RGB" and wanted == "L":
            wanted = "RGB"  # three equal samples
        if mode is None or mode != wanted:
            return None
        made = ImageCms.buildTransform(
            profile, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.PERCEPTUAL
        )
        return None if mode == "RGB" and _changes_nothing(made) else (made, mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether no color moves by more than a level: most profiles are sRGB's."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    colors = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(27, 27, 3)
    seen = np.asarray(transform.apply(Image.fromarray(colors)))
    return int(np.abs(seen.astype(int) - colors).max()) <= 1


@lru_cache
def _from_lab() -> tuple:
    made = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )
    return made, "LAB"


def _by_profile(samples: np.ndarray, transform: tuple) -> np.ndarray:
    made, mode = transform
    if mode == "RGB" and samples.shape[2] == 1:
        samples = np.repeat(samples, 3, axis=2)
    height, width = samples.shape[:2]
    picture = Image.frombytes(mode, (width, height), np.ascontiguousarray(samples).tobytes())
    return np.asarray(made.apply(picture))

"""How much each embedding counts: what holds where nobody has said, and what people want by name.

Measured by (color, texture, meaning) on 3,781 photographs of clothing with color, sift and
efficientnet: precision@10 of the class, and rank-1 of the original for 200 copies cropped to
70 %, to 60 % at a corner, and to a quarter, turned in hue by 90°, and grayed:

    1    1    1      0.576   0.990  1.000  0.915  0.990  1.000
    0.2  0.3  1      0.711   1.000  1.000  0.865  0.995  1.000    (in use)
    0.3  0.3  1      0.696   1.000  1.000  0.885  0.995  1.000
    0.1  0.3  1      0.726   1.000  1.000  0.835  0.995  1.000
    0.3  0.5  1      0.683   0.995  1.000  0.905  0.990  1.000
    0    0    1      0.755   0.940  0.825  0.475  0.980  0.985

On 101 kinds of things 0.715, 0.868 (in use) and 0.888 (meaning alone), on seven kinds as photographs
and paintings 0.755, 0.849 and 0.860, on 80 objects seen from 41 sides 0.770, 0.769 and 0.724.
Without an embedding of meaning, color 0.65 to texture 1: 0.349 where equal weights have 0.335.
Other embeddings of meaning (dreamsim, clip, any network) stand in efficientnet's place; with
these it was not measured, nor was text, which a person may have written or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.embeddings import registry

STEP = 0.05
"""Weights are multiples of this, as the sliders are."""

_OTHER = "other"  # roles that are not named here

PRESETS: dict[str, Mapping[str, float]] = {
    "Balanced": {"color": 0.2, "texture": 0.3, "meaning": 1.0, "text": 0.3, _OTHER: 1.0},
    "Same thing": {"color": 1.0, "texture": 1.0, "meaning": 1.0, _OTHER: 1.0},
    "Same colors": {"color": 1.0},
    "Same kind": {"meaning": 1.0},
}
"""What people want → how much each role counts. `Same thing` finds the very same one again,
however cropped or recolored."""

USUAL = "Balanced"


def usual(names: Sequence[str]) -> dict[str, float]:
    """The weights of embeddings where nobody has said any: {name: 0 < w ≤ 1}, the largest 1."""
    return weighted(names, PRESETS[USUAL])


def presets(names: Sequence[str]) -> dict[str, dict[str, float]]:
    """The presets that differ for these embeddings: {title: {name: 0 ≤ w ≤ 1}}, the usual one first."""
    found: dict[str, dict[str, float]] = {}
    for title, roles in PRESETS.items():
        weights = weighted(names, roles)
        if any(weights.values()) and weights not in found.values():
            found[title] = weights
    return found


def weighted(names: Sequence[str], roles: Mapping[str, float]) -> dict[str, float]:
    """Weights of embeddings from those of roles; embeddings of one role share what it has."""
    role_of = {name: registry.about(name).role for name in names}
    members = Counter(role_of.values())
    raw = {name: roles.get(role, _other(role, roles)) / members[role] for name, role in role_of.items()}
    most = max(raw.values(), default=0.0)
    if not most:
        return raw
    return {name: round(max(STEP, round(w / most / STEP) * STEP), 2) if w else 0.0 for name, w in raw.items()}


def _other(role: str, roles: Mapping[str, float]) -> float:
    return 0.0 if role in PRESETS[USUAL] else roles.get(_OTHER, 0.0)

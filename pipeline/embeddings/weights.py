"""How much each embedding counts: what holds where nobody has said, and what people want by name.

Measured by (color, texture, meaning) on 3,781 photographs of clothing with color, sift and
efficientnet: precision@10 of the class (of 1,500), and rank-1 of the original for 300 copies cropped
anywhere to 70 % and 60 % of each side, to a quarter of the picture anywhere and in the middle,
turned in hue by 90°, and grayed:

    1     1    1      0.583   0.997  0.993  0.980  0.900  0.993  1.000
    0.2   0.3  1      0.715   1.000  0.987  0.933  0.863  1.000  1.000
    0.25  0.4  1      0.702   0.997  0.987  0.957  0.880  1.000  1.000
    0.3   0.3  1      0.699   1.000  0.990  0.947  0.883  1.000  1.000
    0.3   0.4  1      0.695   0.997  0.993  0.960  0.890  1.000  1.000    (in use)
    0.3   0.5  1      0.688   0.997  0.993  0.963  0.887  1.000  1.000
    0.35  0.3  1      0.693   1.000  0.993  0.953  0.897  1.000  1.000
    0.4   0.4  1      0.681   0.997  0.993  0.967  0.900  1.000  1.000

In use are those with the highest precision of 35 (color 0.1–0.4, texture 0.3–0.7) that find every copy
within 0.02 as often as equal weights do. On 101 kinds of things equal weights had 0.715, (0.2, 0.3, 1) 0.868
and meaning alone 0.888. Without an embedding of meaning, color 0.75 to texture 1: 0.356 where equal
weights have 0.340. Other embeddings of meaning (dreamsim, clip, any network) stand in efficientnet's
place; with these it was not measured.

Text, on the same photographs with made-up words about each: some from a vocabulary that tells nothing (4
as keywords, 25 as in a prompt), and in a share of them two of four words that their class has. Precision@10
by its weight beside those in use:

                         0      0.1    0.2    0.3    0.5    0.7    1
    4 words, in none     0.687  0.687  0.681  0.661  0.594  0.515  0.409
    4 words, in 30 %     0.687  0.692  0.701  0.702  0.680  0.636  0.569
    4 words, in 60 %     0.687  0.714  0.740  0.762  0.777  0.765  0.728
    4 words, in 90 %     0.687  0.738  0.788  0.829  0.887  0.910  0.914
    25 words, in none    0.687  0.689  0.686  0.685  0.674  0.658  0.617
    25 words, in 30 %    0.687  0.691  0.693  0.693  0.691  0.683  0.660
    25 words, in 60 %    0.687  0.700  0.713  0.722  0.745  0.755  0.758

0.3 gains where a third of the texts say what there is, and loses 0.03 at most where none does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.embeddings import registry

STEP = 0.05
"""Weights are multiples of this, as the sliders are."""

_OTHER = "other"  # roles that are not named here

PRESETS: dict[str, Mapping[str, float]] = {
    "Balanced": {"color": 0.3, "texture": 0.4, "meaning": 1.0, "text": 0.3, _OTHER: 1.0},
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

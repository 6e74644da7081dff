"""Why the nearest images are near, in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dashboard import components
from dashboard.reads.reads import Reads
from pipeline.search import Match

_MOSTLY = 1.5  # times as far as the next, from which one embedding is most of the reason
_TOO = 0.6  # of the furthest, from which another is a reason too


def of(reads: Reads, image: int, matches: Sequence[Match], weights: Mapping[str, float]) -> str:
    """“mostly by color”, “by color and meaning”; "" where there is nothing to tell apart.

    By each embedding, how many deviations the matches' cosines lie above those of the
    library with the image, times its weight. weights: of a search, by embedding.
    """
    searcher = reads.searcher.held()
    index, far = searcher.index(), {}
    for name, weight in weights.items():
        cosines = [match.parts[name] for match in matches if name in match.parts]
        if not weight or not cosines or not np.isin(image, index.ids(name)):
            continue
        spread = searcher.spread(name, index.vectors(np.array([image]), name)[0])
        far[name] = weight * (float(np.mean(cosines)) - spread.mean) / spread.deviation
    return said({components.title_of(name).lower(): value for name, value in far.items()})


def said(far: Mapping[str, float]) -> str:
    """The reasons by how far each stands out, in words."""
    if len(far) < 2:
        return ""
    (first, most), *rest = sorted(far.items(), key=lambda one: -one[1])
    if most <= 0:
        return ""
    others = [name for name, value in rest if value >= _TOO * most]
    if most >= _MOSTLY * rest[0][1] or not others:
        return f"mostly by {first}"
    return f"by {', '.join([first, *others[:-1]])} and {others[-1]}"

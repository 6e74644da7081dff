"""Trustworthiness and continuity of a saved map, found once for its points and kept."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline import settings
from pipeline.index import Index
from pipeline.library import Library, derived
from pipeline.maps import COMBINED, Map
from pipeline.maps.distortion import key_of
from pipeline.quality.map_quality import quality

ASKED = 400
"""Images that are asked about: both figures are then within some hundredths of what all would give."""

AMONG = 20_000
"""Of a larger map so many images are looked at, drawn evenly."""


def of(library: Library, index: Index, shown: Map) -> tuple[float, float] | None:
    """(trustworthiness, continuity) of the flat map, among its images that the index has; None for fewer than three."""
    key, place = derived.key_of(ASKED, AMONG, key_of(shown)), f"quality/trust-{shown.name}"
    kept = derived.load(library, place, key)
    if kept is not None:
        return tuple(kept.about["found"]) if kept.about["found"] else None
    name = None if shown.name == COMBINED else shown.name
    ids = np.intersect1d(shown.ids, index.ids(name))
    ids = ids[np.linspace(0, len(ids) - 1, min(AMONG, len(ids))).round().astype(np.int64)] if len(ids) else ids
    with threadpool_limits(settings.cores()):
        found = quality(index.vectors(ids, name), shown.xy[np.searchsorted(shown.ids, ids)], most=ASKED)
    derived.offer(library, place, key, {}, {"found": found and [float(one) for one in found]})
    return found

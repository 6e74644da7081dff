"""The overview: neighbors, layout and clusters of one embedding, or of all together."""

from pipeline.maps.build import build
from pipeline.maps.choice import settled
from pipeline.maps.extend import REFIT_ABOVE
from pipeline.maps.neighbors import COMBINED
from pipeline.maps.store import Map, about, is_stale, known, load, names, path

__all__ = [
    "COMBINED", "REFIT_ABOVE", "Map", "about", "build", "is_stale", "known", "load", "names", "path",
    "settled",
]

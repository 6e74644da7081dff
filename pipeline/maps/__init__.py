"""The overview: neighbors, layout and clusters of one embedding, or of all together."""

from pipeline.maps.build import REFIT_ABOVE, Map, about, build, load, names, path
from pipeline.maps.neighbors import COMBINED

__all__ = ["COMBINED", "REFIT_ABOVE", "Map", "about", "build", "load", "names", "path"]

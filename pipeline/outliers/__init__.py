"""Outliers: images that are far from all others, by one embedding.

`kept` reads what is known, for columns and pages; `pipeline.maps.outlying` finds it, with an index or a map.
"""

from pipeline.outliers.distances import LEAST, Distances, far, kept, version

__all__ = ["LEAST", "Distances", "far", "kept", "version"]

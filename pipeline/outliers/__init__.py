"""Outliers: images that are far from all others, by one embedding.

`kept` reads what is known, for columns and pages; `found` finds it, with an index.
"""

from pipeline.outliers.distances import Distances, far, kept, version

__all__ = ["Distances", "far", "kept", "version"]

"""The combined index: made, kept and judged here; behind it stands FAISS."""

from pipeline.index.faiss.combined import CombinedIndex, Neighbors
from pipeline.index.lifecycle import REBUILD_ABOVE, about, build, load, measured, version

__all__ = ["REBUILD_ABOVE", "CombinedIndex", "Neighbors", "about", "build", "load", "measured", "version"]
